/**
 * Rows of one statement that take the place of others of the same key: those that are there are
 * found in memory first, then in segments, and taken out of where they were.
 */

import { join } from "node:path";
import { keyRowsOf } from "../table/block-keys.ts";
import type { HotRange } from "../table/hot-storage.ts";
import { selectRows } from "../table/join-blocks.ts";
import type { KeyOutcome } from "../table/keys.ts";
import type { PruneQuery } from "../table/pruning.ts";
import type { RowBlock } from "../table/row-block.ts";
import type { Segment } from "../table/segment.ts";
import type { TableView } from "../table/table-view.ts";
import { Oid } from "../types/oids.ts";
import type { Shape } from "../types/shape.ts";
import { SCHEMA_VERSION } from "./attachment.ts";
import type { Execution } from "./execution.ts";
import { type MetRows, metRows, queryOfKeys } from "./met-rows.ts";
import { secondTime } from "./plain/conflict-twins.ts";
import {
  INT8,
  keyColumns,
  newRelation,
  numberedColumns,
  sameKey,
  takeOut,
  takeOutReplaced,
  takeOutRows,
} from "./replaced-rows.ts";
import { concurrentChange, lockSegments, requireUnchanged } from "./settle-rows.ts";
import { type StatementWorld, takeWorld } from "./statement-world.ts";
import type { TstableEntry } from "./tables.ts";
import type { TransactionWork } from "./work.ts";

const BOOL: Shape = { typeOid: Oid.bool, typmod: -1, representation: { kind: "plain" } };
/** More entities than this are not looked for one by one. */
const ENTITIES_MAX = 500;

/** More rows than this are put beside those that are there by the engine. */
const FEW_ROWS = 1000;

/** What became of the rows whose key is there; numbers are those of the given rows. */
export interface Changed {
  /** Their key was there and is no longer. */
  readonly missing: readonly number[];
  /** Updated, ascending, and their place among the staged rows. */
  readonly rows: readonly number[];
  readonly places: readonly number[];
  /** New values of all columns. */
  readonly values: RowBlock | undefined;
  /** What they were, where it is held here. */
  readonly old?: RowBlock;
}

/** What the rows that are there become: some of the given ones, by place, ascending. */
export interface Made {
  readonly places: readonly number[];
  readonly values: RowBlock | undefined;
}

export interface NewValues {
  /** Of rows that stand in `pairs`. `found`: by given row, whether the row there is hot. */
  ofPairs(given: RowBlock, found: ReadonlyMap<number, boolean>): Promise<Made>;
  /** Of rows that are held here. */
  ofMet(given: RowBlock, met: MetRows): Promise<Made>;
}

interface Changing {
  readonly block: RowBlock;
  /** Numbers of the block's rows. */
  readonly rows: readonly number[];
  readonly outcome: KeyOutcome;
  readonly newValues: NewValues;
  /** `HotTable.replaceMark` before the world was taken. */
  readonly mark: number | undefined;
}

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
    const mark = services.intake.table(oid).replaceMark;
    const world = await takeWorld([oid], this.#execution);
    const changing = { block, rows, outcome, newValues, mark };
    try {
      return (
        (await this.#changeFew(world, changing)) ?? (await this.#changeStaged(world, changing))
      );
    } finally {
      world.release();
    }
  }

  /** undefined: nothing has happened, and they are to be staged. */
  async #changeFew(world: StatementWorld, changing: Changing): Promise<Changed | undefined> {
    const { block, rows, outcome, newValues } = changing;
    const entry = this.#entry;
    // Without a declared key one may be there twice.
    if (rows.length > FEW_ROWS || entry.rowKey === undefined) return undefined;
    // Whoever keeps one world must know where its rows are now.
    if (this.#execution.transaction.keepsOneWorld) return undefined;
    const view = world.view(entry);
    const met = await metRows(view, entry, block, this.#queryOf(block), this.#execution);
    if (met === undefined) return undefined;
    const missing = rows.filter((_, n) => !met.found.has(n));
    refuseTwins(outcome, new Set([...outcome.fresh, ...missing]));
    const { places, values } = await newValues.ofMet(block, met);
    const updated = places.map((n) => rows[n] as number);
    refuseTwins(outcome, new Set(updated));
    const of = places.map((n) => met.found.get(n) as number);
    const gone = new Map<Segment, bigint[]>();
    for (const at of of) {
      const place = met.places[at];
      if (place === undefined) continue;
      const positions = gone.get(place.segment);
      if (positions === undefined) gone.set(place.segment, [place.position]);
      else positions.push(place.position);
    }
    if (gone.size > 0) await takeOutRows(entry, gone, this.#work, this.#execution);
    if (of.some((at) => met.places[at] === undefined)) this.#hides(changing.mark);
    return { missing, rows: updated, places, values, old: selectRows(met.block, of) };
  }

  async #changeStaged(world: StatementWorld, changing: Changing): Promise<Changed> {
    const { block, rows, outcome, newValues } = changing;
    await this.#stage(block);
    const view = world.view(this.#entry);
    const query = this.#queryOf(block);
    const { found, segments } = await this.#findPairs(view, query, rows.length);
    const missing = rows.filter((_, n) => !found.has(n));
    refuseTwins(outcome, new Set([...outcome.fresh, ...missing]));
    if (this.#execution.transaction.keepsOneWorld) {
      await this.#refuseMoved(world, query, missing.length > 0);
    }
    const { places, values } = await newValues.ofPairs(block, found);
    const updated = places.map((n) => rows[n] as number);
    refuseTwins(outcome, new Set(updated));
    await this.#takeOut(places, found, segments);
    if (places.some((n) => found.get(n) === true)) this.#hides(changing.mark);
    return { missing, rows: updated, places, values };
  }

  /** Rows of the transaction hide others that were hot at the mark. */
  #hides(mark: number | undefined): void {
    const { execution, entry, work } = this.#all;
    const { oid } = entry.info;
    work.items.replacesHot(execution.services.intake.table(oid), mark);
    work.onMoved(oid, (signal) => takeOutReplaced(entry, work, { ...execution, signal }));
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
    return queryOfKeys(keyRowsOf(block, keys), keys, ENTITIES_MAX);
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
