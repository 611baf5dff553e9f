/**
 * Rows of an open transaction that replace others of the same key. What is hot is hidden by them;
 * what is in segments, or has been moved there by a flush since, is taken out of these.
 */

import { join } from "node:path";
import type { BoundColumn } from "../engine/bindings.ts";
import { quoteText } from "../engine/quoting.ts";
import { writeOwnRows } from "../table/pending-segments.ts";
import type { Segment } from "../table/segment.ts";
import { Oid } from "../types/oids.ts";
import type { Shape } from "../types/shape.ts";
import type { Execution } from "./execution.ts";
import { replaceSegments, type SegmentChanges } from "./segment-changes.ts";
import type { TstableEntry } from "./tables.ts";
import type { TransactionWork } from "./work.ts";

export const INT8: Shape = { typeOid: Oid.int8, typmod: -1, representation: { kind: "plain" } };
export const INT4: Shape = { typeOid: Oid.int4, typmod: -1, representation: { kind: "plain" } };

/** A transaction's rows beyond this become a segment before it commits. */
const OWN_BYTES_MAX = 32 << 20;

let created = 0;

/** Of a table in the engine's memory. */
export function newRelation(): string {
  created += 1;
  return `replaced_${created}`;
}

/** Numbers of the columns that rows may not repeat. */
export function keyColumns({ definition }: TstableEntry): readonly number[] {
  return [definition.timeColumn, ...definition.entityColumns];
}

/** Columns under the names c1, c2... of their numbers. */
export function numberedColumns(
  { info }: TstableEntry,
  numbers?: readonly number[],
): readonly BoundColumn[] {
  return info.columns
    .filter(({ number }) => numbers === undefined || numbers.includes(number))
    .map((column) => ({ ...column, name: `c${column.number}`, diskName: column.name }));
}

export function sameKey(entry: TstableEntry, one: string, other: string): string {
  return keyColumns(entry)
    .map((number) => `${one}.c${number} = ${other}.c${number}`)
    .join(" AND ");
}

/**
 * Takes rows out of segments, as part of the transaction, which has locked them. `places` is a
 * SELECT of path and position of each. Gives which segments it touched.
 */
export async function takeOut(
  entry: TstableEntry,
  places: string,
  segments: readonly Segment[],
  work: TransactionWork,
  execution: Execution,
  check: (touched: readonly Segment[]) => Promise<void>,
): Promise<void> {
  const { engine } = execution.services;
  const relation = newRelation();
  const paths = segments.map(({ path }) => quoteText(join(entry.directory, path)));
  const number = `CAST(enum_code(CAST(q.f AS ENUM(${paths.join(", ")}))) AS INTEGER)`;
  const create =
    `CREATE TABLE memory.main.${relation} AS` +
    ` SELECT ${number} AS c1, CAST(q.r AS BIGINT) AS c2 FROM (${places}) AS q(f, r)`;
  const count = `SELECT c1, count(*) FROM memory.main.${relation} GROUP BY c1 ORDER BY c1`;
  try {
    const statements = [{ sql: create }, { sql: count, shapes: [INT4, INT8] }];
    const results = await engine.run({ statements }, execution.signal);
    const touched = (results[1]?.rows ?? []).map(([at, rows]) => ({
      segment: segments[Number(at)] as Segment,
      number: Number(at),
      rows: Number(rows),
    }));
    if (touched.length === 0) return;
    await check(touched.map(({ segment }) => segment));
    await withoutRows(entry, { relation, touched, values: undefined }, work, execution);
  } finally {
    await engine.dropRowTable(relation);
  }
}

/** As `takeOut`, of rows whose positions in each segment are known. */
export async function takeOutRows(
  entry: TstableEntry,
  positions: ReadonlyMap<Segment, readonly bigint[]>,
  work: TransactionWork,
  execution: Execution,
): Promise<void> {
  const touched = [...positions].map(([segment, rows], number) => {
    return { segment, number, rows: rows.length, positions: rows };
  });
  await withoutRows(entry, { relation: undefined, touched, values: undefined }, work, execution);
}

/** The keys of the rows stay the table's: others of the same key go in with this. */
async function withoutRows(
  entry: TstableEntry,
  changes: SegmentChanges,
  work: TransactionWork,
  execution: Execution,
): Promise<void> {
  const { oid } = entry.info;
  const hot = execution.services.intake.table(oid);
  await replaceSegments(entry, changes, execution, (removed, added) => {
    work.items.add(hot, { kind: "segments", tableId: oid, removed, added, keepsKeys: true });
  });
}

/** Afterwards nothing that the transaction's rows hide is hot: it was in segments and is gone. */
export async function takeOutReplaced(
  entry: TstableEntry,
  work: TransactionWork,
  execution: Execution,
): Promise<void> {
  const { intake, engine } = execution.services;
  const { oid } = entry.info;
  await intake.flush(oid);
  const own = work.items.of(oid);
  const bounds = own?.bounds();
  const lease = await intake.lease([oid]);
  try {
    const segments = bounds === undefined ? [] : await lease.view(oid, work.items).prune(bounds);
    if (own !== undefined && segments.length > 0) {
      const columns = numberedColumns(entry, keyColumns(entry));
      const paths = segments.map(({ path }) => join(entry.directory, path));
      const there = await engine.bindTable(columns, paths, [], { identity: true });
      const mine = await engine.bindTable(columns, [], await own.ranges({}));
      const places =
        `SELECT t.pgtide_file, t.pgtide_row FROM ${there} AS t` +
        ` SEMI JOIN ${mine} AS o ON ${sameKey(entry, "t", "o")}`;
      await takeOut(entry, places, segments, work, execution, () => Promise.resolve());
    }
    work.items.replacesNone(intake.table(oid));
  } finally {
    lease.release();
  }
}

/** A transaction's memory stays bounded. */
export async function boundOwnRows(
  entry: TstableEntry,
  work: TransactionWork,
  execution: Execution,
): Promise<void> {
  const { oid } = entry.info;
  if (work.items.bytesOf(oid) <= OWN_BYTES_MAX) return;
  if (work.items.replacing(true).includes(oid)) {
    // What its one world shows as hot can only be hidden by rows.
    if (execution.transaction.keepsOneWorld) return;
    await takeOutReplaced(entry, work, execution);
  }
  await writeOwnRows(execution.services.intake.table(oid), work.items, execution.signal);
}
