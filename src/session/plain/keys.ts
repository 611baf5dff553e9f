/** The keys of unique indexes, computed over staged rows and over those that are there. */

import { groupKey } from "../../compile/comparisons.ts";
import { storedShape } from "../../compile/duckdb-types.ts";
import { type NodeValue, readNodeText } from "../../compile/node-text.ts";
import type { ShadowIndex, ShadowRelation } from "../../postgres/relation.ts";
import type { Shape } from "../../types/shape.ts";
import type { Execution } from "../execution.ts";
import { type HeldSource, overRows } from "./over.ts";
import { columnName, ROW_IDENTITY } from "./physical.ts";
import { rowsText } from "./scan.ts";
import type { PlainWrites } from "./writes.ts";

export function uniqueIndexes({ indexes }: ShadowRelation): readonly ShadowIndex[] {
  return indexes.filter(({ isUnique }) => isUnique);
}

/** Whether only columns make up the key, and every row has one. */
export function isSimple({ expressions, predicate }: ShadowIndex): boolean {
  return expressions === null && predicate === null;
}

/** A value by which DuckDB tells what PostgreSQL's equality tells. */
export function comparableKey(text: string, shape: Shape): string {
  return groupKey({ text, shape, isConstant: false, mayBeNull: true });
}

/** The same of a column. */
export function comparableColumn(
  { columns }: ShadowRelation,
  columnNumber: number,
  source: Pick<HeldSource, "column"> = { column: columnName },
): string {
  const column = columns.find(({ number }) => number === columnNumber);
  const shape = storedShape(column?.typeOid ?? 0, column?.typmod ?? -1);
  return comparableKey(source.column(columnNumber), shape);
}

/**
 * A SELECT of the row's number as `n` and of the key as k1, k2..., of the rows that the index
 * holds; NULLs that are distinct from each other clash with nothing and are left out.
 */
export async function keysOf(
  relation: ShadowRelation,
  index: ShadowIndex,
  source: HeldSource,
  execution: Execution,
): Promise<string> {
  const names = index.columns.map((_, at) => `k${at + 1}`);
  const tests = index.nullsNotDistinct ? [] : names.map((name) => `${name} IS NOT NULL`);
  if (isSimple(index)) {
    const list = index.columns.map(
      (number, at) => `${comparableColumn(relation, number, source)} AS k${at + 1}`,
    );
    const rows = `SELECT ${source.rowNumber} AS n, ${list.join(", ")} FROM ${source.from}`;
    return filtered(rows, tests);
  }
  const trees = keyTrees(index);
  const predicates = index.predicate === null ? [] : [index.predicate];
  const expressions = [...trees, ...predicates].map((tree) => ({ tree, storedAs: undefined }));
  const { sql, plan } = await overRows(relation, expressions, source, execution);
  const list = names.map((name, at) => {
    const shape = plan.columns[at + 1]?.shape as Shape;
    return `${comparableKey(name, shape)} AS ${name}`;
  });
  const holds = index.predicate === null ? "" : ` WHERE k${trees.length + 1}`;
  return filtered(`SELECT k0 AS n, ${list.join(", ")} FROM (${sql})${holds}`, tests);
}

function filtered(sql: string, tests: readonly string[]): string {
  return tests.length === 0 ? sql : `SELECT * FROM (${sql}) WHERE ${tests.join(" AND ")}`;
}

/** Rows of a relation as the transaction sees them; `without`: a SELECT of identities. */
export function existingRows(
  relation: ShadowRelation,
  columnNumbers: readonly number[],
  execution: Execution,
  writes: PlainWrites,
  without?: string,
): HeldSource {
  return {
    from: rowsText(relation, columnNumbers, execution.services.plain, writes, without),
    rowNumber: ROW_IDENTITY,
    column: columnName,
  };
}

/** The columns that a key may read. */
export function columnsOfKey(relation: ShadowRelation, index: ShadowIndex): readonly number[] {
  return isSimple(index) ? index.columns : relation.columns.map(({ number }) => number);
}

/** Columns by their Vars, expressions as they are. */
export function keyTrees(index: ShadowIndex): string[] {
  const expressions = index.expressions === null ? [] : splitTrees(index.expressions);
  return index.columns.map((number) =>
    number === 0 ? (expressions.shift() ?? "") : columnTree(number),
  );
}

function columnTree(number: number): string {
  return (
    `{VAR :varno 1 :varattno ${number} :vartype 0 :vartypmod -1 :varcollid 0` +
    " :varnullingrels (b) :varlevelsup 0 :varreturningtype 0 :varnosyn 1 :varattnosyn 1" +
    " :location -1}"
  );
}

/** `({...} {...})` into its nodes. */
function splitTrees(text: string): string[] {
  const count = (readNodeText(text) as NodeValue[]).length;
  const trees: string[] = [];
  let depth = 0;
  let start = 0;
  for (let at = 0; at < text.length && trees.length < count; at += 1) {
    if (text[at] === "\\") at += 1;
    else if (text[at] === "{") {
      if (depth === 0) start = at;
      depth += 1;
    } else if (text[at] === "}") {
      depth -= 1;
      if (depth === 0) trees.push(text.slice(start, at + 1));
    }
  }
  return trees;
}
