/** Cells of numeric: DECIMAL of any width, with a fixed display scale or one for each row. */

import duckdb from "@duckdb/node-bindings";
import { encodeNumeric } from "../types/numeric.ts";
import { type CellWriter, LENGTH_BYTES, NULL_LENGTH } from "./cell-writer.ts";
import { isNull, readData, readValidity, type Validity } from "./chunks.ts";
import { putAscii, putInteger, putPadded } from "./digits.ts";
import { Int64Values } from "./int64-values.ts";
import type { RowBuffer } from "./row-buffer.ts";

const BASE = 10_000;
const BASE_DIGITS = 4;
/** Beyond these scales the quick ways would need more than a double's 53 bits. */
const TEXT_SCALE_MAX = 9;
const BINARY_SCALE_MAX = 12;
/** Groups of four digits before and behind the point in the quick way. */
const GROUPS_MAX = 8;
/** The sign word of a negative numeric. */
const NEGATIVE = 0x4000;
/** Room for a cell made the quick way, and for 38 digits. */
const CELL_BYTES_MAX = 64;
const POWERS = Array.from({ length: 16 }, (_, exponent) => 10 ** exponent);

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

/**
 * Cells are made in a scratch buffer while they are measured: their sizes need nearly all of the
 * work.
 */
export class DecimalWriter implements CellWriter {
  readonly #storage: DecimalStorage;
  readonly #format: 0 | 1;
  readonly #scales: DisplayScales | undefined;
  readonly #groups = new Int32Array(GROUPS_MAX);
  #scratch = Buffer.alloc(0);
  #scratchView = new DataView(new ArrayBuffer(0));
  /** Where each cell's value ends in the scratch buffer; it starts where the one before it ends. */
  #ends = new Int32Array();
  #validity: Validity;
  #rows = 0;

  constructor(storage: DecimalStorage, format: 0 | 1, scales?: DisplayScales) {
    this.#storage = storage;
    this.#format = format;
    this.#scales = scales;
  }

  measure(vector: duckdb.Vector, rows: number, sizes: Int32Array): void {
    const units = new DecimalUnits(this.#storage, vector, rows);
    const validity = readValidity(vector, rows);
    this.#validity = validity;
    this.#rows = rows;
    this.#makeRoom(rows * CELL_BYTES_MAX);
    if (this.#ends.length < rows) this.#ends = new Int32Array(rows);
    let at = 0;
    for (let row = 0; row < rows; row += 1) {
      const start = at;
      if (!isNull(validity, row)) at = this.#put(units, row, at);
      this.#ends[row] = at;
      sizes[row] = (sizes[row] as number) + LENGTH_BYTES + at - start;
    }
  }

  #makeRoom(bytes: number): void {
    if (bytes <= this.#scratch.length) return;
    const larger = Buffer.alloc(Math.max(bytes, this.#scratch.length * 2));
    larger.set(this.#scratch);
    this.#scratch = larger;
    this.#scratchView = new DataView(larger.buffer, larger.byteOffset, larger.length);
  }

  write(out: RowBuffer, places: Int32Array, from: number, until: number): void {
    const { bytes, view } = out;
    const scratch = this.#scratch;
    const validity = this.#validity;
    let next = from === 0 ? 0 : (this.#ends[from - 1] as number);
    for (let row = from; row < until; row += 1) {
      const end = this.#ends[row] as number;
      let at = places[row] as number;
      view.setInt32(at, isNull(validity, row) ? NULL_LENGTH : end - next);
      at += LENGTH_BYTES;
      for (; next < end; next += 1, at += 1) bytes[at] = scratch[next] as number;
      places[row] = at;
    }
  }

  #put(units: DecimalUnits, row: number, at: number): number {
    const { scale } = this.#storage;
    const displayScale = this.#scales === undefined ? scale : this.#scales.at(row);
    const quick = displayScale === scale ? units.number(row) : Number.NaN;
    const scaleMax = this.#format === 0 ? TEXT_SCALE_MAX : BINARY_SCALE_MAX;
    if (scale <= scaleMax && !Number.isNaN(quick)) {
      if (this.#format === 0) return putText(this.#scratch, at, quick, scale);
      return this.#putBinary(at, quick, scale);
    }
    const text = decimalText(units.bigint(row), scale, displayScale);
    this.#makeRoom(at + text.length + CELL_BYTES_MAX * (this.#rows - row));
    if (this.#format === 0) return putAscii(this.#scratch, at, text);
    const bytes = encodeNumeric(text);
    this.#scratch.set(bytes, at);
    return at + bytes.length;
  }

  /**
   * Groups of four decimal digits; https://www.postgresql.org/docs/current/datatype-numeric.html
   */
  #putBinary(at: number, units: number, scale: number): number {
    const groups = this.#groups;
    const magnitude = Math.abs(units);
    const divisor = POWERS[scale] as number;
    let whole = Math.floor(magnitude / divisor);
    const fractionGroups = (scale + BASE_DIGITS - 1) >> 2;
    const shift = POWERS[fractionGroups * BASE_DIGITS - scale] as number;
    let fraction = (magnitude - whole * divisor) * shift;
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
    const view = this.#scratchView;
    view.setInt16(at, count - first);
    view.setInt16(at + 2, count === first ? 0 : wholeGroups - 1 - first);
    view.setInt16(at + 4, units < 0 ? NEGATIVE : 0);
    view.setInt16(at + 6, scale);
    let to = at + 8;
    for (let i = first; i < count; i += 1, to += 2) view.setInt16(to, groups[i] as number);
    return to;
  }
}

function putText(bytes: Uint8Array, at: number, units: number, scale: number): number {
  if (scale === 0) return putInteger(bytes, at, units);
  const magnitude = Math.abs(units);
  const divisor = POWERS[scale] as number;
  const whole = Math.floor(magnitude / divisor);
  let to = at;
  if (units < 0) {
    bytes[to] = 45;
    to += 1;
  }
  to = putInteger(bytes, to, whole);
  bytes[to] = 46;
  return putPadded(bytes, to + 1, magnitude - whole * divisor, scale);
}
