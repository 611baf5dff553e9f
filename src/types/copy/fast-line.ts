/**
 * The fields of a line without escapes and quotes, in one pass over its bytes. Nearly every line is
 * of this kind; all others are left to the exact scanner.
 */

import { type Fields, NULL, VALUE } from "./fields.ts";
import {
  BACKSLASH,
  type CsvFormat,
  NEWLINE,
  RETURN,
  sameBytes,
  type TextFormat,
} from "./format.ts";
import type { LineEnd } from "./line-scanner.ts";

const LETTER_N = 0x4e;

export class FastLine {
  /** Where the line ends and the next one begins, after `split` found it. */
  lineEnd = 0;
  next = 0;
  lineEnding: LineEnd = "unknown";
  readonly #isSpecial = new Uint8Array(256);
  readonly #delimiter: number;
  readonly #nullText: Uint8Array;
  /** `\N` stands for NULL. */
  readonly #hasUsualNull: boolean;
  readonly #isUsable: boolean;

  constructor(format: TextFormat | CsvFormat) {
    this.#delimiter = format.delimiter;
    this.#nullText = format.nullText;
    this.#hasUsualNull =
      format.kind === "text" &&
      sameBytes(Uint8Array.of(BACKSLASH, LETTER_N), 0, 2, format.nullText);
    this.#isUsable = format.defaultText === undefined;
    const last = format.kind === "csv" ? format.quote : BACKSLASH;
    for (const byte of [format.delimiter, NEWLINE, RETURN, last]) this.#isSpecial[byte] = 1;
  }

  /** Whether a whole plain line begins at `start`; its fields stand in `bytes` as they are. */
  split(bytes: Uint8Array, start: number, end: number, fields: Fields): boolean {
    if (!this.#isUsable) return false;
    const isSpecial = this.#isSpecial;
    const delimiter = this.#delimiter;
    fields.bytes = bytes;
    fields.count = 0;
    let from = start;
    let hasNull = false;
    for (let at = start; at < end; at += 1) {
      const byte = bytes[at] as number;
      if (isSpecial[byte] === 0) continue;
      if (byte === delimiter || byte === NEWLINE || byte === RETURN) {
        if (hasNull && at !== from + 2) return false;
        fields.add(from, at, hasNull ? NULL : this.#kind(bytes, from, at));
        if (byte !== delimiter) return this.#endsLine(bytes, at, end);
        from = at + 1;
        hasNull = false;
      } else {
        const isNull = this.#hasUsualNull && at === from && bytes[at + 1] === LETTER_N;
        if (!isNull || at + 1 >= end) return false;
        hasNull = true;
        at += 1;
      }
    }
    return false;
  }

  #kind(bytes: Uint8Array, start: number, end: number): number {
    const nullText = this.#nullText;
    if (end - start !== nullText.length) return VALUE;
    return sameBytes(bytes, start, end, nullText) ? NULL : VALUE;
  }

  #endsLine(bytes: Uint8Array, at: number, end: number): boolean {
    const isPair = bytes[at] === RETURN && at + 1 < end && bytes[at + 1] === NEWLINE;
    const ending: LineEnd = isPair ? "crnl" : "nl";
    if (!isPair && bytes[at] === RETURN) return false;
    if (this.lineEnding !== "unknown" && this.lineEnding !== ending) return false;
    this.lineEnding = ending;
    this.lineEnd = at;
    this.next = at + (isPair ? 2 : 1);
    return true;
  }
}
