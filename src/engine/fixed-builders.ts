/** Columns of the types whose cells have one width; values are those of types/value.ts. */

import { assert } from "../base/errors.ts";
import { type Interval, NEG_INFINITY, POS_INFINITY } from "../types/value.ts";
import type { ScalarType } from "./bound-types.ts";
import { FixedBuilder, NO_BYTES, type Present } from "./column-builder.ts";
import { DATE_INFINITY } from "./moments.ts";

const TWO_32 = 2 ** 32;

/** Of columns without a row. */
const NO_WORDS = new Int32Array();
const NO_LONGS = new BigInt64Array();

const ARRAYS = {
  SMALLINT: Int16Array,
  INTEGER: Int32Array,
  UINTEGER: Uint32Array,
  FLOAT: Float32Array,
  DOUBLE: Float64Array,
} as const;

type NumberType = keyof typeof ARRAYS;

export function fixedBuilder(id: Exclude<ScalarType, "VARCHAR" | "BLOB">): FixedBuilder {
  switch (id) {
    case "BOOLEAN":
      return new BooleanBuilder();
    case "DATE":
      return new DateBuilder();
    case "BIGINT":
    case "TIME":
      return new Int64Builder();
    case "TIMESTAMP":
    case "TIMESTAMPTZ":
      return new TimestampBuilder();
    case "INTERVAL":
      return new IntervalBuilder();
    case "UUID":
      return new UuidBuilder();
    default:
      return new NumberBuilder(id);
  }
}

class BooleanBuilder extends FixedBuilder {
  #cells = NO_BYTES;

  constructor() {
    super(1);
  }

  protected view(buffer: ArrayBuffer): void {
    this.#cells = new Uint8Array(buffer);
  }

  protected write(row: number, value: Present): void {
    assert(typeof value === "boolean", "a boolean is expected");
    this.#cells[row] = value ? 1 : 0;
  }
}

/** Integers of up to 32 bits and floats. */
class NumberBuilder extends FixedBuilder {
  readonly #array: (typeof ARRAYS)[NumberType];
  #cells: InstanceType<(typeof ARRAYS)[NumberType]> = NO_WORDS;

  constructor(id: NumberType) {
    super(ARRAYS[id].BYTES_PER_ELEMENT);
    this.#array = ARRAYS[id];
  }

  protected view(buffer: ArrayBuffer): void {
    this.#cells = new this.#array(buffer);
  }

  protected write(row: number, value: Present): void {
    assert(typeof value === "number", "a number is expected");
    this.#cells[row] = value;
  }

  putNumber(row: number, value: number): void {
    this.begin(row);
    this.#cells[row] = value;
  }

  putNumbers(row: number, values: Float64Array, count: number): void {
    this.beginAll(row, count);
    const cells = this.#cells;
    for (let i = 0; i < count; i += 1) cells[row + i] = values[i] as number;
  }
}

class DateBuilder extends FixedBuilder {
  #cells = NO_WORDS;

  constructor() {
    super(4);
  }

  protected view(buffer: ArrayBuffer): void {
    this.#cells = new Int32Array(buffer);
  }

  protected write(row: number, value: Present): void {
    assert(typeof value === "number", "a number of days is expected");
    this.#cells[row] = Math.min(Math.max(value, -DATE_INFINITY), DATE_INFINITY);
  }

  /** Days since 1970 or ±Infinity. */
  putNumber(row: number, value: number): void {
    this.begin(row);
    this.write(row, value);
  }
}

class Int64Builder extends FixedBuilder {
  protected cells = NO_LONGS;
  #words = NO_WORDS;

  constructor() {
    super(8);
  }

  protected view(buffer: ArrayBuffer): void {
    this.cells = new BigInt64Array(buffer);
    this.#words = new Int32Array(buffer);
  }

  protected write(row: number, value: Present): void {
    assert(typeof value === "bigint", "a bigint is expected");
    this.cells[row] = value;
  }

  /** A safe integer: several times faster than a bigint. Of a timestamp: finite. */
  putNumber(row: number, value: number): void {
    this.begin(row);
    this.#words[row * 2] = value; // cut to its low 32 bits
    this.#words[row * 2 + 1] = Math.floor(value / TWO_32);
  }

  putNumbers(row: number, values: Float64Array, count: number): void {
    this.beginAll(row, count);
    const words = this.#words;
    for (let i = 0; i < count; i += 1) {
      const value = values[i] as number;
      words[(row + i) * 2] = value;
      words[(row + i) * 2 + 1] = Math.floor(value / TWO_32);
    }
  }

  /** The two halves of the integer. */
  putWords(row: number, low: number, high: number): void {
    this.begin(row);
    this.#words[row * 2] = low;
    this.#words[row * 2 + 1] = high;
  }
}

class TimestampBuilder extends Int64Builder {
  protected override write(row: number, value: Present): void {
    assert(typeof value === "bigint", "a bigint is expected");
    this.cells[row] = value === NEG_INFINITY ? -POS_INFINITY : value;
  }
}

class IntervalBuilder extends FixedBuilder {
  #words = NO_WORDS;
  #cells = NO_LONGS;

  constructor() {
    super(16);
  }

  protected view(buffer: ArrayBuffer): void {
    this.#words = new Int32Array(buffer);
    this.#cells = new BigInt64Array(buffer);
  }

  protected write(row: number, value: Present): void {
    const { months, days, micros } = value as Interval;
    this.#words[row * 4] = months;
    this.#words[row * 4 + 1] = days;
    this.#cells[row * 2 + 1] = micros;
  }
}

class UuidBuilder extends FixedBuilder {
  #cells = NO_BYTES;

  constructor() {
    super(16);
  }

  protected view(buffer: ArrayBuffer): void {
    this.#cells = new Uint8Array(buffer);
  }

  protected write(row: number, value: Present): void {
    assert(typeof value === "string" && value.length === 36, "a uuid's text is expected");
    let at = row * 16 + 15;
    for (let i = 0; i < 36; i += 2) {
      if (value.charCodeAt(i) === DASH) i += 1;
      this.#cells[at] = (hexDigit(value.charCodeAt(i)) << 4) | hexDigit(value.charCodeAt(i + 1));
      at -= 1;
    }
    const first = row * 16 + 15;
    this.#cells[first] = (this.#cells[first] as number) ^ 0x80;
  }
}

const DASH = 45;

/** Of 0-9, a-f. */
function hexDigit(code: number): number {
  return code < 58 ? code - 48 : code - 87;
}
