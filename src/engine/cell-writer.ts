/** What the row encoder asks of a column, whatever its type and format. */

import type duckdb from "@duckdb/node-bindings";
import { isNull, type Validity } from "./chunks.ts";
import type { RowBuffer } from "./row-buffer.ts";

/** Writes cells of one column: a length word (-1 for NULL), then the value. */
export interface CellWriter {
  /** Turns to the next vector of the column. */
  load(vector: duckdb.Vector, rows: number): void;
  write(row: number, out: RowBuffer): void;
}

/** A writer that has only to write what is not NULL. */
export abstract class NullableWriter implements CellWriter {
  #validity: Validity;

  load(vector: duckdb.Vector, rows: number): void {
    this.#validity = this.loadValues(vector, rows);
  }

  write(row: number, out: RowBuffer): void {
    if (isNull(this.#validity, row)) {
      out.reserve(4);
      out.null();
    } else {
      this.writeValue(row, out);
    }
  }

  protected abstract loadValues(vector: duckdb.Vector, rows: number): Validity;
  protected abstract writeValue(row: number, out: RowBuffer): void;
}
