/**
 * The second step of reading dates and times: fields → year, month, day, time, zone.
 * PostgreSQL's DecodeDateTime, so that every text means here what it means there.
 */

import { daysFromCivil, daysInMonth, JULIAN_OF_EPOCH } from "./calendar.ts";
import { decodeClock, decodeOffset, int32, numberFraction } from "./datetime-clock.ts";
import {
  badFormat,
  DatetimeFault,
  type DatetimeField,
  fieldFault,
  KEYWORDS,
  type Reserved,
} from "./datetime-fields.ts";
import { concatenated, decodeNumber } from "./datetime-numbers.ts";
import {
  checkTimeOfDay,
  DATE,
  DAY,
  DAY_OF_YEAR,
  DatetimeState,
  type DecodeSettings,
  ERA,
  HALF_DAY,
  MONTH,
  microsOf,
  TIME,
  WEEKDAY,
  YEAR,
  ZONE,
} from "./datetime-state.ts";
import { offsetAt, offsetOfLocal, resolveZone } from "./time-zones.ts";
import { abbreviatedZone } from "./zone-abbreviations.ts";

export type Decoded =
  | { readonly kind: "special"; readonly value: "epoch" | "infinity" | "-infinity" }
  | {
      readonly kind: "moment";
      readonly year: number;
      readonly month: number;
      readonly day: number;
      readonly microsOfDay: number;
      /** Seconds east of Greenwich, as written or as the session's zone has it. */
      readonly offset: number;
    };

/** @throws DatetimeFault */
export function decodeDatetime(
  fields: readonly DatetimeField[],
  settings: DecodeSettings,
): Decoded {
  const state = new DatetimeState(settings);
  for (const field of fields) decodeField(state, field);
  if (state.prefix !== undefined) throw badFormat();
  const { special } = state;
  if (special === "epoch" || special === "infinity" || special === "-infinity") {
    return { kind: "special", value: special };
  }
  validateDate(state);
  applyHalfDay(state);
  if ((state.mask & DATE) !== DATE) throw badFormat();
  return {
    kind: "moment",
    year: state.year,
    month: state.month,
    day: state.day,
    microsOfDay: microsOf(state),
    offset: finalOffset(state),
  };
}

function decodeField(state: DatetimeState, field: DatetimeField) {
  switch (field.kind) {
    case "date":
      return decodeDateField(state, field.text);
    case "time":
      if (state.prefix !== undefined && state.prefix !== "time") throw badFormat();
      state.prefix = undefined;
      return decodeTime(state, field.text);
    case "zone":
      state.offset = decodeOffset(field.text);
      return state.mark(ZONE);
    case "number":
      return decodeNumberField(state, field.text);
    case "word":
    case "signed-word":
      return decodeWord(state, field.text);
  }
}

function decodeDateField(state: DatetimeState, text: string) {
  if (state.prefix === "julian") {
    const digits = /^\d+/.exec(text)?.[0] ?? "";
    state.setDays(int32(digits) - JULIAN_OF_EPOCH);
    state.isJulian = true;
    state.prefix = undefined;
    state.offset = decodeOffset(text.slice(digits.length));
    return state.mark(DATE | TIME | ZONE);
  }
  const hasDay = (state.mask & (MONTH | DAY)) === (MONTH | DAY);
  if (state.prefix === undefined && !hasDay) return decodeDate(state, text);
  if (!/^\d/.test(text) && state.prefix === undefined) {
    const zone = resolveZone(text);
    if (zone === undefined) throw new DatetimeFault("zone", text);
    state.zone = zone;
    return state.mark(ZONE);
  }
  if (state.prefix !== undefined && state.prefix !== "time") throw badFormat();
  state.prefix = undefined;
  const minus = text.indexOf("-");
  if ((state.mask & TIME) !== 0 || minus < 0) throw badFormat();
  state.offset = decodeOffset(text.slice(minus));
  concatenated(state, text.slice(0, minus), state.mask);
  state.mark(ZONE);
}

/** "2024-01-02", "2-jan-2024": parts between separators, text months first. */
function decodeDate(state: DatetimeState, text: string) {
  const parts = dateParts(text);
  const numbers: string[] = [];
  for (const part of parts) {
    if (/^\d/.test(part)) {
      numbers.push(part);
      continue;
    }
    const keyword = KEYWORDS.get(part);
    if (keyword?.kind === "ignored") continue;
    if (keyword?.kind !== "month") throw badFormat();
    state.month = keyword.value;
    state.hasTextMonth = true;
    state.mark(MONTH);
  }
  for (const number of numbers) decodeNumber(state, number);
  if ((state.mask & ~(DAY_OF_YEAR | ZONE)) !== DATE) throw badFormat();
}

function dateParts(text: string): string[] {
  const parts: string[] = [];
  let at = 0;
  while (at < text.length) {
    while (at < text.length && !/[a-z\d]/.test(text[at] as string)) at += 1;
    if (at === text.length) throw badFormat();
    const part = /^(?:\d+|[a-z]+)/.exec(text.slice(at))?.[0] ?? "";
    parts.push(part);
    at += part.length + 1; // whatever follows a part is dropped, a letter as well
  }
  return parts;
}

function decodeTime(state: DatetimeState, text: string) {
  const { hour, minute, second, fraction } = decodeClock(text);
  state.hour = Number(hour);
  state.minute = minute;
  state.second = second;
  state.fraction = fraction;
  checkTimeOfDay(state);
  state.mark(TIME);
}

function decodeNumberField(state: DatetimeState, text: string) {
  const { prefix } = state;
  const point = text.indexOf(".");
  const whole = point < 0 ? text : text.slice(0, point);
  if (prefix === undefined) {
    if (point >= 0 && (state.mask & DATE) === 0) return decodeDate(state, text);
    if (point >= 0 && whole.length > 2) return concatenated(state, text, state.mask);
    const isOpen = (state.mask & DATE) === 0 || (state.mask & TIME) === 0;
    if (text.length >= 6 && isOpen) return concatenated(state, text, state.mask);
    return decodeNumber(state, text);
  }
  state.prefix = undefined;
  if (prefix === "julian") {
    state.setDays(int32(whole) - JULIAN_OF_EPOCH);
    state.isJulian = true;
    if (point < 0) return state.mark(DATE);
    const micros = Math.trunc(numberFraction(text.slice(point)) * 86_400_000_000);
    state.hour = 0;
    state.minute = 0;
    state.second = Math.floor(micros / 1_000_000);
    state.fraction = micros % 1_000_000;
    return state.mark(DATE | TIME);
  }
  if (prefix !== "time") throw badFormat();
  concatenated(state, text, state.mask | DATE);
}

function decodeWord(state: DatetimeState, text: string) {
  const zone = abbreviatedZone(text, state.settings.timeZone);
  if (zone !== undefined) {
    state.zone = zone;
    return state.mark(ZONE);
  }
  const keyword = KEYWORDS.get(text);
  if (keyword === undefined) {
    const named = resolveZone(text);
    if (named === undefined) throw badFormat();
    state.zone = named;
    return state.mark(ZONE);
  }
  switch (keyword.kind) {
    case "reserved":
      return decodeReserved(state, keyword.value);
    case "month":
      if ((state.mask & (MONTH | DAY)) === MONTH && !state.hasTextMonth && state.month <= 31) {
        state.day = state.month; // the number before was the day
        state.mark(DAY);
      } else state.mark(MONTH);
      state.hasTextMonth = true;
      state.month = keyword.value;
      return;
    case "daylight":
      throw badFormat(); // "MET DST": no zone of today's is written so
    case "half-day":
      state.halfDay = keyword.value;
      return state.mark(HALF_DAY);
    case "era":
      state.isBeforeChrist = keyword.value === "bc";
      return state.mark(ERA);
    case "weekday":
      return state.mark(WEEKDAY);
    case "prefix":
    case "iso-time": {
      const isIso = keyword.kind === "iso-time";
      if (state.prefix !== undefined || (isIso && (state.mask & DATE) !== DATE)) throw badFormat();
      state.prefix = isIso ? "time" : keyword.value;
      return;
    }
    case "ignored":
      return;
  }
}

function decodeReserved(state: DatetimeState, value: Reserved) {
  const { nowMicros, timeZone } = state.settings;
  state.special = value;
  if (value === "epoch" || value === "infinity" || value === "-infinity") {
    return state.mark(DATE | TIME | ZONE);
  }
  if (value === "midnight") {
    state.hour = 0;
    state.minute = 0;
    state.second = 0;
    state.offset = 0;
    return state.mark(TIME | ZONE);
  }
  const utcSeconds = Math.floor(Number(nowMicros) / 1_000_000);
  const offset = offsetAt(timeZone, utcSeconds);
  const local = utcSeconds + offset;
  const today = Math.floor(local / 86_400);
  state.setDays(today + (value === "tomorrow" ? 1 : value === "yesterday" ? -1 : 0));
  if (value !== "now") return state.mark(DATE);
  state.hour = 0;
  state.minute = 0;
  state.second = local - today * 86_400;
  state.fraction = Number(((nowMicros % 1_000_000n) + 1_000_000n) % 1_000_000n);
  state.offset = offset;
  state.mark(DATE | TIME | ZONE);
}

function validateDate(state: DatetimeState) {
  if ((state.mask & YEAR) !== 0 && !state.isJulian) {
    const isRelative = state.special !== undefined && state.special !== "midnight";
    if (state.isBeforeChrist) {
      if (state.year <= 0) throw fieldFault();
      state.year = 1 - state.year;
    } else if (state.isShortYear) {
      if (state.year < 70) state.year += 2000;
      else if (state.year < 100) state.year += 1900;
    } else if (state.year <= 0 && !isRelative) throw fieldFault();
  }
  if ((state.mask & DAY_OF_YEAR) !== 0) {
    state.setDays(daysFromCivil(state.year, 1, 1) + state.dayOfYear - 1);
  }
  const { mask, month, day } = state;
  const isBadMonth = (mask & MONTH) !== 0 && (month < 1 || month > 12);
  if (isBadMonth || ((mask & DAY) !== 0 && (day < 1 || day > 31))) {
    throw new DatetimeFault("month-day");
  }
  if ((mask & DATE) === DATE && day > daysInMonth(state.year, month)) throw fieldFault();
}

export function applyHalfDay(state: DatetimeState): void {
  if (state.halfDay === undefined) return;
  if (state.hour > 12) throw fieldFault();
  if (state.halfDay === "am" && state.hour === 12) state.hour = 0;
  else if (state.halfDay === "pm" && state.hour !== 12) state.hour += 12;
}

function finalOffset(state: DatetimeState): number {
  const hasZone = (state.mask & ZONE) !== 0;
  if (hasZone && state.zone === undefined) return state.offset;
  const days = daysFromCivil(state.year, state.month, state.day);
  const local = days * 86_400 + Math.floor(microsOf(state) / 1_000_000);
  return offsetOfLocal(state.zone ?? state.settings.timeZone, local);
}
