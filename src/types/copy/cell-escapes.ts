/** Values as cells of COPY's lines: what text puts a backslash before, and csv into quotes. */

import {
  BACKSLASH,
  type CsvFormat,
  DOT,
  NEWLINE,
  RETURN,
  sameBytes,
  type TextFormat,
} from "./format.ts";

/** Letters of the escapes of the text format, by control character. */
const LETTERS: ReadonlyMap<number, string> = new Map([
  [8, "b"],
  [9, "t"],
  [10, "n"],
  [11, "v"],
  [12, "f"],
  [13, "r"],
]);

export class CellEscapes {
  readonly #format: TextFormat | CsvFormat;
  readonly #isSingle: boolean;
  readonly #isSpecial = new Uint8Array(256);
  /** text: what stands behind the backslash. */
  readonly #letter = new Uint8Array(256);

  /** @param columns how many cells a line has */
  constructor(format: TextFormat | CsvFormat, columns: number) {
    this.#format = format;
    this.#isSingle = columns === 1;
    const special =
      format.kind === "csv"
        ? [format.delimiter, format.quote, NEWLINE, RETURN]
        : [...LETTERS.keys(), BACKSLASH, format.delimiter];
    for (const byte of special) this.#isSpecial[byte] = 1;
    for (let byte = 0; byte < 256; byte += 1) {
      this.#letter[byte] = LETTERS.get(byte)?.charCodeAt(0) ?? byte;
    }
  }

  /** Of the cell of a value, not one that is quoted for its column. */
  length(bytes: Uint8Array, start: number, end: number): number {
    const format = this.#format;
    const isSpecial = this.#isSpecial;
    let specials = 0;
    for (let at = start; at < end; at += 1) specials += isSpecial[bytes[at] as number] as number;
    const plain = end - start;
    if (format.kind === "text") return plain + specials;
    if (specials === 0 && !this.#isQuoted(bytes, start, end, format)) return plain;
    let marks = 0;
    for (let at = start; at < end; at += 1) {
      if (bytes[at] === format.quote || bytes[at] === format.escape) marks += 1;
    }
    return plain + 2 + marks;
  }

  /** Writes the cell; gives where it ends. `isForced`: with quotes in any case. */
  put(
    bytes: Uint8Array,
    start: number,
    end: number,
    out: Uint8Array,
    at: number,
    isForced = false,
  ): number {
    const format = this.#format;
    if (format.kind === "text") return this.#putText(bytes, start, end, out, at);
    const isQuoted = isForced || this.#isQuoted(bytes, start, end, format);
    return this.#putCsv(bytes, start, end, out, at, isQuoted, format);
  }

  /** What would be taken for NULL, or by a single column for the end of the data. */
  #isQuoted(bytes: Uint8Array, start: number, end: number, format: CsvFormat): boolean {
    if (sameBytes(bytes, start, end, format.nullText)) return true;
    const isMarker = end - start === 2 && bytes[start] === BACKSLASH && bytes[start + 1] === DOT;
    return this.#isSingle && isMarker;
  }

  #putText(bytes: Uint8Array, start: number, end: number, out: Uint8Array, at: number): number {
    const isSpecial = this.#isSpecial;
    let to = at;
    for (let from = start; from < end; from += 1) {
      const byte = bytes[from] as number;
      if (isSpecial[byte] === 1) {
        out[to++] = BACKSLASH;
        out[to++] = this.#letter[byte] as number;
      } else out[to++] = byte;
    }
    return to;
  }

  #putCsv(
    bytes: Uint8Array,
    start: number,
    end: number,
    out: Uint8Array,
    at: number,
    isQuoted: boolean,
    { quote, escape: mark }: CsvFormat,
  ): number {
    const isSpecial = this.#isSpecial;
    let to = at;
    let from = start;
    if (!isQuoted) {
      for (; from < end; from += 1) {
        const byte = bytes[from] as number;
        if (isSpecial[byte] === 1) break;
        out[to++] = byte;
      }
      if (from === end) return to;
      to = at;
    }
    out[to++] = quote;
    for (from = start; from < end; from += 1) {
      const byte = bytes[from] as number;
      if (byte === quote || byte === mark) out[to++] = mark;
      out[to++] = byte;
    }
    out[to++] = quote;
    return to;
  }
}
