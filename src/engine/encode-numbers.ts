/** Cells of bool, integers and floats. */

import type duckdb from "@duckdb/node-bindings";
import { float4Text, float8Text } from "../types/float.ts";
import { NullableWriter } from "./cell-writer.ts";
import { readData, readValidity, type Validity } from "./chunks.ts";
import { putInteger } from "./digits.ts";
import type { RowBuffer } from "./row-buffer.ts";

const TRUE = 116; // t
const FALSE = 102; // f
/** High words of integers that a double holds exactly: -2^53 up to below 2^53. */
const SAFE_HIGH = 2 ** 21;

/** 64-bit integers of a vector, as doubles where they are exact. */
export class Int64Values {
  readonly #low: Uint32Array;
  readonly #high: Int32Array;
  readonly #exact: BigInt64Array;

  constructor(data: Uint8Array, rows: number) {
    this.#low = new Uint32Array(data.buffer, data.byteOffset, rows * 2);
    this.#high = new Int32Array(data.buffer, data.byteOffset, rows * 2);
    this.#exact = new BigInt64Array(data.buffer, data.byteOffset, rows);
  }

  isSafe(row: number): boolean {
    const high = this.#high[row * 2 + 1] as number;
    return high < SAFE_HIGH && high >= -SAFE_HIGH;
  }

  /** Only where `isSafe`. */
  number(row: number): number {
    const high = this.#high[row * 2 + 1] as number;
    return high * 2 ** 32 + (this.#low[row * 2] as number);
  }

  bigint(row: number): bigint {
    return this.#exact[row] as bigint;
  }
}

export class BoolWriter extends NullableWriter {
  readonly #true: number;
  readonly #false: number;
  #data: Uint8Array = new Uint8Array();

  constructor(format: 0 | 1) {
    super();
    this.#true = format === 0 ? TRUE : 1;
    this.#false = format === 0 ? FALSE : 0;
  }

  protected loadValues(vector: duckdb.Vector, rows: number): Validity {
    this.#data = readData(vector, rows, 1);
    return readValidity(vector, rows);
  }

  protected writeValue(row: number, out: RowBuffer): void {
    out.reserve(5);
    out.int32(1);
    out.bytes[out.at] = this.#data[row] === 0 ? this.#false : this.#true;
    out.at += 1;
  }
}

/** Integers and floats whose wire form is DuckDB's, other end first. */
export class SwappedWriter extends NullableWriter {
  readonly #width: 2 | 4 | 8;
  #data: Uint8Array = new Uint8Array();

  constructor(width: 2 | 4 | 8) {
    super();
    this.#width = width;
  }

  protected loadValues(vector: duckdb.Vector, rows: number): Validity {
    this.#data = readData(vector, rows, this.#width);
    return readValidity(vector, rows);
  }

  protected writeValue(row: number, out: RowBuffer): void {
    const width = this.#width;
    const data = this.#data;
    out.reserve(4 + width);
    out.int32(width);
    const { bytes, at } = out;
    let from = row * width + width - 1;
    for (let i = 0; i < width; i += 1, from -= 1) bytes[at + i] = data[from] as number;
    out.at = at + width;
  }
}

export type SmallInteger = "int16" | "int32" | "uint32";

export class SmallIntegerTextWriter extends NullableWriter {
  readonly #kind: SmallInteger;
  #data: Int16Array | Int32Array | Uint32Array = new Int32Array();

  constructor(kind: SmallInteger) {
    super();
    this.#kind = kind;
  }

  protected loadValues(vector: duckdb.Vector, rows: number): Validity {
    const { buffer, byteOffset } = readData(vector, rows, this.#kind === "int16" ? 2 : 4);
    if (this.#kind === "int16") this.#data = new Int16Array(buffer, byteOffset, rows);
    else if (this.#kind === "int32") this.#data = new Int32Array(buffer, byteOffset, rows);
    else this.#data = new Uint32Array(buffer, byteOffset, rows);
    return readValidity(vector, rows);
  }

  protected writeValue(row: number, out: RowBuffer): void {
    out.reserve(15);
    const start = out.at;
    const end = putInteger(out.bytes, start + 4, this.#data[row] as number);
    out.setInt32(end - start - 4, start);
    out.at = end;
  }
}

export class Int64TextWriter extends NullableWriter {
  #values = new Int64Values(new Uint8Array(), 0);

  protected loadValues(vector: duckdb.Vector, rows: number): Validity {
    this.#values = new Int64Values(readData(vector, rows, 8), rows);
    return readValidity(vector, rows);
  }

  protected writeValue(row: number, out: RowBuffer): void {
    if (!this.#values.isSafe(row)) {
      out.ascii(this.#values.bigint(row).toString());
      return;
    }
    out.reserve(24);
    const start = out.at;
    const end = putInteger(out.bytes, start + 4, this.#values.number(row));
    out.setInt32(end - start - 4, start);
    out.at = end;
  }
}

export class FloatTextWriter extends NullableWriter {
  readonly #width: 4 | 8;
  readonly #extraFloatDigits: number;
  #data: Float32Array | Float64Array = new Float64Array();

  constructor(width: 4 | 8, extraFloatDigits: number) {
    super();
    this.#width = width;
    this.#extraFloatDigits = extraFloatDigits;
  }

  protected loadValues(vector: duckdb.Vector, rows: number): Validity {
    const { buffer, byteOffset } = readData(vector, rows, this.#width);
    if (this.#width === 8) this.#data = new Float64Array(buffer, byteOffset, rows);
    else this.#data = new Float32Array(buffer, byteOffset, rows);
    return readValidity(vector, rows);
  }

  protected writeValue(row: number, out: RowBuffer): void {
    const value = this.#data[row] as number;
    const digits = this.#extraFloatDigits;
    out.ascii(this.#width === 8 ? float8Text(value, digits) : float4Text(value, digits));
  }
}
