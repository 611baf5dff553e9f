/** Asks a time-series table for some row as a transaction sees it: one that breaks a rule. */

import { join } from "node:path";
import type { BoundColumn } from "../engine/bindings.ts";
import { boundShape } from "../engine/stored-expressions.ts";
import { encodeText } from "../types/codec.ts";
import type { SqlValue } from "../types/value.ts";
import type { Execution } from "./execution.ts";
import { keyColumns } from "./replaced-rows.ts";
import type { TstableEntry } from "./tables.ts";
import { workOf } from "./work.ts";

/** These columns, named c<number>, in this order. `where` goes on from WHERE. */
export async function firstRow(
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
    return await firstOf(relation, columns, where, execution);
  } finally {
    lease.release();
  }
}

/** Of files that the table does not have. */
export async function firstRowOfFiles(
  entry: TstableEntry,
  files: readonly string[],
  numbers: readonly number[],
  where: string,
  execution: Execution,
): Promise<readonly SqlValue[] | undefined> {
  const columns = boundColumns(entry, numbers);
  const relation = await execution.services.engine.bindTable(columns, files);
  return await firstOf(relation, columns, where, execution);
}

async function firstOf(
  relation: string,
  columns: readonly BoundColumn[],
  where: string,
  { services, signal }: Execution,
): Promise<readonly SqlValue[] | undefined> {
  const list = columns.map(({ name }) => name).join(", ");
  const sql = `SELECT ${list} FROM ${relation} AS t WHERE ${where} LIMIT 1`;
  const shapes = columns.map(boundShape);
  const [result] = await services.engine.run({ statements: [{ sql, shapes }] }, signal);
  return result?.rows[0];
}

/** `Key (a, b)=(1, 2)`, as PostgreSQL shows it. */
export function keyText(
  entry: TstableEntry,
  numbers: readonly number[],
  row: readonly SqlValue[],
  { settings }: Execution,
): string {
  const columns = boundColumns(entry, numbers);
  const names = columns.map(({ diskName }) => diskName).join(", ");
  const values = columns.map(({ typeOid }, at) => {
    const value = row[at] ?? null;
    return value === null ? "null" : encodeText(value, typeOid, settings.text);
  });
  return `Key (${names})=(${values.join(", ")})`;
}

export function boundColumns(
  { info }: TstableEntry,
  numbers: readonly number[],
): readonly BoundColumn[] {
  return numbers.flatMap((number) => {
    const column = info.columns.find((one) => one.number === number);
    return column === undefined ? [] : [{ ...column, name: `c${number}`, diskName: column.name }];
  });
}
