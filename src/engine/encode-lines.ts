/**
 * Chunks of DuckDB's vectors into lines of COPY's text or csv, each in a CopyData message. The
 * cells are those of DataRows: columns are written from the last to the first, so that the length
 * word before a cell lies where something else is written later.
 */

import duckdb from "@duckdb/node-bindings";
import { CellEscapes } from "../types/copy/cell-escapes.ts";
import { type CsvFormat, NEWLINE, type TextFormat } from "../types/copy/format.ts";
import { COPY_DATA, MESSAGE_BYTES } from "../types/copy/row-writer.ts";
import type { Shape, TextSettings } from "../types/shape.ts";
import { type CellWriter, LENGTH_BYTES } from "./cell-writer.ts";
import { cellWriters } from "./cell-writers.ts";
import { isNull, readValidity, type Validity } from "./chunks.ts";
import type { ColumnType } from "./column-types.ts";
import type { DisplayScales } from "./encode-decimals.ts";
import type { RowBatch } from "./request.ts";
import { RowBuffer } from "./row-buffer.ts";

/** Where the cells of a loaded chunk's column begin in their lines, and which are NULL. */
interface LineColumn {
  readonly writer: CellWriter;
  readonly starts: Int32Array;
  validity: Validity;
}

/** The same face as RowEncoder's. */
export class LineEncoder {
  readonly #format: TextFormat | CsvFormat;
  readonly #columns: readonly LineColumn[];
  readonly #scales: ReadonlyMap<number, DisplayScales>;
  readonly #out = new RowBuffer(1024);
  /** Of a chunk's messages. */
  readonly #sizes = new Int32Array(duckdb.vector_size());
  /** Where messages begin in the buffer, and then where cells go. */
  readonly #begins = new Int32Array(duckdb.vector_size());
  readonly #places = new Int32Array(duckdb.vector_size());
  #loaded = 0;
  #next = 0;
  #rows = 0;

  /** @param columns the first ones, which the client sees: as text */
  constructor(
    format: TextFormat | CsvFormat,
    columns: number,
    shapes: readonly Shape[],
    types: readonly ColumnType[],
    settings: TextSettings,
  ) {
    this.#format = format;
    const formats = new Array<0>(columns).fill(0);
    const escapes = new CellEscapes(format, columns);
    const { writers, scales } = cellWriters(shapes, types, formats, settings, escapes);
    const size = duckdb.vector_size();
    this.#columns = writers.map((writer) => {
      return { writer, starts: new Int32Array(size), validity: undefined };
    });
    this.#scales = scales;
  }

  get rows(): number {
    return this.#rows;
  }

  get bytes(): number {
    return this.#out.at;
  }

  get hasMore(): boolean {
    return this.#next < this.#loaded;
  }

  load(chunk: duckdb.DataChunk, rows: number): void {
    for (const [column, scales] of this.#scales) {
      scales.load(duckdb.data_chunk_get_vector(chunk, column), rows);
    }
    const sizes = this.#sizes.subarray(0, rows).fill(MESSAGE_BYTES);
    this.#columns.forEach((column, i) => {
      this.#measure(column, duckdb.data_chunk_get_vector(chunk, i), sizes, i === 0 ? 0 : 1);
    });
    for (let row = 0; row < rows; row += 1) sizes[row] = (sizes[row] as number) + 1;
    this.#next = 0;
    this.#loaded = rows;
  }

  /** Adds the cells of a column, and what is between it and the one before, to the sizes. */
  #measure(column: LineColumn, vector: duckdb.Vector, sizes: Int32Array, between: 0 | 1): void {
    const { starts, writer } = column;
    const rows = sizes.length;
    for (let row = 0; row < rows; row += 1) {
      const start = (sizes[row] as number) + between;
      starts[row] = start;
      sizes[row] = start - LENGTH_BYTES;
    }
    writer.measure(vector, rows, sizes);
    const validity = readValidity(vector, rows);
    column.validity = validity;
    const { length } = this.#format.nullText;
    if (validity === undefined || length === 0) return;
    for (let row = 0; row < rows; row += 1) {
      if (isNull(validity, row)) sizes[row] = (sizes[row] as number) + length;
    }
  }

  write(bytesMax: number): void {
    const from = this.#next;
    const until = this.#reserve(from, bytesMax);
    const begins = this.#begins;
    const places = this.#places;
    for (let i = this.#columns.length - 1; i >= 0; i -= 1) {
      const { writer, starts } = this.#columns[i] as LineColumn;
      for (let row = from; row < until; row += 1) {
        places[row] = (begins[row] as number) + (starts[row] as number) - LENGTH_BYTES;
      }
      writer.write(this.#out, places, from, until);
    }
    for (const [i, column] of this.#columns.entries()) {
      if (i > 0) this.#putDelimiters(column, from, until);
      this.#putNulls(column, from, until);
    }
    this.#putEnds(from, until);
    this.#next = until;
    this.#rows += until - from;
  }

  /** Room for rows of about `bytesMax`, at least for one; gives the row behind the last of them. */
  #reserve(from: number, bytesMax: number): number {
    const sizes = this.#sizes;
    const begins = this.#begins;
    const { at } = this.#out;
    let total = 0;
    let until = from;
    while (until < this.#loaded && (until === from || total < bytesMax)) {
      begins[until] = at + total;
      total += sizes[until] as number;
      until += 1;
    }
    this.#out.reserve(total);
    this.#out.at = at + total;
    return until;
  }

  #putDelimiters({ starts }: LineColumn, from: number, until: number): void {
    const { bytes } = this.#out;
    const { delimiter } = this.#format;
    const begins = this.#begins;
    for (let row = from; row < until; row += 1) {
      bytes[(begins[row] as number) + (starts[row] as number) - 1] = delimiter;
    }
  }

  #putNulls({ starts, validity }: LineColumn, from: number, until: number): void {
    const { nullText } = this.#format;
    if (validity === undefined || nullText.length === 0) return;
    for (let row = from; row < until; row += 1) {
      if (!isNull(validity, row)) continue;
      this.#out.bytes.set(nullText, (this.#begins[row] as number) + (starts[row] as number));
    }
  }

  /** What frames the messages, and the ends of lines. */
  #putEnds(from: number, until: number): void {
    const { bytes, view } = this.#out;
    for (let row = from; row < until; row += 1) {
      const at = this.#begins[row] as number;
      const size = this.#sizes[row] as number;
      bytes[at] = COPY_DATA;
      view.setInt32(at + 1, size - 1);
      bytes[at + size - 1] = NEWLINE;
    }
  }

  take(capacity: number): RowBatch {
    const rows = this.#rows;
    this.#rows = 0;
    return { bytes: this.#out.take(capacity), rows };
  }
}
