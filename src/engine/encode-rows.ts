/** Chunks of DuckDB's vectors into complete DataRow messages, text or binary by column. */

import duckdb from "@duckdb/node-bindings";
import type { Shape, TextSettings } from "../types/shape.ts";
import type { CellWriter } from "./cell-writer.ts";
import { cellWriters } from "./cell-writers.ts";
import type { ColumnType } from "./column-types.ts";
import type { DisplayScales } from "./encode-decimals.ts";
import type { RowBatch } from "./request.ts";
import { RowBuffer } from "./row-buffer.ts";

const DATA_ROW = 68; // D
/** Type, length, number of columns. */
const HEADER_BYTES = 7;

export class RowEncoder {
  readonly #writers: readonly CellWriter[];
  /** Display scales by the column that carries them. */
  readonly #scales: ReadonlyMap<number, DisplayScales>;
  readonly #out = new RowBuffer(1024);
  /** First the sizes of a chunk's rows, then where each goes on. */
  readonly #sizes = new Int32Array(duckdb.vector_size());
  #loaded = 0;
  #next = 0;
  #rows = 0;

  /** @param formats of the columns the client sees, the first ones; others only carry scales. */
  constructor(
    shapes: readonly Shape[],
    types: readonly ColumnType[],
    formats: readonly (0 | 1)[],
    settings: TextSettings,
  ) {
    const { writers, scales } = cellWriters(shapes, types, formats, settings);
    this.#writers = writers;
    this.#scales = scales;
  }

  /** Rows since the last `take`. */
  get rows(): number {
    return this.#rows;
  }

  get bytes(): number {
    return this.#out.at;
  }

  /** Turns to the first `rows` rows of a chunk; all of the chunk before must be written. */
  load(chunk: duckdb.DataChunk, rows: number): void {
    for (const [column, scales] of this.#scales) {
      scales.load(duckdb.data_chunk_get_vector(chunk, column), rows);
    }
    const sizes = this.#sizes.subarray(0, rows).fill(HEADER_BYTES);
    this.#writers.forEach((writer, i) => {
      writer.measure(duckdb.data_chunk_get_vector(chunk, i), rows, sizes);
    });
    this.#next = 0;
    this.#loaded = rows;
  }

  /** Whether rows that were loaded are not written yet. */
  get hasMore(): boolean {
    return this.#next < this.#loaded;
  }

  /** Appends loaded rows: as many as fit into about `bytesMax`, at least one. */
  write(bytesMax: number): void {
    const from = this.#next;
    const until = this.#writeHeaders(from, bytesMax);
    for (const writer of this.#writers) writer.write(this.#out, this.#sizes, from, until);
    this.#next = until;
    this.#rows += until - from;
  }

  /** Begins the rows' messages, and turns their sizes into the places of the first cells. */
  #writeHeaders(from: number, bytesMax: number): number {
    const sizes = this.#sizes;
    const out = this.#out;
    let total = 0;
    let until = from;
    while (until < this.#loaded && (until === from || total < bytesMax)) {
      total += sizes[until] as number;
      until += 1;
    }
    out.reserve(total);
    const { bytes, view } = out;
    const columns = this.#writers.length;
    let { at } = out;
    for (let row = from; row < until; row += 1) {
      const size = sizes[row] as number;
      bytes[at] = DATA_ROW;
      view.setInt32(at + 1, size - 1);
      view.setInt16(at + 5, columns);
      sizes[row] = at + HEADER_BYTES;
      at += size;
    }
    out.at = at;
    return until;
  }

  /** What was written since the last call; `capacity` is a guess of the next batch's size. */
  take(capacity: number): RowBatch {
    const rows = this.#rows;
    this.#rows = 0;
    return { bytes: this.#out.take(capacity), rows };
  }
}
