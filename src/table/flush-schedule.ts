/** When tables are flushed: by age, by size, when somebody asks; one flush of a table at a time. */

import { after } from "../base/async.ts";
import { log } from "../base/telemetry.ts";
import { flushTable } from "./flush.ts";
import type { HotTable } from "./hot-table.ts";

export interface FlushTriggers {
  /** Unpublished items do not get older. */
  readonly ageMs?: number;
  readonly bytes?: number;
  readonly rows?: number;
  /** Rows of about so many bytes in memory make one segment. */
  readonly segmentBytes?: number;
}

export interface ScheduleOptions {
  readonly triggers: FlushTriggers;
  /** Everything up to here is visible. */
  readonly sequence: () => number;
  readonly syncLog: () => Promise<void>;
  /** One has succeeded. */
  readonly onFlushed: () => void;
}

const AGE_MS = 60_000;
const FLUSH_BYTES = 64 << 20;
const FLUSH_ROWS = 2_000_000;
/** As COPY writes them. */
const SEGMENT_BYTES = 32 << 20;
/** After a failure: twice as long each time, up to the age. */
const RETRY_MS = 500;

interface Running {
  readonly through: number;
  readonly done: Promise<void>;
}

interface State {
  running: Running | undefined;
  /** Begins when `running` has ended. */
  next: Promise<void> | undefined;
  timer: { cancel(): void } | undefined;
  failures: number;
}

export class FlushSchedule {
  readonly #options: ScheduleOptions;
  readonly #states = new Map<HotTable, State>();
  #isClosed = false;

  constructor(options: ScheduleOptions) {
    this.#options = options;
  }

  /** Tables with something unpublished. */
  get dirty(): Iterable<HotTable> {
    return this.#states.keys();
  }

  isFailing(hot: HotTable): boolean {
    return (this.#states.get(hot)?.failures ?? 0) > 0;
  }

  /** Something was added to a table. */
  added(hot: HotTable): void {
    const state = this.#state(hot);
    const { bytes = FLUSH_BYTES, rows = FLUSH_ROWS } = this.#options.triggers;
    const { waiting } = hot;
    const isLarge = waiting.bytes >= bytes || waiting.rows >= rows;
    if (isLarge && state.failures === 0 && state.next === undefined) this.#inBackground(hot);
    else this.#arm(hot, state);
  }

  #state(hot: HotTable): State {
    let state = this.#states.get(hot);
    if (state === undefined) {
      state = { running: undefined, next: undefined, timer: undefined, failures: 0 };
      this.#states.set(hot, state);
    }
    return state;
  }

  #arm(hot: HotTable, state: State): void {
    if (state.timer !== undefined || this.#isClosed) return;
    const { ageMs = AGE_MS } = this.#options.triggers;
    const ms = state.failures === 0 ? ageMs : Math.min(ageMs, RETRY_MS * 2 ** state.failures);
    state.timer = after(ms, () => {
      state.timer = undefined;
      this.#inBackground(hot);
    });
  }

  #inBackground(hot: HotTable): void {
    // It has said so in the log, and is tried again.
    this.flush(hot).catch(() => undefined);
  }

  /** Publishes all that is visible now. @throws what keeps it from being published */
  async flush(hot: HotTable): Promise<void> {
    const state = this.#states.get(hot);
    if (state === undefined) return;
    const { running, next } = state;
    if (next !== undefined) return await next;
    if (running === undefined) return await this.#start(hot, state);
    if (running.through >= this.#options.sequence()) return await running.done;
    state.next = running.done
      .catch(() => undefined)
      .then(async () => {
        state.next = undefined;
        await this.#start(hot, state);
      });
    return await state.next;
  }

  async #start(hot: HotTable, state: State): Promise<void> {
    if (hot.isDetached || hot.isEmpty) {
      this.#states.delete(hot);
      return;
    }
    // At least; more while the table is held.
    const through = this.#options.sequence();
    const done = this.#run(hot, state);
    state.running = { through, done };
    await done;
  }

  async #run(hot: HotTable, state: State): Promise<void> {
    state.timer?.cancel();
    state.timer = undefined;
    while (hot.released !== undefined) await hot.released;
    const through = this.#options.sequence();
    const { segmentBytes = SEGMENT_BYTES } = this.#options.triggers;
    try {
      await flushTable(hot, { through, syncLog: this.#options.syncLog, segmentBytes });
      state.failures = 0;
      this.#options.onFlushed();
    } catch (cause) {
      state.failures += 1;
      log("warn", "flush failed", { table: hot.table.store.location, through, cause });
      throw cause;
    } finally {
      state.running = undefined;
      if (hot.isDetached) this.#states.delete(hot);
      else if (!hot.isEmpty) this.#arm(hot, state);
      else if (state.next === undefined) this.#states.delete(hot);
    }
  }

  forget(hot: HotTable): void {
    const state = this.#states.get(hot);
    state?.timer?.cancel();
    if (state?.running === undefined) this.#states.delete(hot);
  }

  /** Ends all timers and waits for flushes under way. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const { timer } of this.#states.values()) timer?.cancel();
    await Promise.allSettled(
      [...this.#states.values()].flatMap(({ running, next }) => [running?.done, next]),
    );
  }
}
