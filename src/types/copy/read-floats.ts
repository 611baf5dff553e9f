/**
 * Floats out of bytes, in the forms that programs write; undefined for any other form, and where
 * rounding is a close call, which are the exact reader's to judge. Nothing is allocated: making a
 * string of each value cost more than all else that COPY does with it.
 */

import { readInteger } from "./read-numbers.ts";

const ZERO = 0x30;
const NINE = 0x39;
const MINUS = 0x2d;
const POINT = 0x2e;
const LETTER_E = 0x65;

/** Integers of up to 15 digits are exact in a number. */
const DIGITS_MAX = 15;
/** Of the digits behind those; ten to this power times the first ones is far below 10^22. */
const MORE_DIGITS_MAX = 7;

/** All that are exact in a number. */
const POWERS = Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));

/** A decimal of few digits times an exact power of ten is rounded once, so to the nearest. */
export function readFloat8(bytes: Uint8Array, start: number, end: number): number | undefined {
  const value = readDecimal(bytes, start, end, 2 ** 53, 22);
  return value ?? readLong(bytes, start, end);
}

/** Digits and a point alone, up to 22 digits that count. */
function readLong(bytes: Uint8Array, start: number, end: number): number | undefined {
  const isNegative = bytes[start] === MINUS;
  let first = 0;
  let firstDigits = 0;
  let more = 0;
  let moreDigits = 0;
  let point = end - 1;
  for (let at = isNegative ? start + 1 : start; at < end; at += 1) {
    const byte = bytes[at] as number;
    if (byte === POINT && point === end - 1) {
      point = at;
      continue;
    }
    if (byte < ZERO || byte > NINE) return undefined;
    if (firstDigits < DIGITS_MAX) {
      first = first * 10 + (byte - ZERO);
      if (first > 0) firstDigits += 1;
    } else {
      more = more * 10 + (byte - ZERO);
      moreDigits += 1;
    }
  }
  const decimals = end - 1 - point;
  if (first === 0 || moreDigits > MORE_DIGITS_MAX || decimals > 22) return undefined;
  const magnitude = quotient(first, POWERS[moreDigits] as number, more, POWERS[decimals] as number);
  return isNegative && magnitude !== undefined ? -magnitude : magnitude;
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
