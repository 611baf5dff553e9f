/**
 * Numbers and dates out of bytes, in the forms that programs write. Each gives undefined for any
 * other form, wrong or only unusual, which is the exact reader's to judge.
 */

import { daysFromCivil, daysInMonth } from "../calendar.ts";

const ZERO = 0x30;
const NINE = 0x39;
const MINUS = 0x2d;
const POINT = 0x2e;
const LETTER_E = 0x65;

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

const POWERS = Array.from({ length: 23 }, (_, exponent) => 10 ** exponent);

/** A decimal of few digits times an exact power of ten is rounded once, so to the nearest. */
export function readFloat8(bytes: Uint8Array, start: number, end: number): number | undefined {
  const value = readDecimal(bytes, start, end, 2 ** 53, 22);
  return value ?? longFloat8(bytes, start, end);
}

const LENGTH_MAX = 32;
/** Far from where float8 overflows or loses digits. */
const MAGNITUDE_MAX = 1e300;
const MAGNITUDE_MIN = 1e-300;

/** Digits and points alone: JavaScript rounds them as PostgreSQL does. */
function longFloat8(bytes: Uint8Array, start: number, end: number): number | undefined {
  if (end - start > LENGTH_MAX) return undefined;
  for (let at = bytes[start] === MINUS ? start + 1 : start; at < end; at += 1) {
    const byte = bytes[at] as number;
    if ((byte < ZERO || byte > NINE) && byte !== POINT) return undefined;
  }
  const value = Number(
    Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("latin1"),
  );
  const magnitude = Math.abs(value);
  return magnitude > MAGNITUDE_MIN && magnitude < MAGNITUDE_MAX ? value : undefined;
}

/** With 24 bits and powers that fit into them, rounding twice gives what rounding once does. */
export function readFloat4(bytes: Uint8Array, start: number, end: number): number | undefined {
  const value = readDecimal(bytes, start, end, 2 ** 24, 10);
  return value === undefined ? undefined : Math.fround(value);
}

function readDecimal(
  bytes: Uint8Array,
  start: number,
  end: number,
  mantissaMax: number,
  exponentMax: number,
): number | undefined {
  const isNegative = bytes[start] === MINUS;
  const first = isNegative ? start + 1 : start;
  let at = first;
  let mantissa = 0;
  let point = -1;
  for (; at < end; at += 1) {
    const byte = bytes[at] as number;
    if (byte >= ZERO && byte <= NINE) mantissa = mantissa * 10 + (byte - ZERO);
    else if (byte === POINT && point < 0) point = at;
    else break;
  }
  const digits = at - first - (point < 0 ? 0 : 1);
  if (digits < 1 || digits > DIGITS_MAX || mantissa > mantissaMax) return undefined;
  let exponent = point < 0 ? 0 : point + 1 - at;
  if (at < end) {
    if (((bytes[at] as number) | 0x20) !== LETTER_E) return undefined;
    const isPlus = bytes[at + 1] === 0x2b;
    const written = end - at > 5 ? undefined : readInteger(bytes, at + (isPlus ? 2 : 1), end);
    if (written === undefined || (isPlus && bytes[at + 2] === MINUS)) return undefined;
    exponent += written;
  }
  if (exponent > exponentMax || exponent < -exponentMax) return undefined;
  const power = POWERS[Math.abs(exponent)] as number;
  const value = exponent < 0 ? mantissa / power : mantissa * power;
  return isNegative ? -value : value;
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
