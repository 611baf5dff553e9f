/** Booleans, integers and the short names: the types whose text is nearly their value. */

import { SqlError } from "../base/errors.ts";
import { invalidSyntax, outOfRange, trimSpace } from "./input-errors.ts";

const BOOLEAN_WORDS: readonly (readonly [string, boolean, number])[] = [
  ["true", true, 1],
  ["false", false, 1],
  ["yes", true, 1],
  ["no", false, 1],
  ["on", true, 2],
  ["off", false, 2],
  ["1", true, 1],
  ["0", false, 1],
];

/** Any unambiguous beginning of the words, in any case. @throws SqlError 22P02 */
export function parseBoolean(text: string): boolean {
  const word = trimSpace(text).toLowerCase();
  for (const [full, value, lengthMin] of BOOLEAN_WORDS) {
    if (word.length >= lengthMin && full.startsWith(word)) return value;
  }
  throw invalidSyntax("boolean", text);
}

const INTEGER = /^[+-]?(?:\d+(?:_\d+)*|0[xX](?:_?[\da-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+)$/;

/** Decimal, 0x, 0o, 0b, with underscores between digits. @throws SqlError 22P02, 22003 */
export function parseInteger(text: string, type: string, bits: 16 | 32 | 64): bigint {
  const trimmed = trimSpace(text);
  if (!INTEGER.test(trimmed)) throw invalidSyntax(type, text);
  const magnitude = BigInt(trimmed.replace(/^[+-]/, "").replaceAll("_", "").toLowerCase());
  const value = trimmed.startsWith("-") ? -magnitude : magnitude;
  if (BigInt.asIntN(bits, value) !== value) throw outOfRange(type, text);
  return value;
}

/**
 * strtoul's reading: 0x and 0 prefixes, and negative numbers wrap. @throws SqlError 22P02, 22003
 */
export function parseOid(text: string): number {
  const match = /^([+-]?)(0[xX][\da-fA-F]+|0[0-7]*|[1-9]\d*)$/.exec(trimSpace(text));
  if (match === null) throw invalidSyntax("oid", text);
  const digits = (match[2] ?? "").toLowerCase();
  const magnitude = BigInt(/^0[0-7]+$/.test(digits) ? `0o${digits.slice(1)}` : digits);
  const value = match[1] === "-" ? -magnitude : magnitude;
  if (value >= 1n << 32n || value < -(1n << 31n)) throw outOfRange("oid", text);
  return Number(BigInt.asUintN(32, value));
}

/** `name` holds 63 bytes; longer ones are cut at a character's end. */
export function truncateName(text: string): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= 63) return text;
  let end = 63;
  while (((bytes[end] as number) & 0xc0) === 0x80) end -= 1;
  return bytes.toString("utf8", 0, end);
}

/** "char" is one byte: its character, or \ooo when the byte is no ASCII. */
export function parseSingleChar(text: string): string {
  const bytes = Buffer.from(text);
  const octal = /^\\([0-3][0-7]{2})$/.exec(text);
  const byte = octal === null ? (bytes[0] ?? 0) : Number.parseInt(octal[1] as string, 8);
  return singleCharText(byte);
}

export function singleCharText(byte: number): string {
  if (byte === 0) return "";
  return byte < 0x80 ? String.fromCharCode(byte) : `\\${byte.toString(8)}`;
}

/**
 * @throws SqlError 22001 as an assignment to varchar(n) or char(n) would; blanks at the end may
 * go.
 */
export function fitCharacters(text: string, typmod: number, isPadded: boolean): string {
  if (typmod < 4) return text;
  const limit = typmod - 4;
  const characters = [...text];
  if (characters.length <= limit) {
    return isPadded ? text + " ".repeat(limit - characters.length) : text;
  }
  if (characters.slice(limit).some((character) => character !== " ")) {
    const type = isPadded ? "character" : "character varying";
    throw new SqlError("22001", `value too long for type ${type}(${limit})`);
  }
  return characters.slice(0, limit).join("");
}
