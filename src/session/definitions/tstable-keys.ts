/**
 * ALTER TABLE of a time-series table that gives it a key or NOT NULL, or takes them: the rows that
 * are there must keep what is new.
 */

import { SqlError } from "../../base/errors.ts";
import type { ShadowRelation } from "../../postgres/relation.ts";
import type { Execution } from "../execution.ts";
import { firstRow, keyText } from "../first-row.ts";
import { type RowKey, requireKeepable, rowKeyOf } from "../row-key.ts";
import { lockKeys } from "../row-keys.ts";
import { lockSegments, settleRows } from "../settle-rows.ts";
import type { TstableEntry } from "../tables.ts";
import { workOf } from "../work.ts";
import { type Effects, NO_EFFECTS } from "./effects.ts";
import type { RelationChange } from "./relation-changes.ts";

/** Nobody has rows under way, and none in memory hides another. To the end of the transaction. */
export async function lockRows(entry: TstableEntry, execution: Execution): Promise<void> {
  await lockKeys(entry, execution);
  const work = await workOf(execution);
  await lockSegments(entry, work, execution);
  await settleRows(entry, work, execution);
}

/** @throws SqlError 23505, 23502 for rows that are there, 0A000 */
export async function changeKeys(
  { before, after }: RelationChange,
  execution: Execution,
): Promise<Effects | undefined> {
  const entry = after && execution.services.tables.byOid(after.oid);
  if (entry === undefined || before === undefined || after === undefined) return undefined;
  const required = notNullColumns(after).filter((one) => !notNullColumns(before).includes(one));
  requireNotNullKept(entry, after);
  const [old, key] = [rowKeyOf(before, entry.definition), rowKeyOf(after, entry.definition)];
  const isSame = String(old?.columns) === String(key?.columns);
  requireKeepable(after, entry.definition);
  if (required.length > 0) await requireValues(entry, required, execution);
  if (isSame) return undefined;
  if (key !== undefined) await requireUnique(entry, key, execution);
  const { rowKeys } = execution.services;
  const work = await workOf(execution);
  rowKeys.noteUnreserved(work, after.oid);
  work.atEnd(() => rowKeys.forget(entry));
  return { ...NO_EFFECTS, install: () => rowKeys.forget(entry) };
}

function notNullColumns({ columns }: ShadowRelation): number[] {
  return columns.flatMap(({ number, isNotNull }) => (isNotNull ? [number] : []));
}

/** Time and entity never are NULL, but for the time of adopted rows. @throws SqlError 0A000 */
function requireNotNullKept({ info, definition }: TstableEntry, after: ShadowRelation): void {
  for (const number of [definition.timeColumn, ...definition.entityColumns]) {
    const was = info.columns.find((column) => column.number === number);
    const is = after.columns.find((column) => column.number === number);
    if (was?.isNotNull !== true || is?.isNotNull === true) continue;
    throw new SqlError("0A000", `column "${was.name}" of "${info.name}" must stay NOT NULL`, {
      detail: "It is the time or the entity of the table.",
    });
  }
}

async function requireValues(
  entry: TstableEntry,
  required: readonly number[],
  execution: Execution,
): Promise<void> {
  const { info } = entry;
  for (const number of required) {
    const column = info.columns.find((one) => one.number === number);
    const rows = await firstRow(entry, [number], `c${number} IS NULL`, execution);
    if (column === undefined || rows === undefined) continue;
    const message = `column "${column.name}" of relation "${info.name}" contains null values`;
    const { schema, name: table } = info;
    throw new SqlError("23502", message, { schema, table, column: column.name });
  }
}

async function requireUnique(
  entry: TstableEntry,
  key: RowKey,
  execution: Execution,
): Promise<void> {
  const columns = key.columns.map((number) => `c${number}`);
  const given = columns.map((name) => `${name} IS NOT NULL`).join(" AND ");
  const where = `${given} GROUP BY ${columns.join(", ")} HAVING count(*) > 1`;
  const row = await firstRow(entry, key.columns, where, execution);
  if (row === undefined) return;
  const { info } = entry;
  throw new SqlError("23505", `could not create unique index "${key.name}"`, {
    detail: `${keyText(entry, key.columns, row, execution)} is duplicated.`,
    schema: info.schema,
    table: info.name,
    constraint: key.name,
  });
}
