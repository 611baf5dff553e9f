/** Chunks of DuckDB's vectors, in the bound types, into encoded RowBlocks. */

import duckdb from "@duckdb/node-bindings";
import { assert } from "../base/errors.ts";
import { joinBlocks, selectRows } from "../table/join-blocks.ts";
import {
  type CellLayout,
  type ColumnData,
  encodeBlock,
  type RowBlock,
} from "../table/row-block.ts";
import { isNull, readData, readLists, readValidity, Strings, type Validity } from "./chunks.ts";
import type { ColumnType } from "./column-types.ts";
import { layoutOfType } from "./fill-vectors.ts";
import type { RowBatch } from "./request.ts";

const { Type } = duckdb;

/** The same face as RowEncoder's: rows are written as they are loaded. */
export class BlockEncoder {
  readonly #types: readonly ColumnType[];
  readonly #layouts: readonly CellLayout[];
  #parts: RowBlock[] = [];
  #rows = 0;
  #bytes = 0;

  readonly hasMore = false;

  /** @param layouts how the block's columns shall lie */
  constructor(types: readonly ColumnType[], layouts: readonly CellLayout[]) {
    this.#types = types;
    this.#layouts = layouts;
    types.forEach((type, i) => {
      const isRight = type.id === Type.SQLNULL || isSame(layoutOfType(type), layouts[i]);
      assert(isRight, () => `column ${i + 1} lies in another way than promised`);
    });
  }

  get rows(): number {
    return this.#rows;
  }

  get bytes(): number {
    return this.#bytes;
  }

  load(chunk: duckdb.DataChunk, rows: number): void {
    if (rows === 0) return;
    const columns = this.#layouts.map((layout, i) => {
      if (this.#types[i]?.id === Type.SQLNULL) return allNull(layout, rows);
      return readCells(duckdb.data_chunk_get_vector(chunk, i), layout, rows);
    });
    this.#parts.push({ rows, columns });
    this.#rows += rows;
    this.#bytes += columns.reduce((sum, column) => sum + sizeOf(column), 0);
  }

  write(): void {
    // Nothing waits.
  }

  take(): RowBatch {
    const block = joinBlocks(this.#parts);
    this.#parts = [];
    this.#rows = 0;
    this.#bytes = 0;
    return { bytes: encodeBlock(block), rows: block.rows };
  }
}

function isSame(left: CellLayout, right: CellLayout | undefined): boolean {
  if (left.kind === "list" && right?.kind === "list") return isSame(left.element, right.element);
  if (left.kind === "fixed" && right?.kind === "fixed") return left.width === right.width;
  return left.kind === right?.kind;
}

function sizeOf({ data, offsets, elements }: ColumnData): number {
  return data.length + (offsets?.byteLength ?? 0) + (elements === undefined ? 0 : sizeOf(elements));
}

function allNull(layout: CellLayout, rows: number): ColumnData {
  const isFixed = layout.kind === "fixed";
  const isList = layout.kind === "list";
  return {
    validity: new Uint8Array((rows + 7) >> 3),
    data: new Uint8Array(isFixed ? rows * layout.width : 0),
    offsets: isFixed ? undefined : new Uint32Array(rows + 1),
    elements: isList ? allNull(layout.element, 0) : undefined,
  };
}

function readCells(vector: duckdb.Vector, layout: CellLayout, rows: number): ColumnData {
  const mask = readValidity(vector, rows);
  const validity = mask?.subarray(0, (rows + 7) >> 3);
  switch (layout.kind) {
    case "fixed": {
      const data = readData(vector, rows, layout.width);
      return { validity, data, offsets: undefined, elements: undefined };
    }
    case "bytes":
      return { validity, ...readBytes(vector, mask, rows), elements: undefined };
    case "list":
      return { validity, ...readElements(vector, layout.element, mask, rows) };
  }
}

function readBytes(vector: duckdb.Vector, validity: Validity, rows: number) {
  const strings = new Strings(vector, rows, validity);
  const offsets = new Uint32Array(rows + 1);
  for (let row = 0; row < rows; row += 1) {
    const length = isNull(validity, row) ? 0 : strings.length(row);
    offsets[row + 1] = (offsets[row] as number) + length;
  }
  const data = new Uint8Array(offsets[rows] as number);
  for (let row = 0; row < rows; row += 1) {
    const at = offsets[row] as number;
    const length = (offsets[row + 1] as number) - at;
    if (length === 0) continue;
    const source = strings.source(row);
    const start = strings.start(row);
    if (length > SHORT) data.set(source.subarray(start, start + length), at);
    else for (let k = 0; k < length; k += 1) data[at + k] = source[start + k] as number;
  }
  return { data, offsets };
}

/** Up to here a loop is quicker than a call. */
const SHORT = 32;

/**
 * Lists may lie in any order in the child, and share elements: they are put one after the other.
 */
function readElements(
  vector: duckdb.Vector,
  layout: CellLayout,
  validity: Validity,
  rows: number,
): Omit<ColumnData, "validity"> {
  const lists = readLists(vector, rows);
  const all = readCells(lists.child, layout, lists.childRows);
  const offsets = new Uint32Array(rows + 1);
  let isInOrder = true;
  for (let row = 0; row < rows; row += 1) {
    const at = offsets[row] as number;
    const length = isNull(validity, row) ? 0 : lists.length(row);
    offsets[row + 1] = at + length;
    if (length > 0 && lists.offset(row) !== at) isInOrder = false;
  }
  const count = offsets[rows] as number;
  if (isInOrder && count === lists.childRows) {
    return { data: new Uint8Array(), offsets, elements: all };
  }
  const members = new Uint32Array(count);
  for (let row = 0; row < rows; row += 1) {
    const at = offsets[row] as number;
    const length = (offsets[row + 1] as number) - at;
    for (let k = 0; k < length; k += 1) members[at + k] = lists.offset(row) + k;
  }
  const block = selectRows({ rows: lists.childRows, columns: [all] }, members);
  return { data: new Uint8Array(), offsets, elements: block.columns[0] as ColumnData };
}
