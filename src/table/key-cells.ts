/** The cells of key columns, read where they lie. */

import { bucketWidth } from "./buckets.ts";
import type { IndexKind } from "./format.ts";
import type { ColumnData } from "./row-block.ts";
import type { EntityValue } from "./segment-files.ts";

/** micros: since 1970. days: since 1970, of a date. The rest: the integer itself. */
export type TimeType = "micros" | "days" | "int16" | "int32" | "int64" | "uint64";

/** uuid: DuckDB's 16 bytes; its identity is the text. int16 is an int32 on disk. */
export type EntityType = "utf8" | "uuid" | "int16" | "int32" | "int64" | "uint64";

export const NANOS_OF_MICRO = 1000n;
export const NANOS_OF_DAY = 86_400_000_000_000n;
/** What is added to an unsigned number to keep its order. */
export const SIGN = 1n << 63n;
/** Above it a double skips integers. */
const EXACT = Number.MAX_SAFE_INTEGER;

export function lengthThen(key: string): string {
  return `${key.length}:${key}`;
}

export class Times {
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

  bounds(): { readonly min: bigint; readonly max: bigint } {
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

export class Identities {
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
