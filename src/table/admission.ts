/**
 * Bounds what is decided but not published, each table for itself first, then all together. At the
 * bound writers wait and a flush is forced; only a table whose flush fails fails its writers.
 */

import { type Deferred, deferred } from "../base/async.ts";
import { StoreError } from "./error.ts";
import type { FlushSchedule } from "./flush-schedule.ts";
import type { HotTable } from "./hot-table.ts";

export interface AdmissionLimits {
  /** Unpublished bytes of one table. */
  readonly tableBytes: number;
  /** Of all tables whose flushes succeed. */
  readonly totalBytes: number;
}

export interface Admitted {
  /** The items count as their tables' own from now on, or not at all. May be called twice. */
  settle(): void;
}

type Costs = ReadonlyMap<HotTable, number>;

export class Admission {
  readonly #limits: AdmissionLimits;
  readonly #schedule: FlushSchedule;
  /** Admitted and not yet installed. */
  readonly #inFlight = new Map<HotTable, number>();
  #change: Deferred<void> | undefined;

  constructor(limits: AdmissionLimits, schedule: FlushSchedule) {
    this.#limits = limits;
    this.#schedule = schedule;
  }

  /** @throws StoreError "flush-failed"; the reason of `waiter`'s signal, asked for when it waits */
  async admit(
    costs: Costs,
    waiter: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<Admitted> {
    for (;;) {
      const full = this.#full(costs);
      if (full === undefined) return this.#take(costs);
      const { signal } = waiter;
      signal?.throwIfAborted();
      await this.#makeRoom(full, signal);
    }
  }

  /** Something was published or given up: whoever waits looks again. */
  changed(): void {
    this.#change?.resolve();
    this.#change = undefined;
  }

  #used(hot: HotTable): number {
    return hot.bytes + (this.#inFlight.get(hot) ?? 0);
  }

  #full(costs: Costs): { readonly hot: HotTable; readonly isOwn: boolean } | undefined {
    let total = 0;
    for (const [hot, bytes] of costs) {
      const used = this.#used(hot);
      // A single item may be larger than the bound.
      if (used > 0 && used + bytes > this.#limits.tableBytes) return { hot, isOwn: true };
      total += bytes;
    }
    let largest: HotTable | undefined;
    for (const hot of new Set([...this.#schedule.dirty, ...this.#inFlight.keys()])) {
      if (this.#schedule.isFailing(hot)) continue;
      total += this.#used(hot);
      if (largest === undefined || hot.bytes > largest.bytes) largest = hot;
    }
    if (largest === undefined || total <= this.#limits.totalBytes) return undefined;
    return { hot: largest, isOwn: false };
  }

  async #makeRoom(
    { hot, isOwn }: { readonly hot: HotTable; readonly isOwn: boolean },
    signal: AbortSignal | undefined,
  ): Promise<void> {
    this.#change ??= deferred<void>();
    const waits: Promise<unknown>[] = [this.#change.promise];
    if (hot.bytes > 0) waits.push(this.#flush(hot, isOwn));
    await untilAborted(Promise.race(waits), signal);
  }

  async #flush(hot: HotTable, isOwn: boolean): Promise<void> {
    try {
      await this.#schedule.flush(hot);
    } catch (cause) {
      // Not this writer's table: it no longer counts among the others.
      if (!isOwn) return;
      throw new StoreError("flush-failed", "table has no room for rows that wait to be published", {
        detail: `Publishing them failed: ${reasonOf(cause)}.`,
        hint: "They are safe in the write-ahead log. Once the cause is removed, run CHECKPOINT.",
        cause,
      });
    }
  }

  #take(costs: Costs): Admitted {
    for (const [hot, bytes] of costs) {
      this.#inFlight.set(hot, (this.#inFlight.get(hot) ?? 0) + bytes);
    }
    let isHeld = true;
    const giveBack = () => {
      if (!isHeld) return;
      isHeld = false;
      for (const [hot, bytes] of costs) {
        const left = (this.#inFlight.get(hot) ?? 0) - bytes;
        if (left <= 0) this.#inFlight.delete(hot);
        else this.#inFlight.set(hot, left);
      }
      this.changed();
    };
    return { settle: giveBack };
  }
}

async function untilAborted(promise: Promise<unknown>, signal?: AbortSignal): Promise<void> {
  if (signal === undefined) {
    await promise;
    return;
  }
  const aborted = deferred<never>();
  const stop = () => aborted.reject(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  try {
    await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
