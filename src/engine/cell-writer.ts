/**
 * What the row encoder asks of a column, whatever its type and format. Columns are worked through
 * one after the other, each in two loops of its own: how large are the cells, then their bytes at
 * the places that follow. A call for every cell would cost as much as the encoding.
 */

import type duckdb from "@duckdb/node-bindings";
import { isNull, readValidity, type Validity } from "./chunks.ts";
import type { RowBuffer } from "./row-buffer.ts";

/** Writes the cells of one column: a length word (-1 for NULL), then the value. */
export interface CellWriter {
  /**
   * Turns to the next vector of the column and adds to `sizes` what each of its cells will take.
   */
  measure(vector: duckdb.Vector, rows: number, sizes: Int32Array): void;
  /**
   * Writes the cells of the rows measured from `from` to before `until`, each at its place, and moves
   * the places behind them.
   */
  write(out: RowBuffer, places: Int32Array, from: number, until: number): void;
}

/** Length word of a NULL, and the size of any length word. */
export const NULL_LENGTH = -1;
export const LENGTH_BYTES = 4;

/** A writer whose values are all of one width. */
export abstract class FixedWriter implements CellWriter {
  protected readonly width: number;
  protected validity: Validity;

  constructor(width: number) {
    this.width = width;
  }

  measure(vector: duckdb.Vector, rows: number, sizes: Int32Array): void {
    this.load(vector, rows);
    const validity = readValidity(vector, rows);
    this.validity = validity;
    const size = LENGTH_BYTES + this.width;
    for (let row = 0; row < rows; row += 1) {
      sizes[row] = (sizes[row] as number) + (isNull(validity, row) ? LENGTH_BYTES : size);
    }
  }

  /**
   * Writes the length words, moves the places behind whole cells. Where a value goes: `place` minus
   * width.
   */
  protected writeLengths(out: RowBuffer, places: Int32Array, from: number, until: number): void {
    const { view } = out;
    const { width, validity } = this;
    for (let row = from; row < until; row += 1) {
      const at = places[row] as number;
      const isAbsent = isNull(validity, row);
      view.setInt32(at, isAbsent ? NULL_LENGTH : width);
      places[row] = at + LENGTH_BYTES + (isAbsent ? 0 : width);
    }
  }

  protected abstract load(vector: duckdb.Vector, rows: number): void;
  abstract write(out: RowBuffer, places: Int32Array, from: number, until: number): void;
}
