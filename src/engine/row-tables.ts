/**
 * Tables in DuckDB's memory that hold the rows of blocks: hot rows, and what an open transaction
 * has written. A row carries the number it came with, in `_seq`; what a reader does not want to see
 * yet it leaves out by that number.
 */

import duckdb from "@duckdb/node-bindings";
import { nextTurn } from "../base/async.ts";
import { assert } from "../base/errors.ts";
import {
  type CellLayout,
  type ColumnData,
  decodeBlock,
  type RowBlock,
} from "../table/row-block.ts";
import { boundType } from "./bound-types.ts";
import { columnTypeOf } from "./column-types.ts";
import { type Database, withLane } from "./database.ts";
import { cancelled } from "./failures.ts";
import { fillVector, layoutOfType } from "./fill-vectors.ts";
import type { AppendRowsRequest, CreateRowTableRequest } from "./protocol.ts";
import { quoteName } from "./quoting.ts";

/** Between them other statements have their turn on this thread. */
const CHUNKS_AT_ONCE = 8;

export async function createRowTable(
  database: Database,
  request: CreateRowTableRequest,
): Promise<void> {
  await withLane(database, "UTC", async ({ connection }) => {
    await duckdb.query(connection, rowTableDefinition(request));
  });
}

function rowTableDefinition({ name, columns }: CreateRowTableRequest): string {
  const definitions = columns.map((column) => `c${column.columnNumber} ${boundType(column)}`);
  const list = [...definitions, "_seq BIGINT"].join(", ");
  return `CREATE TABLE ${rowTable(name)} (${list})`;
}

export async function dropRowTable(database: Database, name: string): Promise<void> {
  await withLane(database, "UTC", async ({ connection }) => {
    await duckdb.query(connection, `DROP TABLE IF EXISTS ${rowTable(name)}`);
  });
}

/** As SQL names it. */
export function rowTable(name: string): string {
  return `memory.main.${quoteName(name)}`;
}

/** Behind the rows of a table that has just these columns; gives how many. */
export async function appendBlock(
  connection: duckdb.Connection,
  catalog: string,
  table: string,
  encoded: Uint8Array,
): Promise<number> {
  const block = decodeBlock(encoded);
  const appender = duckdb.appender_create_ext(connection, catalog, "main", table);
  try {
    await fill(appender, block, undefined, () => false);
  } finally {
    duckdb.appender_close_sync(appender);
  }
  return block.rows;
}

/** All rows or none. */
export async function appendRows(
  database: Database,
  { name, block, sequences, create }: AppendRowsRequest,
  isCancelled: () => boolean,
): Promise<void> {
  await withLane(database, "UTC", async ({ connection }) => {
    await duckdb.query(connection, "BEGIN");
    try {
      for (const statement of create?.before ?? []) await duckdb.query(connection, statement);
      if (create !== undefined) {
        await duckdb.query(connection, rowTableDefinition({ name, columns: create.columns }));
      }
      const appender = duckdb.appender_create_ext(connection, "memory", "main", name);
      const numbers = sequenceCells(sequences);
      try {
        await fill(appender, decodeBlock(block), numbers, isCancelled);
      } finally {
        duckdb.appender_close_sync(appender);
      }
      await duckdb.query(connection, "COMMIT");
    } catch (cause) {
      await duckdb.query(connection, "ROLLBACK");
      throw cause;
    }
  });
}

/** `_seq` of every row. */
function sequenceCells(runs: AppendRowsRequest["sequences"]): BigInt64Array {
  const cells = new BigInt64Array(runs.reduce((total, { rows }) => total + rows, 0));
  let at = 0;
  for (const { sequence, rows } of runs) {
    cells.fill(BigInt(sequence), at, at + rows);
    at += rows;
  }
  return cells;
}

async function fill(
  appender: duckdb.Appender,
  block: RowBlock,
  sequences: BigInt64Array | undefined,
  isCancelled: () => boolean,
): Promise<void> {
  const { rows, columns } = block;
  const count = duckdb.appender_column_count(appender);
  const all = sequences === undefined ? columns : [...columns, numberColumn(sequences, rows)];
  assert(count === all.length, "a block has the columns of its table");
  const types = Array.from({ length: count }, (_, i) => duckdb.appender_column_type(appender, i));
  const layouts = types.map((type) => layoutOfType(columnTypeOf(type)));
  const chunk = duckdb.create_data_chunk(types);
  const size = duckdb.vector_size();
  for (let from = 0, chunks = 1; from < rows; from += size, chunks += 1) {
    const length = Math.min(size, rows - from);
    duckdb.data_chunk_reset(chunk);
    all.forEach((column, i) => {
      const vector = duckdb.data_chunk_get_vector(chunk, i);
      fillVector(vector, layouts[i] as CellLayout, column, from, length);
    });
    duckdb.data_chunk_set_size(chunk, length);
    duckdb.append_data_chunk(appender, chunk);
    if (chunks % CHUNKS_AT_ONCE === 0) {
      duckdb.appender_flush_sync(appender);
      await nextTurn();
      if (isCancelled()) throw cancelled();
    }
  }
}

function numberColumn(sequences: BigInt64Array, rows: number): ColumnData {
  assert(sequences.length === rows, "every row has a number");
  const data = new Uint8Array(sequences.buffer);
  return { validity: undefined, data, offsets: undefined, elements: undefined };
}
