/**
 * INSERT ... ON CONFLICT: which of the staged rows clash with rows that are there or with each
 * other, and what becomes of them.
 */

import type { ChangePlan, OnConflict } from "../../compile/change-plan.ts";
import type { ShadowIndex } from "../../postgres/relation.ts";
import type { Execution } from "../execution.ts";
import { applyChange } from "./apply.ts";
import { arbitersOf } from "./arbiters.ts";
import { sameKey } from "./check-keys.ts";
import { rowProbes, stagedSource } from "./check-rows.ts";
import { findTwins, secondTime, withRest } from "./conflict-twins.ts";
import { computeGenerated } from "./generated.ts";
import { columnsOfKey, existingRows, keysOf } from "./keys.ts";
import { columnName, privateTable, ROW_IDENTITY } from "./physical.ts";
import { newValue, type Staged, stagedColumn, stagePlan } from "./staged.ts";
import { refuseViolations } from "./violations.ts";
import type { PlainWrites } from "./writes.ts";

/**
 * Afterwards the staged table holds the rows that were inserted or updated, as RETURNING shows
 * them. Gives how many they are. @throws SqlError 21000, 42P10, and what applyChange throws
 */
export async function applyConflicts(
  plan: ChangePlan,
  onConflict: OnConflict,
  staged: Staged,
  execution: Execution,
  writes: PlainWrites,
): Promise<number> {
  const arbiters = arbitersOf(onConflict, staged.relation);
  if (staged.rows === 0) return 0;
  await computeGenerated(staged, execution);
  await refuseViolations(await rowProbes(staged, execution), execution);
  const { plain } = execution.services;
  const hits = privateTable(plain.privateName());
  await findHits(hits, arbiters, staged, execution, writes);
  try {
    await findTwins(hits, arbiters, onConflict, staged, execution, writes);
    const inserted = await insertRest(hits, staged, execution, writes);
    if (onConflict.update === undefined) {
      const clashing = `SELECT n FROM ${hits}`;
      await plain.runAll([`DELETE FROM ${staged.table} WHERE rowid IN (${clashing})`]);
      return inserted;
    }
    const updated = await updateHits(plan, onConflict, hits, staged, execution, writes);
    return inserted + updated;
  } finally {
    plain.dropLater([hits]);
  }
}

/** A table of staged rows `n` that clash with a row `there`. */
async function findHits(
  hits: string,
  arbiters: readonly ShadowIndex[],
  staged: Staged,
  execution: Execution,
  writes: PlainWrites,
): Promise<void> {
  const parts: string[] = [];
  for (const index of arbiters) {
    const columns = columnsOfKey(staged.relation, index);
    const rows = existingRows(staged.relation, columns, execution, writes);
    const own = await keysOf(staged.relation, index, stagedSource(staged), execution);
    const there = await keysOf(staged.relation, index, rows, execution);
    parts.push(
      `SELECT own.n, there.n AS there FROM (${own}) AS own JOIN (${there}) AS there` +
        ` ON ${sameKey(index, "own", "there")}`,
    );
  }
  const found =
    parts.length === 0
      ? "SELECT NULL::BIGINT AS n, NULL::BIGINT AS there WHERE false"
      : `SELECT n, any_value(there) AS there FROM (${parts.join(" UNION ALL ")}) GROUP BY n`;
  await execution.services.plain.runAll([`CREATE TABLE ${hits} AS ${found}`]);
}

async function insertRest(
  hits: string,
  staged: Staged,
  execution: Execution,
  writes: PlainWrites,
): Promise<number> {
  return await withRest(hits, staged, "true", execution, async (rest) => {
    await applyChange({ staged: rest, changed: undefined }, execution, writes);
    return rest.rows;
  });
}

async function updateHits(
  plan: ChangePlan,
  onConflict: OnConflict,
  hits: string,
  staged: Staged,
  execution: Execution,
  writes: PlainWrites,
): Promise<number> {
  const { plain } = execution.services;
  const pairs = privateTable(plain.privateName());
  await plain.runAll([`CREATE TABLE ${pairs} AS ${pairsOf(hits, staged, execution, writes)}`]);
  const { columns } = staged.relation;
  const held = columns.flatMap((_, at) => [`c${at + 2}`]);
  const excluded = columns.map((_, at) => `c${at + 2 + columns.length}`);
  const list = ["c1", ...held, ...excluded].join(", ");
  const drops = [pairs];
  try {
    if (onConflict.update === undefined) return 0;
    const sql = `(SELECT ${list} FROM ${pairs} ORDER BY n)`;
    const update = await stagePlan(onConflict.update, execution, { sql, rowsRelations: [] });
    drops.push(update.table);
    if (update.rows > 0) await refuseSecond(pairs, update.table, execution);
    const changed: Staged = {
      relation: staged.relation,
      table: update.table,
      rows: update.rows,
      identity: "c1",
      newValues: new Map(columns.map(({ number }, at) => [number, stagedColumn(at + 1)])),
    };
    const assigned = new Set(onConflict.assigned);
    await applyChange({ staged: changed, changed: assigned }, execution, writes);
    await showUpdated(plan, hits, pairs, changed, staged, execution);
    return update.rows;
  } finally {
    plain.dropLater(drops);
  }
}

/** n; the existing row's identity and columns, then the excluded row's columns, as c1, c2... */
function pairsOf(hits: string, staged: Staged, execution: Execution, writes: PlainWrites): string {
  const { columns } = staged.relation;
  const numbers = columns.map(({ number }) => number);
  const rows = existingRows(staged.relation, numbers, execution, writes);
  const existing = numbers.map((number, at) => `e.${columnName(number)} AS c${at + 2}`);
  const excluded = numbers.map(
    (number, at) => `s.${newValue(staged, number)} AS c${at + 2 + numbers.length}`,
  );
  const list = [`h.n AS n`, `h.there AS c1`, ...existing, ...excluded].join(", ");
  return (
    `SELECT ${list} FROM ${hits} AS h JOIN ${rows.from} AS e ON e.${ROW_IDENTITY} = h.there` +
    ` JOIN ${staged.table} AS s ON s.rowid = h.n`
  );
}

/** A row that is updated is hit by one staged row only. @throws SqlError 21000 */
async function refuseSecond(
  pairs: string,
  updated: string,
  { services }: Execution,
): Promise<void> {
  const twice =
    `SELECT min(c1) FROM (SELECT c1 FROM ${pairs} GROUP BY c1 HAVING count(*) > 1)` +
    ` WHERE c1 IN (SELECT c1 FROM ${updated})`;
  if ((await services.plain.number({ sql: twice })) !== null) throw secondTime();
}

/**
 * The staged rows become those that RETURNING shows, in their order: updated ones as they are now.
 */
async function showUpdated(
  plan: ChangePlan,
  hits: string,
  pairs: string,
  updated: Staged,
  staged: Staged,
  { services }: Execution,
): Promise<void> {
  const { columns } = staged.relation;
  const shown = (name: string, value: string) =>
    `CASE WHEN u.c1 IS NULL THEN s.${name} ELSE ${value} END AS ${name}`;
  const news = columns.map(({ number }) =>
    shown(newValue(staged, number), `u.${newValue(updated, number)}`),
  );
  const olds = plan.oldValues.map(({ columnNumber, sourceColumn }) => {
    const at = columns.findIndex(({ number }) => number === columnNumber);
    return shown(stagedColumn(sourceColumn), `p.c${at + 2}`);
  });
  const { table } = staged;
  await services.plain.runAll([
    `CREATE OR REPLACE TABLE ${table} AS SELECT s.* REPLACE (${[...news, ...olds].join(", ")})` +
      ` FROM ${table} AS s LEFT JOIN ${pairs} AS p ON p.n = s.rowid` +
      ` LEFT JOIN ${updated.table} AS u ON u.c1 = p.c1` +
      ` WHERE u.c1 IS NOT NULL OR s.rowid NOT IN (SELECT n FROM ${hits}) ORDER BY s.rowid`,
  ]);
}
