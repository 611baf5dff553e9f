/** A SELECT that calls functions which act on sessions. */

import type { ErrorFields } from "../../base/errors.ts";
import { quoteLiteral } from "../../compile/expression.ts";
import { encodeCells, readRows, readTextRows } from "../data-rows.ts";
import { callsIn, type EffectCall } from "../effect-calls.ts";
import { EFFECT_FUNCTIONS, type Effects } from "../effect-functions.ts";
import type { Execution, Result } from "../execution.ts";
import { catalogFacts } from "../live-facts.ts";
import { rowsInMemory } from "../row-source.ts";
import type { Statement } from "../statement.ts";
import { argumentParts } from "../utility-cursors.ts";
import { catalogQuery } from "./catalog-query.ts";

type EffectQuery = Extract<Statement, { readonly kind: "effects" }>;

export async function selectEffects(query: EffectQuery, execution: Execution): Promise<Result> {
  const effects: Effects = { execution, notices: [] };
  const result = query.isOnce ? await once(query, effects) : await forRows(query, effects);
  if (result.kind !== "rows") return result;
  const { rows } = result;
  const next = async () => {
    const batch = await rows.next();
    if (batch === undefined) execution.signal.throwIfAborted(); // it may have stopped itself
    return batch;
  };
  const notices = [...effects.notices, ...(result.notices ?? [])];
  return { ...result, rows: { ...rows, next }, notices };
}

/** From the inside out each call becomes its value; then the rest is a query like any other. */
async function once(
  { request, factsNeeded, notices }: EffectQuery,
  effects: Effects,
): Promise<Result> {
  let { text } = request;
  for (let call = innermost(text); call !== undefined; call = innermost(text)) {
    const list =
      call.args.trim() === ""
        ? []
        : await values(call.args, { ...request, text }, factsNeeded, effects);
    text =
      text.slice(0, call.start) + (await literalOf(call, list, effects)) + text.slice(call.end);
  }
  return await run({ ...request, text }, factsNeeded, notices, effects.execution);
}

function innermost(text: string): EffectCall | undefined {
  return callsIn(text).find(({ args }) => callsIn(args).length === 0);
}

async function values(
  args: string,
  request: EffectQuery["request"],
  factsNeeded: EffectQuery["factsNeeded"],
  { execution }: Effects,
): Promise<(string | null)[]> {
  const { services, settings, parameters, signal } = execution;
  const { bytes } = await services.shadow.catalogQuery(
    {
      ...request,
      text: `SELECT ${args}`,
      settings: settings.shadow,
      parameters: parameters.raw,
      parameterFormats: parameters.formats,
      resultFormats: [],
      facts: await catalogFacts(factsNeeded, execution),
    },
    signal,
  );
  return readTextRows(bytes)[0] ?? [];
}

/** As a literal of its type. */
async function literalOf(
  { name }: EffectCall,
  args: readonly (string | null)[],
  effects: Effects,
): Promise<string> {
  const { value, type } = await called(name, args, effects);
  return `(${value === null ? "NULL" : quoteLiteral(value)}::pg_catalog.${type})`;
}

async function called(
  name: string,
  args: readonly (string | null)[],
  effects: Effects,
): Promise<{ readonly value: string | null; readonly type: "bool" | "text" }> {
  const known = EFFECT_FUNCTIONS.get(name);
  if (known === undefined) return { value: null, type: "text" };
  const { type, isStrict, call } = known;
  const value = isStrict && args.includes(null) ? null : await call(args, effects);
  return { value, type };
}

/** Each call is a column: its arguments come as JSON, row by row, and are called with. */
async function forRows(query: EffectQuery, effects: Effects): Promise<Result> {
  const { execution } = effects;
  const { request, factsNeeded, notices, columns } = query;
  let { text } = request;
  for (const { args, start, end } of [...callsIn(text)].reverse()) {
    const list = argumentParts(args).map((part) => `(${part})::pg_catalog.text`);
    const array = `pg_catalog.json_build_array(${list.join(", ")})::pg_catalog.text`;
    text = text.slice(0, start) + array + text.slice(end);
  }
  const formats = execution.formats.map((format, index) => (columns.has(index) ? 0 : format));
  const inner = { ...execution, formats };
  const result = await run({ ...request, text }, factsNeeded, notices, inner);
  if (result.kind !== "rows") return result;
  const told: ErrorFields[] = [...(result.notices ?? [])];
  const rows: Uint8Array[] = [];
  let count = 0;
  for (let batch = await result.rows.next(); batch; batch = await result.rows.next()) {
    for (const cells of readRows(batch.bytes)) {
      rows.push(encodeCells(await row(cells, query, effects)));
      count += 1;
    }
  }
  const source = rowsInMemory([{ bytes: Buffer.concat(rows), rows: count }]);
  return { ...result, rows: source, notices: told };
}

async function row(
  cells: readonly (Buffer | null)[],
  { columns }: EffectQuery,
  effects: Effects,
): Promise<(Buffer | null)[]> {
  const all: (Buffer | null)[] = [];
  for (const [index, cell] of cells.entries()) {
    const name = columns.get(index);
    if (name === undefined || cell === null) {
      all.push(cell);
      continue;
    }
    const args = JSON.parse(cell.toString()) as (string | null)[];
    const { value, type } = await called(name, args, effects);
    const isBinary = effects.execution.formats[index] === 1 && type === "bool";
    const bytes = isBinary ? Buffer.from([value === "t" ? 1 : 0]) : Buffer.from(value ?? "");
    all.push(value === null ? null : bytes);
  }
  return all;
}

async function run(
  request: EffectQuery["request"],
  factsNeeded: EffectQuery["factsNeeded"],
  notices: readonly ErrorFields[],
  execution: Execution,
): Promise<Result> {
  // A call that has stopped this very statement has its answer all the same.
  const signal = execution.signal.aborted ? new AbortController().signal : execution.signal;
  return await catalogQuery(request, factsNeeded, notices, { ...execution, signal });
}
