/**
 * One look at what is known of the keys that a statement brings: whose transaction it must wait
 * for, which buckets it must read, or, when nothing is missing, which keys are there.
 */

import { type Coverage, NO_COVERAGE, runsOfEntity } from "./coverage.ts";
import type { EntityKeys, KeyAxis } from "./entity-keys.ts";
import type { CachedBucket } from "./key-cache.ts";
import type { KeyReader } from "./key-reader.ts";
import { holderOf, isOwn, type KeyOwner } from "./key-reservations.ts";
import { firstAbove, groupKeys, hasTick, type KeyGroup, rawOfTick } from "./key-rows.ts";
import { clip } from "./runs.ts";

export interface WantedBucket {
  readonly entity: EntityKeys;
  readonly bucket: bigint;
}

/** The entity's keys that are there: 1 at the place of their tick. */
interface GroupLook {
  readonly group: KeyGroup;
  readonly entity: EntityKeys;
  readonly isThere: Uint8Array;
}

/** Buckets that must not be forgotten before a statement is done with them. */
export class Pins {
  readonly #buckets = new Set<CachedBucket>();

  add(bucket: CachedBucket): void {
    if (this.#buckets.has(bucket)) return;
    this.#buckets.add(bucket);
    bucket.pins += 1;
  }

  release(): void {
    for (const bucket of this.#buckets) bucket.pins -= 1;
  }
}

export class KeyLook {
  /** Of these nothing is known. */
  readonly unknown: EntityKeys[] = [];
  readonly wanted: WantedBucket[] = [];
  readonly looks: GroupLook[] = [];
  /** A transaction that has reserved one of the keys. */
  holder: KeyOwner | undefined;
  readonly #owner: KeyOwner;
  readonly #own: OwnView;
  readonly #pins: Pins;

  constructor(owner: KeyOwner, own: OwnView, pins: Pins) {
    this.#owner = owner;
    this.#own = own;
    this.#pins = pins;
  }

  at(group: KeyGroup, entity: EntityKeys): void {
    const { bound } = entity;
    if (bound === undefined) {
      this.unknown.push(entity);
      return;
    }
    const isThere = new Uint8Array(group.ticks.length);
    const old = firstAbove(group.ticks, bound);
    for (let i = 0; i < old; ) {
      const bucket = entity.bucketOf(group.ticks[i] as bigint);
      const until = firstAbove(group.ticks, entity.lastTickOf(bucket), i);
      const cached = this.#cached(entity, bucket);
      for (; i < until && i < old; i += 1) {
        const isAdded = this.#own.added(group, bucket);
        const tick = group.ticks[i] as bigint;
        if (this.#isThere(group, tick, entity, cached, isAdded)) isThere[i] = 1;
      }
    }
    for (let i = old; i < isThere.length; i += 1) {
      const tick = group.ticks[i] as bigint;
      if (this.#own.added(group, entity.bucketOf(tick)) && this.#own.has(group, tick)) {
        isThere[i] = 1;
      }
    }
    this.looks.push({ group, entity, isThere });
  }

  #cached(entity: EntityKeys, bucket: bigint): CachedBucket | undefined {
    if (!entity.isCovered(bucket)) return undefined;
    const cached = entity.buckets.get(bucket);
    if (cached === undefined || !cached.isLoaded) {
      this.wanted.push({ entity, bucket });
      return undefined;
    }
    this.#pins.add(cached);
    return cached;
  }

  #isThere(
    group: KeyGroup,
    tick: bigint,
    { held }: EntityKeys,
    cached: CachedBucket | undefined,
    isAdded: boolean,
  ): boolean {
    this.holder ??= holderOf(held, tick, this.#owner);
    const isKnown = cached?.has(tick) === true || isOwn(held, tick, this.#owner);
    return (isKnown || isAdded) && this.#own.has(group, tick);
  }
}

export interface OwnTable extends Pick<KeyReader, "read" | "identityOf"> {
  /** Buckets into which the transaction has brought segments that are not its rows. */
  readonly added?: Coverage;
}

/** Which of the keys that are there a transaction has itself removed, and which it has brought. */
export class OwnView {
  readonly #reader: OwnTable | undefined;
  readonly #asked = new Map<string, { readonly group: KeyGroup; readonly ticks: Set<bigint> }>();
  /** Answers, by entity and tick. */
  readonly #known = new Map<string, Map<bigint, boolean>>();

  /** Without a reader nothing was removed or brought. */
  constructor(reader: OwnTable | undefined) {
    this.#reader = reader;
  }

  /** Keys of the bucket may be there of which only the transaction knows. */
  added({ entity }: KeyGroup, bucket: bigint): boolean {
    const added = this.#reader?.added ?? NO_COVERAGE;
    if (added.length === 0) return false;
    const identity = this.#reader?.identityOf?.(entity) ?? entity;
    return clip(runsOfEntity(added, identity), bucket, bucket).length > 0;
  }

  /** Something is not known: `answer`, then look again. */
  get isAsked(): boolean {
    return this.#asked.size > 0;
  }

  has(group: KeyGroup, tick: bigint): boolean {
    if (this.#reader === undefined) return true;
    const known = this.#known.get(group.key)?.get(tick);
    if (known !== undefined) return known;
    const asked = this.#asked.get(group.key) ?? { group, ticks: new Set() };
    asked.ticks.add(tick);
    this.#asked.set(group.key, asked);
    return true;
  }

  async answer({ scale }: KeyAxis): Promise<void> {
    const asked = [...this.#asked.values()];
    this.#asked.clear();
    const ranges = asked.flatMap(({ group: { entity }, ticks }) =>
      [...ticks].map((tick) => {
        const raw = rawOfTick(scale, tick);
        return { entity, min: raw, max: raw };
      }),
    );
    const found = await this.#reader?.read(ranges);
    const groups = new Map(
      found && groupKeys(found).groups.map((group) => [group.key, group.ticks]),
    );
    for (const { group, ticks } of asked) {
      const seen = groups.get(group.key);
      const known = this.#known.get(group.key) ?? new Map<bigint, boolean>();
      for (const tick of ticks) known.set(tick, seen !== undefined && hasTick(seen, tick));
      this.#known.set(group.key, known);
    }
  }
}
