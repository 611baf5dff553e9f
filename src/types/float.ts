/**
 * float8 and float4 as PostgreSQL reads and prints them.
 *
 * PostgreSQL's shortest form is not JavaScript's: a text that lies exactly half way to the
 * neighbouring value is not accepted, one more digit is printed (1e23 → 9.999999999999999e+22).
 */

import { SqlError } from "../base/errors.ts";
import { compareExactly, decimalDigits, neighbour, neighbour32 } from "./decimal-digits.ts";
import { invalidSyntax, trimSpace } from "./input-errors.ts";

const TWO_53 = 2 ** 53;

/** `extraFloatDigits` is the session's setting, -15..3; above 0 the shortest exact form. */
export function float8Text(value: number, extraFloatDigits = 1): string {
  const special = specialText(value);
  if (special !== undefined) return special;
  if (extraFloatDigits <= 0) return generalText(value, Math.max(1, 15 + extraFloatDigits));
  const magnitude = Math.abs(value);
  if (magnitude < 1e15 && magnitude >= 1e-4) return String(value); // no exponent on either side
  return scientificFrom(shortest8(magnitude), value < 0, 15);
}

export function float4Text(value: number, extraFloatDigits = 1): string {
  const special = specialText(value);
  if (special !== undefined) return special;
  if (extraFloatDigits <= 0) return generalText(value, Math.max(1, 6 + extraFloatDigits));
  return scientificFrom(shortest4(Math.abs(value)), value < 0, 6);
}

function specialText(value: number): string | undefined {
  if (value === 0) return Object.is(value, -0) ? "-0" : "0";
  if (Number.isFinite(value)) return undefined;
  return Number.isNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
}

function shortest8(value: number): string {
  const short = value.toExponential();
  // Only integers beyond 2^53 have half-way points of 17 digits or fewer.
  if (value < TWO_53 || !isHalfWay(short, value)) return short;
  for (let digits = short.indexOf("e"); digits < 17; digits += 1) {
    const longer = roundHalfEven(value, digits);
    if (Number(longer) === value && !isHalfWay(longer, value)) return longer;
  }
  return value.toExponential(16);
}

function isHalfWay(text: string, value: number): boolean {
  const decimal = decimalDigits(text);
  if (decimal === undefined) return false;
  const side = compareExactly(decimal, value);
  if (side === 0) return false;
  const other = neighbour(value, side > 0 ? 1 : -1);
  if (!Number.isFinite(other)) return false;
  // decimal is half way exactly when decimal * 2 = value + other; both are integers here.
  const twice = decimal.digits * 2n * 10n ** BigInt(Math.max(decimal.exponent, 0));
  return twice === BigInt(value) + BigInt(other);
}

function shortest4(value: number): string {
  let low = 1;
  let high = 9;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (reads4(roundHalfEven(value, middle), value)) high = middle;
    else low = middle + 1;
  }
  return roundHalfEven(value, low);
}

/** Whether the text lies strictly nearer to the float4 `value` than half way to its neighbours. */
function reads4(text: string, value: number): boolean {
  const parsed = Number(text);
  if (parsed === value) return true;
  const other = neighbour32(value, parsed > value ? 1 : -1);
  const middle = (value + (Number.isFinite(other) ? other : 2 ** 128)) / 2;
  if (parsed !== middle) return parsed > value ? parsed < middle : parsed > middle;
  const decimal = decimalDigits(text);
  if (decimal === undefined) return false;
  const side = compareExactly(decimal, middle);
  return parsed > value ? side < 0 : side > 0;
}

/**
 * Lays out "d.ddde±x" as PostgreSQL does: fixed from 1e-4 up to 10^fixedDigits, else exponential.
 */
function scientificFrom(text: string, isNegative: boolean, fixedDigits: number): string {
  const at = text.indexOf("e");
  const exponent = Number(text.slice(at + 1));
  const digits = text.slice(0, at).replace(".", "").replace(/0+$/, "") || "0";
  const sign = isNegative ? "-" : "";
  if (exponent < -4 || exponent >= fixedDigits) {
    return `${sign}${digits[0]}${digits.length > 1 ? `.${digits.slice(1)}` : ""}${power(exponent)}`;
  }
  if (exponent < 0) return `${sign}0.${"0".repeat(-exponent - 1)}${digits}`;
  if (digits.length <= exponent + 1) return sign + digits.padEnd(exponent + 1, "0");
  return `${sign}${digits.slice(0, exponent + 1)}.${digits.slice(exponent + 1)}`;
}

function power(exponent: number): string {
  return `e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
}

/** C's %.*g. */
function generalText(value: number, precision: number): string {
  const magnitude = Math.abs(value);
  return scientificFrom(roundHalfEven(magnitude, precision), value < 0, precision);
}

/** toExponential rounds exact ties up, C to even. */
function roundHalfEven(value: number, precision: number): string {
  const rounded = value.toExponential(precision - 1);
  const longer = value.toExponential(precision);
  const at = longer.indexOf("e");
  if (longer[at - 1] !== "5") return rounded;
  const decimal = decimalDigits(longer);
  if (decimal === undefined || compareExactly(decimal, value) !== 0) return rounded;
  const kept = longer.slice(0, at - 1);
  const isEven = "02468".includes(kept.replace(".", "").at(-1) ?? "0");
  return isEven ? kept.replace(/\.$/, "") + longer.slice(at) : rounded;
}

/** @throws SqlError 22P02 or 22003, as float8in does. */
export function parseFloat8(text: string): number {
  return parseFloating(text, "double precision", (_, value) => value);
}

export function parseFloat4(text: string): number {
  return parseFloating(text, "real", roundToFloat4);
}

const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const HEXADECIMAL = /^([+-]?)0[xX]([\da-fA-F]*)(?:\.([\da-fA-F]*))?(?:[pP]([+-]?\d+))?$/;
const NAMED: Readonly<Record<string, number>> = { nan: NaN, inf: Infinity, infinity: Infinity };

type Round = (magnitude: string, value: number) => number;

function parseFloating(text: string, type: string, round: Round): number {
  const trimmed = trimSpace(text);
  if (DECIMAL.test(trimmed)) {
    const isNegative = trimmed.startsWith("-");
    const magnitude = trimmed.replace(/^[+-]/, "");
    const value = round(magnitude, Number(magnitude));
    const isLost = value === 0 && /[1-9]/.test(magnitude.replace(/[eE].*/, ""));
    if (!Number.isFinite(value) || isLost) {
      throw new SqlError("22003", `"${trimmed}" is out of range for type ${type}`);
    }
    return isNegative ? -value : value;
  }
  const named = NAMED[trimmed.replace(/^[+-]/, "").toLowerCase()];
  if (named !== undefined) return trimmed.startsWith("-") ? -named : named;
  return parseHexadecimal(text, trimmed, type, round);
}

/** strtod's hexadecimal form, which PostgreSQL lets through. */
function parseHexadecimal(text: string, trimmed: string, type: string, round: Round): number {
  const match = HEXADECIMAL.exec(trimmed);
  const fraction = match?.[3] ?? "";
  const digits = (match?.[2] ?? "") + fraction;
  if (match === null || digits === "") throw invalidSyntax(type, text);
  if (digits.length > 13) {
    throw new SqlError("0A000", `hexadecimal float "${trimmed}" has too many digits`);
  }
  const exponent = Number(match[4] ?? "0") - 4 * fraction.length;
  const mantissa = Number(`0x${digits}`);
  const value = round("", mantissa * 2 ** exponent);
  if (!Number.isFinite(value) || (value === 0 && mantissa !== 0)) {
    throw new SqlError("22003", `"${trimmed}" is out of range for type ${type}`);
  }
  return match[1] === "-" ? -value : value;
}

/** Rounding text → double → single would round twice; only an exact middle can go wrong. */
function roundToFloat4(magnitude: string, value: number): number {
  const rounded = Math.fround(value);
  if (rounded === value || !Number.isFinite(rounded) || magnitude === "") return rounded;
  const other = neighbour32(rounded, value > rounded ? 1 : -1);
  if (value !== (rounded + other) / 2) return rounded;
  const decimal = decimalDigits(magnitude);
  const side = decimal === undefined ? 0 : compareExactly(decimal, value);
  if (side === 0) return rounded; // a true tie: fround chose the even one
  const upper = Math.max(rounded, other);
  return side > 0 ? upper : Math.min(rounded, other);
}
