/**
 * Rows of one statement that take the place of others of the same key: those that are there are
 * found in memory first, then in segments, and taken out of where they were.
 */

import { join } from "node:path";
import { keyRowsOf, tickScaleOf } from "../table/block-keys.ts";
import type { HotRange } from "../table/hot-storage.ts";
import { selectRows } from "../table/join-blocks.ts";
import { rawOfTick } from "../table/key-rows.ts";
import type { KeyOutcome } from "../table/keys.ts";
import type { PruneQuery } from "../table/pruning.ts";
import type { RowBlock } from "../table/row-block.ts";
import type { Segment } from "../table/segment.ts";
import type { TableView } from "../table/table-view.ts";
import { Oid } from "../types/oids.ts";
import type { Shape } from "../types/shape.ts";
import { SCHEMA_VERSION } from "./attachment.ts";
import type { Execution } from "./execution.ts";
import { secondTime } from "./plain/conflict-twins.ts";
import {
  INT8,
  keyColumns,
  newRelation,
  numberedColumns,
  sameKey,
  takeOut,
  takeOutReplaced,
} from "./replaced-rows.ts";
import { concurrentChange, lockSegments, requireUnchanged } from "./settle-rows.ts";
import { type StatementWorld, takeWorld } from "./statement-world.ts";
import type { TstableEntry } from "./tables.ts";
import type { TransactionWork } from "./work.ts";

const BOOL: Shape = { typeOid: Oid.bool, typmod: -1, representation: { kind: "plain" } };
/** More entities than this are not looked for one by one. */
const ENTITIES_MAX = 500;

/** What became of the rows whose key is there; numbers are those of the given rows. */
export interface Changed {
  /** Their key was there and is no longer. */
  readonly missing: readonly number[];
  /** Updated, ascending, and their place among the staged rows. */
  readonly rows: readonly number[];
  readonly places: readonly number[];
  /** New values of all columns. */
  readonly values: RowBlock | undefined;
}

/** What the rows that are there become: some of the staged ones, by place, ascending. */
export type NewValues = (
  staged: RowBlock,
  /** By staged row: whether the row there is hot. */
  found: ReadonlyMap<number, boolean>,
) => Promise<{ readonly places: readonly number[]; readonly values: RowBlock | undefined }>;

export class Upsert {
  readonly #entry: TstableEntry;
  readonly #work: TransactionWork;
  readonly #execution: Execution;
  /** Rows whose key may be there: column c<number> each. */
  readonly #staged = newRelation();
  /** Staged row n, path f and position r of the row there, its columns e<n>, the staged x<n>. */
  readonly pairs = newRelation();
  #isStaged = false;

  constructor(entry: TstableEntry, work: TransactionWork, execution: Execution) {
    this.#entry = entry;
    this.#work = work;
    this.#execution = execution;
  }

  /** To the transaction. */
  add(block: RowBlock, isReplacing: boolean): void {
    if (block.rows === 0) return;
    const { oid: tableId } = this.#entry.info;
    this.#work.items.add(this.#execution.services.intake.table(tableId), {
      kind: "rows",
      tableId,
      schemaVersion: SCHEMA_VERSION,
      block,
      ...(isReplacing && { isReplacing }),
    });
  }

  /** `rows`: those whose key may be there, ascending. */
  async change(
    given: RowBlock,
    rows: readonly number[],
    outcome: KeyOutcome,
    newValues: NewValues,
  ): Promise<Changed> {
    const { services, transaction } = this.#execution;
    const { oid } = this.#entry.info;
    transaction.markRead();
    await lockSegments(this.#entry, this.#work, this.#execution);
    const block = selectRows(given, rows);
    await this.#stage(block);
    const hot = services.intake.table(oid);
    const mark = hot.replaceMark;
    const world = await takeWorld([oid], this.#execution);
    try {
      const view = world.view(this.#entry);
      const query = this.#queryOf(block);
      const { found, segments } = await this.#findPairs(view, query, rows.length);
      const missing = rows.filter((_, n) => !found.has(n));
      refuseTwins(outcome, new Set([...outcome.fresh, ...missing]));
      if (transaction.keepsOneWorld) await this.#refuseMoved(world, query, missing.length > 0);
      const { places, values } = await newValues(block, found);
      const updated = places.map((n) => rows[n] as number);
      refuseTwins(outcome, new Set(updated));
      await this.#takeOut(places, found, segments);
      if (places.some((n) => found.get(n) === true)) {
        this.#work.items.replacesHot(hot, mark);
        const { execution, entry, work } = this.#all;
        work.onMoved(oid, (signal) => takeOutReplaced(entry, work, { ...execution, signal }));
      }
      return { missing, rows: updated, places, values };
    } finally {
      world.release();
    }
  }

  get #all() {
    return { execution: this.#execution, entry: this.#entry, work: this.#work };
  }

  async #stage(block: RowBlock): Promise<void> {
    const { engine } = this.#execution.services;
    const columns = this.#entry.info.columns.map(({ number, typeOid, typmod }) => ({
      columnNumber: number,
      typeOid,
      typmod,
    }));
    await engine.createRowTable(this.#staged, columns);
    this.#isStaged = true;
    await engine.appendRows(this.#staged, [{ block, sequence: 1 }], this.#execution.signal);
  }

  #queryOf(block: RowBlock): PruneQuery {
    const { keys } = this.#execution.services.intake.table(this.#entry.info.oid).attachment;
    const { ticks, entities } = keyRowsOf(block, keys);
    const scale = tickScaleOf(keys);
    const sorted = ticks.toSorted();
    const min = rawOfTick(scale, sorted[0] as bigint);
    const max = rawOfTick(scale, sorted.at(-1) as bigint);
    if (entities.length > ENTITIES_MAX) return { min, max };
    const conditions = keys.entities.map((_, component) => ({
      component,
      anyOf: entities.flatMap(({ entity }) => entity[component] ?? []),
    }));
    return { min, max, entities: conditions };
  }

  /** By staged row: whether the row there is hot. */
  async #findPairs(
    view: TableView,
    query: PruneQuery,
    wanted: number,
  ): Promise<{
    readonly found: ReadonlyMap<number, boolean>;
    readonly segments: readonly Segment[];
  }> {
    const pairs = `memory.main.${this.pairs}`;
    const hot = await this.#pairsOf([], await view.hot(query));
    const found = await this.#run(`CREATE TABLE ${pairs} AS ${hot}`);
    if (found.size === wanted) return { found, segments: [] };
    const segments = await view.prune(query);
    if (segments.length === 0) return { found, segments };
    const rest = `${await this.#pairsOf(segments, [])} WHERE s.rowid NOT IN (SELECT n FROM ${pairs})`;
    return { found: await this.#run(`INSERT INTO ${pairs} ${rest}`), segments };
  }

  async #run(sql: string): Promise<ReadonlyMap<number, boolean>> {
    const { services, signal } = this.#execution;
    const select = `SELECT n, f IS NULL FROM memory.main.${this.pairs}`;
    const statements = [{ sql }, { sql: select, shapes: [INT8, BOOL] }];
    const results = await services.engine.run({ statements }, signal);
    return new Map((results[1]?.rows ?? []).map(([n, isHot]) => [Number(n), isHot === true]));
  }

  async #pairsOf(segments: readonly Segment[], hot: readonly HotRange[]): Promise<string> {
    const entry = this.#entry;
    const paths = segments.map(({ path }) => join(entry.directory, path));
    const options = { identity: true, keys: keyColumns(entry) };
    const columns = numberedColumns(entry);
    const { engine } = this.#execution.services;
    const there = await engine.bindTable(columns, paths, hot, options);
    const list = columns.flatMap(({ number }) => [
      `e.c${number} AS e${number}`,
      `s.c${number} AS x${number}`,
    ]);
    return (
      `SELECT s.rowid AS n, e.pgtide_file AS f, e.pgtide_row AS r, ${list.join(", ")}` +
      ` FROM memory.main.${this.#staged} AS s JOIN ${there} AS e ON ${sameKey(entry, "e", "s")}`
    );
  }

  /** Under REPEATABLE READ, rows that are not where the transaction's world has them. */
  async #refuseMoved(world: StatementWorld, query: PruneQuery, isMissing: boolean): Promise<void> {
    if (isMissing) throw concurrentChange(this.#entry);
    const { services } = this.#execution;
    const { oid } = this.#entry.info;
    const hot = services.intake.table(oid);
    const lease = await services.intake.lease([oid]);
    try {
      const now = lease.view(oid);
      const newer = (await now.hot(query)).map((range) => ({
        ...range,
        after: Math.max(range.after, world.sequence),
      }));
      const seen = hot.watermark(world.view(this.#entry).snapshot);
      const isFlushed = hot.watermark(now.snapshot) > seen;
      const sql =
        `SELECT count(*) FROM (${await this.#pairsOf([], newer)})` +
        ` UNION ALL SELECT count(*) FROM memory.main.${this.pairs} WHERE f IS NULL AND ${isFlushed}`;
      const statements = [{ sql, shapes: [INT8] }];
      const [result] = await services.engine.run({ statements });
      if (result?.rows.some(([count]) => count !== 0n)) throw concurrentChange(this.#entry);
    } finally {
      lease.release();
    }
  }

  async #takeOut(
    places: readonly number[],
    found: ReadonlyMap<number, boolean>,
    segments: readonly Segment[],
  ): Promise<void> {
    const gone = places.filter((n) => found.get(n) === false);
    if (gone.length === 0) return;
    const { execution, entry, work } = this.#all;
    const isAll = gone.length === [...found.values()].filter((isHot) => !isHot).length;
    const which = isAll ? "f IS NOT NULL" : `n IN (${gone.join(", ")})`;
    const sql = `SELECT DISTINCT f, r FROM memory.main.${this.pairs} WHERE ${which}`;
    await takeOut(entry, sql, segments, work, execution, async (touched) => {
      await requireUnchanged(touched, entry, work, execution);
    });
  }

  async drop(): Promise<void> {
    if (!this.#isStaged) return;
    const { engine } = this.#execution.services;
    await engine.dropRowTable(this.#staged);
    await engine.dropRowTable(this.pairs);
  }
}

/** Two of these rows have one key. @throws SqlError 21000 */
function refuseTwins({ repeated }: KeyOutcome, rows: ReadonlySet<number>): void {
  const firsts = new Set<number>();
  for (const { row, first } of repeated) {
    if (!rows.has(row)) continue;
    if (rows.has(first) || firsts.has(first)) throw secondTime();
    firsts.add(first);
  }
}
