/**
 * Integers and dates out of bytes, in the forms that programs write. Each gives undefined for any
 * other form, wrong or only unusual, which is the exact reader's to judge.
 */

import { daysFromCivil, daysInMonth } from "../calendar.ts";
import type { FieldPlaces } from "./field-places.ts";

const ZERO = 0x30;
const MINUS = 0x2d;

/** Integers of up to 15 digits are exact in a number. */
const DIGITS_MAX = 15;

export function readInteger(bytes: Uint8Array, start: number, end: number): number | undefined {
  const isNegative = bytes[start] === MINUS;
  let at = isNegative ? start + 1 : start;
  if (at >= end || end - at > DIGITS_MAX) return undefined;
  let value = 0;
  for (; at < end; at += 1) {
    const digit = (bytes[at] as number) - ZERO;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10 + digit;
  }
  return isNegative && value !== 0 ? -value : value;
}

/** Integers of magnitudes below `limit`, or the negative limit; NaN for what is none. */
export function readIntegers(fields: FieldPlaces, limit: number, into: Float64Array): void {
  const { bytes, starts, ends, count } = fields;
  for (let i = 0; i < count; i += 1) {
    const start = starts[i] as number;
    const value = start < 0 ? undefined : readInteger(bytes, start, ends[i] as number);
    const isInside = value !== undefined && value < limit && value >= -limit;
    into[i] = isInside ? value : Number.NaN;
  }
}

/** `2026-01-31`, years from 1 to 9999. */
export function readDate(bytes: Uint8Array, start: number, end: number): number | undefined {
  return end - start === 10 ? isoDays(bytes, start) : undefined;
}

let lastDate = 0;
let lastDays = 0;

/** Days of the ten bytes at `start`; rows next to each other mostly share their day. */
export function isoDays(bytes: Uint8Array, start: number): number | undefined {
  if (bytes[start + 4] !== MINUS || bytes[start + 7] !== MINUS) return undefined;
  const century = twoDigits(bytes, start);
  const yearOfCentury = twoDigits(bytes, start + 2);
  const month = twoDigits(bytes, start + 5);
  const day = twoDigits(bytes, start + 8);
  if (century < 0 || yearOfCentury < 0 || month < 1 || month > 12 || day < 1) return undefined;
  const year = century * 100 + yearOfCentury;
  const date = year * 10_000 + month * 100 + day;
  if (date === lastDate) return lastDays;
  if (year === 0 || day > daysInMonth(year, month)) return undefined;
  lastDate = date;
  lastDays = daysFromCivil(year, month, day);
  return lastDays;
}

/** -1: not two digits. */
export function twoDigits(bytes: Uint8Array, at: number): number {
  const tens = (bytes[at] as number) - ZERO;
  const ones = (bytes[at + 1] as number) - ZERO;
  return tens < 0 || tens > 9 || ones < 0 || ones > 9 ? -1 : tens * 10 + ones;
}
