/**
 * Finds the ends of lines as PostgreSQL's CopyReadLineText does: the first line's end decides how
 * all must end, `\.` ends the data of the text format, quotes of csv hide line ends. Goes on where
 * it stopped when more bytes have come.
 */

import { SqlError } from "../../base/errors.ts";
import { BACKSLASH, type CsvFormat, DOT, NEWLINE, RETURN, type TextFormat } from "./format.ts";

/** more: the line's end has not come yet. marker: the line is `\.`. end: nothing more. */
export type Scan = "line" | "more" | "marker" | "end";

export type LineEnd = "unknown" | "nl" | "cr" | "crnl";

export class LineScanner {
  lineEnding: LineEnd = "unknown";
  /** Where the found line ends, and where the next one begins. */
  lineEnd = 0;
  next = 0;
  /** Line ends inside quotes, since the line began. */
  innerLines = 0;
  readonly #isCsv: boolean;
  readonly #quote: number;
  /** -1 when the quote is its own escape. */
  readonly #escape: number;
  /** How far the line was looked at, from its start. */
  #scanned = 0;
  #inQuote = false;
  #wasEscape = false;

  constructor(format: TextFormat | CsvFormat) {
    this.#isCsv = format.kind === "csv";
    this.#quote = format.kind === "csv" ? format.quote : -1;
    const isOwn = format.kind !== "csv" || format.escape === format.quote;
    this.#escape = isOwn ? -1 : format.escape;
  }

  /** How many bytes of a line that has not ended yet need no other look. */
  get scanned(): number {
    return this.#scanned;
  }

  /** The line was found without this scanner. */
  forget(): void {
    this.#scanned = 0;
  }

  /** @param isLast no bytes come after `end` @throws SqlError 22P04 */
  scan(bytes: Uint8Array, start: number, end: number, isLast: boolean): Scan {
    if (this.#scanned === 0) this.#begin();
    const found = this.#isCsv
      ? this.#scanCsv(bytes, start, end, isLast)
      : this.#scanText(bytes, start, end, isLast);
    if (found !== "more") this.#scanned = 0;
    return found;
  }

  #begin(): void {
    this.innerLines = 0;
    this.#inQuote = false;
    this.#wasEscape = false;
  }

  #more(scanned: number): Scan {
    this.#scanned = scanned;
    return "more";
  }

  #atEnd(start: number, end: number): Scan {
    this.lineEnd = end;
    this.next = end;
    return end > start ? "line" : "end";
  }

  #scanText(bytes: Uint8Array, start: number, end: number, isLast: boolean): Scan {
    let at = start + this.#scanned;
    for (; at < end; at += 1) {
      const byte = bytes[at] as number;
      if (byte === NEWLINE) return this.#newline(at);
      if (byte !== RETURN && byte !== BACKSLASH) continue;
      // Enough to see all of `\.` and its line end.
      const ahead = byte === RETURN ? 1 : bytes[at + 1] === DOT || at + 1 >= end ? 3 : 1;
      if (at + ahead >= end && !isLast) return this.#more(at - start);
      if (byte === RETURN) return this.#return(bytes, at, end);
      if (at + 1 >= end) break;
      if (bytes[at + 1] === DOT) return this.#marker(bytes, start, at, end);
      at += 1; // whatever follows a backslash is data
    }
    return isLast ? this.#atEnd(start, end) : this.#more(at - start);
  }

  #scanCsv(bytes: Uint8Array, start: number, end: number, isLast: boolean): Scan {
    let at = start + this.#scanned;
    for (; at < end; at += 1) {
      const byte = bytes[at] as number;
      if (byte === RETURN && at + 1 >= end && !isLast) break;
      if (this.#inQuote && byte === this.#escape) this.#wasEscape = !this.#wasEscape;
      if (byte === this.#quote && !this.#wasEscape) this.#inQuote = !this.#inQuote;
      if (byte !== this.#escape) this.#wasEscape = false;
      if (this.#inQuote) {
        if (byte === (this.lineEnding === "nl" ? NEWLINE : RETURN)) this.innerLines += 1;
      } else if (byte === RETURN) return this.#return(bytes, at, end);
      else if (byte === NEWLINE) return this.#newline(at);
    }
    return isLast ? this.#atEnd(start, end) : this.#more(at - start);
  }

  #newline(at: number): Scan {
    if (this.lineEnding === "cr" || this.lineEnding === "crnl") {
      throw this.#stray("newline", '"\\n"');
    }
    this.lineEnding = "nl";
    this.lineEnd = at;
    this.next = at + 1;
    return "line";
  }

  #return(bytes: Uint8Array, at: number, end: number): Scan {
    this.lineEnd = at;
    this.next = at + 1;
    if (this.lineEnding === "nl") throw this.#stray("carriage return", '"\\r"');
    if (this.lineEnding === "cr") return "line";
    if (at + 1 < end && bytes[at + 1] === NEWLINE) {
      this.lineEnding = "crnl";
      this.next = at + 2;
      return "line";
    }
    if (this.lineEnding === "crnl") throw this.#stray("carriage return", '"\\r"');
    this.lineEnding = "cr";
    return "line";
  }

  #stray(what: string, written: string): SqlError {
    return this.#isCsv
      ? new SqlError("22P04", `unquoted ${what} found in data`, {
          hint: `Use quoted CSV field to represent ${what}.`,
        })
      : new SqlError("22P04", `literal ${what} found in data`, {
          hint: `Use ${written} to represent ${what}.`,
        });
  }

  #marker(bytes: Uint8Array, start: number, at: number, end: number): Scan {
    const notAlone = () => new SqlError("22P04", "end-of-copy marker is not alone on its line");
    const otherEnd = () =>
      new SqlError("22P04", "end-of-copy marker does not match previous newline style");
    const byteAt = (place: number) => (place < end ? bytes[place] : 0);
    let after = at + 2;
    if (this.lineEnding === "crnl") {
      const byte = byteAt(after);
      if (byte === NEWLINE) throw otherEnd();
      if (byte !== RETURN) throw notAlone();
      after += 1;
    }
    const last = byteAt(after);
    if (last !== RETURN && last !== NEWLINE) throw notAlone();
    const wanted =
      this.lineEnding === "unknown" ? last : this.lineEnding === "cr" ? RETURN : NEWLINE;
    if (last !== wanted) throw otherEnd();
    if (at > start) throw notAlone();
    return "marker";
  }
}
