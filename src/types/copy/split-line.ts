/** One line into its fields, escapes and quotes undone, as CopyReadAttributesText and -CSV do. */

import { SqlError } from "../../base/errors.ts";
import type { Fields } from "./fields.ts";
import { DEFAULT, NULL, VALUE } from "./fields.ts";
import { BACKSLASH, type CsvFormat, sameBytes, type TextFormat } from "./format.ts";
import { invalidSequence, validEnd } from "./utf8-prefix.ts";

/** Escaped control characters by their letter. */
const CONTROLS: ReadonlyMap<number, number> = new Map(
  Object.entries({ b: 8, f: 12, n: 10, r: 13, t: 9, v: 11 }).map(([letter, code]) => [
    letter.charCodeAt(0),
    code,
  ]),
);

/** Where the raw field ended, and what was written of it. */
interface Cut {
  rawEnd: number;
  next: number;
  out: number;
  hasDelimiter: boolean;
  /** A byte was made of an escape that UTF-8 may not like. */
  isSuspicious: boolean;
}

/** @throws SqlError 22021 for an escaped byte that makes no UTF-8 */
export function splitText(
  bytes: Uint8Array,
  start: number,
  end: number,
  format: TextFormat,
  fields: Fields,
): void {
  const scratch = fields.scratch(end - start);
  fields.bytes = scratch;
  fields.count = 0;
  const cut = { rawEnd: 0, next: start, out: 0, hasDelimiter: true, isSuspicious: false };
  while (cut.hasDelimiter) {
    const from = cut.next;
    const out = cut.out;
    undoEscapes(bytes, end, format.delimiter, scratch, cut);
    const kind = markerKind(bytes, from, cut.rawEnd, format);
    if (kind === VALUE && cut.isSuspicious) verify(scratch, out, cut.out);
    fields.add(out, cut.out, kind);
  }
}

function markerKind(
  bytes: Uint8Array,
  start: number,
  end: number,
  format: TextFormat | CsvFormat,
): number {
  if (sameBytes(bytes, start, end, format.nullText)) return NULL;
  const { defaultText } = format;
  return defaultText !== undefined && sameBytes(bytes, start, end, defaultText) ? DEFAULT : VALUE;
}

function verify(bytes: Uint8Array, start: number, end: number): void {
  const valid = validEnd(bytes, start, end);
  if (valid < end) throw invalidSequence(bytes, valid, end);
}

function undoEscapes(
  bytes: Uint8Array,
  end: number,
  delimiter: number,
  scratch: Uint8Array,
  cut: Cut,
): void {
  let at = cut.next;
  let out = cut.out;
  cut.hasDelimiter = false;
  cut.isSuspicious = false;
  for (;;) {
    cut.rawEnd = at;
    if (at >= end) break;
    let byte = bytes[at] as number;
    at += 1;
    if (byte === delimiter) {
      cut.hasDelimiter = true;
      break;
    }
    if (byte === BACKSLASH) {
      if (at >= end) break;
      const digits = numberLength(bytes, at, end);
      if (digits === 0) {
        const letter = bytes[at] as number;
        byte = CONTROLS.get(letter) ?? letter;
        at += 1;
      } else {
        byte = numberValue(bytes, at, digits);
        cut.isSuspicious ||= byte === 0 || byte >= 0x80;
        at += digits;
      }
    }
    scratch[out] = byte;
    out += 1;
  }
  cut.next = at;
  cut.out = out;
}

/** Length of `123` or `x7F` behind a backslash; 0 when neither stands there. */
function numberLength(bytes: Uint8Array, at: number, end: number): number {
  if (bytes[at] === 0x78) {
    let length = 1;
    while (length < 3 && at + length < end && hexValue(bytes[at + length] as number) >= 0) {
      length += 1;
    }
    return length > 1 ? length : 0;
  }
  let length = 0;
  while (length < 3 && at + length < end && isOctal(bytes[at + length] as number)) length += 1;
  return length;
}

function numberValue(bytes: Uint8Array, at: number, length: number): number {
  const isHex = bytes[at] === 0x78;
  let value = 0;
  for (let i = isHex ? 1 : 0; i < length; i += 1) {
    const digit = bytes[at + i] as number;
    value = isHex ? value * 16 + hexValue(digit) : value * 8 + (digit - 0x30);
  }
  return value & 0xff;
}

function isOctal(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x37;
}

function hexValue(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/** @throws SqlError 22P04 for a quote that does not end */
export function splitCsv(
  bytes: Uint8Array,
  start: number,
  end: number,
  format: CsvFormat,
  fields: Fields,
): void {
  const scratch = fields.scratch(end - start);
  fields.bytes = scratch;
  fields.count = 0;
  const { delimiter, quote } = format;
  let at = start;
  let out = 0;
  for (;;) {
    const from = at;
    const begun = out;
    let isQuoted = false;
    while (at < end && bytes[at] !== delimiter) {
      const byte = bytes[at] as number;
      at += 1;
      if (byte !== quote) {
        scratch[out] = byte;
        out += 1;
        continue;
      }
      isQuoted = true;
      for (;;) {
        if (at >= end) throw new SqlError("22P04", "unterminated CSV quoted field");
        const inner = bytes[at] as number;
        at += 1;
        if (inner === format.escape && at < end && isEscaped(bytes[at] as number, format)) {
          scratch[out] = bytes[at] as number;
          at += 1;
        } else if (inner === quote) break;
        else scratch[out] = inner;
        out += 1;
      }
    }
    const kind = markerKind(bytes, from, at, format);
    fields.add(begun, out, kind === NULL && isQuoted ? VALUE : kind);
    if (at >= end) return;
    at += 1;
  }
}

function isEscaped(byte: number, { quote, escape: mark }: CsvFormat): boolean {
  return byte === mark || byte === quote;
}
