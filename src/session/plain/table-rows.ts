/** About how many rows an ordinary table has: what the engine estimates, known for a while. */

import type { RunStatement } from "../../engine/request.ts";
import type { PlainStore } from "./store.ts";

const KNOWN_MS = 10_000;
const TABLES_MAX = 1000;

/** Who asks meanwhile waits for the same answer: each is a query of the engine. */
interface Estimate {
  readonly rows: Promise<number>;
  readonly atMs: number;
}

const known = new WeakMap<PlainStore, Map<number, Estimate>>();

export async function tableRows(oid: number, store: PlainStore): Promise<number> {
  const estimates = known.get(store) ?? new Map<number, Estimate>();
  known.set(store, estimates);
  const before = estimates.get(oid);
  const atMs = performance.now();
  if (before !== undefined && atMs - before.atMs < KNOWN_MS) return await before.rows;
  const rows = estimate(oid, store);
  if (estimates.size >= TABLES_MAX) estimates.clear();
  estimates.set(oid, { rows, atMs });
  try {
    return await rows;
  } catch (cause) {
    if (estimates.get(oid)?.rows === rows) estimates.delete(oid);
    throw cause;
  }
}

async function estimate(oid: number, store: PlainStore): Promise<number> {
  const statement: RunStatement = {
    sql: `SELECT CAST(max(estimated_size) AS BIGINT) FROM duckdb_tables() WHERE table_name = 't_${oid}'`,
  };
  return Number((await store.number(statement)) ?? 0n);
}
