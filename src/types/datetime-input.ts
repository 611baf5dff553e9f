/** Texts of date, time, timestamp and timestamptz → values, as PostgreSQL reads them. */

import { SqlError } from "../base/errors.ts";
import { DATE_MAX, DATE_MIN, daysFromCivil, MICROS_PER_DAY } from "./calendar.ts";
import { decodeClock, decodeOffset } from "./datetime-clock.ts";
import { applyHalfDay, type Decoded, decodeDatetime } from "./datetime-decode.ts";
import { badFormat, DatetimeFault, KEYWORDS, splitFields } from "./datetime-fields.ts";
import { concatenated } from "./datetime-numbers.ts";
import { checkTimeOfDay, DATE, DatetimeState, microsOf, TIME } from "./datetime-state.ts";
import { fieldOverflow, invalidDatetimeSyntax } from "./input-errors.ts";
import type { TextSettings } from "./shape.ts";
import { offsetAt, offsetOfLocal, resolveZone, type Zone } from "./time-zones.ts";
import { NEG_INFINITY, POS_INFINITY } from "./value.ts";
import { abbreviatedZone } from "./zone-abbreviations.ts";

/** What reading needs beyond the settings of printing: the meaning of "now". */
export interface InputSettings extends TextSettings {
  /** Start of the transaction, microseconds since 1970; the clock when absent. */
  readonly nowMicros?: bigint;
}

const FIELDS_LENGTH_MAX = 153;

/** Inclusive: 4714-11-24 00:00:00 BC; below the smallest value kept for infinity. */
const TIMESTAMP_MIN = BigInt(DATE_MIN) * BigInt(MICROS_PER_DAY);

type DatetimeType = "date" | "time" | "timestamp" | "timestamp with time zone";

/** Days since 1970-01-01 or ±Infinity. @throws SqlError 22007, 22008, 22009, 22023 */
export function parseDate(text: string, settings: InputSettings): number {
  const decoded = decode(text, settings, "date");
  if (decoded.kind === "special") {
    if (decoded.value === "epoch") return 0;
    return decoded.value === "infinity" ? Infinity : -Infinity;
  }
  const days = daysFromCivil(decoded.year, decoded.month, decoded.day);
  if (days < DATE_MIN || days > DATE_MAX) throw outOfDateRange("date", text);
  return days;
}

/** Microseconds since 1970-01-01; a zone in the text is read and ignored, as PostgreSQL does. */
export function parseTimestamp(text: string, settings: InputSettings): bigint {
  const decoded = decode(text, settings, "timestamp");
  if (decoded.kind === "special") return specialMicros(decoded.value);
  return momentMicros(decoded, 0, text);
}

export function parseTimestamptz(text: string, settings: InputSettings): bigint {
  const decoded = decode(text, settings, "timestamp with time zone");
  if (decoded.kind === "special") return specialMicros(decoded.value);
  return momentMicros(decoded, decoded.offset, text);
}

function decode(text: string, settings: InputSettings, type: DatetimeType): Decoded {
  const plain = plainMoment(text, settings.timeZone);
  if (plain !== undefined) return plain;
  return worded(text, type, () =>
    decodeDatetime(splitFields(text, FIELDS_LENGTH_MAX), {
      order: settings.dateStyle.order,
      timeZone: settings.timeZone,
      nowMicros: settings.nowMicros ?? BigInt(Date.now()) * 1000n,
    }),
  );
}

/** ISO 8601 as programs write it; days up to the 28th need no calendar. */
const PLAIN = new RegExp(
  [
    String.raw`^(\d{4})-(0[1-9]|1[0-2])-([01]\d|2[0-8])`,
    String.raw`(?:[ T]([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(?:\.(\d{1,6}))?`,
    String.raw`(Z|[+-](?:0\d|1[0-5])(?::?[0-5]\d)?)?)?$`,
  ].join(""),
);

/** The form nearly every text has, without the general machinery. */
function plainMoment(text: string, timeZone: Zone): Decoded | undefined {
  const match = PLAIN.exec(text);
  if (match === null || match[1] === "0000" || match[3] === "00") return undefined;
  const [, year = "", month = "", day = "", hour, minute, second, fraction, zone] = match;
  const date = { year: Number(year), month: Number(month), day: Number(day) };
  const seconds = Number(hour ?? 0) * 3600 + Number(minute ?? 0) * 60 + Number(second ?? 0);
  const micros = fraction === undefined ? 0 : Number(fraction.padEnd(6, "0"));
  return {
    kind: "moment",
    ...date,
    microsOfDay: seconds * 1_000_000 + micros,
    offset:
      zone === undefined
        ? offsetOfLocal(timeZone, daysFromCivil(date.year, date.month, date.day) * 86_400 + seconds)
        : plainOffset(zone),
  };
}

function plainOffset(zone: string): number {
  if (zone === "Z") return 0;
  const seconds = Number(zone.slice(1, 3)) * 3600 + Number(zone.slice(3).replace(":", "")) * 60;
  return zone.startsWith("-") ? -seconds : seconds;
}

function specialMicros(value: "epoch" | "infinity" | "-infinity"): bigint {
  if (value === "epoch") return 0n;
  return value === "infinity" ? POS_INFINITY : NEG_INFINITY;
}

function momentMicros(
  moment: Extract<Decoded, { kind: "moment" }>,
  offset: number,
  text: string,
): bigint {
  const days = daysFromCivil(moment.year, moment.month, moment.day);
  const micros =
    BigInt(days) * BigInt(MICROS_PER_DAY) + BigInt(moment.microsOfDay - offset * 1_000_000);
  if (micros < TIMESTAMP_MIN || micros >= POS_INFINITY) throw outOfDateRange("timestamp", text);
  return micros;
}

function outOfDateRange(type: string, text: string): SqlError {
  return new SqlError("22008", `${type} out of range: "${text}"`);
}

/** Microseconds since midnight. A date before it and a zone after it are read and ignored. */
export function parseTime(text: string, settings: InputSettings): bigint {
  return worded(text, "time", () => {
    const nowMicros = settings.nowMicros ?? BigInt(Date.now()) * 1000n;
    const state = new DatetimeState({
      order: settings.dateStyle.order,
      timeZone: settings.timeZone,
      nowMicros,
    });
    const fields = splitFields(text, FIELDS_LENGTH_MAX);
    let isNow = false;
    for (const [index, field] of fields.entries()) {
      const isLeadingDate = index === 0 && field.kind === "date" && fields[1]?.kind === "time";
      if (isLeadingDate) checkLeadingDate(field.text, settings);
      else if (field.kind === "time") timeField(state, field.text);
      else if (field.kind === "number") digitsField(state, field.text);
      else if (field.kind === "date" && /^\d+-/.test(field.text)) {
        const minus = field.text.indexOf("-");
        decodeOffset(field.text.slice(minus));
        digitsField(state, field.text.slice(0, minus));
      } else if (field.kind === "zone") decodeOffset(field.text);
      else isNow = timeWord(state, field.text, settings) || isNow;
    }
    if (isNow) return localTimeOf(nowMicros, settings);
    if ((state.mask & TIME) === 0 || state.prefix !== undefined) throw badFormat();
    applyHalfDay(state);
    checkTimeOfDay(state);
    return BigInt(microsOf(state));
  });
}

function timeField(state: DatetimeState, text: string): void {
  const { hour, minute, second, fraction } = decodeClock(text);
  state.prefix = undefined;
  state.hour = Number(hour);
  state.minute = minute;
  state.second = second;
  state.fraction = fraction;
  state.mark(TIME);
}

/** "040506" */
function digitsField(state: DatetimeState, text: string): void {
  state.prefix = undefined;
  concatenated(state, text, DATE | (state.mask & TIME));
}

function checkLeadingDate(text: string, settings: InputSettings): void {
  parseDate(text, settings);
}

/** Whether the word is "now". */
function timeWord(state: DatetimeState, word: string, settings: InputSettings): boolean {
  const keyword = KEYWORDS.get(word);
  if (keyword?.kind === "half-day") state.halfDay = keyword.value;
  else if (keyword?.kind === "iso-time") state.prefix = "time";
  else if (keyword?.kind === "reserved" && keyword.value === "now") return true;
  else if (keyword?.kind === "reserved" && keyword.value === "midnight") state.mark(TIME);
  else if (keyword?.kind !== "ignored" && keyword?.kind !== "era") {
    const zone = abbreviatedZone(word, settings.timeZone) ?? resolveZone(word);
    // A zone with daylight saving needs a date to mean anything; PostgreSQL refuses it, too.
    if (typeof zone !== "number" && zone !== "UTC") throw badFormat();
  }
  return false;
}

function localTimeOf(nowMicros: bigint, settings: InputSettings): bigint {
  const offset = offsetAt(settings.timeZone, Math.floor(Number(nowMicros) / 1_000_000));
  const local = nowMicros + BigInt(offset) * 1_000_000n;
  const day = BigInt(MICROS_PER_DAY);
  return ((local % day) + day) % day;
}

function worded<T>(text: string, type: DatetimeType, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof DatetimeFault) throw datetimeError(cause, text, type);
    throw cause;
  }
}

/** PostgreSQL's DateTimeParseError. */
export function datetimeError(fault: DatetimeFault, text: string, type: string): SqlError {
  switch (fault.kind) {
    case "format":
      return invalidDatetimeSyntax(type, text);
    case "field":
      return fieldOverflow(text);
    case "month-day":
      return new SqlError("22008", `date/time field value out of range: "${text}"`, {
        hint: 'Perhaps you need a different "DateStyle" setting.',
      });
    case "interval":
      return new SqlError("22015", `interval field value out of range: "${text}"`);
    case "displacement":
      return new SqlError("22009", `time zone displacement out of range: "${text}"`);
    case "zone":
      return new SqlError("22023", `time zone "${fault.zone}" not recognized`);
  }
}
