/**
 * PostgreSQL's numeric as an exact integer with a display scale. The rules for reading, printing
 * and rounding are those of src/backend/utils/adt/numeric.c.
 */

import { cached, pgError } from "./scalar-function.ts";

/** `units` x 10^-`scale`; `special` is set for NaN and the infinities, which have no digits. */
export interface Numeric {
  readonly units: bigint;
  readonly scale: number;
  readonly special?: "NaN" | "Infinity" | "-Infinity";
}

export const NAN: Numeric = { units: 0n, scale: 0, special: "NaN" };
export const PLUS_INFINITY: Numeric = { units: 0n, scale: 0, special: "Infinity" };
export const MINUS_INFINITY: Numeric = { units: 0n, scale: 0, special: "-Infinity" };

/** Digits before the decimal point that a numeric may have. */
const INTEGER_DIGITS_MAX = 131_072;
export const SCALE_MAX = 16_383;

export function finite(units: bigint, scale: number): Numeric {
  return { units, scale };
}

export const powerOfTen: (exponent: number) => bigint = (() => {
  const powers: bigint[] = [1n];
  return (exponent: number) => {
    if (exponent > 2_000) return 10n ** BigInt(exponent);
    for (let i = powers.length; i <= exponent; i++) powers.push((powers[i - 1] as bigint) * 10n);
    return powers[exponent] as bigint;
  };
})();

/** Reads numeric's own output: digits with at most one point, or a special value. */
export function parseNumeric(text: string): Numeric {
  const point = text.indexOf(".");
  if (point < 0) {
    const code = text.charCodeAt(text.length - 1);
    if (code >= 48 && code <= 57) return { units: BigInt(text), scale: 0 };
    if (text === "NaN") return NAN;
    return text.startsWith("-") ? MINUS_INFINITY : PLUS_INFINITY;
  }
  const units = BigInt(text.slice(0, point) + text.slice(point + 1));
  return { units, scale: text.length - point - 1 };
}

/** As parseNumeric, remembering the texts of the last values (literal operands). */
export const parseNumericCached = cached(parseNumeric, 256);

/** @throws 22003 when there are more digits before the point than numeric can hold. */
export function numericText(value: Numeric): string {
  if (value.special !== undefined) return value.special;
  const negative = value.units < 0n;
  let digits = (negative ? -value.units : value.units).toString();
  if (digits.length - value.scale > INTEGER_DIGITS_MAX) throw overflow();
  if (value.scale > 0) {
    if (digits.length <= value.scale) digits = digits.padStart(value.scale + 1, "0");
    const point = digits.length - value.scale;
    digits = `${digits.slice(0, point)}.${digits.slice(point)}`;
  }
  return negative ? `-${digits}` : digits;
}

export function overflow(): Error {
  return pgError("22003", "value overflows numeric format");
}

/** Quotient rounded half away from zero. */
export function divideRounded(numerator: bigint, denominator: bigint): bigint {
  const negative = numerator < 0n !== denominator < 0n;
  const n = numerator < 0n ? -numerator : numerator;
  const d = denominator < 0n ? -denominator : denominator;
  const quotient = (2n * n + d) / (2n * d);
  return negative ? -quotient : quotient;
}

/** The units of `value` at `scale`, rounded half away from zero when digits are lost. */
export function unitsAt(value: Numeric, scale: number): bigint {
  if (scale >= value.scale) return value.units * powerOfTen(scale - value.scale);
  return divideRounded(value.units, powerOfTen(value.scale - scale));
}

export function truncatedUnitsAt(value: Numeric, scale: number): bigint {
  if (scale >= value.scale) return value.units * powerOfTen(scale - value.scale);
  return value.units / powerOfTen(value.scale - scale);
}

/** round(value, scale): a negative scale rounds before the point and shows no decimals. */
export function roundTo(value: Numeric, scale: number): Numeric {
  if (value.special !== undefined) return value;
  const bounded = Math.max(-INTEGER_DIGITS_MAX, Math.min(scale, SCALE_MAX));
  if (bounded >= 0) return finite(unitsAt(value, bounded), bounded);
  if (digitCount(value.units) - value.scale + 1 < -bounded) return finite(0n, 0);
  const factor = powerOfTen(-bounded);
  return finite(divideRounded(value.units, powerOfTen(value.scale) * factor) * factor, 0);
}

export function truncateTo(value: Numeric, scale: number): Numeric {
  if (value.special !== undefined) return value;
  const bounded = Math.max(-INTEGER_DIGITS_MAX, Math.min(scale, SCALE_MAX));
  if (bounded >= 0) return finite(truncatedUnitsAt(value, bounded), bounded);
  if (digitCount(value.units) - value.scale < -bounded) return finite(0n, 0);
  const factor = powerOfTen(-bounded);
  return finite((value.units / (powerOfTen(value.scale) * factor)) * factor, 0);
}

/** Decimal digits of the magnitude; 1 for zero. */
export function digitCount(units: bigint): number {
  const magnitude = units < 0n ? -units : units;
  if (magnitude < 9_007_199_254_740_992n) return String(Number(magnitude)).length;
  return magnitude.toString().length;
}

/** NaN is equal to itself and above everything, as in PostgreSQL. */
export function compareNumeric(a: Numeric, b: Numeric): number {
  if (a.special !== undefined || b.special !== undefined) return rank(a) - rank(b);
  const scale = Math.max(a.scale, b.scale);
  const left = unitsAt(a, scale);
  const right = unitsAt(b, scale);
  return left < right ? -1 : left > right ? 1 : 0;
}

function rank(value: Numeric): number {
  if (value.special === undefined) return 0;
  return value.special === "NaN" ? 2 : value.special === "Infinity" ? 1 : -1;
}

/**
 * A text that sorts and compares as the value does and is equal for equal values (1.0 and 1.00):
 * sign class, shifted exponent, significant digits; negatives by nines' complement.
 */
export function numericKey(value: Numeric): string {
  if (value.special !== undefined) {
    return value.special === "NaN" ? "5" : value.special === "Infinity" ? "4" : "0";
  }
  if (value.units === 0n) return "2";
  const negative = value.units < 0n;
  const digits = (negative ? -value.units : value.units).toString();
  const exponent = String(digits.length - value.scale + 200_000);
  const body = exponent + digits.replace(/0+$/, "");
  if (!negative) return `3${body}`;
  let complement = "";
  for (const digit of body) complement += 9 - Number(digit);
  return `1${complement}~`;
}
