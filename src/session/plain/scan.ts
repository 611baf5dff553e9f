/** The SQL that stands for an ordinary table in a statement of one transaction. */

import { assert, SqlError } from "../../base/errors.ts";
import { quoteName } from "../../engine/quoting.ts";
import type { ShadowRelation } from "../../postgres/relation.ts";
import { baseTable, columnName, isTemporary, ROW_IDENTITY, storedType } from "./physical.ts";
import type { PlainStore } from "./store.ts";
import type { PlainWrites } from "./writes.ts";

export interface PlainScan {
  readonly relation: ShadowRelation;
  readonly columnNumbers: readonly number[];
  readonly hasIdentity: boolean;
}

/** A parenthesised SELECT of the columns under their names, the identity behind them. */
export function scanText(
  { relation, columnNumbers, hasIdentity }: PlainScan,
  store: PlainStore,
  writes: PlainWrites | undefined,
): string {
  const columns = columnNumbers.map((number) => {
    const column = relation.columns.find((candidate) => candidate.number === number);
    return `${columnName(number)} AS ${quoteName(column?.name ?? "")}`;
  });
  const list = [...columns, ...(hasIdentity ? [ROW_IDENTITY] : [])];
  const rows = rowsText(relation, columnNumbers, store, writes);
  return `(SELECT ${list.length === 0 ? "NULL AS nothing" : list.join(", ")} FROM ${rows})`;
}

/**
 * The same under the names of the store: identity, c1, c2... `without` is a SELECT of identities to
 * leave out.
 */
export function rowsText(
  relation: ShadowRelation,
  columnNumbers: readonly number[],
  store: PlainStore,
  writes: PlainWrites | undefined,
  without?: string,
): string {
  const hasHeld = writes?.generation(relation.oid)?.held.isEmpty === false;
  assert(!hasHeld, "a table is read while rows of the transaction wait in memory");
  return settledRows(relation, columnNumbers, store, writes, without);
}

/** The same but for rows that the transaction holds in memory. */
export function settledRows(
  relation: ShadowRelation,
  columnNumbers: readonly number[],
  store: PlainStore,
  writes: PlainWrites | undefined,
  without?: string,
): string {
  const { oid } = relation;
  const columns = columnNumbers.map((number) => `, ${columnName(number)}`).join("");
  const base = baseTable(oid, isTemporary(relation));
  const generation = writes?.generation(oid);
  if (generation !== undefined) {
    const selects = generation.selects(base, columnNumbers, without);
    return `(${selects.length === 0 ? nothing(relation, columnNumbers) : selects.join(" UNION ALL ")})`;
  }
  const world = writes?.world;
  const isStale = world !== undefined && store.worlds.hasChanged(oid, world);
  const copy = isStale ? store.worlds.copyFor(oid, world) : undefined;
  if (isStale && copy === undefined) {
    throw new SqlError("40001", "could not serialize access due to concurrent update");
  }
  const select =
    copy === undefined
      ? `SELECT rowid AS ${ROW_IDENTITY}${columns} FROM ${base}`
      : `SELECT ${ROW_IDENTITY}${columns} FROM ${copy}`;
  return without === undefined
    ? `(${select})`
    : `(FROM (${select}) AS r ANTI JOIN (${without}) AS w USING (${ROW_IDENTITY}))`;
}

function nothing(relation: ShadowRelation, columnNumbers: readonly number[]): string {
  const nulls = columnNumbers.map((number) => {
    const type = storedType(relation, number);
    return `, CAST(NULL AS ${type}) AS ${columnName(number)}`;
  });
  return `SELECT CAST(NULL AS BIGINT) AS ${ROW_IDENTITY}${nulls.join("")} WHERE false`;
}
