/**
 * Which keys (entity, time) a table has, for tables whose rows must not repeat one. Looks as little
 * as it can: a time above all that the entity has needs no look; where no bucket is covered there
 * is nothing to read; a bucket once read is remembered.
 *
 * New keys are reserved for the transaction until it ends. Its end is told after its rows have
 * become visible, so that every key is seen in one place or the other.
 */

import type { Coverage } from "./coverage.ts";
import { EntityKeys, type KeyAxis } from "./entity-keys.ts";
import { CachedBucket, KeyCache, NO_TICKS } from "./key-cache.ts";
import { KeyLook, type OwnTable, OwnView, Pins, type WantedBucket } from "./key-look.ts";
import type { KeyReader } from "./key-reader.ts";
import { type KeyOwner, Reservations } from "./key-reservations.ts";
import {
  firstAbove,
  groupKeys,
  type KeyGroup,
  type KeyRows,
  type RepeatedRow,
} from "./key-rows.ts";

export interface KeyRequest {
  readonly owner: KeyOwner;
  /** Of the statement in its transaction, ascending. */
  readonly number: number;
  /**
   * What becomes of a key that is there. reject: nothing is reserved then. skip: the new ones are.
   * replace: all are. allow: nobody looks, all are reserved and called fresh.
   */
  readonly policy: "reject" | "skip" | "replace" | "allow";
  /** The table as the transaction sees it, when it has changed more than the rows it inserts. */
  readonly own?: OwnTable | undefined;
  /** Another transaction has reserved a key; `released` resolves when that may have changed. */
  readonly wait?: (holder: KeyOwner, released: Promise<void>) => Promise<void>;
  readonly signal?: AbortSignal;
}

/** Rows by number, ascending; each row is in one list. */
export interface KeyOutcome {
  readonly fresh: Uint32Array;
  /** Their key is in the table, or among what the transaction has inserted. */
  readonly existing: Uint32Array;
  readonly repeated: readonly RepeatedRow[];
}

export interface KeyLimits {
  /** Remembered at once, about. */
  readonly keysMax?: number;
  readonly entitiesMax?: number;
}

const KEYS_MAX = 1_000_000;
const ENTITIES_MAX = 200_000;

export class TableKeys {
  readonly #axis: KeyAxis;
  readonly #reader: KeyReader;
  readonly #entitiesMax: number;
  readonly #cache: KeyCache;
  readonly #entities = new Map<string, EntityKeys>();
  readonly #reservations = new Reservations();
  readonly #loading = new Map<CachedBucket, Promise<void>>();
  #coverage: Promise<Coverage> | undefined;
  #stamp: unknown;
  /** Counts how often everything was forgotten. */
  #era = 0;

  constructor(axis: KeyAxis, reader: KeyReader, limits: KeyLimits = {}) {
    this.#axis = axis;
    this.#reader = reader;
    this.#cache = new KeyCache(limits.keysMax ?? KEYS_MAX);
    this.#entitiesMax = limits.entitiesMax ?? ENTITIES_MAX;
    this.#stamp = reader.stamp();
  }

  /** Finds which keys are there and reserves by the request's policy, both in one step. */
  async reserve(rows: KeyRows, request: KeyRequest): Promise<KeyOutcome> {
    const { groups, repeated } = groupKeys(rows);
    if (request.policy === "allow") return this.#allow(rows.rows, groups, request);
    const pins = new Pins();
    const own = new OwnView(request.own);
    if (this.#entities.size > this.#entitiesMax) this.#forget();
    try {
      for (;;) {
        request.signal?.throwIfAborted();
        if (this.#reader.stamp() !== this.#stamp) this.#forget();
        const look = new KeyLook(request.owner, own, pins);
        for (const group of groups) look.at(group, this.#entity(group));
        if (look.unknown.length > 0) await this.#learn(look.unknown);
        else if (look.holder !== undefined) await this.#wait(look.holder, request);
        else if (look.wanted.length > 0) await this.#load(look.wanted, pins);
        else if (own.isAsked) await own.answer(this.#axis);
        else return this.#decide(look, repeated, request);
      }
    } finally {
      pins.release();
    }
  }

  /** The owner's rows are visible. */
  committed(owner: KeyOwner): void {
    for (const { list, reservation } of this.#reservations.remove(owner, 0)) {
      (list as EntityKeys).inserted(reservation.ticks, (bucket) => {
        if (bucket.isLoaded) this.#cache.touch(bucket);
      });
    }
  }

  /** What the owner reserved in its statement `from` and later is not inserted. */
  abandoned(owner: KeyOwner, from = 0): void {
    this.#reservations.remove(owner, from);
  }

  #entity({ key, entity }: KeyGroup): EntityKeys {
    const known = this.#entities.get(key);
    if (known !== undefined) return known;
    const identity = this.#reader.identityOf?.(entity);
    const made = new EntityKeys(key, entity, this.#axis, identity);
    this.#entities.set(key, made);
    return made;
  }

  /** What is in the table has changed in a way that nobody told. */
  #forget(): void {
    this.#stamp = this.#reader.stamp();
    this.#era += 1;
    this.#coverage = undefined;
    this.#cache.clear();
    for (const [key, entity] of this.#entities) {
      entity.forget();
      if (entity.held.length === 0) this.#entities.delete(key);
    }
  }

  async #learn(entities: readonly EntityKeys[]): Promise<void> {
    const era = this.#era;
    // What is inserted while it is being read is told to the entities themselves.
    this.#coverage ??= this.#reader.coverage();
    const asked = this.#coverage;
    try {
      const coverage = await asked;
      if (era === this.#era) for (const entity of entities) entity.learn(coverage);
    } catch (cause) {
      if (this.#coverage === asked) this.#coverage = undefined;
      throw cause;
    }
  }

  async #wait(holder: KeyOwner, { wait, signal }: KeyRequest): Promise<void> {
    const released = this.#reservations.changed(holder);
    await (wait === undefined ? released : wait(holder, released));
    signal?.throwIfAborted();
  }

  async #load(wanted: readonly WantedBucket[], pins: Pins): Promise<void> {
    const fresh: (WantedBucket & { readonly cached: CachedBucket })[] = [];
    const reads = new Set<Promise<void>>();
    for (const { entity, bucket } of wanted) {
      const known = entity.buckets.get(bucket);
      const cached = known ?? new CachedBucket(() => entity.buckets.delete(bucket));
      pins.add(cached);
      const reading = this.#loading.get(cached);
      if (reading !== undefined) reads.add(reading);
      else {
        entity.buckets.set(bucket, cached);
        fresh.push({ entity, bucket, cached });
      }
    }
    if (fresh.length > 0) {
      const reading = this.#read(fresh).finally(() => {
        for (const { cached } of fresh) this.#loading.delete(cached);
      });
      for (const { cached } of fresh) this.#loading.set(cached, reading);
      reads.add(reading);
    }
    await Promise.all(reads);
  }

  async #read(
    wanted: readonly (WantedBucket & { readonly cached: CachedBucket })[],
  ): Promise<void> {
    const era = this.#era;
    try {
      const rows = await this.#reader.read(
        wanted.map(({ entity, bucket }) => ({ entity: entity.entity, ...entity.range(bucket) })),
      );
      if (era !== this.#era) return;
      const groups = new Map(groupKeys(rows).groups.map((group) => [group.key, group]));
      for (const { entity, bucket, cached } of wanted) {
        const ticks = groups.get(entity.key)?.ticks ?? NO_TICKS;
        const from = firstAbove(ticks, entity.firstTickOf(bucket) - 1n);
        cached.load(ticks.slice(from, firstAbove(ticks, entity.lastTickOf(bucket))));
        this.#cache.touch(cached);
        entity.narrow(bucket, cached);
      }
    } catch (cause) {
      for (const { entity, bucket, cached } of wanted) {
        if (entity.buckets.get(bucket) === cached) entity.buckets.delete(bucket);
      }
      throw cause;
    }
  }

  #allow(count: number, groups: readonly KeyGroup[], request: KeyRequest): KeyOutcome {
    for (const group of groups) this.#reserve(this.#entity(group), group.ticks, request);
    const fresh = Uint32Array.from({ length: count }, (_, row) => row);
    return { fresh, existing: new Uint32Array(0), repeated: [] };
  }

  #reserve(entity: EntityKeys, ticks: BigInt64Array, { owner, number }: KeyRequest): void {
    if (ticks.length === 0) return;
    this.#reservations.add(entity, { owner, number, ticks });
    entity.reach(ticks.at(-1) as bigint);
  }

  #decide({ looks }: KeyLook, repeated: readonly RepeatedRow[], request: KeyRequest): KeyOutcome {
    const { policy } = request;
    const fresh: number[] = [];
    const existing: number[] = [];
    for (const { group, isThere } of looks) {
      for (const [i, row] of group.rows.entries()) (isThere[i] === 1 ? existing : fresh).push(row);
    }
    const isRefused = policy === "reject" && (existing.length > 0 || repeated.length > 0);
    for (const { group, entity, isThere } of isRefused ? [] : looks) {
      const ticks =
        policy === "replace" ? group.ticks : group.ticks.filter((_, i) => isThere[i] !== 1);
      this.#reserve(entity, ticks, request);
    }
    const inOrder = (rows: number[]) => Uint32Array.from(rows).sort();
    return { fresh: inOrder(fresh), existing: inOrder(existing), repeated };
  }
}
