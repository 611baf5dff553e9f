/** Cells of date, time, timestamp and timestamptz. ISO text is written digit by digit. */

import type duckdb from "@duckdb/node-bindings";
import { SqlError } from "../base/errors.ts";
import { civilFromDays, DATE_MIN, MICROS_PER_DAY, POSTGRES_EPOCH_DAYS } from "../types/calendar.ts";
import { dateText, timestampText, timestamptzText, timeText } from "../types/datetime.ts";
import type { TextSettings } from "../types/shape.ts";
import { offsetAt, offsetText } from "../types/time-zones.ts";
import { NEG_INFINITY, POS_INFINITY } from "../types/value.ts";
import { NullableWriter } from "./cell-writer.ts";
import { readData, readValidity, type Validity } from "./chunks.ts";
import { putAscii, putPadded } from "./digits.ts";
import { Int64Values } from "./encode-numbers.ts";
import type { RowBuffer } from "./row-buffer.ts";

const EPOCH_MICROS = POSTGRES_EPOCH_DAYS * MICROS_PER_DAY;
const DATE_INFINITY = 0x7fff_ffff;
const SECOND = 1_000_000;
/** DuckDB's minus infinity; its plus infinity is PostgreSQL's. */
const DUCKDB_NEG_INFINITY = -POS_INFINITY;
/** 4713-11-24 BC, the first moment PostgreSQL can write. */
const MICROS_MIN = BigInt(DATE_MIN) * BigInt(MICROS_PER_DAY);

/** DuckDB's days as SqlValue's. @throws SqlError 22008 before PostgreSQL's first day. */
export function daysOf(days: number): number {
  if (days === DATE_INFINITY) return Infinity;
  if (days === -DATE_INFINITY) return -Infinity;
  if (days < DATE_MIN) throw new SqlError("22008", "date out of range");
  return days;
}

/** DuckDB's microseconds as SqlValue's. @throws SqlError 22008 before PostgreSQL's first moment. */
export function microsOf(micros: bigint): bigint {
  if (micros === DUCKDB_NEG_INFINITY) return NEG_INFINITY;
  if (micros < MICROS_MIN) throw new SqlError("22008", "timestamp out of range");
  return micros;
}

/** Remembers the text of the last day: neighbouring rows are of one day. */
class DayText {
  #day = Number.NaN;
  readonly #text = Buffer.alloc(10);

  /** "YYYY-MM-DD" of a day in years 1 to 9999; undefined outside. */
  of(day: number): Uint8Array | undefined {
    if (day === this.#day) return this.#text;
    const { year, month, day: dayOfMonth } = civilFromDays(day);
    if (year < 1 || year > 9999) return undefined;
    putPadded(this.#text, 0, year, 4);
    putPadded(this.#text, 5, month, 2);
    putPadded(this.#text, 8, dayOfMonth, 2);
    this.#text[4] = 45;
    this.#text[7] = 45;
    this.#day = day;
    return this.#text;
  }
}

export class DateWriter extends NullableWriter {
  readonly #format: 0 | 1;
  readonly #style: TextSettings["dateStyle"];
  readonly #days = new DayText();
  #data: Int32Array = new Int32Array();

  constructor(format: 0 | 1, settings: TextSettings) {
    super();
    this.#format = format;
    this.#style = settings.dateStyle;
  }

  protected loadValues(vector: duckdb.Vector, rows: number): Validity {
    const { buffer, byteOffset } = readData(vector, rows, 4);
    this.#data = new Int32Array(buffer, byteOffset, rows);
    return readValidity(vector, rows);
  }

  protected writeValue(row: number, out: RowBuffer): void {
    const days = daysOf(this.#data[row] as number);
    if (this.#format === 1) {
      out.reserve(8);
      out.int32(4);
      const last = days > 0 ? DATE_INFINITY : -DATE_INFINITY - 1;
      out.int32(Number.isFinite(days) ? days - POSTGRES_EPOCH_DAYS : last);
      return;
    }
    const quick =
      this.#style.format === "ISO" && Number.isFinite(days) ? this.#days.of(days) : undefined;
    if (quick === undefined) out.ascii(dateText(days, this.#style));
    else out.block(quick);
  }
}

export class TimeWriter extends NullableWriter {
  #values = new Int64Values(new Uint8Array(), 0);

  protected loadValues(vector: duckdb.Vector, rows: number): Validity {
    this.#values = new Int64Values(readData(vector, rows, 8), rows);
    return readValidity(vector, rows);
  }

  protected writeValue(row: number, out: RowBuffer): void {
    out.ascii(timeText(this.#values.bigint(row)));
  }
}

export class TimestampBinaryWriter extends NullableWriter {
  #values = new Int64Values(new Uint8Array(), 0);

  protected loadValues(vector: duckdb.Vector, rows: number): Validity {
    this.#values = new Int64Values(readData(vector, rows, 8), rows);
    return readValidity(vector, rows);
  }

  protected writeValue(row: number, out: RowBuffer): void {
    out.reserve(12);
    out.int32(8);
    const quick = this.#values.isSafe(row) ? this.#values.number(row) - EPOCH_MICROS : Number.NaN;
    if (Number.isSafeInteger(quick) && quick > -MICROS_QUICK) {
      const high = Math.floor(quick / 2 ** 32);
      out.int32(high);
      out.int32(quick - high * 2 ** 32);
      return;
    }
    const micros = microsOf(this.#values.bigint(row));
    const isFiniteTime = micros !== POS_INFINITY && micros !== NEG_INFINITY;
    out.bytes.writeBigInt64BE(isFiniteTime ? micros - BigInt(EPOCH_MICROS) : micros, out.at);
    out.at += 8;
  }
}

/** Nearer to 2000 than this many microseconds (200 years), no check of the range is needed. */
const MICROS_QUICK = 200 * 366 * MICROS_PER_DAY;

export class TimestampTextWriter extends NullableWriter {
  readonly #settings: TextSettings;
  readonly #hasZone: boolean;
  readonly #days = new DayText();
  #offset = Number.NaN;
  #zone = "";
  #values = new Int64Values(new Uint8Array(), 0);

  constructor(hasZone: boolean, settings: TextSettings) {
    super();
    this.#hasZone = hasZone;
    this.#settings = settings;
  }

  protected loadValues(vector: duckdb.Vector, rows: number): Validity {
    this.#values = new Int64Values(readData(vector, rows, 8), rows);
    return readValidity(vector, rows);
  }

  protected writeValue(row: number, out: RowBuffer): void {
    if (this.#values.isSafe(row) && this.#settings.dateStyle.format === "ISO") {
      const micros = this.#values.number(row);
      const offset = this.#offsetAt(micros);
      const local = micros + offset * SECOND;
      const day = Math.floor(local / MICROS_PER_DAY);
      const dayText = this.#days.of(day);
      if (dayText !== undefined) {
        this.#put(dayText, local - day * MICROS_PER_DAY, out);
        return;
      }
    }
    const micros = microsOf(this.#values.bigint(row));
    if (this.#hasZone) out.ascii(timestamptzText(micros, this.#settings));
    else out.ascii(timestampText(micros, this.#settings.dateStyle));
  }

  #offsetAt(micros: number): number {
    if (!this.#hasZone) return 0;
    const offset = offsetAt(this.#settings.timeZone, Math.floor(micros / SECOND));
    if (offset !== this.#offset) {
      this.#offset = offset;
      this.#zone = offsetText(offset);
    }
    return offset;
  }

  #put(day: Uint8Array, microsOfDay: number, out: RowBuffer): void {
    out.reserve(64);
    const { bytes } = out;
    const start = out.at;
    let at = start + 4;
    for (let i = 0; i < 10; i += 1) bytes[at + i] = day[i] as number;
    bytes[at + 10] = 32;
    const seconds = Math.floor(microsOfDay / SECOND);
    const minutes = (seconds / 60) | 0;
    const hours = (minutes / 60) | 0;
    putPadded(bytes, at + 11, hours, 2);
    putPadded(bytes, at + 14, minutes - hours * 60, 2);
    putPadded(bytes, at + 17, seconds - minutes * 60, 2);
    bytes[at + 13] = 58;
    bytes[at + 16] = 58;
    at = putFraction(bytes, at + 19, microsOfDay - seconds * SECOND);
    if (this.#hasZone) at = putAscii(bytes, at, this.#zone);
    out.setInt32(at - start - 4, start);
    out.at = at;
  }
}

/** ".5" of 500000: six digits without the last zeros, nothing for 0. */
function putFraction(bytes: Uint8Array, at: number, micros: number): number {
  if (micros === 0) return at;
  bytes[at] = 46;
  let end = putPadded(bytes, at + 1, micros, 6);
  while (bytes[end - 1] === 48) end -= 1;
  return end;
}
