/** Cells whose bytes are the value: text and its kin, bytea, and uuid. */

import type duckdb from "@duckdb/node-bindings";
import { SqlError } from "../base/errors.ts";
import type { CellEscapes } from "../types/copy/cell-escapes.ts";
import { type CellWriter, FixedWriter, LENGTH_BYTES, NULL_LENGTH } from "./cell-writer.ts";
import { isNull, readData, readValidity, Strings, type Validity } from "./chunks.ts";
import type { RowBuffer } from "./row-buffer.ts";

const JSONB_VERSION = 1;

export type TextKind = "text" | "bytea" | "jsonb";

/** Text in both formats, jsonb in binary (a version byte before it), bytea in binary. */
export class TextWriter implements CellWriter {
  readonly #kind: TextKind;
  readonly #prefix: 0 | 1;
  #strings: Strings | undefined;
  #validity: Validity;

  constructor(kind: TextKind) {
    this.#kind = kind;
    this.#prefix = kind === "jsonb" ? 1 : 0;
  }

  measure(vector: duckdb.Vector, rows: number, sizes: Int32Array): void {
    const validity = readValidity(vector, rows);
    const strings = new Strings(vector, rows, validity);
    this.#validity = validity;
    this.#strings = strings;
    const fixed = LENGTH_BYTES + this.#prefix;
    for (let row = 0; row < rows; row += 1) {
      const size = isNull(validity, row) ? LENGTH_BYTES : fixed + strings.length(row);
      sizes[row] = (sizes[row] as number) + size;
    }
  }

  write(out: RowBuffer, places: Int32Array, from: number, until: number): void {
    const { bytes, view } = out;
    const strings = this.#strings as Strings;
    const validity = this.#validity;
    const prefix = this.#prefix;
    let hasZero = false;
    for (let row = from; row < until; row += 1) {
      const at = places[row] as number;
      if (isNull(validity, row)) {
        view.setInt32(at, NULL_LENGTH);
        places[row] = at + LENGTH_BYTES;
        continue;
      }
      const length = strings.length(row);
      view.setInt32(at, prefix + length);
      if (prefix === 1) bytes[at + LENGTH_BYTES] = JSONB_VERSION;
      const to = at + LENGTH_BYTES + prefix;
      if (strings.put(row, out, to)) hasZero = true;
      places[row] = to + length;
    }
    if (hasZero && this.#kind !== "bytea") throw zeroByte();
  }
}

/** Texts as cells of a line of COPY. */
export class EscapedTextWriter implements CellWriter {
  readonly #escapes: CellEscapes;
  #strings: Strings | undefined;
  #validity: Validity;
  /** Of the cells. */
  #lengths = new Int32Array();

  constructor(escapes: CellEscapes) {
    this.#escapes = escapes;
  }

  measure(vector: duckdb.Vector, rows: number, sizes: Int32Array): void {
    const validity = readValidity(vector, rows);
    const strings = new Strings(vector, rows, validity);
    this.#validity = validity;
    this.#strings = strings;
    if (this.#lengths.length < rows) this.#lengths = new Int32Array(rows);
    for (let row = 0; row < rows; row += 1) {
      let length = 0;
      if (!isNull(validity, row)) {
        const start = strings.start(row);
        length = this.#escapes.length(strings.source(row), start, start + strings.length(row));
      }
      this.#lengths[row] = length;
      sizes[row] = (sizes[row] as number) + LENGTH_BYTES + length;
    }
  }

  write(out: RowBuffer, places: Int32Array, from: number, until: number): void {
    const { bytes, view } = out;
    const strings = this.#strings as Strings;
    const validity = this.#validity;
    let hasZero = false;
    for (let row = from; row < until; row += 1) {
      const at = places[row] as number;
      const to = at + LENGTH_BYTES;
      const isAbsent = isNull(validity, row);
      const length = this.#lengths[row] as number;
      view.setInt32(at, isAbsent ? NULL_LENGTH : length);
      places[row] = to + length;
      if (isAbsent) continue;
      const size = strings.length(row);
      if (size === length) {
        if (strings.put(row, out, to)) hasZero = true;
      } else {
        const start = strings.start(row);
        this.#escapes.put(strings.source(row), start, start + size, bytes, to);
        if (strings.bytes(row).includes(0)) hasZero = true;
      }
    }
    if (hasZero) throw zeroByte();
  }
}

function zeroByte(): SqlError {
  return new SqlError("22021", 'invalid byte sequence for encoding "UTF8": 0x00');
}

const HEX = Buffer.from("0123456789abcdef", "latin1");
const DASHES_BEFORE = [4, 6, 8, 10];
const TEXT_LENGTH = 36;

/** DuckDB keeps a UUID as a signed 128-bit integer with the top bit flipped, so that it sorts. */
export function uuidByte(data: Uint8Array, row: number, index: number): number {
  const byte = data[row * 16 + 15 - index] as number;
  return index === 0 ? byte ^ 0x80 : byte;
}

export class UuidWriter extends FixedWriter {
  #data: Uint8Array = new Uint8Array();

  constructor(format: 0 | 1) {
    super(format === 1 ? 16 : TEXT_LENGTH);
  }

  protected load(vector: duckdb.Vector, rows: number): void {
    this.#data = readData(vector, rows, 16);
  }

  write(out: RowBuffer, places: Int32Array, from: number, until: number): void {
    this.writeLengths(out, places, from, until);
    const { bytes } = out;
    const isText = this.width === TEXT_LENGTH;
    for (let row = from; row < until; row += 1) {
      if (isNull(this.validity, row)) continue;
      let at = (places[row] as number) - this.width;
      for (let i = 0; i < 16; i += 1) {
        const byte = uuidByte(this.#data, row, i);
        if (!isText) {
          bytes[at++] = byte;
          continue;
        }
        if (DASHES_BEFORE.includes(i)) bytes[at++] = 45;
        bytes[at++] = HEX[byte >> 4] as number;
        bytes[at++] = HEX[byte & 15] as number;
      }
    }
  }
}
