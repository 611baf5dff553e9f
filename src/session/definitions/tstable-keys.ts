/**
 * ALTER TABLE of a time-series table that gives it a key or NOT NULL, or takes them: the rows that
 * are there must keep what is new.
 */

import { join } from "node:path";
import { SqlError } from "../../base/errors.ts";
import type { BoundColumn } from "../../engine/bindings.ts";
import { boundShape } from "../../engine/stored-expressions.ts";
import type { ShadowRelation } from "../../postgres/relation.ts";
import { encodeText } from "../../types/codec.ts";
import type { SqlValue } from "../../types/value.ts";
import type { Execution } from "../execution.ts";
import { keyColumns } from "../replaced-rows.ts";
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
  const list = key.columns.map((number) => `c${number}`).join(", ");
  const row = await firstRow(
    entry,
    key.columns,
    `true GROUP BY ${list} HAVING count(*) > 1`,
    execution,
  );
  if (row === undefined) return;
  const { info } = entry;
  const columns = boundColumns(entry, key.columns);
  const names = columns.map(({ diskName }) => diskName).join(", ");
  const { text } = execution.settings;
  const values = columns.map(({ typeOid }, at) => {
    const value = row[at] ?? null;
    return value === null ? "null" : encodeText(value, typeOid, text);
  });
  throw new SqlError("23505", `could not create unique index "${key.name}"`, {
    detail: `Key (${names})=(${values.join(", ")}) is duplicated.`,
    schema: info.schema,
    table: info.name,
    constraint: key.name,
  });
}

function boundColumns({ info }: TstableEntry, numbers: readonly number[]): readonly BoundColumn[] {
  return numbers.flatMap((number) => {
    const column = info.columns.find((one) => one.number === number);
    return column === undefined ? [] : [{ ...column, name: `c${number}`, diskName: column.name }];
  });
}

/** These columns of some row as the transaction sees the table. `where` goes on from WHERE. */
async function firstRow(
  entry: TstableEntry,
  numbers: readonly number[],
  where: string,
  execution: Execution,
): Promise<readonly SqlValue[] | undefined> {
  const { engine, intake } = execution.services;
  const { oid } = entry.info;
  const columns = boundColumns(entry, numbers);
  const lease = await intake.lease([oid]);
  try {
    const view = lease.view(oid, (await workOf(execution)).items);
    const paths = view.segments().map(({ path }) => join(entry.directory, path));
    const options = { keys: keyColumns(entry) };
    const relation = await engine.bindTable(columns, paths, await view.hot({}), options);
    const list = columns.map(({ name }) => name).join(", ");
    const sql = `SELECT ${list} FROM ${relation} AS t WHERE ${where} LIMIT 1`;
    const shapes = columns.map(boundShape);
    const [result] = await engine.run({ statements: [{ sql, shapes }] }, execution.signal);
    return result?.rows[0];
  } finally {
    lease.release();
  }
}
