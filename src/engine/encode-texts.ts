/** Cells whose bytes are the value: text and its kin, bytea, and uuid. */

import type duckdb from "@duckdb/node-bindings";
import { SqlError } from "../base/errors.ts";
import { NullableWriter } from "./cell-writer.ts";
import { readData, readValidity, Strings, type Validity } from "./chunks.ts";
import type { RowBuffer } from "./row-buffer.ts";

/** Below this a loop is faster than a call into native code. */
const LOOP_MAX = 48;
const JSONB_VERSION = 1;

export type TextKind = "text" | "bytea" | "jsonb";

/** Text in both formats, jsonb in binary (a version byte before it), bytea in binary. */
export class TextWriter extends NullableWriter {
  readonly #kind: TextKind;
  #strings: Strings | undefined;

  constructor(kind: TextKind) {
    super();
    this.#kind = kind;
  }

  protected loadValues(vector: duckdb.Vector, rows: number): Validity {
    const validity = readValidity(vector, rows);
    this.#strings = new Strings(vector, rows, validity);
    return validity;
  }

  protected writeValue(row: number, out: RowBuffer): void {
    const strings = this.#strings as Strings;
    const length = strings.length(row);
    const prefix = this.#kind === "jsonb" ? 1 : 0;
    out.reserve(4 + prefix + length);
    out.int32(prefix + length);
    if (prefix === 1) {
      out.bytes[out.at] = JSONB_VERSION;
      out.at += 1;
    }
    const from = strings.start(row);
    const hasZero = copy(strings.source(row), from, length, out);
    if (hasZero && this.#kind !== "bytea") {
      throw new SqlError("22021", 'invalid byte sequence for encoding "UTF8": 0x00');
    }
  }
}

/** Whether a byte was 0, which no text of PostgreSQL may hold. */
function copy(source: Uint8Array, from: number, length: number, out: RowBuffer): boolean {
  const { bytes, at } = out;
  out.at = at + length;
  if (length > LOOP_MAX) {
    const part = source.subarray(from, from + length);
    bytes.set(part, at);
    return part.includes(0);
  }
  let hasZero = false;
  for (let i = 0; i < length; i += 1) {
    const byte = source[from + i] as number;
    if (byte === 0) hasZero = true;
    bytes[at + i] = byte;
  }
  return hasZero;
}

const HEX = Buffer.from("0123456789abcdef", "latin1");
const DASHES_BEFORE = new Set([4, 6, 8, 10]);

/** DuckDB keeps a UUID as a signed 128-bit integer with the top bit flipped, so that it sorts. */
export function uuidByte(data: Uint8Array, row: number, index: number): number {
  const byte = data[row * 16 + 15 - index] as number;
  return index === 0 ? byte ^ 0x80 : byte;
}

export class UuidWriter extends NullableWriter {
  readonly #format: 0 | 1;
  #data: Uint8Array = new Uint8Array();

  constructor(format: 0 | 1) {
    super();
    this.#format = format;
  }

  protected loadValues(vector: duckdb.Vector, rows: number): Validity {
    this.#data = readData(vector, rows, 16);
    return readValidity(vector, rows);
  }

  protected writeValue(row: number, out: RowBuffer): void {
    const length = this.#format === 1 ? 16 : 36;
    out.reserve(4 + length);
    out.int32(length);
    const { bytes } = out;
    let { at } = out;
    for (let i = 0; i < 16; i += 1) {
      const byte = uuidByte(this.#data, row, i);
      if (this.#format === 1) {
        bytes[at++] = byte;
        continue;
      }
      if (DASHES_BEFORE.has(i)) bytes[at++] = 45;
      bytes[at++] = HEX[byte >> 4] as number;
      bytes[at++] = HEX[byte & 15] as number;
    }
    out.at = at;
  }
}
