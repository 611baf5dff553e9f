/**
 * The log of plain.duckdb. DuckDB syncs it at every commit, but makes the file at the first write
 * after a checkpoint and never syncs the folder: after a loss of power the file could be missing.
 * So it is made at once, and the folder synced, before anybody commits.
 */

import { closeSync, fsyncSync, openSync } from "node:fs";
import { dirname } from "node:path";
import duckdb from "@duckdb/node-bindings";

/** To be called after ATTACH and after each checkpoint. */
export async function makePlainLog(connection: duckdb.Connection, file: string): Promise<void> {
  await duckdb.query(connection, "CREATE OR REPLACE VIEW plain.main.pgtide_log AS SELECT 1");
  const folder = openSync(dirname(file), "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
