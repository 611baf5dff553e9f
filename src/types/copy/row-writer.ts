/**
 * DataRow messages, as the engine makes them, into the rows of COPY TO: lines of text or csv, or
 * tuples of the binary format, each in a CopyData message of its own where a client takes them.
 */

import { unreachable } from "../../base/errors.ts";
import { SIGNATURE } from "./binary-reader.ts";
import { CellEscapes } from "./cell-escapes.ts";
import {
  type CopyEncoding,
  type CopyFormat,
  type CsvFormat,
  NEWLINE,
  type TextFormat,
} from "./format.ts";
import { toLatin1 } from "./to-latin1.ts";

export const COPY_DATA = 0x64; // d
/** Of DataRow and CopyData: type and length. */
export const MESSAGE_BYTES = 5;

export interface RowWriter {
  /** Wire format of the cells it takes of a column: 0 text, 1 binary. */
  cellFormat(column: number): 0 | 1;
  /** The same lines as `rows` gives, for an engine that writes them from columns at once. */
  readonly lines?: TextFormat | CsvFormat | undefined;
  /** What comes before the rows; may be empty. */
  begin(columns: readonly string[]): Uint8Array;
  /** Complete DataRow messages, whose memory it may change. */
  rows(messages: Uint8Array): Uint8Array;
  /** What comes after the rows; may be empty. */
  finish(): Uint8Array;
}

/** @param isFramed in CopyData messages, one for each row */
export function rowWriter(
  format: CopyFormat,
  encoding: CopyEncoding,
  isFramed: boolean,
): RowWriter {
  switch (format.kind) {
    case "binary":
      return new BinaryWriter(isFramed);
    case "text":
    case "csv":
      return new LineWriter(format, encoding, isFramed);
    default:
      return unreachable(format);
  }
}

class BinaryWriter implements RowWriter {
  readonly #isFramed: boolean;
  /** Clients expect it in one message with what follows: the first tuple, or the trailer. */
  #header = Buffer.concat([SIGNATURE, Buffer.alloc(8)]);

  constructor(isFramed: boolean) {
    this.#isFramed = isFramed;
  }

  cellFormat(): 1 {
    return 1;
  }

  begin(): Uint8Array {
    return this.#isFramed ? Buffer.alloc(0) : this.#takeHeader();
  }

  /** A tuple is what a DataRow holds. */
  rows(messages: Uint8Array): Uint8Array {
    if (messages.length === 0) return messages;
    if (this.#header.length > 0) {
      const size = Buffer.from(messages.buffer, messages.byteOffset).readInt32BE(1) + 1;
      const first = this.#message(messages.subarray(MESSAGE_BYTES, size));
      return Buffer.concat([first, this.rows(messages.subarray(size))]);
    }
    const view = new DataView(messages.buffer, messages.byteOffset, messages.byteLength);
    let out = 0;
    for (let at = 0; at < messages.length; ) {
      const end = at + 1 + view.getInt32(at + 1);
      if (this.#isFramed) messages[at] = COPY_DATA;
      else {
        messages.copyWithin(out, at + MESSAGE_BYTES, end);
        out += end - at - MESSAGE_BYTES;
      }
      at = end;
    }
    return this.#isFramed ? messages : messages.subarray(0, out);
  }

  finish(): Uint8Array {
    return this.#message(Uint8Array.of(0xff, 0xff));
  }

  #message(payload: Uint8Array): Uint8Array {
    if (!this.#isFramed) return payload;
    const body = Buffer.concat([this.#takeHeader(), payload]);
    const frame = Buffer.alloc(MESSAGE_BYTES, COPY_DATA);
    frame.writeInt32BE(body.length + 4, 1);
    return Buffer.concat([frame, body]);
  }

  #takeHeader(): Buffer {
    const header = this.#header;
    this.#header = Buffer.alloc(0);
    return header;
  }
}

const TAB = 0x09;
const QUOTE = 0x22;
/** Delimiters that stand in no number, time or other value whose bytes are not looked at. */
const PLAIN_DELIMITERS: readonly number[] = [TAB, ...Buffer.from(",;|")];
const PLAIN_NULLS: readonly string[] = ["", "\\N"];

/** Whether only texts can need escapes. */
function isPlain(format: TextFormat | CsvFormat): boolean {
  if (!PLAIN_DELIMITERS.includes(format.delimiter)) return false;
  if (!PLAIN_NULLS.includes(Buffer.from(format.nullText).toString())) return false;
  return format.kind === "text" || (format.quote === QUOTE && !format.forceQuote.includes(true));
}

class LineWriter implements RowWriter {
  readonly lines: TextFormat | CsvFormat | undefined;
  readonly #format: TextFormat | CsvFormat;
  readonly #encoding: CopyEncoding;
  readonly #isFramed: boolean;
  #out: Buffer = Buffer.alloc(0);
  #at = 0;

  constructor(format: TextFormat | CsvFormat, encoding: CopyEncoding, isFramed: boolean) {
    this.#format = format;
    this.#encoding = encoding;
    this.#isFramed = isFramed;
    const isDirect = isFramed && encoding !== "LATIN1" && isPlain(format);
    this.lines = isDirect ? format : undefined;
  }

  cellFormat(): 0 {
    return 0;
  }

  begin(columns: readonly string[]): Uint8Array {
    if (this.#format.header === "none") return Buffer.alloc(0);
    const names = columns.map((name) => Buffer.from(name));
    const bytes = names.reduce((sum, name) => sum + name.length, 0);
    this.#reserve(bytes, 1, names.length);
    const escapes = new CellEscapes(this.#format, names.length);
    const start = this.#startRow();
    for (const [index, name] of names.entries()) {
      if (index > 0) this.#out[this.#at++] = this.#format.delimiter;
      this.#at = escapes.put(name, 0, name.length, this.#out, this.#at);
    }
    this.#endRow(start);
    return this.#taken();
  }

  rows(messages: Uint8Array): Uint8Array {
    const view = new DataView(messages.buffer, messages.byteOffset, messages.byteLength);
    const { delimiter, nullText } = this.#format;
    const force = this.#format.kind === "csv" ? this.#format.forceQuote : [];
    let count = 0;
    for (let at = 0; at < messages.length; at += 1 + view.getInt32(at + 1)) count += 1;
    const columns = messages.length === 0 ? 0 : view.getInt16(MESSAGE_BYTES);
    this.#reserve(messages.length, count, columns);
    const escapes = new CellEscapes(this.#format, columns);
    let at = 0;
    for (let row = 0; row < count; row += 1) {
      const start = this.#startRow();
      at += MESSAGE_BYTES + 2;
      for (let column = 0; column < columns; column += 1) {
        if (column > 0) this.#out[this.#at++] = delimiter;
        const size = view.getInt32(at);
        at += 4;
        if (size < 0) {
          this.#out.set(nullText, this.#at);
          this.#at += nullText.length;
        } else {
          const isForced = force[column] === true;
          this.#at = escapes.put(messages, at, at + size, this.#out, this.#at, isForced);
          at += size;
        }
      }
      this.#endRow(start);
    }
    return this.#taken();
  }

  finish(): Uint8Array {
    return Buffer.alloc(0);
  }

  /** Room for what so many bytes can become at most. */
  #reserve(bytes: number, rows: number, columns: number): void {
    const perRow = MESSAGE_BYTES + 1 + columns * (3 + this.#format.nullText.length);
    this.#out = Buffer.allocUnsafe(bytes * 2 + rows * perRow);
    this.#at = 0;
  }

  #taken(): Uint8Array {
    return this.#out.subarray(0, this.#at);
  }

  #startRow(): number {
    const start = this.#at;
    if (this.#isFramed) this.#at += MESSAGE_BYTES;
    return start;
  }

  #endRow(start: number): void {
    this.#out[this.#at++] = NEWLINE;
    const payload = this.#isFramed ? start + MESSAGE_BYTES : start;
    if (this.#encoding === "LATIN1") {
      this.#at = payload + toLatin1(this.#out.subarray(payload, this.#at));
    }
    if (!this.#isFramed) return;
    this.#out[start] = COPY_DATA;
    this.#out.writeInt32BE(this.#at - start - 1, start + 1);
  }
}
