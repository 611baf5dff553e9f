/** Cells of date, time, timestamp and timestamptz. ISO text is written digit by digit. */

import type duckdb from "@duckdb/node-bindings";
import { civilFromDays, MICROS_PER_DAY, POSTGRES_EPOCH_DAYS } from "../types/calendar.ts";
import { timestampText, timestamptzText } from "../types/datetime.ts";
import type { TextSettings } from "../types/shape.ts";
import { offsetAt, offsetText } from "../types/time-zones.ts";
import { NEG_INFINITY, POS_INFINITY } from "../types/value.ts";
import { type CellWriter, FixedWriter, LENGTH_BYTES, NULL_LENGTH } from "./cell-writer.ts";
import { isNull, readData, readValidity, type Validity } from "./chunks.ts";
import { putAscii, putPadded, putTwo } from "./digits.ts";
import { fractionDigits, putFraction } from "./encode-numbers.ts";
import { Int64Values } from "./int64-values.ts";
import { DATE_INFINITY, daysOf, microsOf } from "./moments.ts";
import type { RowBuffer } from "./row-buffer.ts";

const EPOCH_MICROS = POSTGRES_EPOCH_DAYS * MICROS_PER_DAY;
const SECOND = 1_000_000;
const DAY_SECONDS = 86_400;
const EPOCH_HIGH = Math.floor(EPOCH_MICROS / 2 ** 32);
const EPOCH_LOW = EPOCH_MICROS % 2 ** 32;
/** Nearer to 1970 than this many times 2^32 microseconds, 140,000 years, nothing is infinite. */
const FINITE_HIGH = 2 ** 30;
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
  #data: Uint8Array = new Uint8Array();
  #words: Int32Array = new Int32Array();

  constructor() {
    super(8);
  }

  protected load(vector: duckdb.Vector, rows: number): void {
    this.#data = readData(vector, rows, 8);
    this.#words = new Int32Array(this.#data.buffer, this.#data.byteOffset, rows * 2);
  }

  write({ view }: RowBuffer, places: Int32Array, from: number, until: number): void {
    const { validity } = this;
    const words = this.#words;
    for (let row = from; row < until; row += 1) {
      const at = places[row] as number;
      if (isNull(validity, row)) {
        view.setInt32(at, NULL_LENGTH);
        places[row] = at + LENGTH_BYTES;
        continue;
      }
      const low = words[row * 2] as number;
      const high = words[row * 2 + 1] as number;
      view.setInt32(at, 8);
      if (high < FINITE_HIGH && high > -FINITE_HIGH) {
        const borrowed = low >>> 0 < EPOCH_LOW ? 1 : 0;
        view.setInt32(at + 4, high - EPOCH_HIGH - borrowed);
        view.setInt32(at + 8, low - EPOCH_LOW);
      } else {
        view.setBigInt64(at + 4, this.#farMicros(row));
      }
      places[row] = at + 12;
    }
  }

  #farMicros(row: number): bigint {
    const micros = microsOf(new Int64Values(this.#data, row + 1).bigint(row));
    const hasEnd = micros !== POS_INFINITY && micros !== NEG_INFINITY;
    return hasEnd ? micros - BigInt(EPOCH_MICROS) : micros;
  }
}

/** Timestamps in ISO style; other styles are not on the hot path. */
export class TimestampTextWriter implements CellWriter {
  readonly #settings: TextSettings;
  readonly #hasZone: boolean;
  #validity: Validity;
  /** Local seconds where the quick way serves, NaN elsewhere, and microseconds besides. */
  #seconds = new Float64Array();
  #fractions = new Int32Array();
  /** Text of the zone for each row when there is one, else the whole text of slow rows. */
  #texts: string[] = [];
  /** "YYYY-MM-DD " of the day it was last asked for: neighbouring rows are of one day. */
  readonly #dayText = new DataView(new ArrayBuffer(12));
  /** Local seconds when that day begins. */
  #dayStart = Number.NaN;
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
    if (this.#seconds.length < rows) {
      this.#seconds = new Float64Array(rows);
      this.#fractions = new Int32Array(rows);
    }
    for (let row = 0; row < rows; row += 1) {
      let length = 0;
      if (!isNull(validity, row)) {
        const micros = values.isSafe(row) ? this.#localOf(values.number(row), row) : Number.NaN;
        const seconds = Math.floor(micros / SECOND);
        this.#seconds[row] = seconds;
        if (!Number.isNaN(seconds)) {
          const fraction = micros - seconds * SECOND;
          this.#fractions[row] = fraction;
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
        const seconds = this.#seconds[row] as number;
        if (!Number.isNaN(seconds)) {
          end = this.#put(out, end, seconds, this.#fractions[row] as number);
          if (this.#hasZone) end = putAscii(bytes, end, this.#texts[row] as string);
        } else {
          end = putAscii(bytes, end, this.#texts[row] as string);
        }
        view.setInt32(at, end - at - LENGTH_BYTES);
      }
      places[row] = end;
    }
  }

  #put({ bytes, view }: RowBuffer, at: number, seconds: number, fraction: number): number {
    let ofDay = seconds - this.#dayStart;
    if (!(ofDay >= 0 && ofDay < DAY_SECONDS)) {
      const day = Math.floor(seconds / DAY_SECONDS);
      this.#turnTo(day);
      ofDay = seconds - day * DAY_SECONDS;
    }
    const dayText = this.#dayText;
    view.setInt32(at, dayText.getInt32(0));
    view.setInt32(at + 4, dayText.getInt32(4));
    view.setInt32(at + 8, dayText.getInt32(8)); // with a blank, and a byte that is written below
    const minutes = (ofDay / 60) | 0;
    const hours = (minutes / 60) | 0;
    putTwo(bytes, at + 11, hours);
    bytes[at + 13] = 58;
    putTwo(bytes, at + 14, minutes - hours * 60);
    bytes[at + 16] = 58;
    putTwo(bytes, at + 17, ofDay - minutes * 60);
    return putFraction(bytes, at + STAMP_LENGTH, fraction);
  }

  #turnTo(day: number): void {
    const { year, month, day: dayOfMonth } = civilFromDays(day);
    const text = new Uint8Array(this.#dayText.buffer);
    putPadded(text, 0, year, 4);
    text[4] = 45;
    putTwo(text, 5, month);
    text[7] = 45;
    putTwo(text, 8, dayOfMonth);
    text[10] = 32;
    this.#dayStart = day * DAY_SECONDS;
  }
}

const YEAR_1 = -62_135_596_800 * SECOND;
const YEAR_10000 = 253_402_300_800 * SECOND;
