/** Statements that come again and again, prepared once a connection. */

import duckdb from "@duckdb/node-bindings";
import type { Lane } from "./database.ts";

/** Statements that a connection keeps prepared. */
const PREPARED_MAX = 32;

/** DuckDB plans it anew when what it reads has been changed. */
export async function preparedIn(
  { connection, prepared }: Lane,
  sql: string,
): Promise<duckdb.PreparedStatement> {
  const known = prepared.get(sql);
  // The newest stand last.
  prepared.delete(sql);
  const statement = known ?? (await duckdb.prepare(connection, sql));
  prepared.set(sql, statement);
  for (const [oldest, unused] of prepared) {
    if (prepared.size <= PREPARED_MAX) break;
    prepared.delete(oldest);
    duckdb.destroy_prepare_sync(unused);
  }
  return statement;
}
