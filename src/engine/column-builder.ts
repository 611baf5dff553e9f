/**
 * One column of a RowBlock being built. Cells are written by row number, so a row that turned out
 * bad is simply written again; what grows doubles.
 */

import type { ColumnData } from "../table/row-block.ts";
import type { SqlValue } from "../types/value.ts";

const ROWS_FIRST = 16;

/** Memory of columns that have none: cheaper to share than to make. */
export const NO_BYTES: Uint8Array<ArrayBuffer> = new Uint8Array();

export type Present = Exclude<SqlValue, null>;

export abstract class ColumnBuilder {
  /** Rows that there is memory for. */
  protected capacity = 0;
  #next = ROWS_FIRST;
  #validity: Uint8Array | undefined;

  /** How many rows there will be, before the first one. */
  expect(rows: number): void {
    this.#next = Math.max(rows, 1);
  }

  /** Rows are written in order; the last one may be written again. */
  put(row: number, value: SqlValue): void {
    if (value === null) {
      this.putNull(row);
    } else {
      this.begin(row);
      this.write(row, value);
    }
  }

  putNull(row: number): void {
    if (row >= this.capacity) this.#enlarge();
    this.#validity ??= new Uint8Array((this.capacity + 7) >> 3).fill(0xff);
    this.#validity[row >> 3] = (this.#validity[row >> 3] as number) & ~(1 << (row & 7));
    this.leaveEmpty(row);
  }

  /** The first `rows` rows; the column is empty afterwards. */
  take(rows: number): ColumnData {
    const validity = this.#validity?.slice(0, (rows + 7) >> 3);
    const cells = this.takeCells(rows);
    this.#validity = undefined;
    this.#next = Math.max(this.capacity, ROWS_FIRST);
    this.capacity = 0;
    return { ...cells, validity: validity && hasNull(validity, rows) ? validity : undefined };
  }

  /** Memory that the first `rows` rows take. */
  abstract bytes(rows: number): number;

  /** To be called before the cell of a row that has a value is written. */
  protected begin(row: number): void {
    if (row >= this.capacity) this.#enlarge();
    if (this.#validity !== undefined) {
      this.#validity[row >> 3] = (this.#validity[row >> 3] as number) | (1 << (row & 7));
    }
  }

  /** The same for `count` rows from `row` on. */
  protected beginAll(row: number, count: number): void {
    while (row + count > this.capacity) this.#enlarge();
    if (this.#validity === undefined) return;
    for (let i = row; i < row + count; i += 1) this.begin(i);
  }

  #enlarge(): void {
    this.capacity = this.capacity === 0 ? this.#next : this.capacity * 2;
    if (this.#validity !== undefined) {
      const larger = new Uint8Array((this.capacity + 7) >> 3).fill(0xff);
      larger.set(this.#validity);
      this.#validity = larger;
    }
    this.grow();
  }

  protected abstract write(row: number, value: Present): void;
  protected abstract leaveEmpty(row: number): void;
  /** Makes room for `capacity` rows, keeping what is there. */
  protected abstract grow(): void;
  /** Gives the memory away. */
  protected abstract takeCells(rows: number): Omit<ColumnData, "validity">;
}

function hasNull(validity: Uint8Array, rows: number): boolean {
  for (let row = 0; row < rows; row += 8) {
    const used = rows - row >= 8 ? 0xff : (1 << (rows - row)) - 1;
    if (((validity[row >> 3] as number) & used) !== used) return true;
  }
  return false;
}

/** Cells of one width. */
export abstract class FixedBuilder extends ColumnBuilder {
  readonly #width: number;
  #cells = NO_BYTES;

  constructor(width: number) {
    super();
    this.#width = width;
  }

  bytes(rows: number): number {
    return rows * this.#width;
  }

  /** Cells are in this memory from now on. */
  protected abstract view(buffer: ArrayBuffer): void;

  protected leaveEmpty(): void {
    // What lies under a NULL does not matter.
  }

  protected grow(): void {
    const larger = new Uint8Array(this.capacity * this.#width);
    if (this.#cells.length > 0) larger.set(this.#cells);
    this.#cells = larger;
    this.view(larger.buffer);
  }

  protected takeCells(rows: number): Omit<ColumnData, "validity"> {
    const data = trimmed(this.#cells, rows * this.#width);
    this.#cells = NO_BYTES;
    return { data, offsets: undefined, elements: undefined };
  }
}

/** The first `length` bytes, without holding much more memory than that. */
export function trimmed(bytes: Uint8Array, length: number): Uint8Array {
  if (length === bytes.length) return bytes;
  return length * 2 > bytes.length ? bytes.subarray(0, length) : bytes.slice(0, length);
}
