/** ORDER BY, DISTINCT and LIMIT around a select list. */

import { SqlError } from "../base/errors.ts";
import { sortItem } from "./aggregates.ts";
import { groupKey, needsKey } from "./comparisons.ts";
import { isCorrelated } from "./correlated.ts";
import { firstRowsByKey, hintNewestOfEntities } from "./distinct-on.ts";
import { type SortKey, type Sql, sortKeysText } from "./expression.ts";
import type { Expression } from "./expression-nodes.ts";
import type { CompiledQuery, Scope } from "./generator.ts";
import { ordinal, passedOrdinal } from "./ordinals.ts";
import { columnsOf, type OutputList } from "./outputs.ts";
import { refuse } from "./refusals.ts";
import { scalarOf } from "./scalars.ts";
import type { SortGroupClause, TargetEntry } from "./tree.ts";

/** A result of at most so many rows is called small: one chunk of DuckDB. */
const SMALL_ROWS_MAX = 2048;

/** A SELECT without DISTINCT, ORDER BY and LIMIT, ready for them. */
export interface Core {
  readonly list: OutputList;
  /** ` FROM .. WHERE .. GROUP BY .. HAVING ..`. */
  readonly rest: string;
  /** The value of a target entry by its ressortgroupref. */
  readonly value: (ref: number) => { readonly entry: TargetEntry; readonly sql: Sql };
  readonly output: (entry: TargetEntry) => Sql;
}

export interface Finished {
  readonly text: string;
  readonly hasOrdinal: boolean;
}

/** The whole SELECT. */
export function finishSelect(core: Core, scope: Scope): Finished {
  if (scope.query.limitOption === 1) return { text: withTies(core, scope), hasOrdinal: false };
  const { text, hasOrdinal } = ordered(core, scope);
  return { text: text + limitText(scope), hasOrdinal };
}

function ordered(core: Core, scope: Scope): Finished {
  const { query } = scope;
  const sort = query.sortClause ?? [];
  if (query.hasDistinctOn) return numberedOutside(distinctOn(core, scope), scope);
  if (query.distinctClause !== null) return numberedOutside(distinct(core, sort), scope);
  const values = sort.map((clause) => core.value(clause.tleSortGroupRef));
  const isWrapped = values.some(({ entry, sql }) => sql.isSet === true && isKeyed(entry, sql));
  const plain = `${core.list.text}${core.rest}`;
  if (isWrapped) return numberedOutside(wrapped(`SELECT ${plain}`, core, sort), scope);
  const keys = sort.map((clause, index) => {
    const value = values[index];
    return value === undefined ? refuse("this ORDER BY") : orderKey(clause, value);
  });
  const order = orderText(keys);
  const hasSets = core.list.text.includes("unnest(");
  if (scope.keepsOrder && keys.length > 0 && hasSets) {
    return numberedOutside(`SELECT ${plain}${order}`, scope);
  }
  const inherited = scope.keepsOrder && keys.length === 0 ? passedOrdinal(scope) : undefined;
  if (inherited !== undefined) {
    return { text: `SELECT ${core.list.text}, ${inherited} AS rn${core.rest}`, hasOrdinal: true };
  }
  if (!scope.keepsOrder || keys.length === 0) {
    return { text: `SELECT ${plain}${order}`, hasOrdinal: false };
  }
  const full = sort.map((clause, index) =>
    sortItem(clause, values[index]?.sql ?? refuse("this ORDER BY")),
  );
  const text = `SELECT ${core.list.text}, ${ordinal(full)}${core.rest}${order}`;
  return { text, hasOrdinal: true };
}

/** The rows numbered as they come out of an ordered query. */
function numberedOutside(text: string, scope: Scope): Finished {
  if (!scope.keepsOrder || scope.query.sortClause === null) return { text, hasOrdinal: false };
  return { text: `SELECT *, row_number() OVER () AS rn FROM (${text}) AS o`, hasOrdinal: true };
}

function orderText(keys: readonly SortKey[]): string {
  return keys.length === 0 ? "" : ` ORDER BY ${sortKeysText(keys)}`;
}

function isKeyed(entry: TargetEntry, sql: Sql): boolean {
  return entry.resjunk || groupKey(sql) !== sql.text;
}

/** Outputs by position, so that a volatile or set-returning value is not computed twice. */
function orderKey(
  clause: SortGroupClause,
  value: { readonly entry: TargetEntry; readonly sql: Sql },
): SortKey {
  const key = sortItem(clause, value.sql);
  return isKeyed(value.entry, value.sql) ? key : { ...key, text: String(value.entry.resno) };
}

/** DISTINCT by keys where the values themselves would compare differently. */
function distinct(core: Core, sort: readonly SortGroupClause[]): string {
  const inner = `${core.list.text}${core.rest}`;
  const alias = "d";
  const columns = columnsOf(alias, core.list).map((column) => column.sql);
  if (columns.every((column) => !needsKey(column))) {
    const keys = sort.map((clause) => orderKey(clause, core.value(clause.tleSortGroupRef)));
    return `SELECT DISTINCT ${inner}${orderText(keys)}`;
  }
  const keys = columns.map(groupKey).join(", ");
  const text = `SELECT DISTINCT ON (${keys}) * FROM (SELECT ${inner}) AS ${alias}`;
  return sort.length === 0 ? text : wrapped(text, core, sort);
}

/** Sorted from outside, where the outputs are columns. */
function wrapped(text: string, core: Core, sort: readonly SortGroupClause[]): string {
  const columns = columnsOf("d", core.list).map((column) => column.sql);
  const keys = sort.map((clause) => {
    const { entry } = core.value(clause.tleSortGroupRef);
    const column = entry.resjunk ? undefined : columns[entry.resno - 1];
    return column === undefined ? refuse("this ORDER BY") : sortItem(clause, column);
  });
  return `SELECT * FROM (${text}) AS d${orderText(keys)}`;
}

function distinctOn(core: Core, scope: Scope): string {
  const { query } = scope;
  const keys = (query.distinctClause ?? []).map((clause) => core.value(clause.tleSortGroupRef));
  const order = (query.sortClause ?? []).map((clause) => {
    const { entry, sql } = core.value(clause.tleSortGroupRef);
    return { key: sortItem(clause, sql), sql, node: entry.expr };
  });
  const outputs = (query.targetList ?? [])
    .filter((entry) => !entry.resjunk)
    .map((entry) => core.output(entry));
  const parts = { keys: keys.map((key) => key.sql), order, outputs, rest: core.rest };
  const rewritten = firstRowsByKey(parts, scope);
  if (rewritten !== undefined) {
    hintNewestOfEntities(
      parts,
      keys.map((key) => key.entry.expr),
      scope,
    );
    return rewritten;
  }
  const on = parts.keys.map(groupKey).join(", ");
  const sorted = orderText(order.map((each) => each.key));
  return `SELECT DISTINCT ON (${on}) ${core.list.text}${core.rest}${sorted}`;
}

/** ` LIMIT .. OFFSET ..`. */
export function limitText(scope: Scope): string {
  const { limitCount, limitOffset } = scope.query;
  const count = rowCount(limitCount, scope, "LIMIT");
  const offset = rowCount(limitOffset, scope, "OFFSET");
  return (
    (count === undefined ? "" : ` LIMIT ${count.text}`) +
    (offset === undefined ? "" : ` OFFSET ${offset.text}`)
  );
}

/** undefined for none. @throws SqlError 2201W, 2201X for a negative constant. */
function rowCount(
  node: Expression | null,
  scope: Scope,
  word: "LIMIT" | "OFFSET",
): Sql | undefined {
  if (node === null) return undefined;
  const value = scope.generator.expression(node, scope);
  const { constant } = value;
  if (constant === null) return undefined;
  const sqlState = word === "LIMIT" ? "2201W" : "2201X";
  const message = `${word} must not be negative`;
  const number = limitNumber(value);
  if (number !== undefined) {
    if (number < 0n) throw new SqlError(sqlState, message);
    return { ...value, text: String(number) };
  }
  if (isCorrelated(scope.query)) {
    return refuse(`a ${word} that is not a literal in a correlated subquery`);
  }
  const raised = `error('PG:${sqlState}:${message}')`;
  const checked = `CASE WHEN v < 0 THEN ${raised} ELSE v END`;
  const text = `(SELECT ${checked} FROM (SELECT ${value.text} AS v))`;
  return { ...value, text };
}

const WIDENED = /^(?:CAST\()+(-?\d+)(?: AS (?:SMALLINT|INTEGER|BIGINT)\))+$/;

/** A constant count; the analysis wraps it in casts to int8. */
function limitNumber(value: Sql): bigint | undefined {
  if (typeof value.constant === "bigint") return value.constant;
  if (typeof value.constant === "number") return BigInt(value.constant);
  const number = WIDENED.exec(value.text)?.[1];
  return number === undefined ? undefined : BigInt(number);
}

/** LIMIT .. WITH TIES through rank(). */
function withTies(core: Core, scope: Scope): string {
  const { query } = scope;
  if (query.hasDistinctOn || query.distinctClause !== null) {
    return refuse("DISTINCT together with WITH TIES");
  }
  const count = rowCount(query.limitCount, scope, "LIMIT");
  const offset = rowCount(query.limitOffset, scope, "OFFSET")?.text ?? "0";
  const sort = query.sortClause ?? [];
  const keys = sort.map((clause) => sortItem(clause, core.value(clause.tleSortGroupRef).sql));
  const width = core.list.columns.length + core.list.hidden.length;
  const names = Array.from({ length: width }, (_, index) => `c${index + 1}`).join(", ");
  const over = `OVER (ORDER BY ${sortKeysText(keys)})`;
  const ranked = `rank() ${over} AS rk, row_number() ${over} AS rn`;
  const limit = count === undefined ? "TRUE" : `rk <= ${count.text} + ${offset}`;
  return (
    `SELECT ${names} FROM (SELECT ${core.list.text}, ${ranked}${core.rest}) AS d` +
    ` WHERE ${limit} AND rn > ${offset} ORDER BY rn`
  );
}

/** Whether LIMIT alone proves the result small. */
export function hasSmallLimit(scope: Scope): boolean {
  const { limitCount, limitOption } = scope.query;
  if (limitCount === null || limitOption === 1) return false;
  const value = scope.generator.expression(limitCount, scope);
  const number = limitNumber(value);
  return number !== undefined && number <= BigInt(SMALL_ROWS_MAX);
}

/**
 * ORDER BY time LIMIT n over one table and nothing else: only its newest (oldest) rows matter. Not
 * for a time column that may be NULL: NULLs sort first or last wherever their segment lies.
 */
export function hintNewest(scope: Scope, outputs: CompiledQuery["columns"]): void {
  const { query, generator } = scope;
  const [item, ...others] = query.jointree?.fromlist ?? [];
  const [clause, ...laterKeys] = query.sortClause ?? [];
  const isBare =
    item?.tag === "RANGETBLREF" &&
    others.length === 0 &&
    query.jointree?.quals === null &&
    !query.hasAggs &&
    !query.hasWindowFuncs &&
    !query.hasTargetSRFs &&
    query.groupClause === null &&
    query.groupingSets === null &&
    query.havingQual === null &&
    query.distinctClause === null &&
    query.limitOption !== 1 &&
    query.limitOffset === null;
  if (!isBare || clause === undefined || laterKeys.length > 0 || outputs.length === 0) return;
  if (query.limitCount === null || query.rtable?.[item.rtindex - 1]?.rtekind !== 0) return;
  const entry = query.targetList?.find((each) => each.ressortgroupref === clause.tleSortGroupRef);
  if (entry?.expr.tag !== "VAR") return;
  const column = scope.relations.get(item.rtindex)?.column(entry.expr.varattno, entry.expr);
  const source = column?.sources[0];
  if (column === undefined || source === undefined || column.sql.mayBeNull) return;
  if (source.scan.relation?.timeColumn !== source.columnNumber) return;
  const limit = generator.expression(query.limitCount, scope);
  if (!limit.isConstant || limit.constant === null) return;
  const number = limitNumber(limit);
  source.scan.newest = {
    descending: clause.reverse_sort,
    limit:
      number === undefined ? scalarOf(limit) : { kind: "constant", value: number, typeOid: 20 },
  };
}
