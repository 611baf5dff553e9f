/**
 * Locks that transactions hold to their end, all in one wait-for graph: who would close a circle of
 * waiting fails with 40P01 instead. Grants are first come, first served.
 */

import { after, deferred } from "../base/async.ts";
import { SqlError } from "../base/errors.ts";

/** A transaction, by identity. */
export interface LockOwner {
  readonly processId: number;
}

export interface LockTarget {
  /** What is locked; one key, one lock. */
  readonly key: string;
  /** How the DETAIL of a deadlock names it: `relation "t"`. */
  readonly title: string;
  /** Not given back by `releaseAll`, but by `lower`. */
  readonly isAdvisory?: boolean;
  /** pg_locks shows it as a lock on this relation; absent: on a transaction. */
  readonly relationOid?: number;
}

/** A lock as somebody has it or waits for it. */
export interface HeldLock {
  readonly target: LockTarget;
  readonly pid: number;
  readonly mode: LockMode;
  readonly isGranted: boolean;
  /** ISO 8601; undefined: it is held. */
  readonly waitingSince: string | undefined;
  /** Process ids. */
  readonly holders: readonly number[];
}

export type LockMode = "shared" | "exclusive";

export interface LockWait {
  /** Its reason is thrown. */
  readonly signal: AbortSignal;
  /** lock_timeout; 0: none. */
  readonly timeoutMs: number;
}

interface Request {
  readonly owner: LockOwner;
  readonly mode: LockMode;
  readonly grant: () => void;
  readonly sinceMs: number;
}

interface Lock {
  readonly target: LockTarget;
  readonly holders: Map<LockOwner, LockMode>;
  readonly queue: Request[];
}

interface Waiting {
  readonly lock: Lock;
  readonly request: Request;
}

interface Edge {
  readonly waiter: LockOwner;
  readonly blocker: LockOwner;
  readonly mode: LockMode;
  readonly target: LockTarget;
}

export class Locks {
  readonly #locks = new Map<string, Lock>();
  readonly #held = new Map<LockOwner, Set<Lock>>();
  /** An owner waits for one lock at a time. */
  readonly #waiting = new Map<LockOwner, Waiting>();

  /**
   * Held until `releaseAll`. An owner asks for one lock at a time; asking again is harmless, and
   * shared becomes exclusive.
   * @throws SqlError 40P01, 55P03; the signal's reason
   */
  async acquire(
    owner: LockOwner,
    target: LockTarget,
    mode: LockMode,
    { signal, timeoutMs }: LockWait,
  ): Promise<void> {
    const lock = this.#lock(target);
    if (this.#take(lock, owner, mode)) return;
    signal.throwIfAborted();
    const granted = deferred<void>();
    const sinceMs = Date.now();
    const request: Request = { owner, mode, grant: () => granted.resolve(), sinceMs };
    // Who turns shared into exclusive is blocked by holders alone: others would wait for it.
    if (lock.holders.has(owner)) lock.queue.unshift(request);
    else lock.queue.push(request);
    this.#waiting.set(owner, { lock, request });
    const stop = () => granted.reject(signal.reason);
    const timer = timeoutMs > 0 ? after(timeoutMs, () => granted.reject(timedOut())) : undefined;
    signal.addEventListener("abort", stop, { once: true });
    try {
      this.#refuseCircle(owner);
      await granted.promise;
    } catch (cause) {
      this.#withdraw(lock, request);
      throw cause;
    } finally {
      this.#waiting.delete(owner);
      timer?.cancel();
      signal.removeEventListener("abort", stop);
    }
  }

  /** Without waiting; false: somebody else has it. */
  tryAcquire(owner: LockOwner, target: LockTarget, mode: LockMode): boolean {
    const lock = this.#lock(target);
    const isTaken = this.#take(lock, owner, mode);
    this.#forgetUnused(lock);
    return isTaken;
  }

  holds(owner: LockOwner, target: LockTarget, mode: LockMode): boolean {
    const held = this.#locks.get(target.key)?.holders.get(owner);
    return held === mode || held === "exclusive";
  }

  /** At the end of the transaction. */
  releaseAll(owner: LockOwner): void {
    const held = [...(this.#held.get(owner) ?? [])];
    const advisory = held.filter(({ target }) => target.isAdvisory);
    if (advisory.length > 0) this.#held.set(owner, new Set(advisory));
    else this.#held.delete(owner);
    for (const lock of held) {
      if (lock.target.isAdvisory) continue;
      lock.holders.delete(owner);
      this.#grantNext(lock);
    }
  }

  /** To `mode`; undefined: it is given back. */
  lower(owner: LockOwner, target: LockTarget, mode: LockMode | undefined): void {
    const lock = this.#locks.get(target.key);
    if (lock === undefined || !lock.holders.has(owner)) return;
    if (mode !== undefined) lock.holders.set(owner, mode);
    else {
      lock.holders.delete(owner);
      const held = this.#held.get(owner);
      held?.delete(lock);
      if (held?.size === 0) this.#held.delete(owner);
    }
    this.#grantNext(lock);
  }

  /** What this owner waits for. */
  waitedFor(owner: LockOwner): LockTarget | undefined {
    return this.#waiting.get(owner)?.lock.target;
  }

  /** Process ids of those that keep others waiting, by the process that waits. */
  blockers(): ReadonlyMap<number, readonly number[]> {
    const all = [...this.#waiting].map(([owner, { lock, request }]) => {
      const before = lock.queue.slice(0, Math.max(0, lock.queue.indexOf(request)));
      const queued = before.filter(({ mode }) => conflict(mode, request.mode));
      const owners = [
        ...blockersAmongHolders(lock, owner, request.mode),
        ...queued.map((one) => one.owner),
      ];
      return [owner.processId, owners.map(({ processId }) => processId)] as const;
    });
    return new Map(all);
  }

  all(): readonly HeldLock[] {
    return [...this.#locks.values()].flatMap((lock) => {
      const holders = [...lock.holders.keys()].map(({ processId }) => processId);
      const of = ({ processId }: LockOwner, mode: LockMode, sinceMs?: number): HeldLock => ({
        target: lock.target,
        pid: processId,
        mode,
        isGranted: sinceMs === undefined,
        waitingSince: sinceMs === undefined ? undefined : new Date(sinceMs).toISOString(),
        holders,
      });
      return [
        ...[...lock.holders].map(([owner, mode]) => of(owner, mode)),
        ...lock.queue.map(({ owner, mode, sinceMs }) => of(owner, mode, sinceMs)),
      ];
    });
  }

  #lock(target: LockTarget): Lock {
    const known = this.#locks.get(target.key);
    if (known !== undefined) return known;
    const lock: Lock = { target, holders: new Map(), queue: [] };
    this.#locks.set(target.key, lock);
    return lock;
  }

  #take(lock: Lock, owner: LockOwner, mode: LockMode): boolean {
    const held = lock.holders.get(owner);
    if (held === mode || held === "exclusive") return true;
    if (held === undefined && lock.queue.length > 0) return false;
    if (blockersAmongHolders(lock, owner, mode).length > 0) return false;
    this.#give(lock, owner, mode);
    return true;
  }

  #give(lock: Lock, owner: LockOwner, mode: LockMode): void {
    lock.holders.set(owner, mode);
    const held = this.#held.get(owner) ?? new Set();
    held.add(lock);
    this.#held.set(owner, held);
  }

  #grantNext(lock: Lock): void {
    for (;;) {
      const [next] = lock.queue;
      if (next === undefined) break;
      if (blockersAmongHolders(lock, next.owner, next.mode).length > 0) break;
      lock.queue.shift();
      this.#give(lock, next.owner, next.mode);
      next.grant();
    }
    this.#forgetUnused(lock);
  }

  #withdraw(lock: Lock, request: Request): void {
    const at = lock.queue.indexOf(request);
    if (at >= 0) lock.queue.splice(at, 1);
    this.#grantNext(lock);
  }

  #forgetUnused(lock: Lock): void {
    if (lock.holders.size === 0 && lock.queue.length === 0) this.#locks.delete(lock.target.key);
  }

  #refuseCircle(owner: LockOwner): void {
    // Who holds nothing keeps nobody waiting.
    if (!this.#held.has(owner)) return;
    const circle = circleFrom(owner, this.#waiting);
    if (circle === undefined) return;
    const lines = circle.map(({ waiter, blocker, mode, target }) => {
      const lockName = mode === "shared" ? "ShareLock" : "ExclusiveLock";
      return (
        `Process ${waiter.processId} waits for ${lockName} on ${target.title};` +
        ` blocked by process ${blocker.processId}.`
      );
    });
    throw new SqlError("40P01", "deadlock detected", {
      detail: lines.join("\n"),
      hint: "See server log for query details.",
    });
  }
}

function conflict(a: LockMode, b: LockMode): boolean {
  return a === "exclusive" || b === "exclusive";
}

function blockersAmongHolders(lock: Lock, owner: LockOwner, mode: LockMode): LockOwner[] {
  return [...lock.holders]
    .filter(([holder, held]) => holder !== owner && conflict(held, mode))
    .map(([holder]) => holder);
}

/** What one search has looked at. */
interface Seen {
  /** Of the requests in a lock's queue. */
  readonly places: Map<Lock, ReadonlyMap<Request, number>>;
  /** By mode and lock: the part of the queue whose owners were given. */
  readonly until: Map<string, number>;
}

/** From one who waits to the next, until `start` comes again; undefined: it does not. */
function circleFrom(
  start: LockOwner,
  waiting: ReadonlyMap<LockOwner, Waiting>,
): readonly Edge[] | undefined {
  /** How each owner was reached. */
  const reached = new Map<LockOwner, Edge>();
  const seen: Seen = { places: new Map(), until: new Map() };
  const open: LockOwner[] = [start];
  for (let waiter = open.pop(); waiter !== undefined; waiter = open.pop()) {
    const found = waiting.get(waiter);
    if (found === undefined) continue;
    for (const blocker of newBlockers(found, seen)) {
      if (blocker !== start && reached.has(blocker)) continue;
      const edge = { waiter, blocker, mode: found.request.mode, target: found.lock.target };
      if (blocker === start) return [...pathTo(waiter, start, reached), edge];
      reached.set(blocker, edge);
      open.push(blocker);
    }
  }
  return undefined;
}

/**
 * Holders and those before it in the queue, but for those that another one of the same mode has
 * given already: a thousand may stand in one queue.
 */
function* newBlockers(
  { lock, request: { owner, mode }, request }: Waiting,
  seen: Seen,
): Generator<LockOwner> {
  const key = `${mode} ${lock.target.key}`;
  const from = seen.until.get(key);
  if (!seen.places.has(lock)) seen.places.set(lock, new Map(lock.queue.map((one, i) => [one, i])));
  const until = seen.places.get(lock)?.get(request) ?? 0;
  seen.until.set(key, Math.max(until, from ?? 0));
  if (from === undefined) yield* blockersAmongHolders(lock, owner, mode);
  for (const before of lock.queue.slice(from ?? 0, until)) {
    if (conflict(before.mode, mode)) yield before.owner;
  }
}

function pathTo(
  owner: LockOwner,
  start: LockOwner,
  reached: ReadonlyMap<LockOwner, Edge>,
): readonly Edge[] {
  const path: Edge[] = [];
  for (let at = owner; at !== start; ) {
    const edge = reached.get(at) as Edge;
    path.unshift(edge);
    at = edge.waiter;
  }
  return path;
}

function timedOut(): SqlError {
  return new SqlError("55P03", "canceling statement due to lock timeout");
}

const OWNERS = new WeakMap<object, LockOwner>();

/** Who a session's transactions are in the wait-for graph. */
export function lockOwner(transaction: object, processId: number): LockOwner {
  const known = OWNERS.get(transaction);
  if (known !== undefined) return known;
  const owner = { processId };
  OWNERS.set(transaction, owner);
  return owner;
}
