/** numeric: exact text, binary form, and rounding to a declared precision and scale. */

import { SqlError } from "../base/errors.ts";
import { ByteReader, ByteWriter } from "./bytes.ts";
import { badBinary, invalidSyntax, trimSpace } from "./input-errors.ts";

/** Limits of PostgreSQL's on-disk form. */
const WHOLE_DIGITS_MAX = 131_072;
const SCALE_MAX = 16_383;

const SPECIAL = /^([+-]?)(nan|inf|infinity)$/i;
const DECIMAL = /^([+-]?)(\d+(?:_\d+)*)?(\.(\d+(?:_\d+)*)?)?(?:[eE]([+-]?\d+(?:_\d+)*))?$/;
const OTHER_BASE = /^([+-]?)(0[xX](?:_?[\da-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+)$/;

/**
 * Reads what numeric_in reads and gives what numeric_out prints: no exponent, the display scale
 * kept.
 * @throws SqlError 22P02, 22003
 */
export function parseNumeric(text: string): string {
  const trimmed = trimSpace(text);
  const special = SPECIAL.exec(trimmed);
  if (special !== null) return specialNumeric(text, special[1] ?? "", special[2] ?? "");
  const other = OTHER_BASE.exec(trimmed);
  if (other !== null) {
    const digits = BigInt((other[2] ?? "").replaceAll("_", "").toLowerCase()).toString();
    return plainNumeric(other[1] === "-", digits, "");
  }
  const match = DECIMAL.exec(trimmed);
  const whole = (match?.[2] ?? "").replaceAll("_", "");
  const fraction = (match?.[4] ?? "").replaceAll("_", "");
  if (match === null || (whole === "" && fraction === "")) throw invalidSyntax("numeric", text);
  const exponent = Number((match[5] ?? "0").replaceAll("_", ""));
  if (Math.abs(exponent) >= (2 ** 31 - 1) / 2) throw overflow();
  return shift(match[1] === "-", whole, fraction, exponent);
}

function specialNumeric(text: string, sign: string, name: string): string {
  if (name.toLowerCase() !== "nan") return sign === "-" ? "-Infinity" : "Infinity";
  if (sign !== "") throw invalidSyntax("numeric", text);
  return "NaN";
}

/** Moves the point `exponent` places without ever writing more digits than numeric may hold. */
function shift(isNegative: boolean, whole: string, fraction: string, exponent: number): string {
  const scale = Math.max(0, fraction.length - exponent);
  if (scale > SCALE_MAX) throw overflow();
  const digits = (whole + fraction).replace(/^0+/, "");
  if (digits === "") return plainNumeric(false, "0", "0".repeat(scale));
  const zeros = Math.max(0, exponent - fraction.length);
  if (digits.length + zeros - scale > WHOLE_DIGITS_MAX) throw overflow();
  const all = (digits + "0".repeat(zeros)).padStart(scale + 1, "0");
  return plainNumeric(isNegative, all.slice(0, all.length - scale), all.slice(all.length - scale));
}

function plainNumeric(isNegative: boolean, whole: string, fraction: string): string {
  const body = (whole.replace(/^0+(?=\d)/, "") || "0") + (fraction === "" ? "" : `.${fraction}`);
  if (whole.length > WHOLE_DIGITS_MAX) throw overflow();
  return isNegative && /[1-9]/.test(body) ? `-${body}` : body;
}

function overflow(): SqlError {
  return new SqlError("22003", "value overflows numeric format");
}

/** Precision and scale of a numeric's typmod; undefined for free numeric. */
export function numericModifier(
  typmod: number,
): { readonly precision: number; readonly scale: number } | undefined {
  if (typmod < 4) return undefined;
  const packed = typmod - 4;
  return { precision: (packed >> 16) & 0xffff, scale: ((packed & 0x7ff) ^ 1024) - 1024 };
}

const POSITIVE = 0x0000;
const NEGATIVE = 0x4000;
const NAN = 0xc000;
const PLUS_INFINITY = 0xd000;
const MINUS_INFINITY = 0xf000;
const SPECIAL_SIGNS: Readonly<Record<string, number>> = {
  NaN: NAN,
  Infinity: PLUS_INFINITY,
  "-Infinity": MINUS_INFINITY,
};

/** Exact text → digits of base 10,000 with weight, sign and display scale. */
export function encodeNumeric(value: string): Uint8Array {
  const special = SPECIAL_SIGNS[value];
  if (special !== undefined) {
    // PostgreSQL reads the display scale out of the special header's own bits: 32 for infinities.
    const scale = special === NAN ? 0 : 32;
    return new ByteWriter(8).int16(0).int16(0).uint16(special).int16(scale).finish();
  }
  const isNegative = value.startsWith("-");
  const [whole = "0", fraction = ""] = value.replace(/^-/, "").split(".");
  const wholeGroups = Math.ceil(whole.length / 4);
  const padded =
    whole.padStart(wholeGroups * 4, "0") + fraction.padEnd(Math.ceil(fraction.length / 4) * 4, "0");
  const groups: number[] = [];
  for (let at = 0; at < padded.length; at += 4) groups.push(Number(padded.slice(at, at + 4)));
  let first = 0;
  while (first < groups.length && groups[first] === 0) first += 1;
  let last = groups.length;
  while (last > first && groups[last - 1] === 0) last -= 1;
  const isZero = first === groups.length;
  const writer = new ByteWriter(8 + 2 * (last - first))
    .int16(last - first)
    .int16(isZero ? 0 : wholeGroups - 1 - first)
    .uint16(isNegative && !isZero ? NEGATIVE : POSITIVE)
    .int16(fraction.length);
  for (const group of groups.slice(first, last)) writer.int16(group);
  return writer.finish();
}

/** @throws SqlError 22P03, 08P01 */
export function decodeNumeric(bytes: Uint8Array): string {
  const reader = new ByteReader(bytes);
  const count = reader.uint16();
  const weight = reader.int16();
  const sign = reader.uint16();
  const scale = reader.uint16();
  if (![POSITIVE, NEGATIVE, NAN, PLUS_INFINITY, MINUS_INFINITY].includes(sign)) {
    throw badBinary('invalid sign in external "numeric" value');
  }
  if (scale > SCALE_MAX) throw badBinary('invalid scale in external "numeric" value');
  let digits = "";
  for (let index = 0; index < count; index += 1) {
    const digit = reader.int16();
    if (digit < 0 || digit > 9999) throw badBinary('invalid digit in external "numeric" value');
    digits += String(digit).padStart(4, "0");
  }
  if (reader.remaining > 0) throw badBinary("incorrect binary data format");
  if (sign === NAN) return "NaN";
  if (sign === PLUS_INFINITY) return "Infinity";
  if (sign === MINUS_INFINITY) return "-Infinity";
  const wholeDigits = (weight + 1) * 4;
  const aligned = wholeDigits < 0 ? "0".repeat(-wholeDigits) + digits : digits;
  const whole = wholeDigits > 0 ? aligned.slice(0, wholeDigits).padEnd(wholeDigits, "0") : "";
  // Digits beyond the display scale are cut, as numeric_recv does.
  const fraction = aligned.slice(Math.max(0, wholeDigits), Math.max(0, wholeDigits) + scale);
  return plainNumeric(sign === NEGATIVE, whole, fraction.padEnd(scale, "0"));
}
