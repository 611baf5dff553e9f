/**
 * Keys of single buckets as they were read, kept up to date by what is inserted afterwards.
 * Bounded: the bucket that was not asked for the longest goes first.
 */

import { hasTick } from "./key-rows.ts";

export const NO_TICKS = new BigInt64Array(0);

export class CachedBucket {
  /** Removes it from its owner when it is dropped. */
  readonly forget: () => void;
  /** Statements that still need it. */
  pins = 0;
  #ticks: BigInt64Array | undefined;
  readonly #added = new Set<bigint>();

  constructor(forget: () => void) {
    this.forget = forget;
  }

  get isLoaded(): boolean {
    return this.#ticks !== undefined;
  }

  get size(): number {
    return (this.#ticks?.length ?? 0) + this.#added.size;
  }

  load(ticks: BigInt64Array): void {
    this.#ticks = ticks;
  }

  has(tick: bigint): boolean {
    return this.#added.has(tick) || (this.#ticks !== undefined && hasTick(this.#ticks, tick));
  }

  /** Also while it is being read: what was read may be older. */
  add(tick: bigint): void {
    this.#added.add(tick);
  }

  /** undefined: empty. */
  greatest(): bigint | undefined {
    let greatest = this.#ticks?.at(-1);
    for (const tick of this.#added) {
      if (greatest === undefined || tick > greatest) greatest = tick;
    }
    return greatest;
  }
}

export class KeyCache {
  readonly #keysMax: number;
  /** With the size last counted; asked for longest ago first. */
  readonly #sizes = new Map<CachedBucket, number>();
  #keys = 0;

  constructor(keysMax: number) {
    this.#keysMax = keysMax;
  }

  get keys(): number {
    return this.#keys;
  }

  /** It was asked for, or has grown. */
  touch(bucket: CachedBucket): void {
    this.#keys -= this.#sizes.get(bucket) ?? 0;
    this.#sizes.delete(bucket);
    // An empty bucket costs something, too.
    const size = bucket.size + 1;
    this.#sizes.set(bucket, size);
    this.#keys += size;
    this.#makeRoom();
  }

  #makeRoom(): void {
    for (const bucket of this.#sizes.keys()) {
      if (this.#keys <= this.#keysMax) return;
      if (bucket.pins === 0) this.drop(bucket);
    }
  }

  drop(bucket: CachedBucket): void {
    this.#keys -= this.#sizes.get(bucket) ?? 0;
    if (this.#sizes.delete(bucket)) bucket.forget();
  }

  clear(): void {
    this.#sizes.clear();
    this.#keys = 0;
  }
}
