/** The rows of a statement into a new Parquet file. */

import { rm } from "node:fs/promises";
import duckdb from "@duckdb/node-bindings";
import { bind, interruptible } from "./cursor.ts";
import { type Database, duckdbZone, withLane } from "./database.ts";
import type { Codec, WriteRequest } from "./protocol.ts";
import { quoteName, quoteText } from "./quoting.ts";
import { createRows, dropRows } from "./rows-relations.ts";

/** Leaves no file behind when it fails. */
export async function writeQuery(
  database: Database,
  request: WriteRequest,
  isCancelled: () => boolean,
): Promise<void> {
  const { cursor, path } = request;
  const sql = `COPY (${cursor.sql}) TO ${quoteText(path)} (${options(request)})`;
  await withLane(database, duckdbZone(cursor.text.timeZone, cursor.sql), async (lane) => {
    try {
      for (const relation of cursor.rowsRelations) await createRows(lane.connection, relation);
      const prepared = await duckdb.prepare(lane.connection, sql);
      try {
        bind(prepared, cursor);
        await interruptible(lane.connection, isCancelled, () => duckdb.execute_prepared(prepared));
      } finally {
        duckdb.destroy_prepare_sync(prepared);
      }
    } catch (thrown) {
      await rm(path, { force: true, recursive: true });
      throw thrown;
    } finally {
      for (const relation of cursor.rowsRelations) await dropRows(lane.connection, relation);
    }
  });
}

function options(request: WriteRequest): string {
  const { rowGroupRows, partitionBy } = request;
  const groups = rowGroupRows === undefined ? "" : `, ROW_GROUP_SIZE ${rowGroupRows}`;
  const folders =
    partitionBy === undefined ? "" : `, PARTITION_BY (${partitionBy.map(quoteName).join(", ")})`;
  return codecOptions(request) + groups + folders;
}

export function codecOptions({ compression, level }: Codec): string {
  const codec = level === undefined ? compression : `${compression}, COMPRESSION_LEVEL ${level}`;
  return `FORMAT parquet, COMPRESSION ${codec}`;
}
