/** The rows of a statement into new Parquet files. */

import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import duckdb from "@duckdb/node-bindings";
import { bind, interruptible } from "./cursor.ts";
import { type Database, duckdbZone, withLane } from "./database.ts";
import type { Codec, WriteFilesRequest, WriteRequest } from "./protocol.ts";
import { quoteText } from "./quoting.ts";
import { createRows, dropRows } from "./rows-relations.ts";

/** Leaves no file behind when it fails. */
export async function writeQuery(
  database: Database,
  request: WriteRequest,
  isCancelled: () => boolean,
): Promise<void> {
  await copyTo(database, request, { target: request.path, more: "" }, isCancelled);
}

/**
 * Paths in the order of the rows, roughly: threads take turns, and what they have left over goes
 * into the last file. Leaves no folder behind when it fails.
 */
export async function writeFiles(
  database: Database,
  request: WriteFilesRequest,
  isCancelled: () => boolean,
): Promise<readonly string[]> {
  const { directory, bytesPerFile } = request;
  // One file after the other: each thread would begin one of its own.
  const more = `, FILE_SIZE_BYTES ${bytesPerFile}, PER_THREAD_OUTPUT false`;
  await copyTo(database, request, { target: directory, more }, isCancelled);
  const names = await readdir(directory);
  const number = (name: string) => Number(/\d+/.exec(name)?.[0]);
  return names.sort((a, b) => number(a) - number(b)).map((name) => join(directory, name));
}

async function copyTo(
  database: Database,
  request: Omit<WriteRequest, "path">,
  { target, more }: { readonly target: string; readonly more: string },
  isCancelled: () => boolean,
): Promise<void> {
  const { cursor } = request;
  const sql = `COPY (${cursor.sql}) TO ${quoteText(target)} (${codecOptions(request)}${more})`;
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
      await rm(target, { force: true, recursive: true });
      throw thrown;
    } finally {
      for (const relation of cursor.rowsRelations) await dropRows(lane.connection, relation);
    }
  });
}

export function codecOptions({ compression, level }: Codec): string {
  const codec = level === undefined ? compression : `${compression}, COMPRESSION_LEVEL ${level}`;
  return `FORMAT parquet, COMPRESSION ${codec}`;
}
