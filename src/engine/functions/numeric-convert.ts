/** numeric to and from other numbers, with PostgreSQL's rounding, checks and messages. */

import { divideTruncated, multiplyNumeric, subtractNumeric } from "./numeric-arithmetic.ts";
import {
  compareNumeric,
  digitCount,
  finite,
  numericText,
  parseNumericCached as parse,
  powerOfTen,
  roundTo,
  unitsAt,
} from "./numeric-value.ts";
import { pgError } from "./scalar-function.ts";

/** numeric(precision, scale): rounds, then checks the digits before the point. */
export function fitNumeric(text: string, precision: number, scale: number): string {
  const value = parse(text);
  if (value.special === "NaN") return text;
  const rounded = roundTo(value, scale);
  const integerDigits = precision - scale;
  const tooLarge =
    value.special !== undefined ||
    (rounded.units !== 0n && digitCount(rounded.units) - rounded.scale > integerDigits) ||
    (integerDigits < 0 && abs(rounded.units) >= powerOfTen(rounded.scale + integerDigits));
  if (tooLarge) {
    const isInfinite = value.special !== undefined;
    const limit = integerDigits === 0 ? "1" : `10^${integerDigits}`;
    const must = isInfinite
      ? "cannot hold an infinite value"
      : `must round to an absolute value less than ${limit}`;
    const detail = `A field with precision ${precision}, scale ${scale} ${must}.`;
    throw pgError("22003", "numeric field overflow", detail);
  }
  return numericText(rounded);
}

function abs(value: bigint): bigint {
  return value < 0n ? -value : value;
}

/** 15 significant digits, as float8_numeric prints them. */
export function numericOfDouble(value: number): string {
  return numericOfFloat(value, 15);
}

export function numericOfReal(value: number): string {
  return numericOfFloat(value, 6);
}

function numericOfFloat(value: number, digits: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : `${value}`;
  if (value === 0) return "0";
  const [mantissa, exponentText] = halfEvenExponential(value, digits).split("e") as [
    string,
    string,
  ];
  const significant = mantissa.replace(".", "").replace(/0+$/, "");
  const decimals = significant.replace("-", "").length - 1 - Number(exponentText);
  const units = BigInt(significant);
  if (decimals <= 0) return numericText(finite(units * powerOfTen(-decimals), 0));
  return numericText(finite(units, decimals));
}

export function doubleOfNumeric(text: string): number {
  const value = Number(text);
  if (Number.isFinite(value) || parse(text).special !== undefined) return value;
  throw pgError("22003", `"${text}" is out of range for type double precision`);
}

export function realOfNumeric(text: string): number {
  const value = Number(text);
  const real = Math.fround(value);
  const lost =
    (!Number.isFinite(real) && parse(text).special === undefined) || (real === 0 && value !== 0);
  if (lost) throw pgError("22003", `"${text}" is out of range for type real`);
  return real;
}

/** toExponential rounds ties up, printf to the even digit. */
function halfEvenExponential(value: number, digits: number): string {
  const rounded = value.toExponential(digits - 1);
  const [exact, exponent] = value.toExponential(100).split("e") as [string, string];
  const length = digits + (value < 0 ? 2 : 1);
  const isTie = /^50*$/.test(exact.slice(length));
  return isTie && Number(exact[length - 1]) % 2 === 0
    ? `${exact.slice(0, length)}e${exponent}`
    : rounded;
}

const INTEGER_NAMES: Readonly<Record<number, string>> = {
  16: "smallint",
  32: "integer",
  64: "bigint",
};

/** Rounds half away from zero; `bits` is 16, 32 or 64. */
export function integerOfNumeric(text: string, bits: number): bigint {
  const value = parse(text);
  const name = INTEGER_NAMES[bits];
  if (value.special !== undefined) {
    const what = value.special === "NaN" ? "NaN" : "infinity";
    throw pgError("0A000", `cannot convert ${what} to ${name}`);
  }
  const integer = unitsAt(value, 0);
  if (BigInt.asIntN(bits, integer) !== integer) throw pgError("22003", `${name} out of range`);
  return integer;
}

/** width_bucket of numeric: equal cells between two bounds, in either direction. */
export function widthBucket(operand: string, low: string, high: string, count: number): number {
  if (count <= 0) throw pgError("2201G", "count must be greater than zero");
  const [value, from, to] = [parse(operand), parse(low), parse(high)];
  if ([value, from, to].some((each) => each.special === "NaN")) {
    throw pgError("2201G", "operand, lower bound, and upper bound cannot be NaN");
  }
  if (from.special !== undefined || to.special !== undefined) {
    throw pgError("2201G", "lower and upper bounds must be finite");
  }
  const direction = compareNumeric(from, to);
  if (direction === 0) throw pgError("2201G", "lower bound cannot equal upper bound");
  const position = compareNumeric(value, from) * -direction;
  if (position < 0) return 0;
  if (compareNumeric(value, to) * -direction >= 0) return checkedBucket(BigInt(count) + 1n);
  const distance = multiplyNumeric(subtractNumeric(value, from), finite(BigInt(count), 0));
  const bucket = divideTruncated(distance, subtractNumeric(to, from));
  return checkedBucket(bucket.units + 1n);
}

function checkedBucket(bucket: bigint): number {
  if (bucket > 2_147_483_647n) throw pgError("22003", "integer out of range");
  return Number(bucket);
}
