/**
 * Time and identity of the rows of a block: their bounds and the buckets they cover, read from the
 * columns as they are.
 */

import { bucketBounds, bucketOf, bucketWidth } from "./buckets.ts";
import { type Coverage, coverageOf } from "./coverage.ts";
import { type Entity, entityKey } from "./entities.ts";
import { StoreError } from "./error.ts";
import type { IndexKind } from "./format.ts";
import type { KeyRows, TickScale } from "./key-rows.ts";
import { type ColumnData, isNull, type RowBlock } from "./row-block.ts";
import { RunBuilder, type Runs, runsOf, union } from "./runs.ts";
import type { EntityValue } from "./segment-files.ts";

/** Which columns of a block, counted from 0, are the table's time and identity, and as what. */
export interface KeyColumns {
  readonly time: { readonly column: number; readonly type: TimeType };
  /** In identity order. */
  readonly entities: readonly { readonly column: number; readonly type: EntityType }[];
}

/** micros: since 1970. days: since 1970, of a date. The rest: the integer itself. */
export type TimeType = "micros" | "days" | "int16" | "int32" | "int64" | "uint64";

/** uuid: DuckDB's 16 bytes; its identity is the text. int16 is an int32 on disk. */
export type EntityType = "utf8" | "uuid" | "int16" | "int32" | "int64" | "uint64";

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

const NANOS_OF_MICRO = 1000n;
const NANOS_OF_DAY = 86_400_000_000_000n;
const SIGN = 1n << 63n;
/** Above it a double skips integers. */
const EXACT = Number.MAX_SAFE_INTEGER;

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

function lengthThen(key: string): string {
  return `${key.length}:${key}`;
}

class Times {
  readonly #type: TimeType;
  readonly #rows: number;
  readonly #narrow: Int16Array | Int32Array | undefined;
  /** Low and high halves of 64-bit integers. */
  readonly #halves: Int32Array | undefined;
  readonly #wide: BigInt64Array | BigUint64Array | undefined;

  constructor({ data }: ColumnData, rows: number, type: TimeType) {
    this.#type = type;
    this.#rows = rows;
    const { buffer, byteOffset } = aligned(data);
    if (type === "int16") this.#narrow = new Int16Array(buffer, byteOffset, rows);
    else if (type === "days" || type === "int32") {
      this.#narrow = new Int32Array(buffer, byteOffset, rows);
    } else if (type === "uint64") this.#wide = new BigUint64Array(buffer, byteOffset, rows);
    else {
      this.#halves = new Int32Array(buffer, byteOffset, rows * 2);
      this.#wide = new BigInt64Array(buffer, byteOffset, rows);
    }
  }

  /** In the column's unit, rounded where a double cannot hold it. */
  #near(row: number): number {
    if (this.#narrow !== undefined) return this.#narrow[row] as number;
    const halves = this.#halves;
    if (halves === undefined) return Number((this.#wide as BigUint64Array)[row]);
    return (halves[row * 2 + 1] as number) * 0x1_0000_0000 + ((halves[row * 2] as number) >>> 0);
  }

  raw(row: number): bigint {
    const value = this.#narrow === undefined ? this.#wide?.[row] : BigInt(this.#near(row));
    return this.#rawOf(value as bigint);
  }

  #rawOf(value: bigint): bigint {
    if (this.#type === "micros") return value * NANOS_OF_MICRO;
    return this.#type === "days" ? value * NANOS_OF_DAY : value;
  }

  /** As `tickScaleOf` counts them. */
  ticks(): BigInt64Array {
    const wide = this.#wide;
    if (wide instanceof BigInt64Array) return wide.slice();
    if (wide !== undefined) return BigInt64Array.from(wide, (value) => value - SIGN);
    return BigInt64Array.from(this.#narrow ?? [], (value: number) => BigInt(value));
  }

  bounds(): RawBounds {
    let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (let row = 0; row < this.#rows; row += 1) {
      const near = this.#near(row);
      if (near < min) min = near;
      if (near > max) max = near;
    }
    if (min >= -EXACT && max <= EXACT) {
      return { min: this.#rawOf(BigInt(min)), max: this.#rawOf(BigInt(max)) };
    }
    let [least, greatest] = [this.raw(0), this.raw(0)];
    for (let row = 1; row < this.#rows; row += 1) {
      const raw = this.raw(row);
      if (raw < least) least = raw;
      if (raw > greatest) greatest = raw;
    }
    return { min: least, max: greatest };
  }

  /** The ordinal, from the width of a bucket; undefined: a double may not hold it. */
  bucket(row: number, width: number | undefined): number | undefined {
    if (width === undefined) return undefined;
    const near = this.#near(row);
    return near < -EXACT || near > EXACT ? undefined : Math.floor(near / width);
  }

  /** Of a bucket in the column's unit, when quotients of doubles are exact and are ordinals. */
  width(kind: IndexKind): number | undefined {
    if (kind.type === "u_int64") return undefined;
    const units = { micros: 1_000_000, days: 1 / 86_400 }[this.#type as "micros" | "days"] ?? 1;
    const width = Number(bucketWidth(kind)) * units;
    return Number.isInteger(width) && width <= EXACT ? width : undefined;
  }
}

class Identities {
  readonly #bytes: Buffer;
  readonly #offsets: Uint32Array | undefined;
  readonly #type: EntityType;
  readonly #width: number;

  constructor({ data, offsets }: ColumnData, rows: number, type: EntityType) {
    this.#bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    this.#offsets = offsets;
    this.#type = type;
    this.#width = rows === 0 ? 0 : data.length / rows;
  }

  /** The cell's bytes as a text of Latin-1: equal for equal cells. */
  key(row: number): string {
    const [from, until] = this.#place(row);
    return this.#bytes.toString("latin1", from, until);
  }

  #place(row: number): readonly [from: number, until: number] {
    const offsets = this.#offsets;
    if (offsets !== undefined) return [offsets[row] as number, offsets[row + 1] as number];
    return [row * this.#width, (row + 1) * this.#width];
  }

  value(row: number): EntityValue {
    const [from, until] = this.#place(row);
    switch (this.#type) {
      case "utf8":
        return { type: "utf8", value: this.#bytes.toString("utf8", from, until) };
      case "uuid":
        return { type: "utf8", value: uuidText(this.#bytes.subarray(from, until)) };
      case "int16":
        return { type: "int32", value: this.#bytes.readInt16LE(from) };
      case "int32":
        return { type: "int32", value: this.#bytes.readInt32LE(from) };
      case "int64":
        return { type: "int64", value: this.#bytes.readBigInt64LE(from) };
      case "uint64":
        return { type: "uint64", value: this.#bytes.readBigUInt64LE(from) };
    }
  }
}

/** DuckDB keeps a uuid as a signed 128-bit number whose order is that of the text. */
function uuidText(bytes: Buffer): string {
  const digits = Buffer.from(bytes).reverse();
  digits[0] = (digits[0] as number) ^ 0x80;
  const hex = digits.toString("hex");
  const parts = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20)];
  return [...parts, hex.slice(20)].join("-");
}

function aligned(data: Uint8Array): { readonly buffer: ArrayBufferLike; byteOffset: number } {
  return data.byteOffset % 8 === 0 ? data : data.slice();
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
