/** DuckDB's plan of a statement, as text. */

import duckdb from "@duckdb/node-bindings";
import { Strings } from "./chunks.ts";
import { bind, interruptible } from "./cursor.ts";
import { type Database, duckdbZone } from "./database.ts";
import type { ExplainRequest } from "./protocol.ts";
import { createRows, dropRows } from "./rows-relations.ts";

export async function explainCursor(
  database: Database,
  request: ExplainRequest,
  isCancelled: () => boolean,
): Promise<string> {
  const { cursor, isAnalyze } = request;
  const lane = await database.lane(duckdbZone(cursor.text.timeZone, cursor.sql));
  try {
    for (const relation of cursor.rowsRelations) await createRows(lane.connection, relation);
    const verb = isAnalyze ? "EXPLAIN ANALYZE" : "EXPLAIN";
    const prepared = await duckdb.prepare(lane.connection, `${verb} ${cursor.sql}`);
    try {
      bind(prepared, cursor);
      const result = await interruptible(lane.connection, isCancelled, () =>
        duckdb.execute_prepared(prepared),
      );
      return await planText(result);
    } finally {
      duckdb.destroy_prepare_sync(prepared);
      for (const relation of cursor.rowsRelations) await dropRows(lane.connection, relation);
    }
  } finally {
    database.release(lane);
  }
}

/** The second column of every row: the first names the kind of plan. */
async function planText(result: duckdb.Result): Promise<string> {
  const parts: string[] = [];
  for (;;) {
    const chunk = await duckdb.fetch_chunk(result);
    const rows = chunk === null ? 0 : duckdb.data_chunk_get_size(chunk);
    if (chunk === null || rows === 0) return parts.join("\n").trimEnd();
    const texts = new Strings(duckdb.data_chunk_get_vector(chunk, 1), rows, undefined);
    for (let row = 0; row < rows; row += 1) parts.push(texts.text(row));
  }
}
