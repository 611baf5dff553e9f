/**
 * Cells of a RowBlock into DuckDB's vectors: whole columns are copied as they lie. Texts become
 * string_t's of 16 bytes each (chunks.ts says how they look); all texts of a vector are given to
 * DuckDB as one, and its strings are made to point into that one: a call for each would cost a
 * microsecond.
 */

import duckdb from "@duckdb/node-bindings";
import { AssertionError, assert } from "../base/errors.ts";
import { copyBits } from "../table/join-blocks.ts";
import { type CellLayout, type ColumnData, isNull } from "../table/row-block.ts";
import type { ColumnType } from "./column-types.ts";

const { Type } = duckdb;

const STRING_WIDTH = 16;
const INLINE_MAX = 12;
const TWO_32 = 2 ** 32;

const WIDTHS: ReadonlyMap<duckdb.Type, 1 | 2 | 4 | 8 | 16> = new Map([
  [Type.BOOLEAN, 1],
  [Type.SMALLINT, 2],
  [Type.INTEGER, 4],
  [Type.UINTEGER, 4],
  [Type.BIGINT, 8],
  [Type.HUGEINT, 16],
  [Type.FLOAT, 4],
  [Type.DOUBLE, 8],
  [Type.DATE, 4],
  [Type.TIME, 8],
  [Type.TIMESTAMP, 8],
  [Type.TIMESTAMP_TZ, 8],
  [Type.INTERVAL, 16],
  [Type.UUID, 16],
]);

/** How cells of a column of DuckDB lie. */
export function layoutOfType(type: ColumnType): CellLayout {
  if (type.id === Type.VARCHAR || type.id === Type.BLOB) return { kind: "bytes" };
  const [element] = type.children;
  if (type.id === Type.LIST && element !== undefined) {
    return { kind: "list", element: layoutOfType(element) };
  }
  const width = WIDTHS.get(type.internal);
  if (width === undefined) throw new AssertionError(`no layout of ${Type[type.id]}`);
  return { kind: "fixed", width };
}

/** Rows [from, from + rows) into a vector that has room for them and holds nothing. */
export function fillVector(
  vector: duckdb.Vector,
  layout: CellLayout,
  column: ColumnData,
  from: number,
  rows: number,
): void {
  if (rows === 0) return;
  if (column.validity !== undefined) fillValidity(vector, column.validity, from, rows);
  switch (layout.kind) {
    case "fixed":
      copy(vector, column.data, from * layout.width, rows * layout.width);
      return;
    case "bytes":
      fillStrings(vector, column, from, rows);
      return;
    case "list":
      fillLists(vector, layout.element, column, from, rows);
      return;
  }
}

function copy(vector: duckdb.Vector, bytes: Uint8Array, from: number, length: number): void {
  assert(from + length <= bytes.length, "a column has fewer cells than its block has rows");
  const buffer = bytes.buffer as ArrayBuffer;
  duckdb.copy_data_to_vector(vector, 0, buffer, bytes.byteOffset + from, length);
}

function fillValidity(
  vector: duckdb.Vector,
  validity: Uint8Array,
  from: number,
  rows: number,
): void {
  const words = new Uint8Array(Math.ceil(rows / 64) * 8).fill(0xff);
  copyBits(validity, from, words, 0, rows);
  duckdb.vector_ensure_validity_writable(vector);
  duckdb.copy_data_to_vector_validity(vector, 0, words.buffer, 0, words.length);
}

function fillStrings(vector: duckdb.Vector, column: ColumnData, from: number, rows: number): void {
  const { data } = column;
  const offsets = column.offsets as Uint32Array;
  const first = offsets[from] as number;
  const end = offsets[from + rows] as number;
  assert(end <= data.length, "a column's texts end within its bytes");
  const bytes = new Uint8Array(rows * STRING_WIDTH);
  const words = new Uint32Array(bytes.buffer);
  const address = hasLong(offsets, from, rows) ? addHeap(vector, data.subarray(first, end)) : 0;
  const low = address % TWO_32;
  const high = (address - low) / TWO_32;
  for (let i = 0; i < rows; i += 1) {
    const start = offsets[from + i] as number;
    const length = (offsets[from + i + 1] as number) - start;
    words[i * 4] = length;
    const at = i * STRING_WIDTH + 4;
    const shown = length <= INLINE_MAX ? length : 4;
    for (let k = 0; k < shown; k += 1) bytes[at + k] = data[start + k] as number;
    if (length <= INLINE_MAX) continue;
    const place = low + (start - first);
    words[i * 4 + 2] = place;
    words[i * 4 + 3] = place >= TWO_32 ? high + 1 : high;
  }
  duckdb.copy_data_to_vector(vector, 0, bytes.buffer, 0, bytes.length);
}

function hasLong(offsets: Uint32Array, from: number, rows: number): boolean {
  for (let i = from; i < from + rows; i += 1) {
    if ((offsets[i + 1] as number) - (offsets[i] as number) > INLINE_MAX) return true;
  }
  return false;
}

/** Puts the bytes into the vector's own memory; where they begin. */
function addHeap(vector: duckdb.Vector, bytes: Uint8Array): number {
  duckdb.vector_assign_string_element_len(vector, 0, bytes);
  const entry = Uint8Array.from(duckdb.vector_get_data(vector, STRING_WIDTH));
  const words = new Uint32Array(entry.buffer);
  assert(words[0] === bytes.length, "DuckDB keeps a string as it is given");
  return (words[2] as number) + (words[3] as number) * TWO_32;
}

function fillLists(
  vector: duckdb.Vector,
  layout: CellLayout,
  column: ColumnData,
  from: number,
  rows: number,
): void {
  const offsets = column.offsets as Uint32Array;
  const first = offsets[from] as number;
  const members = (offsets[from + rows] as number) - first;
  const words = new Uint32Array(rows * 4);
  for (let i = 0; i < rows; i += 1) {
    const start = offsets[from + i] as number;
    // The lists of NULLs are empty and point to the beginning, which is there.
    if (isNull(column, from + i)) continue;
    words[i * 4] = start - first;
    words[i * 4 + 2] = (offsets[from + i + 1] as number) - start;
  }
  duckdb.list_vector_reserve(vector, members);
  duckdb.list_vector_set_size(vector, members);
  const child = duckdb.list_vector_get_child(vector);
  fillVector(child, layout, column.elements as ColumnData, first, members);
  duckdb.copy_data_to_vector(vector, 0, words.buffer, 0, words.byteLength);
}
