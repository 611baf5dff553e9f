/**
 * Many lines at once whose fields stand in the data as they are, and where each of those begins.
 * Nearly all data is of this kind; the first line that is not ends the search, and whoever asked
 * reads it alone. Places of the few bytes that mean something are found first, then looked at.
 */

import { ByteSearch } from "./byte-search.ts";
import type { FieldPlaces } from "./field-places.ts";
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
const USUAL_NULL = Uint8Array.of(BACKSLASH, LETTER_N);
/** No byte, no place. */
const NONE = -1;
/** What is looked through at once stays in the processor's cache. */
const PIECE_BYTES = 32 * 1024;

export class PlainLines {
  /** Of the lines found. */
  count = 0;
  /** How lines end; taken over by `find`, which may learn it. */
  lineEnding: LineEnd = "unknown";
  readonly #columns: number;
  readonly #delimiter: number;
  readonly #quote: number;
  readonly #hasUsualNull: boolean;
  readonly #nullText: Uint8Array;
  readonly #forceNotNull: readonly boolean[];
  readonly #isUsable: boolean;
  readonly #marks: ByteSearch;
  #bytes: Uint8Array = new Uint8Array();
  /** Where each field begins, line by line, and then where the line behind the last one begins. */
  #fields = new Int32Array(1);

  /** @param columns how many fields a line has */
  constructor(format: TextFormat | CsvFormat, columns: number) {
    const isCsv = format.kind === "csv";
    this.#columns = columns;
    this.#delimiter = format.delimiter;
    // Fields with another escape, or that may be NULL in quotes, are for others to read.
    const isSimple = isCsv && format.quote === format.escape && !format.forceNull.includes(true);
    this.#quote = isSimple ? format.quote : NONE;
    this.#hasUsualNull = !isCsv && sameBytes(USUAL_NULL, 0, 2, format.nullText);
    this.#nullText = format.nullText;
    this.#forceNotNull = isCsv ? format.forceNotNull : [];
    this.#isUsable = columns > 0 && format.defaultText === undefined;
    this.#marks = new ByteSearch(format.delimiter, isCsv ? format.quote : BACKSLASH);
  }

  /** Where the last line begins, where it ends, and where the line behind it begins. */
  get lastLine(): { readonly start: number; readonly end: number; readonly next: number } {
    const at = this.count * this.#columns;
    const next = this.#fields[at] as number;
    const start = this.#fields[at - this.#columns] as number;
    return { start, end: next - this.#endBytes, next };
  }

  get #endBytes(): 1 | 2 {
    return this.lineEnding === "crnl" ? 2 : 1;
  }

  /** Looks for whole lines from `start` on; gives how many are near, `max` at most. */
  find(bytes: Uint8Array, start: number, end: number, max: number): number {
    this.count = 0;
    if (!this.#isUsable) return 0;
    const marks = this.#marks.find(bytes, start, Math.min(end, start + PIECE_BYTES));
    if (this.#fields.length <= marks.count) this.#fields = new Int32Array(marks.count * 2);
    this.#bytes = bytes;
    this.count = this.#lines(bytes, start, max);
    return this.count;
  }

  #lines(bytes: Uint8Array, start: number, max: number): number {
    const { places, count } = this.#marks;
    const fields = this.#fields;
    const delimiter = this.#delimiter;
    const columns = this.#columns;
    let lines = 0;
    let left = columns;
    let field = 0;
    fields[0] = start;
    for (let i = 0; i < count; i += 1) {
      const at = places[i] as number;
      const byte = bytes[at] as number;
      if (byte === delimiter) {
        left -= 1;
        if (left === 0) return lines;
        field += 1;
        fields[field] = at + 1;
      } else if (byte === NEWLINE || byte === RETURN) {
        const next = left === 1 ? this.#lineEnd(bytes, at, i) : NONE;
        if (next < 0) return lines;
        if (byte === RETURN) i += 1;
        field += 1;
        fields[field] = next;
        lines += 1;
        if (lines === max) return lines;
        left = columns;
      } else {
        i = at === fields[field] ? this.#specialField(bytes, i) : NONE;
        if (i < 0) return lines;
      }
    }
    return lines;
  }

  /** Where the next line begins; negative: this one does not end as the others do. */
  #lineEnd(bytes: Uint8Array, at: number, mark: number): number {
    const isPair = bytes[at] === RETURN;
    if (isPair && (this.#marks.at(mark + 1) !== at + 1 || bytes[at + 1] !== NEWLINE)) return NONE;
    const ending: LineEnd = isPair ? "crnl" : "nl";
    if (this.lineEnding === "unknown") this.lineEnding = ending;
    return this.lineEnding === ending ? at + this.#endBytes : NONE;
  }

  /**
   * A field that begins with a quote or a backslash: the last mark in it. Negative: it is not `\N`,
   * has more than its two quotes, or goes over lines.
   */
  #specialField(bytes: Uint8Array, mark: number): number {
    let last = mark;
    let end = this.#marks.at(mark) + 2;
    if (this.#hasUsualNull) {
      if (bytes[end - 1] !== LETTER_N) return NONE;
    } else {
      do {
        last += 1;
        end = this.#marks.at(last) + 1;
      } while (bytes[end - 1] === this.#delimiter);
      if (end === 0 || bytes[end - 1] !== this.#quote) return NONE;
    }
    if (this.#marks.at(last + 1) !== end) return NONE;
    return bytes[end] === this.#quote || bytes[end] === BACKSLASH ? NONE : last;
  }

  /** The fields of one column of the lines found. */
  column(index: number, places: FieldPlaces): void {
    const { starts, ends } = places.reserve(this.#bytes, this.count);
    const isLast = index === this.#columns - 1;
    const behind = isLast ? this.#endBytes : 1;
    const nullText = this.#nullText;
    const nullLength = this.#forceNotNull[index] === true ? NONE : nullText.length;
    const bytes = this.#bytes;
    const fields = this.#fields;
    const columns = this.#columns;
    const quote = this.#quote;
    let nulls = 0;
    for (let line = 0, field = index; line < this.count; line += 1, field += columns) {
      const start = fields[field] as number;
      const end = (fields[field + 1] as number) - behind;
      const length = end - start;
      if (length > 0 && bytes[start] === quote) {
        starts[line] = start + 1;
        ends[line] = end - 1;
      } else if (length === nullLength && sameBytes(bytes, start, end, nullText)) {
        starts[line] = NONE;
        nulls += 1;
      } else {
        starts[line] = start;
        ends[line] = end;
      }
    }
    places.nulls = nulls;
  }
}
