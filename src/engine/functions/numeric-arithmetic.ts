/**
 * `+ - * / % div sqrt` of numeric with PostgreSQL's result scales. The scale of a quotient depends
 * on base-10000 digits, because that is how PostgreSQL stores a numeric (numeric.c,
 * select_div_scale).
 */

import {
  digitCount,
  divideRounded,
  finite,
  MINUS_INFINITY,
  NAN,
  type Numeric,
  PLUS_INFINITY,
  powerOfTen,
  SCALE_MAX,
  truncatedUnitsAt,
  unitsAt,
} from "./numeric-value.ts";
import { pgError } from "./scalar-function.ts";

/** Significant digits that PostgreSQL aims at in inexact results. */
export const SIGNIFICANT_DIGITS = 16;
const DISPLAY_SCALE_MAX = 1_000;

export function addNumeric(a: Numeric, b: Numeric): Numeric {
  if (a.special !== undefined || b.special !== undefined) {
    if (a.special === "NaN" || b.special === "NaN") return NAN;
    if (a.special === undefined) return b;
    return b.special === undefined || a.special === b.special ? a : NAN;
  }
  const scale = Math.max(a.scale, b.scale);
  return finite(unitsAt(a, scale) + unitsAt(b, scale), scale);
}

export function negateNumeric(a: Numeric): Numeric {
  if (a.special === undefined) return finite(-a.units, a.scale);
  if (a.special === "NaN") return a;
  return a.special === "Infinity" ? MINUS_INFINITY : PLUS_INFINITY;
}

export function subtractNumeric(a: Numeric, b: Numeric): Numeric {
  return addNumeric(a, negateNumeric(b));
}

export function multiplyNumeric(a: Numeric, b: Numeric): Numeric {
  if (a.special !== undefined || b.special !== undefined) {
    const sign = signOf(a) * signOf(b);
    if (Number.isNaN(sign) || sign === 0) return NAN;
    return sign > 0 ? PLUS_INFINITY : MINUS_INFINITY;
  }
  const product = finite(a.units * b.units, a.scale + b.scale);
  return product.scale <= SCALE_MAX ? product : finite(unitsAt(product, SCALE_MAX), SCALE_MAX);
}

/** -1, 0, 1, or NaN. */
export function signOf(value: Numeric): number {
  if (value.special === undefined) return value.units > 0n ? 1 : value.units < 0n ? -1 : 0;
  return value.special === "NaN" ? Number.NaN : value.special === "Infinity" ? 1 : -1;
}

export function divisionByZero(): Error {
  return pgError("22012", "division by zero");
}

export function divideNumeric(a: Numeric, b: Numeric): Numeric {
  const special = specialQuotient(a, b);
  if (special !== undefined) return special;
  const scale = divisionScale(a, b);
  return divideAt(a, b, scale);
}

/** The quotient at `scale`, rounded half away from zero. Both finite, `b` not zero. */
export function divideAt(a: Numeric, b: Numeric, scale: number): Numeric {
  const shift = scale + b.scale - a.scale;
  const numerator = shift >= 0 ? a.units * powerOfTen(shift) : a.units;
  const denominator = shift >= 0 ? b.units : b.units * powerOfTen(-shift);
  return finite(divideRounded(numerator, denominator), scale);
}

/** div(a, b): the integer part of the quotient. */
export function divideTruncated(a: Numeric, b: Numeric): Numeric {
  const special = specialQuotient(a, b);
  if (special !== undefined) return special;
  const scale = Math.max(a.scale, b.scale);
  return finite(unitsAt(a, scale) / unitsAt(b, scale), 0);
}

function specialQuotient(a: Numeric, b: Numeric): Numeric | undefined {
  if (a.special === "NaN" || b.special === "NaN") return NAN;
  if (b.special !== undefined) return a.special === undefined ? finite(0n, 0) : NAN;
  if (b.units === 0n) throw divisionByZero();
  if (a.special === undefined) return undefined;
  return signOf(a) * signOf(b) > 0 ? PLUS_INFINITY : MINUS_INFINITY;
}

export function remainderNumeric(a: Numeric, b: Numeric): Numeric {
  if (a.special === "NaN" || b.special === "NaN") return NAN;
  if (a.special !== undefined) {
    if (b.special === undefined && b.units === 0n) throw divisionByZero();
    return NAN;
  }
  if (b.special !== undefined) return a;
  if (b.units === 0n) throw divisionByZero();
  const scale = Math.max(a.scale, b.scale);
  return finite(unitsAt(a, scale) % unitsAt(b, scale), scale);
}

/** Position of the first base-10000 digit (0 = just before the point) and that digit. */
export function leadingDigit(value: Numeric): { readonly weight: number; readonly digit: number } {
  if (value.units === 0n) return { weight: 0, digit: 0 };
  const magnitude = value.units < 0n ? -value.units : value.units;
  const weight = Math.floor((digitCount(magnitude) - value.scale - 1) / 4);
  const below = weight * 4 + value.scale;
  const digit = below >= 0 ? magnitude / powerOfTen(below) : magnitude * powerOfTen(-below);
  return { weight, digit: Number(digit) };
}

export function divisionScale(a: Numeric, b: Numeric): number {
  const left = leadingDigit(a);
  const right = leadingDigit(b);
  const weight = left.weight - right.weight - (left.digit <= right.digit ? 1 : 0);
  return boundedScale(SIGNIFICANT_DIGITS - weight * 4, a.scale, b.scale);
}

/** The largest of the wanted scales, within what a result may display. */
export function boundedScale(...wanted: readonly number[]): number {
  return Math.min(Math.max(0, ...wanted), DISPLAY_SCALE_MAX);
}

export function squareRoot(value: Numeric): Numeric {
  if (value.special === "NaN" || value.special === "Infinity") return value;
  if (value.special !== undefined || value.units < 0n) {
    throw pgError("2201F", "cannot take square root of a negative number");
  }
  const scale = boundedScale(
    SIGNIFICANT_DIGITS - (leadingDigit(value).weight * 2 + 1),
    value.scale,
  );
  return squareRootAt(value, scale);
}

export function squareRootAt(value: Numeric, scale: number): Numeric {
  // floor(sqrt(4x)) + 1 over 2 rounds sqrt(x) to the nearest integer.
  const doubled = integerRoot(4n * truncatedUnitsAt(value, 2 * scale));
  return finite((doubled + 1n) / 2n, scale);
}

function integerRoot(value: bigint): bigint {
  if (value < 2n) return value;
  let guess = 1n << BigInt(Math.ceil(value.toString(2).length / 2));
  for (;;) {
    const next = (guess + value / guess) >> 1n;
    if (next >= guess) return guess;
    guess = next;
  }
}
