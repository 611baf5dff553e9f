/**
 * Floats out of bytes, in the forms that programs write; undefined for any other form, and where
 * rounding is a close call, which are the exact reader's to judge. Nothing is allocated: making a
 * string of each value cost more than all else that COPY does with it.
 */

import type { FieldPlaces } from "./field-places.ts";
import { readInteger } from "./read-numbers.ts";

const ZERO = 0x30;
const PLUS = 0x2b;
const MINUS = 0x2d;
const POINT = 0x2e;
const LETTER_E = 0x65;

/** Integers of up to 15 digits are exact in a number. */
const DIGITS_MAX = 15;
/** Of the digits behind those; ten to this power times the first ones is far below 10^22. */
const MORE_DIGITS_MAX = 7;

/** Up to this power of ten all are exact in a number. */
const EXPONENT_MAX = 22;
const POWERS = Array.from({ length: EXPONENT_MAX + 1 }, (_, exponent) => Number(`1e${exponent}`));

/** NaN for NULL and for what `readFloat8` does not read. */
export function readFloats(fields: FieldPlaces, into: Float64Array): void {
  const { bytes, starts, ends, count } = fields;
  for (let i = 0; i < count; i += 1) {
    const start = starts[i] as number;
    const value = start < 0 ? undefined : readFloat8(bytes, start, ends[i] as number);
    into[i] = value ?? Number.NaN;
  }
}

/** Up to 22 digits that count, and a power of ten. */
export function readFloat8(bytes: Uint8Array, start: number, end: number): number | undefined {
  const isNegative = bytes[start] === MINUS;
  const begin = isNegative ? start + 1 : start;
  let first = 0;
  let firstDigits = 0;
  let more = 0;
  let moreDigits = 0;
  let point = -1;
  let at = begin;
  for (; at < end; at += 1) {
    const digit = (bytes[at] as number) - ZERO;
    if (digit >= 0 && digit <= 9) {
      if (firstDigits < DIGITS_MAX) {
        first = first * 10 + digit;
        if (first > 0) firstDigits += 1;
      } else {
        more = more * 10 + digit;
        moreDigits += 1;
      }
    } else if (digit === POINT - ZERO && point < 0) point = at;
    else break;
  }
  if (at - begin - (point < 0 ? 0 : 1) < 1) return undefined;
  const decimals = point < 0 ? 0 : at - 1 - point;
  const exponent = at === end ? 0 : readExponent(bytes, at, end);
  const magnitude =
    moreDigits === 0
      ? scaled(first, exponent - decimals, EXPONENT_MAX)
      : exponent === 0
        ? longDecimal(first, more, moreDigits, decimals)
        : undefined;
  return isNegative && magnitude !== undefined ? -magnitude : magnitude;
}

/** Of more than 15 digits. */
function longDecimal(
  first: number,
  more: number,
  moreDigits: number,
  decimals: number,
): number | undefined {
  if (moreDigits > MORE_DIGITS_MAX || decimals > EXPONENT_MAX) return undefined;
  return quotient(first, POWERS[moreDigits] as number, more, POWERS[decimals] as number);
}

/** Of an error term's error. */
const DOUBT = 2 ** -40;

/**
 * (first * power + more) / divisor, rounded once. The division is done in numbers and what it
 * leaves out computed exactly: the quotient's correction is then known to far more digits than
 * decide the rounding, unless the value lies all but halfway between two numbers: undefined.
 */
function quotient(first: number, power: number, more: number, divisor: number): number | undefined {
  const product = first * power;
  const dividend = product + more;
  const rest = more - (dividend - product) + productError(first, power, product);
  const rough = dividend / divisor;
  const back = rough * divisor;
  const missing = dividend - back - productError(rough, divisor, back) + rest;
  const correction = missing / divisor;
  const doubt = Math.abs(correction) * DOUBT;
  const value = rough + (correction - doubt);
  return value === rough + (correction + doubt) ? value : undefined;
}

/** 2^27 + 1, by which a number is split into two of half its digits. */
const SPLITTER = 134_217_729;

/** What is missing from the rounded product of two numbers, exactly. */
function productError(a: number, b: number, product: number): number {
  const scaledA = SPLITTER * a;
  const highA = scaledA - (scaledA - a);
  const lowA = a - highA;
  const scaledB = SPLITTER * b;
  const highB = scaledB - (scaledB - b);
  const lowB = b - highB;
  return lowA * lowB - (product - highA * highB - lowA * highB - highA * lowB);
}

/** With 24 bits and powers that fit into them, rounding twice gives what rounding once does. */
export function readFloat4(bytes: Uint8Array, start: number, end: number): number | undefined {
  const isNegative = bytes[start] === MINUS;
  const first = isNegative ? start + 1 : start;
  let at = first;
  let mantissa = 0;
  let point = -1;
  for (; at < end; at += 1) {
    const digit = (bytes[at] as number) - ZERO;
    if (digit >= 0 && digit <= 9) mantissa = mantissa * 10 + digit;
    else if (digit === POINT - ZERO && point < 0) point = at;
    else break;
  }
  const digits = at - first - (point < 0 ? 0 : 1);
  if (digits < 1 || digits > DIGITS_MAX || mantissa > 2 ** 24) return undefined;
  const decimals = point < 0 ? 0 : at - 1 - point;
  const exponent = at === end ? 0 : readExponent(bytes, at, end);
  const magnitude = scaled(mantissa, exponent - decimals, 10);
  if (magnitude === undefined) return undefined;
  return Math.fround(isNegative ? -magnitude : magnitude);
}

/** `e5`, `E-05`, `e+5`, at most five bytes; NaN for anything else. */
function readExponent(bytes: Uint8Array, at: number, end: number): number {
  if (((bytes[at] as number) | 0x20) !== LETTER_E || end - at > 5) return Number.NaN;
  const isPlus = bytes[at + 1] === PLUS;
  if (isPlus && bytes[at + 2] === MINUS) return Number.NaN;
  return readInteger(bytes, at + (isPlus ? 2 : 1), end) ?? Number.NaN;
}

/** A decimal of few digits times an exact power of ten is rounded once, so to the nearest. */
function scaled(digits: number, exponent: number, exponentMax: number): number | undefined {
  if (!(exponent <= exponentMax && exponent >= -exponentMax)) return undefined;
  const power = POWERS[Math.abs(exponent)] as number;
  return exponent < 0 ? digits / power : digits * power;
}
