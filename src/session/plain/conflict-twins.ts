/**
 * Rows of one INSERT ... ON CONFLICT that clash with each other: the first one stands, as though
 * they came one after the other.
 */

import { SqlError } from "../../base/errors.ts";
import type { OnConflict } from "../../compile/change-plan.ts";
import type { ShadowIndex } from "../../postgres/relation.ts";
import type { Execution } from "../execution.ts";
import { keyProbes } from "./check-keys.ts";
import { stagedSource } from "./check-rows.ts";
import { keysOf } from "./keys.ts";
import { privateTable } from "./physical.ts";
import { INT8, type Staged } from "./staged.ts";
import { refuseViolations } from "./violations.ts";
import type { PlainWrites } from "./writes.ts";

/** Adds rows to `hits` that are left out because of an earlier one. @throws SqlError 21000, 23505 */
export async function findTwins(
  hits: string,
  arbiters: readonly ShadowIndex[],
  { action }: OnConflict,
  staged: Staged,
  execution: Execution,
  writes: PlainWrites,
): Promise<void> {
  if (staged.rows < 2) return;
  const { plain } = execution.services;
  const twins: string[] = [];
  for (const index of arbiters) {
    const own = await keysOf(staged.relation, index, stagedSource(staged), execution);
    const keys = index.columns.map((_, at) => `k${at + 1}`).join(", ");
    twins.push(
      `SELECT n, row_number() OVER (PARTITION BY ${keys} ORDER BY n) AS r,` +
        ` dense_rank() OVER (ORDER BY ${keys}) AS g` +
        ` FROM (${own}) AS own ANTI JOIN ${hits} AS h USING (n)`,
    );
  }
  const all = twins.map((sql) => `SELECT n FROM (${sql}) WHERE r > 1`).join(" UNION ALL ");
  const first = all === "" ? null : await plain.number({ sql: `SELECT min(n) FROM (${all})` });
  if (first === null) return;
  if (action === "update") {
    await refuseEarlier(hits, staged, first, execution, writes);
    throw secondTime();
  }
  if (twins.length === 1) await plain.runAll([`INSERT INTO ${hits} SELECT n, NULL FROM (${all})`]);
  else await leaveOut(hits, twins, execution);
}

/** A row that one index leaves out is no twin of another for the next: row by row. */
async function leaveOut(
  hits: string,
  twins: readonly string[],
  { services, signal }: Execution,
): Promise<void> {
  const groups = twins.map((sql, at) => `SELECT n, ${at}::BIGINT AS i, g FROM (${sql})`);
  const sql = `SELECT n, i, g FROM (${groups.join(" UNION ALL ")}) ORDER BY n`;
  const statements = [{ sql, shapes: [INT8, INT8, INT8] }];
  const [result] = await services.engine.run({ statements }, signal);
  const keysOfRow = new Map<bigint, string[]>();
  for (const [n, index, group] of result?.rows ?? []) {
    const keys = keysOfRow.get(n as bigint) ?? [];
    keys.push(`${index}/${group}`);
    keysOfRow.set(n as bigint, keys);
  }
  const taken = new Set<string>();
  const leftOut: bigint[] = [];
  for (const [n, keys] of keysOfRow) {
    if (keys.some((key) => taken.has(key))) leftOut.push(n);
    else for (const key of keys) taken.add(key);
  }
  const values = leftOut.map((n) => `(${n}, NULL)`).join(", ");
  await services.plain.runAll([`INSERT INTO ${hits} VALUES ${values}`]);
}

/** Before row `first` is met a second time, what comes before it may break another key. */
async function refuseEarlier(
  hits: string,
  staged: Staged,
  first: bigint,
  execution: Execution,
  writes: PlainWrites,
): Promise<void> {
  await withRest(hits, staged, `s.rowid < ${first}`, execution, async (rest) => {
    await refuseViolations(await keyProbes(rest, undefined, execution, writes), execution);
  });
}

/** The staged rows that clash with none that is there, in a table of their own. */
export async function withRest<T>(
  hits: string,
  staged: Staged,
  condition: string,
  execution: Execution,
  task: (rest: Staged) => Promise<T>,
): Promise<T> {
  const { plain } = execution.services;
  const table = privateTable(plain.privateName());
  await plain.runAll([
    `CREATE TABLE ${table} AS SELECT s.* FROM ${staged.table} AS s` +
      ` ANTI JOIN ${hits} AS h ON s.rowid = h.n WHERE ${condition} ORDER BY s.rowid`,
  ]);
  try {
    const rows = Number((await plain.number({ sql: `SELECT count(*) FROM ${table}` })) ?? 0n);
    return await task({ ...staged, table, rows });
  } finally {
    plain.dropLater([table]);
  }
}

export function secondTime(): SqlError {
  return new SqlError("21000", "ON CONFLICT DO UPDATE command cannot affect row a second time", {
    hint:
      "Ensure that no rows proposed for insertion within the same command have duplicate" +
      " constrained values.",
  });
}
