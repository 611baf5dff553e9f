/** Cells of bool, integers and floats. */

import type duckdb from "@duckdb/node-bindings";
import { float4Text, float8Text } from "../types/float.ts";
import { type CellWriter, FixedWriter, LENGTH_BYTES, NULL_LENGTH } from "./cell-writer.ts";
import { isNull, readData, readValidity, type Validity } from "./chunks.ts";
import { integerLength, putAscii, putInteger, putPadded } from "./digits.ts";
import { Int64Values } from "./int64-values.ts";
import type { RowBuffer } from "./row-buffer.ts";

const TRUE = 116; // t
const FALSE = 102; // f

export class BoolWriter extends FixedWriter {
  readonly #true: number;
  readonly #false: number;
  #data: Uint8Array = new Uint8Array();

  constructor(format: 0 | 1) {
    super(1);
    this.#true = format === 0 ? TRUE : 1;
    this.#false = format === 0 ? FALSE : 0;
  }

  protected load(vector: duckdb.Vector, rows: number): void {
    this.#data = readData(vector, rows, 1);
  }

  write(out: RowBuffer, places: Int32Array, from: number, until: number): void {
    this.writeLengths(out, places, from, until);
    const { bytes } = out;
    const data = this.#data;
    for (let row = from; row < until; row += 1) {
      if (isNull(this.validity, row)) continue;
      bytes[(places[row] as number) - 1] = data[row] === 0 ? this.#false : this.#true;
    }
  }
}

/** Integers and floats whose wire form is DuckDB's, the other end first. */
export class SwappedWriter extends FixedWriter {
  /** Of two bytes, or words of four. */
  #halves: Int16Array = new Int16Array();
  #words: Int32Array = new Int32Array();

  constructor(width: 2 | 4 | 8) {
    super(width);
  }

  protected load(vector: duckdb.Vector, rows: number): void {
    const { buffer, byteOffset } = readData(vector, rows, this.width);
    if (this.width === 2) this.#halves = new Int16Array(buffer, byteOffset, rows);
    else this.#words = new Int32Array(buffer, byteOffset, (rows * this.width) / 4);
  }

  write(out: RowBuffer, places: Int32Array, from: number, until: number): void {
    if (this.width === 8) this.#writeWide(out, places, from, until);
    else this.#writeNarrow(out, places, from, until);
  }

  #writeNarrow(out: RowBuffer, places: Int32Array, from: number, until: number): void {
    this.writeLengths(out, places, from, until);
    const { view } = out;
    const { validity, width } = this;
    for (let row = from; row < until; row += 1) {
      if (isNull(validity, row)) continue;
      const at = places[row] as number;
      if (width === 4) view.setInt32(at - 4, this.#words[row] as number);
      else view.setInt16(at - 2, this.#halves[row] as number);
    }
  }

  #writeWide({ view }: RowBuffer, places: Int32Array, from: number, until: number): void {
    const { validity } = this;
    const words = this.#words;
    for (let row = from; row < until; row += 1) {
      const at = places[row] as number;
      if (isNull(validity, row)) {
        view.setInt32(at, NULL_LENGTH);
        places[row] = at + LENGTH_BYTES;
        continue;
      }
      view.setInt32(at, 8);
      view.setInt32(at + 4, words[row * 2 + 1] as number);
      view.setInt32(at + 8, words[row * 2] as number);
      places[row] = at + 12;
    }
  }
}

export type SmallInteger = "int16" | "int32" | "uint32";

export class SmallIntegerTextWriter implements CellWriter {
  readonly #kind: SmallInteger;
  #data: Int16Array | Int32Array | Uint32Array = new Int32Array();
  #validity: Validity;

  constructor(kind: SmallInteger) {
    this.#kind = kind;
  }

  measure(vector: duckdb.Vector, rows: number, sizes: Int32Array): void {
    const { buffer, byteOffset } = readData(vector, rows, this.#kind === "int16" ? 2 : 4);
    if (this.#kind === "int16") this.#data = new Int16Array(buffer, byteOffset, rows);
    else if (this.#kind === "int32") this.#data = new Int32Array(buffer, byteOffset, rows);
    else this.#data = new Uint32Array(buffer, byteOffset, rows);
    const validity = readValidity(vector, rows);
    this.#validity = validity;
    const data = this.#data;
    for (let row = 0; row < rows; row += 1) {
      const length = isNull(validity, row) ? 0 : integerLength(data[row] as number);
      sizes[row] = (sizes[row] as number) + LENGTH_BYTES + length;
    }
  }

  write(out: RowBuffer, places: Int32Array, from: number, until: number): void {
    const { bytes, view } = out;
    const data = this.#data;
    const validity = this.#validity;
    for (let row = from; row < until; row += 1) {
      const at = places[row] as number;
      let end = at + LENGTH_BYTES;
      if (isNull(validity, row)) {
        view.setInt32(at, NULL_LENGTH);
      } else {
        end = putInteger(bytes, end, data[row] as number);
        view.setInt32(at, end - at - LENGTH_BYTES);
      }
      places[row] = end;
    }
  }
}

export class Int64TextWriter implements CellWriter {
  #values = new Int64Values(new Uint8Array(), 0);
  #validity: Validity;

  measure(vector: duckdb.Vector, rows: number, sizes: Int32Array): void {
    const values = new Int64Values(readData(vector, rows, 8), rows);
    const validity = readValidity(vector, rows);
    this.#values = values;
    this.#validity = validity;
    for (let row = 0; row < rows; row += 1) {
      let length = 0;
      if (!isNull(validity, row)) {
        length = values.isSafe(row)
          ? integerLength(values.number(row))
          : values.bigint(row).toString().length;
      }
      sizes[row] = (sizes[row] as number) + LENGTH_BYTES + length;
    }
  }

  write(out: RowBuffer, places: Int32Array, from: number, until: number): void {
    const { bytes, view } = out;
    const values = this.#values;
    const validity = this.#validity;
    for (let row = from; row < until; row += 1) {
      const at = places[row] as number;
      let end = at + LENGTH_BYTES;
      if (isNull(validity, row)) {
        view.setInt32(at, NULL_LENGTH);
      } else {
        end = values.isSafe(row)
          ? putInteger(bytes, end, values.number(row))
          : putAscii(bytes, end, values.bigint(row).toString());
        view.setInt32(at, end - at - LENGTH_BYTES);
      }
      places[row] = end;
    }
  }
}

/** Floats with at most six decimals below this are decimals of fifteen digits at most. */
const QUICK_MAX = 1e9;
const QUICK_SCALE = 1_000_000;

/**
 * A decimal of at most 15 digits is the shortest text of the double nearest to it, and no other
 * double has it. So a double that equals n / 10^6 is written as that, without making a string.
 */
export class FloatTextWriter implements CellWriter {
  readonly #width: 4 | 8;
  readonly #extraFloatDigits: number;
  #data: Float32Array | Float64Array = new Float64Array();
  #validity: Validity;
  /** Millionths where the quick way is exact, NaN elsewhere. */
  #millionths = new Float64Array();
  #texts: string[] = [];

  constructor(width: 4 | 8, extraFloatDigits: number) {
    this.#width = width;
    this.#extraFloatDigits = extraFloatDigits;
  }

  measure(vector: duckdb.Vector, rows: number, sizes: Int32Array): void {
    const { buffer, byteOffset } = readData(vector, rows, this.#width);
    if (this.#width === 8) this.#data = new Float64Array(buffer, byteOffset, rows);
    else this.#data = new Float32Array(buffer, byteOffset, rows);
    const validity = readValidity(vector, rows);
    this.#validity = validity;
    if (this.#millionths.length < rows) this.#millionths = new Float64Array(rows);
    const data = this.#data;
    const millionths = this.#millionths;
    const isQuick = this.#width === 8 && this.#extraFloatDigits > 0;
    for (let row = 0; row < rows; row += 1) {
      let length = 0;
      if (!isNull(validity, row)) {
        const value = data[row] as number;
        const scaled = isQuick ? exactMillionths(value) : Number.NaN;
        millionths[row] = scaled;
        length = Number.isNaN(scaled) ? this.#spell(row, value) : millionthsLength(scaled);
      }
      sizes[row] = (sizes[row] as number) + LENGTH_BYTES + length;
    }
  }

  #spell(row: number, value: number): number {
    const digits = this.#extraFloatDigits;
    const text = this.#width === 8 ? float8Text(value, digits) : float4Text(value, digits);
    this.#texts[row] = text;
    return text.length;
  }

  write(out: RowBuffer, places: Int32Array, from: number, until: number): void {
    const { bytes, view } = out;
    const validity = this.#validity;
    const millionths = this.#millionths;
    for (let row = from; row < until; row += 1) {
      const at = places[row] as number;
      let end = at + LENGTH_BYTES;
      if (isNull(validity, row)) {
        view.setInt32(at, NULL_LENGTH);
      } else {
        const scaled = millionths[row] as number;
        end = Number.isNaN(scaled)
          ? putAscii(bytes, end, this.#texts[row] as string)
          : putMillionths(bytes, end, scaled);
        view.setInt32(at, end - at - LENGTH_BYTES);
      }
      places[row] = end;
    }
  }
}

/**
 * NaN where the value is no such decimal, is tiny (an exponent is written) or is zero (it has a
 * sign).
 */
function exactMillionths(value: number): number {
  if (!(value < QUICK_MAX && value > -QUICK_MAX)) return Number.NaN;
  const scaled = Math.round(value * QUICK_SCALE);
  const isExact = scaled / QUICK_SCALE === value && (scaled >= 100 || scaled <= -100);
  return isExact ? scaled : Number.NaN;
}

function millionthsLength(scaled: number): number {
  const magnitude = scaled < 0 ? -scaled : scaled;
  const whole = Math.floor(magnitude / QUICK_SCALE);
  const fraction = magnitude - whole * QUICK_SCALE;
  const sign = scaled < 0 ? 1 : 0;
  return sign + integerLength(whole) + (fraction === 0 ? 0 : 1 + fractionDigits(fraction));
}

/** Digits of a fraction in millionths without the zeros at its end. */
export function fractionDigits(millionths: number): number {
  const fraction = millionths | 0;
  if (fraction % 1_000 === 0) {
    return fraction % 100_000 === 0 ? 1 : fraction % 10_000 === 0 ? 2 : 3;
  }
  return fraction % 100 === 0 ? 4 : fraction % 10 === 0 ? 5 : 6;
}

function putMillionths(bytes: Uint8Array, at: number, scaled: number): number {
  let to = at;
  let magnitude = scaled;
  if (scaled < 0) {
    bytes[to] = 45;
    to += 1;
    magnitude = -scaled;
  }
  const whole = Math.floor(magnitude / QUICK_SCALE);
  to = putInteger(bytes, to, whole);
  return putFraction(bytes, to, magnitude - whole * QUICK_SCALE);
}

/** What a number of millionths of so many digits is divided by. */
const FRACTION_CUTS = Int32Array.of(1_000_000, 100_000, 10_000, 1_000, 100, 10, 1);

/** ".5" of 500000: six digits without the last zeros, nothing for 0. */
export function putFraction(bytes: Uint8Array, at: number, millionths: number): number {
  if (millionths === 0) return at;
  bytes[at] = 46;
  const digits = fractionDigits(millionths);
  const cut = FRACTION_CUTS[digits] as number;
  return putPadded(bytes, at + 1, millionths / cut, digits);
}
