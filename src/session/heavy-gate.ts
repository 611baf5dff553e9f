/**
 * A gate before the engine: so many heavy statements compute at once, the others wait their turn.
 * Light statements pass it by, so that they are answered whatever stands here.
 *
 * A place is for computing. Who waits for something else meanwhile, a lock or a client that does
 * not read, loses it to those in the queue and gets the next free one when it goes on: so the gate
 * is part of no deadlock, and slow readers hold up nobody.
 */

import { type Deferred, deferred, every } from "../base/async.ts";

/** How long a place may go unused while others wait. */
const UNUSED_MS_MAX = 1000;
const LOOK_EVERY_MS = 250;

interface Waiting {
  readonly place: HeavyPlace;
  readonly turn: Deferred<void>;
}

export class HeavyGate {
  #free: number;
  readonly #holders = new Set<HeavyPlace>();
  /** First those who have begun already. */
  readonly #begun: Waiting[] = [];
  readonly #new: Waiting[] = [];
  #look: { cancel(): void } | undefined;

  constructor(places: number) {
    this.#free = places;
  }

  isHeldBy(place: HeavyPlace): boolean {
    return this.#holders.has(place);
  }

  /** Who holds a place already has one. */
  tryTake(place: HeavyPlace): boolean {
    if (this.#holders.has(place)) return true;
    if (this.#free === 0) return false;
    this.#free -= 1;
    this.#holders.add(place);
    return true;
  }

  /** @throws the reason of `signal` */
  async take(place: HeavyPlace, hasBegun: boolean, signal: AbortSignal): Promise<void> {
    if (this.tryTake(place)) return;
    signal.throwIfAborted();
    const queue = hasBegun ? this.#begun : this.#new;
    const waiting = { place, turn: deferred<void>() };
    queue.push(waiting);
    this.#look ??= every(LOOK_EVERY_MS, () => this.#takeUnused());
    const stop = () => {
      const at = queue.indexOf(waiting);
      if (at >= 0) queue.splice(at, 1);
      waiting.turn.reject(signal.reason);
    };
    signal.addEventListener("abort", stop, { once: true });
    try {
      await waiting.turn.promise;
    } finally {
      signal.removeEventListener("abort", stop);
      this.#stopLooking();
    }
  }

  /** To somebody else, who goes on with what was begun. */
  handOver(place: HeavyPlace, heir: HeavyPlace): void {
    if (this.#holders.delete(place)) this.#holders.add(heir);
  }

  leave(place: HeavyPlace): void {
    if (!this.#holders.delete(place)) return;
    const next = this.#begun.shift() ?? this.#new.shift();
    if (next === undefined) this.#free += 1;
    else {
      this.#holders.add(next.place);
      next.turn.resolve();
    }
  }

  #takeUnused(): void {
    const now = performance.now();
    for (const holder of [...this.#holders]) {
      const { unusedSince } = holder;
      if (unusedSince !== undefined && now - unusedSince >= UNUSED_MS_MAX) this.leave(holder);
    }
  }

  #stopLooking(): void {
    if (this.#begun.length + this.#new.length > 0) return;
    this.#look?.cancel();
    this.#look = undefined;
  }
}

/** One session's use of the gate; it runs one statement at a time. */
export class HeavyPlace {
  readonly #gate: HeavyGate;
  readonly #onWait: (isWaiting: boolean) => void;
  #unusedSince: number | undefined;

  /** `onWait` is told when it begins and when it ends to wait. */
  constructor(gate: HeavyGate, onWait: (isWaiting: boolean) => void) {
    this.#gate = gate;
    this.#onWait = onWait;
  }

  get isHeld(): boolean {
    return this.#gate.isHeldBy(this);
  }

  /** undefined: it computes, or holds nothing. */
  get unusedSince(): number | undefined {
    return this.#unusedSince;
  }

  /** Without waiting. */
  tryTake(): boolean {
    const isTaken = this.#gate.tryTake(this);
    if (isTaken) this.#unusedSince = performance.now();
    return isTaken;
  }

  /** @throws the reason of `signal` */
  async take(signal: AbortSignal, hasBegun = false): Promise<void> {
    if (this.tryTake()) return;
    this.#onWait(true);
    try {
      await this.#gate.take(this, hasBegun, signal);
      this.#unusedSince = performance.now();
    } finally {
      this.#onWait(false);
    }
  }

  /** A step of a heavy statement. `hasBegun`: not its first one. */
  async compute<T>(signal: AbortSignal, hasBegun: boolean, step: () => Promise<T>): Promise<T> {
    await this.take(signal, hasBegun);
    this.#unusedSince = undefined;
    try {
      return await step();
    } finally {
      this.#unusedSince = performance.now();
    }
  }

  /** What goes on without the statement keeps its place until the returned function is called. */
  handOver(): () => void {
    const heir = new HeavyPlace(this.#gate, () => undefined);
    this.#gate.handOver(this, heir);
    this.#unusedSince = undefined;
    return () => heir.leave();
  }

  /** At the end of a statement, and of what was heavy in it; harmless at any time. */
  leave(): void {
    this.#unusedSince = undefined;
    this.#gate.leave(this);
  }
}
