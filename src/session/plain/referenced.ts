/** The referenced side of foreign keys: what becomes of rows that point at what has gone. */

import { SqlError } from "../../base/errors.ts";
import { storedShape } from "../../compile/duckdb-types.ts";
import type { ForeignKeyAction, ShadowRelation } from "../../postgres/relation.ts";
import type { SqlValue } from "../../types/value.ts";
import type { Execution } from "../execution.ts";
import { areAllSet, pairedKey, type Reference, referencesTo, samePair } from "./foreign-keys.ts";
import { existingRows } from "./keys.ts";
import { columnName, privateTable, ROW_IDENTITY, storedType } from "./physical.ts";
import { INT8, newValue, type Staged, type StagedChange } from "./staged.ts";
import { blame, keyText } from "./violations.ts";
import type { PlainWrites } from "./writes.ts";

/** The keys that rows had before they were deleted or updated, and for an update have now. */
export interface ReferencedKeys {
  readonly reference: Reference;
  readonly action: ForeignKeyAction;
  /**
   * A private table: keys before as k1, k2..., those after as n1, n2..., and the old values of the
   * columns, as o1, o2...
   */
  readonly table: string;
  readonly isUpdate: boolean;
}

/** Before the rows are changed: which of their keys others may point at. */
export async function referencedKeys(
  staged: Staged,
  changed: ReadonlySet<number> | undefined,
  execution: Execution,
  writes: PlainWrites,
): Promise<ReferencedKeys[]> {
  const { relation, identity, table, newValues } = staged;
  if (identity === undefined) return [];
  const isUpdate = newValues.size > 0;
  const keys: ReferencedKeys[] = [];
  for (const reference of referencesTo(relation.oid, execution)) {
    const { columns, onDelete, onUpdate } = reference.key;
    if (isUpdate && !columns.some((one) => changed?.has(one) === true)) continue;
    const action = isUpdate ? onUpdate : onDelete;
    const { constraint } = reference;
    if (action === "no action" && writes.deferred.isDeferred(constraint)) {
      writes.deferred.putOff(constraint, relation, execution);
      continue;
    }
    const rows = existingRows(relation, columns, execution, writes);
    const kept = privateTable(execution.services.plain.privateName());
    const before = pairedKey(relation, columns, (number) => `r.${columnName(number)}`);
    const after = columns.map((number, at) => {
      const value = isUpdate ? `s.${newValue(staged, number)}` : "NULL";
      return `${value} AS n${at + 1}, r.${columnName(number)} AS o${at + 1}`;
    });
    await execution.services.plain.runAll([
      `CREATE TABLE ${kept} AS SELECT ${before}, ${after.join(", ")} FROM ${rows.from} AS r` +
        ` JOIN ${table} AS s ON r.${ROW_IDENTITY} = s.${identity}`,
    ]);
    keys.push({ reference, action, table: kept, isUpdate });
  }
  return keys;
}

/**
 * After the change: what it does to the rows that point at these keys; undefined: nothing. The
 * caller applies it and drops its table. @throws SqlError 23503, 23001
 */
export async function followReferences(
  keys: ReferencedKeys,
  execution: Execution,
  writes: PlainWrites,
): Promise<StagedChange | undefined> {
  const { plain } = execution.services;
  try {
    if (keys.action !== "no action" && keys.action !== "restrict") {
      return await cascade(keys, execution, writes);
    }
    await refuseReferenced(keys, execution, writes);
    return undefined;
  } finally {
    plain.dropLater([keys.table]);
  }
}

/** @throws SqlError 23503, 23001 */
export async function refuseReferenced(
  { reference, action, table }: ReferencedKeys,
  execution: Execution,
  writes: PlainWrites,
): Promise<void> {
  const { constraint, key, from, to } = reference;
  const { columns } = constraint;
  const pointing = existingRows(from, columns, execution, writes);
  const left = existingRows(to, key.columns, execution, writes);
  const still =
    action === "restrict"
      ? ""
      : ` ANTI JOIN (SELECT ${pairedKey(to, key.columns, left.column)} FROM ${left.from}) AS l` +
        ` ON ${samePair(columns, "g", "l")}`;
  const old = key.columns.map((_, at) => `o${at + 1}`).join(", ");
  const sql =
    `SELECT ${old} FROM ${table} AS g SEMI JOIN (SELECT` +
    ` ${pairedKey(from, columns, pointing.column)} FROM ${pointing.from}) AS p` +
    ` ON ${samePair(columns, "g", "p")}${still} WHERE ${areAllSet(columns, "g")} LIMIT 1`;
  const named = key.columns.flatMap(
    (number) => to.columns.find((candidate) => candidate.number === number) ?? [],
  );
  const shapes = named.map(({ typeOid, typmod }) => storedShape(typeOid, typmod));
  const { engine } = execution.services;
  const [result] = await engine.run({ statements: [{ sql, shapes }] }, execution.signal);
  const row: readonly SqlValue[] | undefined = result?.rows[0];
  if (row === undefined) return;
  const names = named.map(({ name }) => name);
  throw stillReferenced(reference, action, keyText(names, row, named, execution));
}

function stillReferenced(
  { constraint, from, to }: Reference,
  action: ForeignKeyAction,
  key: string,
): SqlError {
  const isRestrict = action === "restrict";
  const what = isRestrict ? "RESTRICT setting of foreign key" : "foreign key";
  return new SqlError(
    isRestrict ? "23001" : "23503",
    `update or delete on table "${to.name}" violates ${what} constraint "${constraint.name}"` +
      ` on table "${from.name}"`,
    blame(from, {
      constraint: constraint.name,
      detail: `Key ${key} is ${isRestrict ? "" : "still "}referenced from table "${from.name}".`,
    }),
  );
}

/** CASCADE and SET NULL: a change of the pointing rows, which may have followers of its own. */
async function cascade(
  { reference, action, table, isUpdate }: ReferencedKeys,
  execution: Execution,
  writes: PlainWrites,
): Promise<StagedChange> {
  const { constraint, key, from } = reference;
  const all = from.columns.map(({ number }) => number);
  const rows = existingRows(from, all, execution, writes);
  const columns = constraint.columns;
  const deletes = action === "cascade" && !isUpdate;
  const cleared = isUpdate ? columns : (key.deleteSetColumns ?? columns);
  const values = all.map((number) => {
    const at = columns.indexOf(number);
    const name = columnName(number);
    if (at >= 0 && action === "cascade") return `, g.n${at + 1} AS ${name}`;
    if (cleared.includes(number)) return `, CAST(NULL AS ${storedType(from, number)}) AS ${name}`;
    return `, r.${name}`;
  });
  const paired = pairedKey(from, columns, columnName);
  const sql =
    `SELECT r.${ROW_IDENTITY}${deletes ? "" : values.join("")} FROM` +
    ` (SELECT *, ${paired} FROM ${rows.from}) AS r JOIN ${table} AS g` +
    ` ON ${samePair(columns, "r", "g")}`;
  return await stageSelect(from, sql, deletes ? undefined : new Set(columns), execution);
}

/** `sql` gives the identity and, unless rows go, every column. */
async function stageSelect(
  relation: ShadowRelation,
  sql: string,
  changed: ReadonlySet<number> | undefined,
  { services, signal }: Execution,
): Promise<StagedChange> {
  const table = privateTable(services.plain.privateName());
  const create = { sql: `CREATE TABLE ${table} AS ${sql}`, shapes: [INT8] };
  const [made] = await services.engine.run({ statements: [create] }, signal);
  const numbers = changed === undefined ? [] : relation.columns.map(({ number }) => number);
  const staged: Staged = {
    relation,
    table,
    rows: Number(made?.rows[0]?.[0] ?? 0),
    identity: ROW_IDENTITY,
    newValues: new Map(numbers.map((number) => [number, columnName(number)])),
  };
  return { staged, changed };
}
