/** Cells of numeric: DECIMAL of any width, with a fixed display scale or one for each row. */

import duckdb from "@duckdb/node-bindings";
import { encodeNumeric } from "../types/numeric.ts";
import { NullableWriter } from "./cell-writer.ts";
import { readData, readValidity, type Validity } from "./chunks.ts";
import { putInteger, putPadded } from "./digits.ts";
import { Int64Values } from "./encode-numbers.ts";
import type { RowBuffer } from "./row-buffer.ts";

const BASE = 10_000;
const BASE_DIGITS = 4;
/** Beyond these scales the quick ways would need more than a double's 53 bits. */
const TEXT_SCALE_MAX = 9;
const BINARY_SCALE_MAX = 12;
/** Groups of four digits before and behind the point in the quick way. */
const GROUPS_MAX = 8;

/** How DuckDB keeps the unscaled integers of a DECIMAL. */
export interface DecimalStorage {
  readonly internal: duckdb.Type;
  readonly scale: number;
}

/** Unscaled integers of a DECIMAL vector. */
export class DecimalUnits {
  #small: Int16Array | Int32Array | undefined;
  #wide: Int64Values | undefined;
  #huge: BigInt64Array | undefined;

  constructor(storage: DecimalStorage, vector: duckdb.Vector, rows: number) {
    const { internal } = storage;
    if (internal === duckdb.Type.SMALLINT) {
      const { buffer, byteOffset } = readData(vector, rows, 2);
      this.#small = new Int16Array(buffer, byteOffset, rows);
    } else if (internal === duckdb.Type.INTEGER) {
      const { buffer, byteOffset } = readData(vector, rows, 4);
      this.#small = new Int32Array(buffer, byteOffset, rows);
    } else if (internal === duckdb.Type.BIGINT) {
      this.#wide = new Int64Values(readData(vector, rows, 8), rows);
    } else {
      const { buffer, byteOffset } = readData(vector, rows, 16);
      this.#huge = new BigInt64Array(buffer, byteOffset, rows * 2);
    }
  }

  /** NaN when a double cannot hold it. */
  number(row: number): number {
    if (this.#small !== undefined) return this.#small[row] as number;
    if (this.#wide !== undefined) {
      return this.#wide.isSafe(row) ? this.#wide.number(row) : Number.NaN;
    }
    const units = this.bigint(row);
    const quick = Number(units);
    return Number.isSafeInteger(quick) ? quick : Number.NaN;
  }

  bigint(row: number): bigint {
    if (this.#small !== undefined) return BigInt(this.#small[row] as number);
    if (this.#wide !== undefined) return this.#wide.bigint(row);
    const huge = this.#huge as BigInt64Array;
    return ((huge[row * 2 + 1] as bigint) << 64n) | BigInt.asUintN(64, huge[row * 2] as bigint);
  }
}

/** The text of `units` / 10^`scale` with `displayScale` digits behind the point. */
export function decimalText(units: bigint, scale: number, displayScale = scale): string {
  const shown = rescale(units, scale, displayScale);
  if (displayScale === 0) return shown.toString();
  const digits = (shown < 0n ? -shown : shown).toString().padStart(displayScale + 1, "0");
  const point = digits.length - displayScale;
  return `${shown < 0n ? "-" : ""}${digits.slice(0, point)}.${digits.slice(point)}`;
}

function rescale(units: bigint, scale: number, displayScale: number): bigint {
  if (displayScale >= scale) return units * 10n ** BigInt(displayScale - scale);
  // What is cut are zeros: the display scale says how many digits the value has.
  return units / 10n ** BigInt(scale - displayScale);
}

/** The display scales of a `decimal-scaled` column, read from the column that carries them. */
export class DisplayScales {
  #scales: Int32Array = new Int32Array();

  load(vector: duckdb.Vector, rows: number): void {
    const { buffer, byteOffset } = readData(vector, rows, 4);
    this.#scales = new Int32Array(buffer, byteOffset, rows);
  }

  at(row: number): number {
    return this.#scales[row] as number;
  }
}

export class DecimalWriter extends NullableWriter {
  readonly #storage: DecimalStorage;
  readonly #format: 0 | 1;
  readonly #scales: DisplayScales | undefined;
  #units: DecimalUnits | undefined;
  readonly #groups = new Int32Array(GROUPS_MAX);

  constructor(storage: DecimalStorage, format: 0 | 1, scales?: DisplayScales) {
    super();
    this.#storage = storage;
    this.#format = format;
    this.#scales = scales;
  }

  protected loadValues(vector: duckdb.Vector, rows: number): Validity {
    this.#units = new DecimalUnits(this.#storage, vector, rows);
    return readValidity(vector, rows);
  }

  protected writeValue(row: number, out: RowBuffer): void {
    const units = this.#units as DecimalUnits;
    const { scale } = this.#storage;
    const displayScale = this.#scales === undefined ? scale : this.#scales.at(row);
    const quick = displayScale === scale ? units.number(row) : Number.NaN;
    const scaleMax = this.#format === 0 ? TEXT_SCALE_MAX : BINARY_SCALE_MAX;
    if (scale <= scaleMax && !Number.isNaN(quick)) {
      if (this.#format === 0) putText(quick, scale, out);
      else this.#putBinary(quick, scale, out);
    } else {
      const text = decimalText(units.bigint(row), scale, displayScale);
      if (this.#format === 0) out.ascii(text);
      else out.block(encodeNumeric(text));
    }
  }

  /** Groups of four decimal digits; https://www.postgresql.org/docs/current/datatype-numeric.html */
  #putBinary(units: number, scale: number, out: RowBuffer): void {
    const groups = this.#groups;
    const magnitude = Math.abs(units);
    const divisor = 10 ** scale;
    let whole = Math.floor(magnitude / divisor);
    const fractionGroups = Math.ceil(scale / BASE_DIGITS);
    let fraction = (magnitude - whole * divisor) * 10 ** (fractionGroups * BASE_DIGITS - scale);
    let count = 0;
    for (let rest = whole; rest >= 1; rest = Math.floor(rest / BASE)) count += 1;
    const wholeGroups = count;
    for (let i = wholeGroups - 1; i >= 0; i -= 1) {
      groups[i] = whole % BASE;
      whole = Math.floor(whole / BASE);
    }
    count += fractionGroups;
    for (let i = count - 1; i >= wholeGroups; i -= 1) {
      groups[i] = fraction % BASE;
      fraction = Math.floor(fraction / BASE);
    }
    let first = 0;
    while (first < count && groups[first] === 0) first += 1;
    while (count > first && groups[count - 1] === 0) count -= 1;
    const digits = count - first;
    out.reserve(12 + digits * 2);
    out.int32(8 + digits * 2);
    out.int16(digits);
    out.int16(digits === 0 ? 0 : wholeGroups - 1 - first);
    out.int16(units < 0 ? 0x4000 : 0);
    out.int16(scale);
    for (let i = first; i < count; i += 1) out.int16(groups[i] as number);
  }
}

function putText(units: number, scale: number, out: RowBuffer): void {
  out.reserve(32);
  const start = out.at;
  let at = start + 4;
  if (scale === 0) {
    at = putInteger(out.bytes, at, units);
  } else {
    const magnitude = Math.abs(units);
    const divisor = 10 ** scale;
    const whole = Math.floor(magnitude / divisor);
    if (units < 0) {
      out.bytes[at] = 45;
      at += 1;
    }
    at = putInteger(out.bytes, at, whole);
    out.bytes[at] = 46;
    at = putPadded(out.bytes, at + 1, magnitude - whole * divisor, scale);
  }
  out.setInt32(at - start - 4, start);
  out.at = at;
}
