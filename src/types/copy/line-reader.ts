/**
 * Lines of text or csv out of chunks cut anywhere: counted, checked to be UTF-8, split into fields,
 * the header put aside.
 */

import { SqlError } from "../../base/errors.ts";
import { lineContext, withContext } from "./context.ts";
import { FastLine } from "./fast-line.ts";
import { Fields, NULL } from "./fields.ts";
import type { CopyEncoding, CsvFormat, TextFormat } from "./format.ts";
import { LineScanner } from "./line-scanner.ts";
import { PlainLines } from "./plain-lines.ts";
import { splitCsv, splitText } from "./split-line.ts";
import { fromLatin1, invalidSequence, SEQUENCE_BYTES_MAX, validEnd } from "./utf8-prefix.ts";
import { Window } from "./window.ts";

/** `\.` with the longest line end. */
const MARKER_BYTES_MAX = 4;
/** The beginning of a line that has so many is not looked at again for each chunk. */
const LONG_LINE_BYTES = 64 * 1024;

export interface LineSource {
  readonly relation: string;
  /** The copied columns, in the order of the fields. */
  readonly columns: readonly string[];
  readonly encoding: CopyEncoding;
  /** The client may be a psql before 18, which ends csv by a line `\.`. */
  readonly mayEndByMarker?: boolean;
}

export class LineReader {
  /** Of the line that was read last. */
  readonly fields = new Fields();
  /** What `findPlain` has found. */
  readonly plain: PlainLines;
  /** The last line's number; lines inside a quoted field count. */
  line = 0;
  /** Bytes of whole lines read so far. */
  bytesRead = 0;
  readonly #format: TextFormat | CsvFormat;
  readonly #source: LineSource;
  readonly #window = new Window();
  readonly #fast: FastLine;
  readonly #scanner: LineScanner;
  /** Up to here the window is known to be UTF-8; bytes from its start. */
  #checked = 0;
  #isLast = false;
  #isFinished = false;
  #isHeaderDue: boolean;
  #lineStart = 0;
  #lineEnd = 0;

  constructor(format: TextFormat | CsvFormat, source: LineSource) {
    this.#format = format;
    this.#source = source;
    this.#fast = new FastLine(format);
    this.plain = new PlainLines(format, source.columns.length);
    this.#scanner = new LineScanner(format);
    this.#isHeaderDue = format.header !== "none";
  }

  /** All lines pushed so far must have been read. */
  push(chunk: Uint8Array): void {
    if (this.#isFinished || chunk.length === 0) return;
    this.#window.push(this.#source.encoding === "LATIN1" ? fromLatin1(chunk) : chunk);
    this.#check();
  }

  /** No more chunks come. */
  end(): void {
    this.#isLast = true;
    this.#check();
  }

  /** The data has ended, by its end or by `\.`. */
  get isFinished(): boolean {
    return this.#isFinished;
  }

  /** The last line as it stood, without its end. */
  get lineText(): Uint8Array {
    return this.#window.bytes.subarray(this.#lineStart, this.#lineEnd);
  }

  /**
   * Reads one more line into `fields`; false: more bytes are needed, or it is finished.
   * @throws SqlError with CONTEXT
   */
  next(): boolean {
    if (this.#isHeaderDue && !this.#header()) return false;
    return this.#line(true);
  }

  /** How many lines that come next, at most `max`, are plain. They are not read yet. */
  findPlain(max: number): number {
    if (this.#isHeaderDue || this.#isFinished || this.#isInLongLine) return 0;
    const { bytes, start } = this.#window;
    this.plain.lineEnding = this.#scanner.lineEnding;
    return this.plain.find(bytes, start, start + this.#checked, max);
  }

  /** Goes on behind the lines that were found plain. */
  takePlain(): void {
    const { count, lineEnding, lastLine } = this.plain;
    this.line += count;
    this.#fast.lineEnding = lineEnding;
    this.#scanner.lineEnding = lineEnding;
    this.#scanner.forget();
    this.#take(lastLine.start, lastLine.end, lastLine.next);
  }

  /** One that comes in many chunks: only the scanner goes on where it stopped. */
  get #isInLongLine(): boolean {
    return this.#scanner.scanned > LONG_LINE_BYTES;
  }

  #header(): boolean {
    if (!this.#line(this.#format.header === "match")) {
      if (!this.#isFinished) return false;
      this.#emptyLine();
    }
    this.#isHeaderDue = false;
    if (this.#format.header === "match") {
      this.inLine(() => matchHeader(this.fields, this.#format, this.#source.columns));
    }
    return true;
  }

  /** A header is expected of data without any line, too. */
  #emptyLine(): void {
    const { start } = this.#window;
    this.line += 1;
    this.#take(start, start, start);
    this.#split(this.#window.bytes);
  }

  #line(isSplit: boolean): boolean {
    if (this.#isFinished) return false;
    const window = this.#window;
    const { bytes, start } = window;
    const end = start + this.#checked;
    if (this.#mayEndByMarker(bytes, start, end)) {
      this.#isFinished = this.#isLast;
      return false;
    }
    if (!this.#isInLongLine && this.#fast.split(bytes, start, end, this.fields)) {
      this.line += 1;
      this.#scanner.lineEnding = this.#fast.lineEnding;
      this.#scanner.forget();
      this.#take(start, this.#fast.lineEnd, this.#fast.next);
      return true;
    }
    if (!this.#scan(bytes, start, end)) return false;
    if (isSplit) this.#split(bytes);
    return true;
  }

  /**
   * PostgreSQL 18 takes `\.` for data. As the last line of several columns it could only be an
   * error, so it is taken for what it was meant to be.
   */
  #mayEndByMarker(bytes: Uint8Array, start: number, end: number): boolean {
    if (this.#source.mayEndByMarker !== true || this.#format.kind !== "csv") return false;
    if (this.#source.columns.length < 2) return false;
    if (end !== this.#window.end || end - start < 2 || end - start > MARKER_BYTES_MAX) return false;
    const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString(
      "latin1",
    );
    return text === "\\." || text === "\\.\n" || text === "\\.\r\n";
  }

  #split(bytes: Uint8Array): void {
    const format = this.#format;
    this.inLine(() => {
      const from = this.#lineStart;
      if (format.kind === "csv") splitCsv(bytes, from, this.#lineEnd, format, this.fields);
      else splitText(bytes, from, this.#lineEnd, format, this.fields);
    });
  }

  /** The slow way to the end of a line. */
  #scan(bytes: Uint8Array, start: number, end: number): boolean {
    const scanner = this.#scanner;
    const isWhole = end === this.#window.end;
    try {
      const found = scanner.scan(bytes, start, end, this.#isLast && isWhole);
      this.#fast.lineEnding = scanner.lineEnding;
      if (found === "line") {
        this.line += 1 + scanner.innerLines;
        this.#take(start, scanner.lineEnd, scanner.next);
        return true;
      }
      if (found !== "more") this.#isFinished = true;
      else if (!isWhole && (this.#isLast || this.#window.end - end >= SEQUENCE_BYTES_MAX)) {
        throw this.#invalidBytes(bytes, end);
      }
      return false;
    } catch (cause) {
      const line = this.line + 1 + scanner.innerLines;
      throw withContext(cause, lineContext(this.#source.relation, line));
    }
  }

  #invalidBytes(bytes: Uint8Array, at: number): SqlError {
    // LATIN1 has every byte but zero.
    return this.#source.encoding === "LATIN1"
      ? new SqlError("22021", 'invalid byte sequence for encoding "LATIN1": 0x00')
      : invalidSequence(bytes, at, this.#window.end);
  }

  #take(start: number, lineEnd: number, next: number): void {
    const taken = next - this.#window.start;
    this.#lineStart = start;
    this.#lineEnd = lineEnd;
    this.#window.start = next;
    this.#checked -= taken;
    this.bytesRead += taken;
  }

  /** Errors of `work` are told to be in the last line. */
  inLine(work: () => void): void {
    try {
      work();
    } catch (cause) {
      throw withContext(cause, lineContext(this.#source.relation, this.line, this.lineText));
    }
  }

  #check(): void {
    const { bytes, start, end } = this.#window;
    this.#checked = validEnd(bytes, start + this.#checked, end) - start;
  }
}

/** @throws SqlError 22P04 */
function matchHeader(
  fields: Fields,
  format: TextFormat | CsvFormat,
  columns: readonly string[],
): void {
  if (fields.count !== columns.length) {
    throw new SqlError(
      "22P04",
      `wrong number of fields in header line: got ${fields.count}, expected ${columns.length}`,
    );
  }
  for (const [index, expected] of columns.entries()) {
    const mismatch = `column name mismatch in header line field ${index + 1}: got`;
    if (fields.kinds[index] === NULL) {
      const shown = Buffer.from(format.nullText).toString();
      throw new SqlError("22P04", `${mismatch} null value ("${shown}"), expected "${expected}"`);
    }
    const name = Buffer.from(fields.value(index)).toString();
    if (name !== expected) {
      throw new SqlError("22P04", `${mismatch} "${name}", expected "${expected}"`);
    }
  }
}
