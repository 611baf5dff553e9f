/** Statements that change what DuckDB keeps: one transaction on one connection, all or nothing. */

import duckdb from "@duckdb/node-bindings";
import type { SqlValue } from "../types/value.ts";
import { checkColumn, columnTypeOf } from "./column-types.ts";
import { bind, interruptible } from "./cursor.ts";
import { type Database, duckdbZone, type Lane } from "./database.ts";
import { preparedIn } from "./prepared-statements.ts";
import { readValues } from "./read-values.ts";
import type { RunAppend, RunRequest, RunResult, RunStatement } from "./request.ts";
import { appendBlock } from "./row-tables.ts";
import { createRows, dropRows } from "./rows-relations.ts";

export async function runStatements(
  database: Database,
  request: RunRequest,
  isCancelled: () => boolean,
): Promise<readonly RunResult[]> {
  const { statements, rowsRelations = [], timeZone = "UTC" } = request;
  const texts = statements.map((one) => ("sql" in one ? one.sql : ""));
  const zone = duckdbZone(timeZone, texts.join());
  const lane = await database.lane(zone);
  let isSound = false;
  try {
    for (const relation of rowsRelations) await createRows(lane.connection, relation);
    const results = await inTransaction(lane, statements, isCancelled);
    for (const relation of rowsRelations) await dropRows(lane.connection, relation);
    isSound = true;
    return results;
  } finally {
    // Whatever state a failure leaves behind goes with the connection.
    if (isSound) database.release(lane);
    else database.drop(lane);
  }
}

async function inTransaction(
  lane: Lane,
  statements: RunRequest["statements"],
  isCancelled: () => boolean,
): Promise<RunResult[]> {
  const { connection } = lane;
  const results: RunResult[] = [];
  const isAlone = statements.length === 1 && statements.every((one) => "sql" in one);
  if (!isAlone) await duckdb.query(connection, "BEGIN TRANSACTION");
  try {
    for (const statement of statements) {
      results.push(await runOne(lane, statement, isCancelled));
    }
  } catch (thrown) {
    if (!isAlone) await rollback(connection);
    throw thrown;
  }
  if (!isAlone) await duckdb.query(connection, "COMMIT");
  return results;
}

/** The error that led here is the one to tell; the connection is given up after it. */
async function rollback(connection: duckdb.Connection): Promise<void> {
  try {
    await duckdb.query(connection, "ROLLBACK");
  } catch {
    // DuckDB has ended the transaction by itself.
  }
}

async function runOne(
  lane: Lane,
  statement: RunStatement | RunAppend,
  isCancelled: () => boolean,
): Promise<RunResult> {
  const { connection } = lane;
  if (!("sql" in statement)) {
    const { database, table, block } = statement;
    return { changed: await appendBlock(connection, database, table, block), rows: [] };
  }
  const { sql, parameters = [], isRepeated } = statement;
  if (isRepeated) {
    const prepared = await preparedIn(lane, sql);
    bind(prepared, { parameters });
    const call = () => duckdb.execute_prepared(prepared);
    return readResult(await interruptible(connection, isCancelled, call), statement);
  }
  if (parameters.length === 0) {
    const call = () => duckdb.query(connection, sql);
    return readResult(await interruptible(connection, isCancelled, call), statement);
  }
  const prepared = await duckdb.prepare(connection, sql);
  try {
    bind(prepared, { parameters });
    const call = () => duckdb.execute_prepared(prepared);
    return readResult(await interruptible(connection, isCancelled, call), statement);
  } finally {
    duckdb.destroy_prepare_sync(prepared);
  }
}

function readResult(result: duckdb.Result, { shapes }: RunStatement): RunResult {
  const changed = Number(duckdb.rows_changed(result));
  if (shapes === undefined) return { changed, rows: [] };
  const types = shapes.map((shape, i) => {
    const type = columnTypeOf(duckdb.column_logical_type(result, i));
    checkColumn(shape, type, `column ${i + 1}`);
    return type;
  });
  const rows: SqlValue[][] = [];
  for (let at = 0; at < duckdb.result_chunk_count(result); at += 1) {
    const chunk = duckdb.result_get_chunk(result, at);
    const size = chunk === null ? 0 : duckdb.data_chunk_get_size(chunk);
    if (chunk === null || size === 0) continue;
    const columns = shapes.map((shape, i) => {
      const type = types[i] as (typeof types)[number];
      return readValues(shape, type, duckdb.data_chunk_get_vector(chunk, i), size);
    });
    for (let row = 0; row < size; row += 1) {
      rows.push(columns.map((column) => column(row) as SqlValue));
    }
  }
  return { changed, rows };
}
