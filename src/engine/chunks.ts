/**
 * DuckDB's vectors as typed arrays. The binding copies what it hands out, byte for byte as asked,
 * so a view must never be longer than the vector.
 */

import duckdb from "@duckdb/node-bindings";
import { assert } from "../base/errors.ts";
import type { RowBuffer } from "./row-buffer.ts";

/** One bit a row, 1 = valid; undefined: no NULLs. */
export type Validity = Uint8Array | undefined;

export function readValidity(vector: duckdb.Vector, rows: number): Validity {
  return duckdb.vector_get_validity(vector, Math.ceil(rows / 64) * 8) ?? undefined;
}

export function isNull(validity: Validity, row: number): boolean {
  return validity !== undefined && (((validity[row >> 3] as number) >> (row & 7)) & 1) === 0;
}

/** `width` bytes for each row, aligned for any typed array. */
export function readData(vector: duckdb.Vector, rows: number, width: number): Uint8Array {
  const data = duckdb.vector_get_data(vector, rows * width);
  return data.byteOffset % 8 === 0 ? data : new Uint8Array(data);
}

const STRING_WIDTH = 16;
const INLINE_MAX = 12;
/** Two strings nearer than a page lie in mapped pages, and so does all between them. */
const PAGE = 4096;

interface Run {
  /** Address of the first byte and of the one behind the last. */
  readonly from: number;
  until: number;
  /** The string_t through whose pointer the run is read: the one that lies at `from`. */
  readonly entry: number;
}

/**
 * Texts or blobs of a vector. DuckDB's string_t is 16 bytes: length, then 12 bytes of content, or
 * a prefix of 4 and a pointer. One call of the binding fetches a run of neighbouring strings: a
 * call for each costs a microsecond.
 */
export class Strings {
  /** The bytes of string `row` are `source(row)[start[row] .. + length[row]]`. */
  readonly #entries: Uint8Array;
  readonly #words: Uint32Array;
  readonly #starts: Float64Array;
  readonly #sources: (Uint8Array | undefined)[];

  constructor(vector: duckdb.Vector, rows: number, validity: Validity) {
    this.#entries = readData(vector, rows, STRING_WIDTH);
    const { buffer, byteOffset } = this.#entries;
    this.#words = new Uint32Array(buffer, byteOffset, rows * 4);
    this.#starts = new Float64Array(rows);
    this.#sources = [];
    const long: number[] = [];
    for (let row = 0; row < rows; row += 1) {
      if (this.length(row) > INLINE_MAX && !isNull(validity, row)) long.push(row);
    }
    if (long.length > 0) this.#fetch(long);
  }

  length(row: number): number {
    return this.#words[row * 4] as number;
  }

  source(row: number): Uint8Array {
    return this.length(row) <= INLINE_MAX ? this.#entries : (this.#sources[row] as Uint8Array);
  }

  start(row: number): number {
    return this.length(row) <= INLINE_MAX ? row * STRING_WIDTH + 4 : (this.#starts[row] as number);
  }

  bytes(row: number): Uint8Array {
    const start = this.start(row);
    return this.source(row).subarray(start, start + this.length(row));
  }

  /** Copies a text into a buffer; whether a byte was 0, which no text of PostgreSQL may hold. */
  put(row: number, { bytes, view }: RowBuffer, at: number): boolean {
    const length = this.length(row);
    if (length > INLINE_MAX) return copy(this.source(row), this.start(row), length, bytes, at);
    const words = this.#words;
    let word = row * 4 + 1;
    let to = at;
    let zeros = 0;
    for (const end = at + length - 4; to <= end; to += 4, word += 1) {
      const four = words[word] as number;
      zeros |= (four - 0x0101_0101) & ~four & 0x8080_8080;
      view.setUint32(to, four, true);
    }
    let rest = words[word] as number;
    for (const end = at + length; to < end; to += 1, rest >>>= 8) {
      const byte = rest & 0xff;
      if (byte === 0) zeros = 1;
      bytes[to] = byte;
    }
    return zeros !== 0;
  }

  isEqual(left: number, right: number): boolean {
    const length = this.length(left);
    if (length !== this.length(right)) return false;
    const words = this.#words;
    // The first four bytes stand beside the length, and all of a short string.
    if (words[left * 4 + 1] !== words[right * 4 + 1]) return false;
    if (length > INLINE_MAX) return Buffer.compare(this.bytes(left), this.bytes(right)) === 0;
    return (
      words[left * 4 + 2] === words[right * 4 + 2] && words[left * 4 + 3] === words[right * 4 + 3]
    );
  }

  text(row: number): string {
    const source = this.source(row);
    const start = this.start(row);
    return Buffer.from(source.buffer, source.byteOffset + start, this.length(row)).toString("utf8");
  }

  #address(row: number): number {
    // User addresses have at most 48 (57) bits: exact, since allocations lie far below 2^53.
    return (this.#words[row * 4 + 2] as number) + (this.#words[row * 4 + 3] as number) * 2 ** 32;
  }

  #fetch(long: number[]): void {
    const starts = this.#starts;
    for (const row of long) starts[row] = this.#address(row);
    if (!isAscending(long, starts)) {
      long.sort((a, b) => (starts[a] as number) - (starts[b] as number));
    }
    let members: number[] = [];
    let run: Run | undefined;
    for (const row of long) {
      const address = starts[row] as number;
      if (run === undefined || address > run.until + PAGE - 1) {
        if (run !== undefined) this.#read(run, members);
        run = { from: address, until: address + this.length(row), entry: row };
        members = [row];
      } else {
        run.until = Math.max(run.until, address + this.length(row));
        members.push(row);
      }
    }
    if (run !== undefined) this.#read(run, members);
  }

  #read(run: Run, members: readonly number[]): void {
    const pointer = this.#entries.byteOffset + run.entry * STRING_WIDTH + 8;
    const bytes = duckdb.get_data_from_pointer(
      this.#entries.buffer as ArrayBuffer,
      pointer,
      run.until - run.from,
    );
    assert(bytes.length === run.until - run.from, "a run of strings was read short");
    for (const row of members) {
      this.#sources[row] = bytes;
      this.#starts[row] = (this.#starts[row] as number) - run.from;
    }
  }
}

/** Below this a loop is faster than a call into native code. */
const LOOP_MAX = 48;

function copy(
  source: Uint8Array,
  from: number,
  length: number,
  bytes: Uint8Array,
  at: number,
): boolean {
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

function isAscending(rows: readonly number[], addresses: Float64Array): boolean {
  for (let i = 1; i < rows.length; i += 1) {
    const before = addresses[rows[i - 1] as number] as number;
    if ((addresses[rows[i] as number] as number) < before) return false;
  }
  return true;
}

/** Offsets and lengths of the lists of a vector, with the vector of all their elements. */
export function readLists(vector: duckdb.Vector, rows: number) {
  const data = readData(vector, rows, 16);
  const words = new Uint32Array(data.buffer, data.byteOffset, rows * 4);
  return {
    /** Lists longer than 2^32 elements cannot occur in one vector. */
    offset: (row: number) => words[row * 4] as number,
    length: (row: number) => words[row * 4 + 2] as number,
    child: duckdb.list_vector_get_child(vector),
    childRows: duckdb.list_vector_get_size(vector),
  };
}
