/**
 * Where commits enter: each gets a sequence, is durable in the write-ahead log, then visible, in
 * this order for all tables together. Flushes publish it later.
 */

import { AssertionError, assert } from "../base/errors.ts";
import { log } from "../base/telemetry.ts";
import { Admission, type AdmissionLimits } from "./admission.ts";
import { StoreError } from "./error.ts";
import { FlushSchedule, type FlushTriggers } from "./flush-schedule.ts";
import { type Attachment, costsOf, HotTable } from "./hot-table.ts";
import { InstallQueue } from "./install-queue.ts";
import type { NewItem } from "./items.ts";
import type { LogRecord, RecordLog, RecordOptions } from "./log-port.ts";
import { encodeRecord } from "./records.ts";
import { type Recovered, type RecoveredTxn, recover } from "./recovery.ts";
import { WorldLease } from "./world.ts";

export interface IntakeOptions {
  readonly log: RecordLog;
  /** What `log` held when it was opened. */
  readonly records: readonly LogRecord[];
  /** Ids of the log: the one that commits name now, then those it had before it was copied. */
  readonly walIds: readonly string[];
  readonly limits: AdmissionLimits;
  readonly triggers?: FlushTriggers;
}

export interface CommitOptions extends RecordOptions {
  /** Called when nothing can come before this commit any more; what it throws keeps it out. */
  readonly beforeSequence?: (() => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A transaction whose record is durable and whose fate something else decides. */
export interface PreparedCommit {
  /**
   * Makes the decision durable, then calls `beforeVisible`, then shows the commit. Later commits
   * become visible after it. Returns the sequence.
   */
  decide(beforeVisible?: (sequence: number) => Promise<void>): Promise<number>;
  /** It did not happen. */
  abandon(): void;
}

export class Intake {
  readonly #log: RecordLog;
  readonly #walIds: readonly string[];
  readonly #tables = new Map<number, HotTable>();
  readonly #queue: InstallQueue;
  readonly #admission: Admission;
  readonly #schedule: FlushSchedule;
  readonly #recovered: Recovered;
  /** Positions of prepared records whose transaction is not finished. */
  readonly #prepared = new Map<number, number>();
  #nextSequence: number;
  #trimming: Promise<void> | undefined;

  /** @throws StoreError "log-corrupt" */
  static open(options: IntakeOptions): Intake {
    return new Intake(options, recover(options.records));
  }

  private constructor(options: IntakeOptions, recovered: Recovered) {
    this.#log = options.log;
    this.#walIds = options.walIds;
    this.#recovered = recovered;
    this.#nextSequence = recovered.sequence + 1;
    this.#queue = new InstallQueue(recovered.sequence);
    this.#schedule = new FlushSchedule({
      triggers: options.triggers ?? {},
      sequence: () => this.#queue.sequence,
      syncLog: () => this.#log.sync(),
      onFlushed: () => this.#flushed(),
    });
    this.#admission = new Admission(options.limits, this.#schedule);
    for (const txn of recovered.transactions) this.#prepared.set(txn.txn, txn.position);
  }

  /** Everything up to here is visible. */
  get sequence(): number {
    return this.#queue.sequence;
  }

  /**
   * Transactions that were prepared when the server stopped, and decided ones whose record is still
   * there. Each must be decided or abandoned, then finished, before tables are attached.
   */
  get recoveredTransactions(): readonly RecoveredTxn[] {
    return this.#recovered.transactions;
  }

  /** Of a recovered transaction: it happened. @returns its sequence */
  async decideRecovered(txn: number): Promise<number> {
    const sequence = this.#nextSequence;
    this.#nextSequence += 1;
    await this.#log.append(encodeRecord({ kind: "decided", txn, sequence }), { isSynced: true });
    this.#recovered.decide(txn, sequence);
    this.#queue.raise(sequence);
    return sequence;
  }

  async abandonRecovered(txn: number): Promise<void> {
    await this.#log.append(encodeRecord({ kind: "abandoned", txn }), { isSynced: true });
    this.#recovered.abandon(txn);
    this.finish(txn);
  }

  /** Whatever a transaction decided outside of the log is done: its record may go. */
  finish(txn: number): void {
    this.#prepared.delete(txn);
  }

  /** The table takes part from now on, with what the log still holds for it. */
  attach(tableId: number, attachment: Attachment): HotTable {
    assert(!this.#tables.has(tableId), "a table is attached twice");
    const hot = new HotTable(tableId, attachment, this.#walIds);
    const watermark = hot.watermark();
    // A table that was ours before may know of more than the log does.
    this.#nextSequence = Math.max(this.#nextSequence, watermark + 1);
    this.#queue.raise(watermark);
    this.#tables.set(tableId, hot);
    for (const { sequence, position, items } of this.#recovered.take(tableId)) {
      if (sequence <= watermark) continue;
      hot.add(
        items.map((item) => hot.item(item, sequence)),
        position,
      );
    }
    if (!hot.isEmpty) this.#schedule.added(hot);
    return hot;
  }

  /** All tables there are have been attached: what the log holds for others is nobody's. */
  attachedAll(isKnown: (tableId: number) => boolean): void {
    this.#recovered.forget((tableId) => !isKnown(tableId));
    const tables = [...this.#tables.values()].filter((hot) => !hot.isEmpty);
    const rows = tables.reduce((sum, hot) => sum + hot.rows, 0);
    if (this.#recovered.records > 0) {
      log("info", "write-ahead log replayed", {
        records: this.#recovered.records,
        rows,
        tables: tables.length,
        sequence: this.sequence,
      });
    }
    this.#trim();
  }

  /** The table was dropped: what was not published of it is gone. */
  detach(tableId: number): void {
    const hot = this.#tables.get(tableId);
    if (hot === undefined) return;
    this.#tables.delete(tableId);
    this.#schedule.forget(hot);
    hot.detach();
    this.#admission.changed();
    this.#trim();
  }

  /**
   * One record, all or nothing: durable, then visible, then told. Waits while too much is
   * unpublished. @throws StoreError "flush-failed", "null-time", "null-entity", "invalid-range",
   * "no-table"; StorageError
   */
  async commit(items: readonly NewItem[], options: CommitOptions): Promise<number> {
    const byTable = this.#byTable(items);
    const admitted = await this.#admission.admit(costsOf(byTable), options);
    const holds: (() => void)[] = [];
    try {
      for (const hot of byTable.keys()) this.#refuseDetached(hot);
      options.beforeSequence?.();
      // What replaced rows hide must not move between this step and their own appearance.
      for (const [hot, some] of byTable) if (some.some(isReplacing)) holds.push(hot.hold());
      const sequence = this.#nextSequence;
      const made = [...byTable].map(
        ([hot, some]) => [hot, some.map((item) => hot.item(item, sequence))] as const,
      );
      this.#nextSequence += 1;
      const payload = encodeRecord({ kind: "commit", sequence, items });
      const floor = this.#log.end;
      const written = this.#log.append(payload, options);
      await this.#queue.install({ sequence, floor, written }, (position) => {
        for (const [hot, some] of made) this.#add(hot, some, position);
        admitted.settle();
      });
      return sequence;
    } finally {
      for (const release of holds) release();
      admitted.settle();
    }
  }

  /** The record is durable on return; nothing is visible. @throws as `commit` */
  async prepare(
    txn: number,
    items: readonly NewItem[],
    extra: Uint8Array,
    options: Pick<CommitOptions, "signal"> = {},
  ): Promise<PreparedCommit> {
    const byTable = this.#byTable(items);
    for (const [hot, some] of byTable) for (const item of some) hot.item(item, 0);
    const admitted = await this.#admission.admit(costsOf(byTable), options);
    this.#prepared.set(txn, this.#log.end);
    let position: number;
    try {
      const payload = encodeRecord({ kind: "prepared", txn, items, extra });
      position = await this.#log.append(payload, { isSynced: true });
    } catch (cause) {
      this.#prepared.delete(txn);
      admitted.settle();
      throw cause;
    }
    return {
      decide: async (beforeVisible) => {
        const sequence = this.#nextSequence;
        this.#nextSequence += 1;
        const payload = encodeRecord({ kind: "decided", txn, sequence });
        const floor = this.#log.end;
        const written = this.#log.append(payload, { isSynced: true }).then(async () => {
          // Decided and not to be shown: nothing after it may be either.
          await beforeVisible?.(sequence).catch((cause: unknown) => this.#queue.stop(cause));
          return position;
        });
        await this.#queue.install({ sequence, floor, written }, () => {
          for (const [hot, some] of byTable) {
            const made = some.map((item) => hot.item(item, sequence));
            this.#add(hot, made, position);
          }
          admitted.settle();
          this.finish(txn);
        });
        return sequence;
      },
      abandon: () => {
        admitted.settle();
        this.#log
          .append(encodeRecord({ kind: "abandoned", txn }), { isSynced: false })
          .catch((cause: unknown) => log("warn", "abandoned transaction not logged", { cause }))
          .finally(() => this.finish(txn));
      },
    };
  }

  #byTable(items: readonly NewItem[]): Map<HotTable, NewItem[]> {
    const byTable = new Map<HotTable, NewItem[]>();
    for (const item of items) {
      if (item.kind === "rows" && item.block.rows === 0) continue;
      const hot = this.table(item.tableId);
      const some = byTable.get(hot);
      if (some === undefined) byTable.set(hot, [item]);
      else some.push(item);
    }
    return byTable;
  }

  /** Dropped while the commit waited for room. @throws StoreError "no-table" */
  #refuseDetached(hot: HotTable): void {
    if (hot.isDetached) throw new StoreError("no-table", "table is gone");
  }

  has(tableId: number): boolean {
    return this.#tables.has(tableId);
  }

  /** @throws StoreError "no-table" */
  table(tableId: number): HotTable {
    const hot = this.#tables.get(tableId);
    if (hot === undefined) throw new StoreError("no-table", "table is gone");
    return hot;
  }

  #add(hot: HotTable, items: Parameters<HotTable["add"]>[0], position: number): void {
    // Dropped while its rows were on their way.
    if (hot.isDetached) return;
    hot.add(items, position);
    this.#schedule.added(hot);
  }

  /**
   * The world now, of these tables or of all, after a look at what other writers have published.
   * A table that cannot be read fails when its view is asked for.
   */
  async lease(tableIds?: readonly number[]): Promise<WorldLease> {
    const ids = tableIds ?? [...this.#tables.keys()];
    const looks = await Promise.allSettled(
      ids.map(async (id) => await this.#tables.get(id)?.table.refresh()),
    );
    const lease = new WorldLease(this.sequence);
    for (const [i, id] of ids.entries()) {
      const hot = this.#tables.get(id);
      const look = looks[i];
      if (look?.status === "rejected") lease.fail(id, look.reason);
      else if (hot !== undefined) lease.capture(hot);
    }
    return lease;
  }

  /** Publishes everything visible of a table. @throws what keeps it from being published */
  async flush(tableId: number): Promise<void> {
    await this.#schedule.flush(this.table(tableId));
  }

  /** Every table; what cannot be published is logged and stays in the log. */
  async flushAll(): Promise<void> {
    for (const hot of [...this.#tables.values()]) {
      await this.#schedule.flush(hot).catch((cause: unknown) => {
        if (cause instanceof AssertionError) throw cause;
      });
    }
  }

  /** Ends timers and waits for flushes under way. The log is the caller's to close. */
  async close(): Promise<void> {
    await this.#schedule.close();
    await this.#trimming;
  }

  #flushed(): void {
    this.#admission.changed();
    this.#trim();
  }

  /** Gives back what no table and no transaction needs any more of the log. */
  #trim(): void {
    if (this.#trimming !== undefined) return;
    const needed = [
      this.#queue.floor,
      this.#recovered.position,
      ...this.#prepared.values(),
      ...[...this.#tables.values()].map(({ position }) => position),
    ];
    const before = needed.reduce<number>(
      (least, position) => Math.min(least, position ?? least),
      this.#log.end,
    );
    this.#trimming = this.#log
      .trim(before)
      .catch((cause: unknown) => log("warn", "write-ahead log not trimmed", { cause }))
      .finally(() => {
        this.#trimming = undefined;
      });
  }
}

function isReplacing(item: NewItem): boolean {
  return item.kind === "rows" && item.isReplacing === true;
}
