/**
 * Time and identity of the rows of a block: their bounds and the buckets they cover, read from the
 * columns as they are.
 */

import { bucketBounds, bucketOf } from "./buckets.ts";
import { type Coverage, coverageOf } from "./coverage.ts";
import { type Entity, entityKey } from "./entities.ts";
import { StoreError } from "./error.ts";
import type { IndexKind } from "./format.ts";
import {
  type EntityType,
  Identities,
  lengthThen,
  NANOS_OF_DAY,
  NANOS_OF_MICRO,
  SIGN,
  Times,
  type TimeType,
} from "./key-cells.ts";
import type { KeyRows, TickScale } from "./key-rows.ts";
import { type ColumnData, isNull, type RowBlock } from "./row-block.ts";
import { RunBuilder, type Runs, runsOf, union } from "./runs.ts";

/** Which columns of a block, counted from 0, are the table's time and identity, and as what. */
export interface KeyColumns {
  readonly time: { readonly column: number; readonly type: TimeType };
  /** In identity order. */
  readonly entities: readonly { readonly column: number; readonly type: EntityType }[];
}

/** Only the key columns of a block. */
export interface BlockKeys {
  readonly rows: number;
  readonly time: ColumnData;
  readonly entities: readonly ColumnData[];
}

/** Inclusive raw index values. */
export interface RawBounds {
  readonly min: bigint;
  readonly max: bigint;
}

/** @throws StoreError "null-time", "null-entity" */
export function keysOf(block: RowBlock, keys: KeyColumns): BlockKeys {
  const column = (at: number) => block.columns[at] as ColumnData;
  const time = column(keys.time.column);
  const entities = keys.entities.map((entity) => column(entity.column));
  if (hasNull(time, block.rows)) throw new StoreError("null-time", "null value in time column");
  if (entities.some((entity) => hasNull(entity, block.rows))) {
    throw new StoreError("null-entity", "null value in entity column");
  }
  return { rows: block.rows, time, entities };
}

function hasNull(column: ColumnData, rows: number): boolean {
  if (column.validity === undefined) return false;
  for (let row = 0; row < rows; row += 1) if (isNull(column, row)) return true;
  return false;
}

/** @throws StoreError "invalid-range" for a time that no index can hold, such as infinity */
export function boundsOf(keys: BlockKeys, columns: KeyColumns, kind: IndexKind): RawBounds {
  const times = new Times(keys.time, keys.rows, columns.time.type);
  const { min, max } = times.bounds();
  const [least, greatest] = [domainOf(kind, min).min, domainOf(kind, max).max];
  if (min < least || max > greatest) {
    throw new StoreError("invalid-range", "time is out of the range that the index can hold");
  }
  return { min, max };
}

/** The whole bucket of a value, cut to the index type: a value outside of it is outside of both. */
function domainOf(kind: IndexKind, raw: bigint): RawBounds {
  return bucketBounds(kind, bucketOf(kind, raw));
}

interface Group {
  readonly entity: Entity;
  /** Ordinals, as they came but for repeats. */
  readonly buckets: number[];
  last: number;
  /** Ordinals that a double may not hold. */
  readonly large: bigint[];
}

/** Buckets of the rows of many blocks. */
export class CoverageBuilder {
  readonly #columns: KeyColumns;
  readonly #kind: IndexKind;
  readonly #groups = new Map<string, Group>();

  constructor(columns: KeyColumns, kind: IndexKind) {
    this.#columns = columns;
    this.#kind = kind;
  }

  add(keys: BlockKeys): void {
    const times = new Times(keys.time, keys.rows, this.#columns.time.type);
    const width = times.width(this.#kind);
    const readers = this.#columns.entities.map(
      ({ type }, i) => new Identities(keys.entities[i] as ColumnData, keys.rows, type),
    );
    for (let row = 0; row < keys.rows; row += 1) {
      const group = this.#group(readers, row);
      const bucket = times.bucket(row, width);
      if (bucket === undefined) group.large.push(bucketOf(this.#kind, times.raw(row)));
      else if (bucket !== group.last) {
        group.buckets.push(bucket);
        group.last = bucket;
      }
    }
  }

  #group(readers: readonly Identities[], row: number): Group {
    const [only] = readers;
    const key =
      readers.length === 1 && only !== undefined
        ? only.key(row)
        : readers.map((reader) => lengthThen(reader.key(row))).join("");
    const known = this.#groups.get(key);
    if (known !== undefined) return known;
    const entity = readers.map((reader) => reader.value(row));
    const group: Group = { entity, buckets: [], last: Number.NaN, large: [] };
    this.#groups.set(key, group);
    return group;
  }

  done(): Coverage {
    return coverageOf(
      [...this.#groups.values()].map(({ entity, buckets, large }) => ({
        entity,
        runs: union(runsOfNumbers(buckets), runsOf(large.map((bucket) => [bucket, bucket]))),
      })),
    );
  }
}

function runsOfNumbers(buckets: readonly number[]): Runs {
  const runs = new RunBuilder(8);
  let [first, end] = [Number.NaN, Number.NaN];
  for (const bucket of Float64Array.from(buckets).sort()) {
    if (bucket <= end + 1) {
      end = bucket;
      continue;
    }
    if (!Number.isNaN(first)) runs.add(BigInt(first), BigInt(end));
    first = bucket;
    end = bucket;
  }
  if (!Number.isNaN(first)) runs.add(BigInt(first), BigInt(end));
  return runs.done();
}

/** The keys of all rows, for `TableKeys`. */
export function keyRowsOf(block: RowBlock, columns: KeyColumns): KeyRows {
  const keys = keysOf(block, columns);
  const ticks = new Times(keys.time, keys.rows, columns.time.type).ticks();
  const readers = columns.entities.map(
    ({ type }, i) => new Identities(keys.entities[i] as ColumnData, keys.rows, type),
  );
  const places = new Map<string, number>();
  const entities: KeyRows["entities"][number][] = [];
  const entityOf = new Uint32Array(keys.rows);
  for (let row = 0; row < keys.rows; row += 1) {
    const bytes = readers.map((reader) => lengthThen(reader.key(row))).join("");
    let place = places.get(bytes);
    if (place === undefined) {
      place = entities.length;
      places.set(bytes, place);
      const entity = readers.map((reader) => reader.value(row));
      entities.push({ key: entityKey(entity), entity });
    }
    entityOf[row] = place;
  }
  return { rows: keys.rows, entities, entityOf, ticks };
}

/** Of every row a text that is equal for equal keys. */
export function keyTextsOf(keys: BlockKeys, columns: KeyColumns): readonly string[] {
  const ticks = new Times(keys.time, keys.rows, columns.time.type).ticks();
  const readers = columns.entities.map(
    ({ type }, i) => new Identities(keys.entities[i] as ColumnData, keys.rows, type),
  );
  return Array.from({ length: keys.rows }, (_, row) => {
    let text = String(ticks[row]);
    for (const reader of readers) text += `/${lengthThen(reader.key(row))}`;
    return text;
  });
}

export function tickScaleOf({ time }: KeyColumns): TickScale {
  switch (time.type) {
    case "micros":
      return { width: NANOS_OF_MICRO, offset: 0n };
    case "days":
      return { width: NANOS_OF_DAY, offset: 0n };
    case "uint64":
      return { width: 1n, offset: SIGN };
    default:
      return { width: 1n, offset: 0n };
  }
}

export function unitedBounds(all: readonly RawBounds[]): RawBounds | undefined {
  const [first, ...more] = all;
  if (first === undefined) return undefined;
  let { min, max } = first;
  for (const bounds of more) {
    if (bounds.min < min) min = bounds.min;
    if (bounds.max > max) max = bounds.max;
  }
  return { min, max };
}
