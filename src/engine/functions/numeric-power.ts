/**
 * exp, ln, log and power of numeric. How many decimals a result shows follows numeric.c step by
 * step, with its estimates in double arithmetic; the digits are then computed exactly.
 */

import {
  boundedScale,
  divideAt,
  divisionByZero,
  leadingDigit,
  multiplyNumeric,
  SIGNIFICANT_DIGITS,
  signOf,
} from "./numeric-arithmetic.ts";
import { expUnits, lnUnits } from "./numeric-series.ts";
import {
  compareNumeric,
  digitCount,
  divideRounded,
  finite,
  MINUS_INFINITY,
  NAN,
  type Numeric,
  numericText,
  overflow,
  PLUS_INFINITY,
  powerOfTen,
  roundTo,
  unitsAt,
} from "./numeric-value.ts";
import { pgError } from "./scalar-function.ts";

const RESULT_SCALE_MAX = 2_000;
/** As numeric.c writes it: one digit less than the nearest double decides between two scales. */
const LOG10_E = Number("0.434294481903252");
const LN_10 = Math.LN10;
const ONE = finite(1n, 0);
/** Powers with more digits than this go through logarithms instead of exact multiplication. */
const EXACT_DIGITS_MAX = 20_000;

export function expNumeric(value: Numeric): Numeric {
  if (value.special !== undefined) return value.special === "-Infinity" ? finite(0n, 0) : value;
  const estimate = Number(numericText(value)) * LOG10_E;
  const weight = Math.trunc(Math.min(Math.max(estimate, -RESULT_SCALE_MAX), RESULT_SCALE_MAX));
  const scale = boundedScale(SIGNIFICANT_DIGITS - weight, value.scale);
  return expAt(value, scale);
}

function expAt(value: Numeric, scale: number): Numeric {
  const approximate = Number(numericText(value));
  if (Math.abs(approximate) >= RESULT_SCALE_MAX * 3) {
    if (approximate > 0) throw overflow();
    return finite(0n, scale);
  }
  const digits = Math.max(value.scale, scale + Math.max(0, Math.ceil(approximate * LOG10_E)) + 8);
  return finite(expUnits(unitsAt(value, digits), digits, scale), scale);
}

export function lnNumeric(value: Numeric): Numeric {
  checkLogarithm(value);
  if (value.special !== undefined) return value;
  const scale = boundedScale(SIGNIFICANT_DIGITS - lnWeight(value), value.scale);
  return finite(divideRounded(lnUnits(value, scale + 8), powerOfTen(8)), scale);
}

export function logNumeric(base: Numeric, value: Numeric): Numeric {
  if (base.special === "NaN" || value.special === "NaN") return NAN;
  const isSpecial = base.special !== undefined || value.special !== undefined;
  if (isSpecial && signOf(value) < 0) checkLogarithm(value);
  checkLogarithm(base);
  checkLogarithm(value);
  if (base.special !== undefined) return value.special !== undefined ? NAN : finite(0n, 0);
  if (value.special !== undefined) return PLUS_INFINITY;
  const baseWeight = lnWeight(base);
  const valueWeight = lnWeight(value);
  const weight = valueWeight - baseWeight;
  const scale = boundedScale(SIGNIFICANT_DIGITS - weight, base.scale, value.scale);
  const digits = scale + Math.abs(weight) + Math.abs(baseWeight) + Math.abs(valueWeight) + 20;
  const lnBase = lnUnits(base, digits);
  if (lnBase === 0n) throw divisionByZero();
  return finite(divideRounded(lnUnits(value, digits) * powerOfTen(scale), lnBase), scale);
}

function checkLogarithm(value: Numeric): void {
  const sign = signOf(value);
  if (sign < 0) throw pgError("2201E", "cannot take logarithm of a negative number");
  if (sign === 0) throw pgError("2201E", "cannot take logarithm of zero");
}

/** Decimal weight of ln(value), estimated as PostgreSQL does (estimate_ln_dweight). */
function lnWeight(value: Numeric): number {
  if (value.units <= 0n) return 0;
  if (compareNumeric(value, finite(9n, 1)) >= 0 && compareNumeric(value, finite(11n, 1)) <= 0) {
    const distance = unitsAt(value, value.scale) - powerOfTen(value.scale);
    if (distance === 0n) return 0;
    const { weight, digit } = leadingDigit(finite(distance, value.scale));
    return weight * 4 + Math.trunc(Math.log10(digit));
  }
  const { digits, exponent } = leadingDouble(value, 2);
  const estimate = Math.log(digits) + exponent * LN_10;
  return Math.trunc(Math.log10(Math.abs(estimate)));
}

/** The first base-10000 digits as a number and the power of ten they are to be multiplied with. */
function leadingDouble(value: Numeric, digitsMax: number): { digits: number; exponent: number } {
  const magnitude = value.units < 0n ? -value.units : value.units;
  const { weight } = leadingDigit(value);
  let stripped = magnitude;
  let scale = value.scale;
  while (stripped % 10n === 0n && stripped !== 0n) {
    stripped /= 10n;
    scale--;
  }
  // PostgreSQL stores no trailing zero digits: the last base-10000 digit holds the last non-zero
  // one
  const lastWeight = -Math.ceil(scale / 4);
  const count = Math.min(digitsMax, weight - lastWeight + 1);
  const exponent = (weight - count + 1) * 4;
  const position = exponent + value.scale;
  const units =
    position >= 0 ? magnitude / powerOfTen(position) : magnitude * powerOfTen(-position);
  return { digits: Number(units), exponent };
}

export function powerNumeric(base: Numeric, exponent: Numeric): Numeric {
  const special = specialPower(base, exponent);
  if (special !== undefined) return special;
  if (signOf(base) === 0 && signOf(exponent) < 0) {
    throw pgError("2201F", "zero raised to a negative power is undefined");
  }
  const isInteger = exponent.units % powerOfTen(exponent.scale) === 0n;
  if (signOf(base) < 0 && !isInteger) {
    throw pgError(
      "2201F",
      "a negative number raised to a non-integer power yields a complex result",
    );
  }
  if (isInteger) {
    const integer = exponent.units / powerOfTen(exponent.scale);
    if (integer >= -2_147_483_648n && integer <= 2_147_483_647n) {
      return integerPower(base, Number(integer), exponent.scale);
    }
  }
  if (base.units === 0n) return finite(0n, SIGNIFICANT_DIGITS);
  const magnitude = finite(base.units < 0n ? -base.units : base.units, base.scale);
  const result = realPower(magnitude, exponent);
  const isOdd = isInteger && (exponent.units / powerOfTen(exponent.scale)) % 2n !== 0n;
  return base.units < 0n && isOdd ? finite(-result.units, result.scale) : result;
}

function realPower(base: Numeric, exponent: Numeric): Numeric {
  const localDigits = Math.max(0, 8 - lnWeight(base));
  const lnBase = roundTo(finite(lnUnits(base, localDigits + 8), localDigits + 8), localDigits);
  const product = roundTo(multiplyNumeric(lnBase, exponent), localDigits);
  const approximate = Number(numericText(product));
  if (Math.abs(approximate) > RESULT_SCALE_MAX * 3.01) {
    if (approximate > 0) throw overflow();
    return finite(0n, 1_000);
  }
  const weight = Math.trunc(approximate * LOG10_E);
  const scale = boundedScale(SIGNIFICANT_DIGITS - weight, base.scale, exponent.scale);
  const exponentDigits = Math.max(0, digitCount(exponent.units) - exponent.scale);
  const digits = Math.max(8, scale + Math.abs(weight) + exponentDigits + 12);
  const power = lnUnits(base, digits) * exponent.units;
  return finite(expUnits(power, digits + exponent.scale, scale), scale);
}

function integerPower(base: Numeric, exponent: number, exponentScale: number): Numeric {
  let estimate = 0;
  if (base.units !== 0n) {
    const leading = leadingDouble(base, 4);
    estimate = exponent * (Math.log10(leading.digits) + leading.exponent);
  }
  if (estimate > 32_768 * 4) throw overflow();
  if (estimate + 1 < -1_000) return finite(0n, 1_000);
  const wanted = SIGNIFICANT_DIGITS - Math.trunc(estimate);
  const scale = boundedScale(wanted, base.scale, exponentScale);
  if (exponent === 0) return finite(powerOfTen(scale), scale);
  if (base.units === 0n) {
    if (exponent < 0) throw divisionByZero();
    return finite(0n, scale);
  }
  const count = Math.abs(exponent);
  if (digitCount(base.units) * count > EXACT_DIGITS_MAX) {
    const magnitude = finite(base.units < 0n ? -base.units : base.units, base.scale);
    const digits = Math.max(8, scale + Math.ceil(Math.abs(estimate)) + 24);
    const units = expUnits(lnUnits(magnitude, digits) * BigInt(exponent), digits, scale);
    return finite(base.units < 0n && count % 2 === 1 ? -units : units, scale);
  }
  const power = finite(base.units ** BigInt(count), base.scale * count);
  if (exponent < 0) return divideAt(ONE, power, scale);
  return finite(unitsAt(power, scale), scale);
}

/** NaN and infinities as in numeric_power, which follows POSIX pow(). */
function specialPower(base: Numeric, exponent: Numeric): Numeric | undefined {
  if (base.special === undefined && exponent.special === undefined) return undefined;
  if (base.special === "NaN")
    return exponent.special === undefined && exponent.units === 0n ? ONE : NAN;
  const isOne = base.special === undefined && compareNumeric(base, ONE) === 0;
  if (exponent.special === "NaN") return isOne ? ONE : NAN;
  if (isOne || signOf(exponent) === 0) return ONE;
  if (signOf(base) === 0) {
    if (signOf(exponent) < 0)
      throw pgError("2201F", "zero raised to a negative power is undefined");
    return finite(0n, 0);
  }
  if (exponent.special !== undefined) {
    const magnitude = finite(base.units < 0n ? -base.units : base.units, base.scale);
    const versusOne = base.special !== undefined ? 1 : compareNumeric(magnitude, ONE);
    if (versusOne === 0) return ONE;
    const grows = versusOne > 0 === signOf(exponent) > 0;
    return grows ? PLUS_INFINITY : finite(0n, 0);
  }
  if (base.special === "Infinity") return signOf(exponent) > 0 ? PLUS_INFINITY : finite(0n, 0);
  const integer = exponent.units / powerOfTen(exponent.scale);
  const isInteger = integer * powerOfTen(exponent.scale) === exponent.units;
  if (!isInteger) {
    throw pgError(
      "2201F",
      "a negative number raised to a non-integer power yields a complex result",
    );
  }
  if (signOf(exponent) < 0) return finite(0n, 0);
  return integer % 2n !== 0n ? MINUS_INFINITY : PLUS_INFINITY;
}
