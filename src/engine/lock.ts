/**
 * One server for one folder: DuckDB holds a kernel lock on a tiny database file. Nothing in this
 * process may open that file again, closing it would free the lock.
 */

import duckdb from "@duckdb/node-bindings";
import { EngineError } from "./error.ts";

/** Gives the function that frees it. @throws EngineError "folder-locked" */
export async function holdLock(file: string): Promise<() => void> {
  const config = duckdb.create_config();
  duckdb.set_config(config, "threads", "1");
  duckdb.set_config(config, "memory_limit", "32MB");
  try {
    const database = await duckdb.open(file, config);
    return () => duckdb.close_sync(database);
  } catch (cause) {
    const text = cause instanceof Error ? cause.message : String(cause);
    if (!/lock/i.test(text)) throw cause;
    throw new EngineError("folder-locked", `another server has locked "${file}"`, {
      hint: "Stop the other server, or give this one a folder of its own.",
      cause,
    });
  }
}
