/** Which schema a name means where a session has temporary objects. */

import type { StatementText } from "../compile/split.ts";
import { type Token, tokenize } from "../compile/tokens.ts";
import type { ShadowSettings } from "../postgres/analysis.ts";

/** Where a statement that makes a temporary object makes it. */
export function temporaryFirst(
  settings: ShadowSettings,
  path: string,
  schema: string,
): ShadowSettings {
  return { ...settings, searchPath: path === "" ? schema : `${schema}, ${path}` };
}

/** Where another statement makes something: temporary objects are found last. */
export function temporaryLast(
  settings: ShadowSettings,
  path: string,
  schema: string,
): ShadowSettings {
  return { ...settings, searchPath: path === "" ? schema : `${path}, ${schema}` };
}

/** What names find: as PostgreSQL, temporary objects first, then the catalogue, then the path. */
export function effectivePath(path: string, schema: string): string {
  const names = tokenize(path);
  const hasCatalog = names.some(({ value }) => value === "pg_catalog");
  const named = path.replaceAll(/"?\bpg_temp\b"?/g, schema);
  if (named !== path) return hasCatalog ? named : `pg_catalog, ${named}`;
  return [schema, ...(hasCatalog ? [] : ["pg_catalog"]), ...(path === "" ? [] : [path])].join(", ");
}

/** `pg_temp.t` under the schema's real name. */
export function withTemporarySchema(
  { text, tokens }: Pick<StatementText, "text" | "tokens">,
  schema: string,
): string {
  let out = "";
  let copied = 0;
  tokens.forEach((token, at) => {
    const isSchema = token.value === "pg_temp" && isSymbol(tokens[at + 1], ".");
    if (!isSchema || (token.kind !== "word" && token.kind !== "quoted")) return;
    out += text.slice(copied, token.start) + schema;
    copied = token.end;
  });
  return out + text.slice(copied);
}

function isSymbol(token: Token | undefined, value: string): boolean {
  return token?.kind === "symbol" && token.value === value;
}
