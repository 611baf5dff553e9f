/**
 * exp and ln as fixed-point integers: a value v stands as v x 10^digits. Callers ask for a few
 * digits more than they show, so that rounding to the shown scale is right.
 */

import { divideRounded, type Numeric, powerOfTen, truncatedUnitsAt } from "./numeric-value.ts";

const GUARD = 12;

/** ln(10) x 10^digits, by Machin's kind of formula. The longest one computed is kept. */
const lnTen: (digits: number) => bigint = (() => {
  let known = 0;
  let value = 0n;
  return (digits: number) => {
    if (digits > known) {
      known = digits + 40;
      const one = powerOfTen(known + GUARD);
      const sum =
        46n * inverseArtanh(31n, one) +
        34n * inverseArtanh(49n, one) +
        20n * inverseArtanh(161n, one);
      value = sum / powerOfTen(GUARD);
    }
    return value / powerOfTen(known - digits);
  };
})();

/** artanh(1/n) in units of 1/one. */
function inverseArtanh(n: bigint, one: bigint): bigint {
  let power = one / n;
  let sum = power;
  for (let k = 3n; power !== 0n; k += 2n) {
    power /= n * n;
    sum += power / k;
  }
  return sum;
}

/** exp of a fixed-point value of modest size (-3..3). */
function expReduced(value: bigint, digits: number): bigint {
  const halvings = 8;
  const work = digits + GUARD;
  const one = powerOfTen(work);
  const reduced = (value * powerOfTen(GUARD)) >> BigInt(halvings);
  let term = one;
  let sum = one;
  for (let k = 1n; term !== 0n; k++) {
    term = (term * reduced) / (one * k);
    sum += term;
    if (term < 2n && term > -2n) break;
  }
  for (let i = 0; i < halvings; i++) sum = (sum * sum) / one;
  return sum / powerOfTen(GUARD);
}

/**
 * e^value rounded to `scale` decimals, as units of 10^-scale. `value` is fixed-point with `digits`.
 */
export function expUnits(value: bigint, digits: number, scale: number): bigint {
  const exponent = value / lnTen(digits);
  const power = Number(exponent);
  const work = Math.max(1, scale + power) + GUARD;
  const lnWork = work + GUARD;
  const shifted = shift(value, lnWork - digits) - exponent * lnTen(lnWork);
  const mantissa = expReduced(shift(shifted, work - lnWork), work);
  return shiftRounded(mantissa, scale + power - work);
}

/** ln(value) as fixed-point with `digits` decimals; `value` finite and positive. */
export function lnUnits(value: Numeric, digits: number): bigint {
  const text = value.units.toString();
  const power = text.length - value.scale;
  const work = digits + GUARD;
  // mantissa in [0.1, 1), brought near 1 through a double's estimate of its logarithm
  const mantissa = truncatedUnitsAt({ units: value.units, scale: text.length }, work);
  const exponent = power;
  const isNearOne = (power === 0 && text.startsWith("9")) || (power === 1 && text.startsWith("1"));
  const scaled = isNearOne && power === 1 ? mantissa * 10n : mantissa;
  const tens = isNearOne ? 0 : exponent;
  const estimate = Math.log(Number(`0.${text.slice(0, 17)}`) * (scaled === mantissa ? 1 : 10));
  const guess = (BigInt(Math.round(estimate * 2 ** 50)) * powerOfTen(work)) >> 50n;
  const one = powerOfTen(work);
  const ratio = (scaled * one) / expReduced(guess, work);
  const correction = 2n * artanh(((ratio - one) * one) / (ratio + one), one);
  return (guess + correction + BigInt(tens) * lnTen(work)) / powerOfTen(GUARD);
}

function artanh(value: bigint, one: bigint): bigint {
  const square = (value * value) / one;
  let power = value;
  let sum = value;
  for (let k = 3n; power !== 0n; k += 2n) {
    power = (power * square) / one;
    if (power === 0n || power === -1n) break;
    sum += power / k;
  }
  return sum;
}

function shift(value: bigint, digits: number): bigint {
  return digits >= 0 ? value * powerOfTen(digits) : value / powerOfTen(-digits);
}

function shiftRounded(value: bigint, digits: number): bigint {
  return digits >= 0 ? value * powerOfTen(digits) : divideRounded(value, powerOfTen(-digits));
}
