/** Cells of date, time, timestamp and timestamptz. ISO text is written digit by digit. */

import type duckdb from "@duckdb/node-bindings";
import { civilFromDays, MICROS_PER_DAY, POSTGRES_EPOCH_DAYS } from "../types/calendar.ts";
import { timestampText, timestamptzText } from "../types/datetime.ts";
import type { TextSettings } from "../types/shape.ts";
import { offsetAt, offsetText } from "../types/time-zones.ts";
import { NEG_INFINITY, POS_INFINITY } from "../types/value.ts";
import { type CellWriter, FixedWriter, LENGTH_BYTES, NULL_LENGTH } from "./cell-writer.ts";
import { isNull, readData, readValidity, type Validity } from "./chunks.ts";
import { putAscii, putPadded } from "./digits.ts";
import { fractionDigits, putFraction } from "./encode-numbers.ts";
import { Int64Values } from "./int64-values.ts";
import { DATE_INFINITY, daysOf, microsOf } from "./moments.ts";
import type { RowBuffer } from "./row-buffer.ts";

const EPOCH_MICROS = POSTGRES_EPOCH_DAYS * MICROS_PER_DAY;
const SECOND = 1_000_000;
/** Nearer to 2000 than this (200 years), a moment needs no check of its range. */
const QUICK_MICROS = 200 * 366 * MICROS_PER_DAY;
/** "YYYY-MM-DD HH:MM:SS" */
const STAMP_LENGTH = 19;

export class DateBinaryWriter extends FixedWriter {
  #data: Int32Array = new Int32Array();

  constructor() {
    super(4);
  }

  protected load(vector: duckdb.Vector, rows: number): void {
    const { buffer, byteOffset } = readData(vector, rows, 4);
    this.#data = new Int32Array(buffer, byteOffset, rows);
  }

  write(out: RowBuffer, places: Int32Array, from: number, until: number): void {
    this.writeLengths(out, places, from, until);
    const { view } = out;
    for (let row = from; row < until; row += 1) {
      if (isNull(this.validity, row)) continue;
      const days = daysOf(this.#data[row] as number);
      const last = days > 0 ? DATE_INFINITY : -DATE_INFINITY - 1;
      const value = Number.isFinite(days) ? days - POSTGRES_EPOCH_DAYS : last;
      view.setInt32((places[row] as number) - 4, value);
    }
  }
}

export class TimestampBinaryWriter extends FixedWriter {
  #values = new Int64Values(new Uint8Array(), 0);

  constructor() {
    super(8);
  }

  protected load(vector: duckdb.Vector, rows: number): void {
    this.#values = new Int64Values(readData(vector, rows, 8), rows);
  }

  write(out: RowBuffer, places: Int32Array, from: number, until: number): void {
    this.writeLengths(out, places, from, until);
    const { view } = out;
    const { validity } = this;
    const values = this.#values;
    for (let row = from; row < until; row += 1) {
      if (isNull(validity, row)) continue;
      const at = (places[row] as number) - 8;
      const quick = values.isSafe(row) ? values.number(row) - EPOCH_MICROS : Number.NaN;
      if (quick > -QUICK_MICROS) {
        const high = Math.floor(quick / 2 ** 32);
        view.setInt32(at, high);
        view.setUint32(at + 4, quick - high * 2 ** 32);
      } else {
        const micros = microsOf(values.bigint(row));
        const hasEnd = micros !== POS_INFINITY && micros !== NEG_INFINITY;
        view.setBigInt64(at, hasEnd ? micros - BigInt(EPOCH_MICROS) : micros);
      }
    }
  }
}

/** Timestamps in ISO style; other styles are not on the hot path. */
export class TimestampTextWriter implements CellWriter {
  readonly #settings: TextSettings;
  readonly #hasZone: boolean;
  #validity: Validity;
  /** Local microseconds where the quick way serves, NaN elsewhere. */
  #local = new Float64Array();
  /** Text of the zone for each row when there is one, else the whole text of slow rows. */
  #texts: string[] = [];
  /** "YYYY-MM-DD" of the day it was last asked for: neighbouring rows are of one day. */
  readonly #dayText = Buffer.alloc(10);
  #day = Number.NaN;
  #offset = Number.NaN;
  #zone = "";

  constructor(hasZone: boolean, settings: TextSettings) {
    this.#hasZone = hasZone;
    this.#settings = settings;
  }

  measure(vector: duckdb.Vector, rows: number, sizes: Int32Array): void {
    const values = new Int64Values(readData(vector, rows, 8), rows);
    const validity = readValidity(vector, rows);
    this.#validity = validity;
    if (this.#local.length < rows) this.#local = new Float64Array(rows);
    const local = this.#local;
    for (let row = 0; row < rows; row += 1) {
      let length = 0;
      if (!isNull(validity, row)) {
        const micros = values.isSafe(row) ? this.#localOf(values.number(row), row) : Number.NaN;
        local[row] = micros;
        if (!Number.isNaN(micros)) {
          const fraction = micros - Math.floor(micros / SECOND) * SECOND;
          length = STAMP_LENGTH + (fraction === 0 ? 0 : 1 + fractionDigits(fraction));
          if (this.#hasZone) length += (this.#texts[row] as string).length;
        } else {
          length = this.#spell(row, microsOf(values.bigint(row)));
        }
      }
      sizes[row] = (sizes[row] as number) + LENGTH_BYTES + length;
    }
  }

  /** NaN outside of years 1 to 9999. Remembers the zone's text for the row. */
  #localOf(micros: number, row: number): number {
    let local = micros;
    if (this.#hasZone) {
      const offset = offsetAt(this.#settings.timeZone, Math.floor(micros / SECOND));
      if (offset !== this.#offset) {
        this.#offset = offset;
        this.#zone = offsetText(offset);
      }
      this.#texts[row] = this.#zone;
      local += offset * SECOND;
    }
    return local >= YEAR_1 && local < YEAR_10000 ? local : Number.NaN;
  }

  #spell(row: number, micros: bigint): number {
    const text = this.#hasZone
      ? timestamptzText(micros, this.#settings)
      : timestampText(micros, this.#settings.dateStyle);
    this.#texts[row] = text;
    return text.length;
  }

  write(out: RowBuffer, places: Int32Array, from: number, until: number): void {
    const { bytes, view } = out;
    const validity = this.#validity;
    for (let row = from; row < until; row += 1) {
      const at = places[row] as number;
      let end = at + LENGTH_BYTES;
      if (isNull(validity, row)) {
        view.setInt32(at, NULL_LENGTH);
      } else {
        const micros = this.#local[row] as number;
        if (!Number.isNaN(micros)) {
          end = this.#put(bytes, end, micros);
          if (this.#hasZone) end = putAscii(bytes, end, this.#texts[row] as string);
        } else {
          end = putAscii(bytes, end, this.#texts[row] as string);
        }
        view.setInt32(at, end - at - LENGTH_BYTES);
      }
      places[row] = end;
    }
  }

  #put(bytes: Buffer, at: number, micros: number): number {
    const day = Math.floor(micros / MICROS_PER_DAY);
    if (day !== this.#day) this.#turnTo(day);
    const dayText = this.#dayText;
    for (let i = 0; i < 10; i += 1) bytes[at + i] = dayText[i] as number;
    const rest = micros - day * MICROS_PER_DAY;
    const seconds = Math.floor(rest / SECOND);
    const minutes = (seconds / 60) | 0;
    const hours = (minutes / 60) | 0;
    bytes[at + 10] = 32;
    putTwo(bytes, at + 11, hours);
    bytes[at + 13] = 58;
    putTwo(bytes, at + 14, minutes - hours * 60);
    bytes[at + 16] = 58;
    putTwo(bytes, at + 17, seconds - minutes * 60);
    return putFraction(bytes, at + STAMP_LENGTH, rest - seconds * SECOND);
  }

  #turnTo(day: number): void {
    const { year, month, day: dayOfMonth } = civilFromDays(day);
    putPadded(this.#dayText, 0, year, 4);
    this.#dayText[4] = 45;
    putTwo(this.#dayText, 5, month);
    this.#dayText[7] = 45;
    putTwo(this.#dayText, 8, dayOfMonth);
    this.#day = day;
  }
}

const YEAR_1 = -62_135_596_800 * SECOND;
const YEAR_10000 = 253_402_300_800 * SECOND;

function putTwo(bytes: Uint8Array, at: number, value: number): void {
  const tens = (value / 10) | 0;
  bytes[at] = 48 + tens;
  bytes[at + 1] = 48 + value - tens * 10;
}
