/**
 * DuckDB wants the parameters of a statement numbered without gaps, and a value for no other. A
 * plan's parameters may be there for a function of ours alone, or for a part of the text that is
 * run apart.
 */

import type { EngineParameter } from "../engine/request.ts";

const TOKEN = /'(?:[^']|'')*'|"(?:[^"]|"")*"|\$(\d+)/g;

/** The text with `$1`, `$2`... in order of first use, and just their values. */
export function usedParameters(
  sql: string,
  parameters: readonly EngineParameter[],
): { readonly sql: string; readonly parameters: readonly EngineParameter[] } {
  if (parameters.length === 0) return { sql, parameters };
  const used: number[] = [];
  const text = sql.replace(TOKEN, (token, number: string | undefined) => {
    if (number === undefined) return token;
    const index = Number(number) - 1;
    const known = used.indexOf(index);
    return `$${known >= 0 ? known + 1 : used.push(index)}`;
  });
  return { sql: text, parameters: used.flatMap((index) => parameters[index] ?? []) };
}
