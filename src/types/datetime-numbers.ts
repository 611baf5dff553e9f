/**
 * Numbers of a date and time, whose meaning depends on what came before and on DateStyle's order.
 */

import { int32, secondFraction } from "./datetime-clock.ts";
import { badFormat } from "./datetime-fields.ts";
import { DATE, DAY, DAY_OF_YEAR, type DatetimeState, MONTH, TIME, YEAR } from "./datetime-state.ts";

/** Digits run together: yyyymmdd, yymmdd, hhmmss[.f], hhmm. `mask` says what is already known. */
export function concatenated(state: DatetimeState, text: string, mask: number) {
  const point = text.indexOf(".");
  const digits = point < 0 ? text : text.slice(0, point);
  if (point >= 0) state.fraction = secondFraction(text.slice(point));
  else if ((mask & DATE) !== DATE && digits.length >= 6) {
    state.day = Number(digits.slice(-2));
    state.month = Number(digits.slice(-4, -2));
    state.year = int32(digits.slice(0, -4));
    if (digits.length === 6) state.isShortYear = true;
    return state.mark(DATE);
  }
  if ((mask & TIME) === 0 && (digits.length === 6 || digits.length === 4)) {
    state.hour = Number(digits.slice(0, 2));
    state.minute = Number(digits.slice(2, 4));
    state.second = Number(digits.slice(4) || "0");
    return state.mark(TIME);
  }
  throw badFormat();
}

/** One number of a date whose meaning depends on what came before and on DateStyle's order. */
export function decodeNumber(state: DatetimeState, text: string) {
  const point = text.indexOf(".");
  const whole = point < 0 ? text : text.slice(0, point);
  if (whole === "") throw badFormat();
  const value = int32(whole);
  if (point >= 0) {
    if (whole.length > 2) return concatenated(state, text, state.mask | DATE);
    state.fraction = secondFraction(text.slice(point));
  }
  const known = state.mask & DATE;
  if (text.length === 3 && known === YEAR && value >= 1 && value <= 366) {
    state.dayOfYear = value;
    return state.mark(DAY_OF_YEAR | MONTH | DAY);
  }
  const { order } = state.settings;
  const isLong = text.length >= 3;
  switch (known) {
    case 0:
      if (isLong || order === "YMD") return setYear(state, value, text);
      return order === "DMY" ? setDay(state, value) : setMonth(state, value);
    case YEAR:
    case DAY:
      return setMonth(state, value);
    case MONTH:
      if (state.hasTextMonth && (isLong || order === "YMD")) return setYear(state, value, text);
      return setDay(state, value);
    case YEAR | MONTH:
      if (state.hasTextMonth && isLong && state.isShortYear) {
        state.day = state.year; // the guess that the first number was the year was wrong
        state.year = value;
        state.isShortYear = false;
        return state.mark(DAY);
      }
      return setDay(state, value);
    case MONTH | DAY:
      return setYear(state, value, text);
    case DATE:
      return concatenated(state, text, state.mask);
    default:
      throw badFormat();
  }
}

function setYear(state: DatetimeState, value: number, text: string) {
  state.year = value;
  state.isShortYear = text.length <= 2;
  state.mark(YEAR);
}

function setMonth(state: DatetimeState, value: number) {
  state.month = value;
  state.mark(MONTH);
}

function setDay(state: DatetimeState, value: number) {
  state.day = value;
  state.mark(DAY);
}
