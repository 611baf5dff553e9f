/** Rows of PostgreSQL's binary format out of chunks cut anywhere. */

import { SqlError } from "../../base/errors.ts";
import { type BinaryCell, binaryCell, type CopyColumn } from "./cells.ts";
import { columnContext, withContext } from "./context.ts";
import type { CopySource, RowReader } from "./row-reader.ts";
import { BYTES_MAX, tooLong, Window } from "./window.ts";

export const SIGNATURE = Buffer.from("PGCOPY\n\xff\r\n\0", "latin1");
/** Signature, flags, length of the extension. */
const HEADER_BYTES = SIGNATURE.length + 8;
const FLAGS_END = SIGNATURE.length + 4;
const HAS_OIDS = 1 << 16;
const CRITICAL_FLAGS = 0xffff_0000;

type State = "header" | "extension" | "rows" | "finished";

export class BinaryRowReader implements RowReader {
  readonly skipped = 0;
  bytesRead = 0;
  readonly #source: CopySource;
  readonly #cells: readonly BinaryCell[];
  readonly #window = new Window();
  #view: DataView = new DataView(new ArrayBuffer(0));
  #state: State = "header";
  #extensionBytes = 0;
  line = 0;
  #isLast = false;
  #column: CopyColumn | undefined;

  constructor(source: CopySource) {
    this.#source = source;
    this.#cells = source.columns.map((column) => binaryCell(column));
  }

  get isFinished(): boolean {
    return this.#state === "finished";
  }

  get rowContext(): string {
    return `COPY ${this.#source.relation}, line ${this.line}`;
  }

  push(chunk: Uint8Array): void {
    if (this.isFinished || chunk.length === 0) return;
    this.#window.push(chunk);
    const { bytes } = this.#window;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  end(): void {
    this.#isLast = true;
  }

  read(rowsMax: number): number {
    if (!this.#begin()) return 0;
    const { target } = this.#source;
    let rows = 0;
    try {
      while (rows < rowsMax && this.#state === "rows" && this.#row(target.rows)) {
        target.endRow();
        rows += 1;
      }
    } catch (cause) {
      throw withContext(cause, this.#context());
    }
    return rows;
  }

  #context(): string {
    if (this.#column === undefined) return this.rowContext;
    return columnContext(this.#source.relation, this.line, this.#column.name, undefined);
  }

  /** The header; false while it has not come whole. @throws SqlError 22P04 */
  #begin(): boolean {
    const window = this.#window;
    if (this.#state === "header") {
      this.#checkSignature();
      const held = window.end - window.start;
      if (held < HEADER_BYTES && !this.#isLast) return false;
      if (held < FLAGS_END) throw badHeader("missing flags");
      const at = window.start + SIGNATURE.length;
      const flags = this.#view.getUint32(at);
      if ((flags & HAS_OIDS) !== 0) throw badHeader("WITH OIDS");
      if ((flags & CRITICAL_FLAGS) !== 0) {
        throw new SqlError("22P04", "unrecognized critical flags in COPY file header");
      }
      if (held < HEADER_BYTES) throw badHeader("missing length");
      this.#extensionBytes = this.#view.getInt32(at + 4);
      if (this.#extensionBytes < 0) throw badHeader("missing length");
      this.#skip(HEADER_BYTES);
      this.#state = "extension";
    }
    if (this.#state === "extension") {
      const held = Math.min(this.#extensionBytes, window.end - window.start);
      this.#skip(held);
      this.#extensionBytes -= held;
      if (this.#extensionBytes > 0) {
        if (this.#isLast) throw badHeader("wrong length");
        return false;
      }
      this.#state = "rows";
    }
    return true;
  }

  /** A wrong beginning is told once it is there whole. */
  #checkSignature(): void {
    const { bytes, start, end } = this.#window;
    const isWhole = end - start >= SIGNATURE.length;
    if (!isWhole && !this.#isLast) return;
    const beginning = bytes.subarray(start, start + SIGNATURE.length);
    if (isWhole && Buffer.compare(beginning, SIGNATURE) === 0) return;
    throw new SqlError("22P04", "COPY file signature not recognized");
  }

  /** false: more bytes are needed, or the data has ended. */
  #row(row: number): boolean {
    const window = this.#window;
    const { bytes, end } = window;
    const { columns } = this.#source;
    this.#column = undefined;
    let at = window.start;
    if (end - at < 2) {
      // Whoever leaves the trailer out just stops.
      if (this.#isLast) this.#state = "finished";
      return false;
    }
    const count = this.#view.getInt16(at);
    if (count === -1) return this.#trailer();
    if (count !== columns.length) {
      this.line += 1;
      throw new SqlError("22P04", `row field count is ${count}, expected ${columns.length}`);
    }
    at += 2;
    if (!this.#isLast && !this.#isWhole(at)) return false;
    this.line += 1;
    for (let i = 0; i < count; i += 1) {
      this.#column = columns[i] as CopyColumn;
      if (end - at < 4) throw cutOff();
      const size = this.#view.getInt32(at);
      at += 4;
      if (size === -1) this.#column.sink.putNull(row);
      else {
        if (size < 0) throw new SqlError("22P04", "invalid field size");
        if (size >= BYTES_MAX) throw tooLong(0, size);
        if (end - at < size) throw cutOff();
        (this.#cells[i] as BinaryCell)(row, bytes.subarray(at, at + size));
        at += size;
      }
    }
    this.#column = undefined;
    this.#source.checkRow?.(row);
    this.#skip(at - window.start);
    return true;
  }

  /** Whether all fields of the tuple are there; a length that cannot be counts as its end. */
  #isWhole(start: number): boolean {
    const { end } = this.#window;
    let at = start;
    for (let i = 0; i < this.#cells.length; i += 1) {
      if (end - at < 4) return false;
      const size = this.#view.getInt32(at);
      if (size < -1 || size >= BYTES_MAX) return true;
      at += 4 + Math.max(size, 0);
    }
    return at <= end;
  }

  #trailer(): boolean {
    const window = this.#window;
    if (window.end - window.start > 2) {
      this.line += 1;
      throw new SqlError("22P04", "received copy data after EOF marker");
    }
    if (!this.#isLast) return false;
    this.#skip(2);
    this.#state = "finished";
    return false;
  }

  #skip(count: number): void {
    this.#window.start += count;
    this.bytesRead += count;
  }
}

function cutOff(): SqlError {
  return new SqlError("22P04", "unexpected EOF in COPY data");
}

function badHeader(what: string): SqlError {
  return new SqlError("22P04", `invalid COPY file header (${what})`);
}
