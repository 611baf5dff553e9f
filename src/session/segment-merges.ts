/**
 * Small segments merged in the background: every flush leaves one, and a query over many costs
 * several times what one over few does. One merge at a time, with pauses in which queries have the
 * machine for themselves; whatever is in its way goes first, and it tries again later.
 */

import { every } from "../base/async.ts";
import { log } from "../base/telemetry.ts";
import { EngineError } from "../engine/error.ts";
import { StoreError } from "../table/error.ts";
import { MERGE_RULES, type MergeGroup, type MergeRules, nextMerge } from "../table/merge-plan.ts";
import { type Merged, mergeSegments } from "../table/merge-segments.ts";
import { isMadeHere, type Segment } from "../table/segment.ts";
import { type Snapshot, segmentsOf } from "../table/snapshot.ts";
import type { LockOwner } from "./locks.ts";
import type { Services } from "./services.ts";
import { segmentLock } from "./settle-rows.ts";
import type { TstableEntry } from "./tables.ts";

export interface MergeOptions {
  readonly rules?: MergeRules;
  readonly lookMs?: number;
}

const LOOK_MS = 1000;
/** After a merge, so many times as long as it took. */
const REST = 4;
/** After a failure: twice as long each time. */
const RETRY_MS = 5000;
const RETRY_MAX_MS = 600_000;

/** What keeps a table from being looked at again at once. */
interface State {
  /** Nothing was to be merged in it. */
  readonly settled?: Snapshot;
  readonly failures: number;
  /** Of the clock that only goes forward. */
  readonly notBefore: number;
}

const FRESH: State = { failures: 0, notBefore: 0 };

export class SegmentMerges {
  readonly #services: Pick<Services, "tables" | "intake" | "locks">;
  readonly #options: MergeOptions;
  readonly #states = new WeakMap<TstableEntry["table"], State>();
  /** Segments that cannot be written again. */
  readonly #unfit = new WeakSet<Segment>();
  readonly #stop = new AbortController();
  #looking: Promise<void> | undefined;
  #restUntil = 0;
  /** OID of the table that was merged last. */
  #last = 0;

  constructor(services: Pick<Services, "tables" | "intake" | "locks">, options: MergeOptions = {}) {
    this.#services = services;
    this.#options = options;
  }

  /** Looks every second until the function it returns is called. */
  start(): () => Promise<void> {
    const timer = every(this.#options.lookMs ?? LOOK_MS, () => {
      if (performance.now() < this.#restUntil) return;
      this.#looking ??= this.look().finally(() => {
        this.#looking = undefined;
      });
    });
    return async () => {
      timer.cancel();
      this.#stop.abort();
      await this.#looking;
    };
  }

  /** One merge, if there is one to be made. Never rejects. */
  async look(): Promise<void> {
    for (const entry of this.#inTurn()) {
      if (this.#stop.signal.aborted) return;
      const group = this.#groupOf(entry);
      if (group === undefined) continue;
      this.#last = entry.info.oid;
      const begin = performance.now();
      await this.#merge(entry, group);
      const end = performance.now();
      this.#restUntil = end + REST * (end - begin);
      return;
    }
  }

  /** The table that was merged last comes last. */
  #inTurn(): readonly TstableEntry[] {
    const entries = this.#services.tables.all();
    const next = entries.findIndex(({ info }) => info.oid === this.#last) + 1;
    return [...entries.slice(next), ...entries.slice(0, next)];
  }

  #groupOf(entry: TstableEntry): MergeGroup | undefined {
    const { table, info } = entry;
    const { snapshot } = table;
    const state = this.#states.get(table) ?? FRESH;
    if (state.settled === snapshot || performance.now() < state.notBefore) return undefined;
    if (!this.#services.intake.has(info.oid) || this.#isBusy(entry)) return undefined;
    const gone = this.#services.intake.table(info.oid).removals();
    const candidates = segmentsOf(snapshot).filter(
      (segment) => isMadeHere(segment) && !this.#unfit.has(segment) && !gone.has(segment.path),
    );
    const group = nextMerge(candidates, this.#options.rules ?? MERGE_RULES);
    if (group === undefined) this.#states.set(table, { ...FRESH, settled: snapshot });
    return group;
  }

  /** Somebody changes segments, or may yet change those of an old snapshot. */
  #isBusy(entry: TstableEntry): boolean {
    const { intake, locks } = this.#services;
    if (intake.table(entry.info.oid).isPinned) return true;
    const owner = newOwner();
    const isFree = locks.tryAcquire(owner, segmentLock(entry), "exclusive");
    locks.releaseAll(owner);
    return !isFree;
  }

  async #merge(entry: TstableEntry, group: MergeGroup): Promise<void> {
    const { table, info } = entry;
    try {
      const hot = this.#services.intake.table(info.oid);
      const begin = performance.now();
      const merged = await mergeSegments(hot, [group], {
        alone: async (publish) => await this.#alone(entry, publish),
        signal: this.#stop.signal,
      });
      this.#states.set(table, FRESH);
      tell(entry, merged, performance.now() - begin);
    } catch (cause) {
      if (this.#stop.signal.aborted) return;
      const { failures } = this.#states.get(table) ?? FRESH;
      const wait = Math.min(RETRY_MAX_MS, RETRY_MS * 2 ** failures);
      this.#states.set(table, { failures: failures + 1, notBefore: performance.now() + wait });
      if (isConflict(cause)) return;
      if (isUnfit(cause)) for (const segment of group) this.#unfit.add(segment);
      log("warn", "segments not merged", { table: info.name, segments: group.length, cause });
    }
  }

  /** @throws StoreError "version-taken" when it is not to be had at once */
  async #alone<T>(entry: TstableEntry, publish: () => Promise<T>): Promise<T> {
    const { locks, intake } = this.#services;
    const owner = newOwner();
    const isFree =
      !intake.table(entry.info.oid).isPinned &&
      locks.tryAcquire(owner, segmentLock(entry), "exclusive");
    if (!isFree) throw new StoreError("version-taken", "segments are being changed");
    try {
      return await publish();
    } finally {
      locks.releaseAll(owner);
    }
  }
}

/** No session's. */
function newOwner(): LockOwner {
  return { processId: 0 };
}

function tell({ info }: TstableEntry, { version, removed, added }: Merged, ms: number): void {
  log("debug", "segments merged", {
    table: info.name,
    version,
    from: removed.length,
    to: added.length,
    rows: added.reduce((sum, { meta }) => sum + meta.rows, 0),
    ms: Math.round(ms),
  });
}

/** Somebody else was faster, or the table is gone: no reason to speak of it. */
function isConflict(cause: unknown): boolean {
  if (!(cause instanceof StoreError)) return false;
  return ["version-taken", "unfinished-commit", "no-table"].includes(cause.reason);
}

/** It will fail again, unlike a full disk. */
function isUnfit(cause: unknown): boolean {
  if (cause instanceof EngineError) return ["bad-file", "file-missing"].includes(cause.reason);
  return cause instanceof StoreError;
}
