/**
 * What is known of one entity's keys: how far they may reach, and which of its buckets hold any.
 */

import { bucketBounds, bucketOf } from "./buckets.ts";
import { type Coverage, runsOfEntity } from "./coverage.ts";
import type { Entity } from "./entities.ts";
import type { IndexKind } from "./format.ts";
import { CachedBucket, NO_TICKS } from "./key-cache.ts";
import type { Reservation, ReservationList } from "./key-reservations.ts";
import { rawOfTick, type TickScale, tickThrough } from "./key-rows.ts";
import { clip, EMPTY, type Runs } from "./runs.ts";

/** How times are counted and cut into buckets. */
export interface KeyAxis {
  readonly kind: IndexKind;
  readonly scale: TickScale;
}

export class EntityKeys implements ReservationList {
  /** `entityKey` of `entity`. */
  readonly key: string;
  readonly entity: Entity;
  readonly #identity: Entity;
  held: Reservation[] = [];
  readonly buckets = new Map<bigint, CachedBucket>();
  readonly #axis: KeyAxis;
  /** No key is above; undefined: not known yet. */
  #bound: bigint | undefined;
  /** Of what is visible, since somebody looked. */
  #covered: Runs | undefined;
  /** Buckets that were inserted into since. */
  readonly #inserted = new Set<bigint>();
  #lastInserted: bigint | undefined;

  /** `identity`: of the entity, as coverage knows it. */
  constructor(key: string, entity: Entity, axis: KeyAxis, identity = entity) {
    this.key = key;
    this.entity = entity;
    this.#identity = identity;
    this.#axis = axis;
  }

  /** The entity has no keys above. undefined: `learn` first. */
  get bound(): bigint | undefined {
    return this.#bound;
  }

  learn(coverage: Coverage): void {
    const runs = runsOfEntity(coverage, this.#identity);
    this.#covered = runs;
    if (this.#bound === undefined) this.#bound = this.#endOf(this.#lastBucket());
  }

  /** Whatever was known may be wrong; only reservations stay. */
  forget(): void {
    this.#bound = undefined;
    this.#covered = undefined;
    this.#inserted.clear();
    this.#lastInserted = undefined;
    this.buckets.clear();
  }

  isCovered(bucket: bigint): boolean {
    return this.#inserted.has(bucket) || clip(this.#covered ?? EMPTY, bucket, bucket).length > 0;
  }

  reach(tick: bigint): void {
    if (this.#bound !== undefined && tick > this.#bound) this.#bound = tick;
  }

  /** These keys are visible now. */
  inserted(ticks: BigInt64Array, grown: (bucket: CachedBucket) => void): void {
    for (let i = 0; i < ticks.length; ) {
      const bucket = this.bucketOf(ticks[i] as bigint);
      const end = this.lastTickOf(bucket);
      const cached = this.buckets.get(bucket) ?? this.#born(bucket);
      this.#inserted.add(bucket);
      this.#lastInserted = later(this.#lastInserted, bucket);
      for (; i < ticks.length && (ticks[i] as bigint) <= end; i += 1)
        cached?.add(ticks[i] as bigint);
      if (cached !== undefined) grown(cached);
    }
  }

  /** A bucket that had no key before: all it will have is told. undefined: it may have had some. */
  #born(bucket: bigint): CachedBucket | undefined {
    if (this.#covered === undefined || this.isCovered(bucket)) return undefined;
    const cached = new CachedBucket(() => this.buckets.delete(bucket));
    cached.load(NO_TICKS);
    this.buckets.set(bucket, cached);
    return cached;
  }

  /** A bucket has been read: if it is the last one, the entity's newest key is known. */
  narrow(bucket: bigint, cached: CachedBucket): void {
    if (bucket !== this.#lastBucket()) return;
    const reserved = this.held.map(({ ticks }) => ticks.at(-1) as bigint);
    const none = this.firstTickOf(bucket) - 1n;
    const newest = [cached.greatest(), ...reserved].reduce<bigint>((a, b) => later(b, a), none);
    this.#bound = newest;
  }

  firstTickOf(bucket: bigint): bigint {
    return tickThrough(this.#axis.scale, this.range(bucket).min);
  }

  /** A bucket's raw index values, both inclusive. */
  range(bucket: bigint): { readonly min: bigint; readonly max: bigint } {
    return bucketBounds(this.#axis.kind, bucket);
  }

  bucketOf(tick: bigint): bigint {
    return bucketOf(this.#axis.kind, rawOfTick(this.#axis.scale, tick));
  }

  lastTickOf(bucket: bigint): bigint {
    return tickThrough(this.#axis.scale, this.range(bucket).max);
  }

  #lastBucket(): bigint | undefined {
    const covered = this.#covered?.at(-1);
    return this.#lastInserted === undefined ? covered : later(covered, this.#lastInserted);
  }

  #endOf(bucket: bigint | undefined): bigint {
    const end = bucket === undefined ? LEAST : this.lastTickOf(bucket);
    return this.held.reduce((greatest, { ticks }) => later(ticks.at(-1), greatest), end);
  }
}

/** Below every tick that a table may hold: the index types end before. */
const LEAST = -(1n << 63n);

function later(tick: bigint | undefined, other: bigint): bigint {
  if (tick === undefined) return other;
  if (tick > other) return tick;
  return other;
}
