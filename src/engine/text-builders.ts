/** Columns of texts, bytes and lists: cells one behind the other, with where each begins. */

import { assert, SqlError } from "../base/errors.ts";
import type { ColumnData } from "../table/row-block.ts";
import type { FieldPlaces } from "../types/copy/field-places.ts";
import type { SqlArray } from "../types/value.ts";
import { ColumnBuilder, NO_BYTES, type Present, trimmed } from "./column-builder.ts";

/** Longer texts are left to the encoder of the platform. */
const QUICK_LENGTH = 24;
const BYTES_FIRST = 256;
const BYTES_A_ROW = 16;
/** Offsets are 32 bits wide. */
const BYTES_MAX = 2 ** 32 - 1;
const UTF8_MAX = 3;

const NO_OFFSETS = new Uint32Array();
const encoder = new TextEncoder();

abstract class OffsetBuilder extends ColumnBuilder {
  /** One more than `capacity`. */
  protected offsets = NO_OFFSETS;

  protected start(row: number): number {
    return row === 0 ? 0 : (this.offsets[row] as number);
  }

  protected leaveEmpty(row: number): void {
    this.offsets[row + 1] = this.start(row);
  }

  protected grow(): void {
    const larger = new Uint32Array(this.capacity + 1);
    if (this.offsets.length > 0) larger.set(this.offsets);
    this.offsets = larger;
  }

  protected takeOffsets(rows: number): Uint32Array {
    const { offsets } = this;
    this.offsets = NO_OFFSETS;
    if (offsets.length === rows + 1) return offsets;
    return offsets.length === 0 ? new Uint32Array(1) : offsets.slice(0, rows + 1);
  }

  protected end(rows: number): number {
    return rows === 0 ? 0 : (this.offsets[rows] as number);
  }
}

/** Text and bytea. */
export class BytesBuilder extends OffsetBuilder {
  #bytes: Uint8Array = NO_BYTES;

  bytes(rows: number): number {
    return rows * 4 + this.end(rows);
  }

  protected write(row: number, value: Present): void {
    if (typeof value === "string") this.#text(row, value);
    else this.#raw(row, value as Uint8Array, 0, (value as Uint8Array).length);
  }

  /** A text of UTF-8 that is known to be valid, or bytes of a bytea. */
  putBytes(row: number, source: Uint8Array, from: number, until: number): void {
    this.begin(row);
    this.#raw(row, source, from, until);
  }

  putFields(row: number, { bytes, starts, ends, count }: FieldPlaces): void {
    for (let i = 0; i < count; i += 1) {
      const start = starts[i] as number;
      if (start < 0) this.putNull(row + i);
      else this.putBytes(row + i, bytes, start, ends[i] as number);
    }
  }

  #raw(row: number, source: Uint8Array, from: number, until: number): void {
    const start = this.start(row);
    const length = until - from;
    this.#reserve(start + length);
    if (length <= QUICK_LENGTH) {
      for (let i = 0; i < length; i += 1) this.#bytes[start + i] = source[from + i] as number;
    } else {
      this.#bytes.set(source.subarray(from, until), start);
    }
    this.offsets[row + 1] = start + length;
  }

  #text(row: number, text: string): void {
    const start = this.start(row);
    const { length } = text;
    this.#reserve(start + length * UTF8_MAX);
    const bytes = this.#bytes;
    let at = start;
    if (length <= QUICK_LENGTH) {
      for (let i = 0; i < length; i += 1) {
        const code = text.charCodeAt(i);
        if (code >= 0x80) break;
        bytes[at++] = code;
      }
    }
    const done = at - start;
    if (done < length) {
      const rest = done === 0 ? text : text.slice(done);
      at += encoder.encodeInto(rest, bytes.subarray(at)).written;
    }
    this.offsets[row + 1] = at;
  }

  #reserve(length: number): void {
    if (length <= this.#bytes.length) return;
    if (length > BYTES_MAX) throw tooLarge();
    const first = Math.min(BYTES_FIRST, BYTES_A_ROW * this.capacity);
    const size = Math.max(length, Math.min(this.#bytes.length * 2, BYTES_MAX), first);
    const larger = new Uint8Array(size);
    if (this.#bytes.length > 0) larger.set(this.#bytes);
    this.#bytes = larger;
  }

  protected takeCells(rows: number): Omit<ColumnData, "validity"> {
    const data = trimmed(this.#bytes, this.end(rows));
    this.#bytes = NO_BYTES;
    return { data, offsets: this.takeOffsets(rows), elements: undefined };
  }
}

function tooLarge(): SqlError {
  return new SqlError("54000", "the rows of one statement hold more than 4 GB in a column");
}

/** Arrays of one dimension, which is all that DuckDB's type of the column can hold. */
export class ListBuilder extends OffsetBuilder {
  readonly #elements: ColumnBuilder;

  constructor(elements: ColumnBuilder) {
    super();
    this.#elements = elements;
  }

  bytes(rows: number): number {
    return rows * 4 + this.#elements.bytes(this.end(rows));
  }

  protected write(row: number, value: Present): void {
    const { dimensions, elements } = value as SqlArray;
    if (dimensions.length > 1) {
      throw new SqlError("0A000", "arrays of more than one dimension cannot be stored");
    }
    if (dimensions.length === 1 && dimensions[0]?.lowerBound !== 1) {
      throw new SqlError("0A000", "arrays whose lower bound is not 1 cannot be stored");
    }
    let at = this.start(row);
    assert(at + elements.length <= BYTES_MAX, "a list's offsets are 32 bits wide");
    for (const element of elements) this.#elements.put(at++, element);
    this.offsets[row + 1] = at;
  }

  protected takeCells(rows: number): Omit<ColumnData, "validity"> {
    const elements = this.#elements.take(this.end(rows));
    return { data: NO_BYTES, offsets: this.takeOffsets(rows), elements };
  }
}
