/** Rows of SqlValues into a RowBlock in the bound types of their columns: the way in of INSERT. */

import type { RowBlock } from "../table/row-block.ts";
import type { SqlValue } from "../types/value.ts";
import { type CellType, cellTypeOf, type TypedColumn } from "./bound-types.ts";
import type { ColumnBuilder } from "./column-builder.ts";
import { DecimalBuilder } from "./decimal-builder.ts";
import { fixedBuilder } from "./fixed-builders.ts";
import { BytesBuilder, ListBuilder } from "./text-builders.ts";

export class BlockBuilder {
  /**
   * For readers that write cells without making values: every column at row `rows`, then
   * `endRow()`.
   */
  readonly columns: readonly ColumnBuilder[];
  #rows = 0;

  /**
   * `rowsExpected`: there is memory for so many at first.
   * @throws SqlError 0A000 for a type that no table can have
   */
  constructor(columns: readonly TypedColumn[], rowsExpected?: number) {
    this.columns = columns.map((column) => columnBuilder(cellTypeOf(column)));
    if (rowsExpected === undefined) return;
    for (const column of this.columns) column.expect(rowsExpected);
  }

  get rows(): number {
    return this.#rows;
  }

  /** Memory of the rows so far; costs a call for each column. */
  get bytes(): number {
    return this.columns.reduce((sum, column) => sum + column.bytes(this.#rows), 0);
  }

  /**
   * Values of the columns, coerced to their types. A row that fails is not there.
   * @throws SqlError 0A000, 22003 for what PostgreSQL can store and the column cannot
   */
  append(row: readonly SqlValue[]): void {
    const at = this.#rows;
    for (let i = 0; i < this.columns.length; i += 1) {
      (this.columns[i] as ColumnBuilder).put(at, row[i] ?? null);
    }
    this.#rows = at + 1;
  }

  endRow(): void {
    this.#rows += 1;
  }

  endRows(count: number): void {
    this.#rows += count;
  }

  /** All rows so far; the builder is empty afterwards. */
  take(): RowBlock {
    const rows = this.#rows;
    this.#rows = 0;
    return { rows, columns: this.columns.map((column) => column.take(rows)) };
  }
}

function columnBuilder(type: CellType): ColumnBuilder {
  switch (type.kind) {
    case "decimal":
      return new DecimalBuilder(type.precision, type.scale);
    case "list":
      return new ListBuilder(columnBuilder(type.element));
    case "scalar":
      return type.id === "VARCHAR" || type.id === "BLOB"
        ? new BytesBuilder()
        : fixedBuilder(type.id);
  }
}
