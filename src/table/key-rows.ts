/**
 * Keys (entity, time) of many rows at once, and the same keys in groups: an entity each, its times
 * in order, every time once.
 */

import { floorDiv } from "../base/units.ts";
import type { Entity } from "./entities.ts";

/** How times are counted in 64 bits: raw index value = tick * `width` + `offset`. */
export interface TickScale {
  readonly width: bigint;
  readonly offset: bigint;
}

export interface KeyRows {
  readonly rows: number;
  /** Those that occur; one may stand here twice. `key` is its `entityKey`. */
  readonly entities: readonly { readonly key: string; readonly entity: Entity }[];
  /** Of each row, a place in `entities`. */
  readonly entityOf: Uint32Array;
  readonly ticks: BigInt64Array;
}

/** One entity's keys. */
export interface KeyGroup {
  readonly key: string;
  readonly entity: Entity;
  /** Ascending, each once. */
  readonly ticks: BigInt64Array;
  /** Of each tick, the first row that has it. */
  readonly rows: Uint32Array;
}

/** A row whose key an earlier row of the same statement has. */
export interface RepeatedRow {
  readonly row: number;
  readonly first: number;
}

export interface GroupedKeys {
  readonly groups: readonly KeyGroup[];
  /** Ascending. */
  readonly repeated: readonly RepeatedRow[];
}

const LEAST = -(1n << 63n);
const GREATEST = (1n << 63n) - 1n;

export function rawOfTick({ width, offset }: TickScale, tick: bigint): bigint {
  return tick * width + offset;
}

/** The greatest tick whose raw value is not above, cut to 64 bits. */
export function tickThrough({ width, offset }: TickScale, raw: bigint): bigint {
  const tick = floorDiv(raw - offset, width);
  return tick < LEAST ? LEAST : tick > GREATEST ? GREATEST : tick;
}

export function groupKeys(keys: KeyRows): GroupedKeys {
  const repeated: RepeatedRow[] = [];
  const groups = rowsByEntity(keys).map(({ key, entity, rows }) => {
    const group = inOrder(keys.ticks, rows, repeated);
    return { key, entity, ...group };
  });
  repeated.sort((a, b) => a.row - b.row);
  return { groups, repeated };
}

interface EntityRows {
  readonly key: string;
  readonly entity: Entity;
  /** Ascending. */
  readonly rows: number[];
}

function rowsByEntity({ rows, entities, entityOf }: KeyRows): readonly EntityRows[] {
  const byKey = new Map<string, EntityRows>();
  const byPlace = entities.map(({ key, entity }) => {
    const known = byKey.get(key) ?? { key, entity, rows: [] };
    byKey.set(key, known);
    return known;
  });
  for (let row = 0; row < rows; row += 1) byPlace[entityOf[row] as number]?.rows.push(row);
  return [...byKey.values()].filter((group) => group.rows.length > 0);
}

function inOrder(
  all: BigInt64Array,
  rows: number[],
  repeated: RepeatedRow[],
): Pick<KeyGroup, "ticks" | "rows"> {
  const isAscending = rows.every(
    (row, i) => i === 0 || (all[rows[i - 1] as number] as bigint) < (all[row] as bigint),
  );
  if (!isAscending) {
    rows.sort((a, b) => {
      const [x, y] = [all[a] as bigint, all[b] as bigint];
      return x < y ? -1 : x > y ? 1 : a - b;
    });
  }
  const kept: number[] = [];
  for (const row of rows) {
    const first = kept.at(-1);
    if (first !== undefined && all[first] === all[row]) repeated.push({ row, first });
    else kept.push(row);
  }
  return {
    ticks: BigInt64Array.from(kept, (row) => all[row] as bigint),
    rows: Uint32Array.from(kept),
  };
}

/** Place of the first tick that is above. */
export function firstAbove(ticks: BigInt64Array, tick: bigint, from = 0): number {
  let low = from;
  let high = ticks.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ticks[middle] as bigint) <= tick) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function hasTick(ticks: BigInt64Array, tick: bigint): boolean {
  const place = firstAbove(ticks, tick) - 1;
  return place >= 0 && ticks[place] === tick;
}
