/** What plain.duckdb keeps besides rows: which transactions and definitions it has taken in. */

import type { Engine } from "../../engine/remote.ts";
import type { RunStatement } from "../../engine/request.ts";
import { Oid } from "../../types/oids.ts";
import type { Shape } from "../../types/shape.ts";

const INT8: Shape = { typeOid: Oid.int8, typmod: -1, representation: { kind: "plain" } };

/** Numbers of transactions are kept for this many later ones. */
const KEPT = 10_000;

export const STATE_TABLES: readonly string[] = [
  "CREATE TABLE IF NOT EXISTS plain.main.transactions (n BIGINT)",
  "CREATE TABLE IF NOT EXISTS plain.main.applied (entry BIGINT)",
];

/** Part of a transaction's commit: that it happened can be read back (`wasCommitted`). */
export function noteTransaction(n: number): RunStatement[] {
  return [
    { sql: `INSERT INTO plain.main.transactions VALUES (${n})` },
    { sql: `DELETE FROM plain.main.transactions WHERE n < ${n - KEPT}` },
  ];
}

/** Part of a commit that takes in definitions up to this entry of the catalogue's journal. */
export function noteApplied(entry: number): RunStatement[] {
  return [
    { sql: "DELETE FROM plain.main.applied" },
    { sql: `INSERT INTO plain.main.applied VALUES (${entry})` },
  ];
}

/** On another connection than the commit's, whose answer is no evidence when it failed. */
export async function wasCommitted(engine: Engine, n: number): Promise<boolean> {
  const sql = `SELECT count(*) FROM plain.main.transactions WHERE n = ${n}`;
  const [result] = await engine.run({ statements: [{ sql, shapes: [INT8] }] });
  return result?.rows[0]?.[0] !== 0n;
}

/** The last entry of the journal that was taken in; 0: none. */
export async function appliedEntry(engine: Engine): Promise<number> {
  const sql = "SELECT coalesce(max(entry), 0) FROM plain.main.applied";
  const [result] = await engine.run({ statements: [{ sql, shapes: [INT8] }] });
  return Number(result?.rows[0]?.[0] ?? 0n);
}
