/**
 * Rows as columns, laid out as DuckDB's vectors are: what INSERT and COPY make, the write-ahead log
 * keeps and the engine appends without looking at a value. What a layout means is the owner's
 * matter: the store knows how wide a cell is, not its type.
 */

import { assert } from "../base/errors.ts";

export type CellLayout =
  /** Little-endian. */
  | { readonly kind: "fixed"; readonly width: 1 | 2 | 4 | 8 | 16 }
  /** Text in UTF-8, or bytes. */
  | { readonly kind: "bytes" }
  | { readonly kind: "list"; readonly element: CellLayout };

export interface ColumnData {
  /** One bit a row, lowest first, 0 for NULL; undefined: no NULL. */
  readonly validity: Uint8Array | undefined;
  /** fixed: all cells, those of NULL included. bytes: the texts one behind the other. */
  readonly data: Uint8Array;
  /** bytes and list: where each cell begins, and where the last one ends. */
  readonly offsets: Uint32Array | undefined;
  /** list: the elements of all cells. */
  readonly elements: ColumnData | undefined;
}

export interface RowBlock {
  readonly rows: number;
  readonly columns: readonly ColumnData[];
}

const HAS_VALIDITY = 1;
const HAS_OFFSETS = 2;
const HAS_ELEMENTS = 4;

/** Two numbers, then each column: flags, lengths, bytes; everything starts at a multiple of 8. */
export function encodeBlock(block: RowBlock): Uint8Array {
  const out = new Uint8Array(blockBytes(block));
  putBlock(block, out, 0);
  return out;
}

/** The encoded block into zeros, from a multiple of 8 on; gives where it ends. */
export function putBlock(block: RowBlock, out: Uint8Array, start: number): number {
  const view = new DataView(out.buffer, out.byteOffset, out.byteLength);
  view.setUint32(start, block.rows, true);
  view.setUint32(start + 4, block.columns.length, true);
  let at = start + 8;
  for (const column of block.columns) at = put(column, out, view, at);
  return at;
}

/** Length of the encoded block. */
export function blockBytes(block: RowBlock): number {
  let bytes = 8;
  for (const column of block.columns) bytes += sizeOf(column);
  return bytes;
}

/** The columns share the memory of `bytes` where its alignment allows. */
export function decodeBlock(bytes: Uint8Array): RowBlock {
  const source = bytes.byteOffset % 8 === 0 ? bytes : bytes.slice();
  const view = new DataView(source.buffer, source.byteOffset, source.byteLength);
  const reader = { source, view, at: 8 };
  const columns = Array.from({ length: view.getUint32(4, true) }, () => take(reader));
  assert(reader.at === source.length, "a block of rows has another length than it says");
  return { rows: view.getUint32(0, true), columns };
}

export function isNull(column: ColumnData, row: number): boolean {
  return (
    column.validity !== undefined && ((column.validity[row >> 3] ?? 0) & (1 << (row & 7))) === 0
  );
}

function padded(length: number): number {
  return (length + 7) & ~7;
}

function sizeOf({ validity, data, offsets, elements }: ColumnData): number {
  return (
    16 +
    padded(validity?.length ?? 0) +
    padded(data.length) +
    padded(offsets?.byteLength ?? 0) +
    (elements === undefined ? 0 : sizeOf(elements))
  );
}

function put(column: ColumnData, out: Uint8Array, view: DataView, start: number): number {
  const { validity, data, offsets, elements } = column;
  const flags =
    (validity === undefined ? 0 : HAS_VALIDITY) |
    (offsets === undefined ? 0 : HAS_OFFSETS) |
    (elements === undefined ? 0 : HAS_ELEMENTS);
  view.setUint32(start, flags, true);
  view.setUint32(start + 4, validity?.length ?? 0, true);
  view.setUint32(start + 8, data.length, true);
  view.setUint32(start + 12, offsets?.length ?? 0, true);
  let at = start + 16;
  if (validity !== undefined) at = putBytes(validity, out, at);
  at = putBytes(data, out, at);
  if (offsets !== undefined) at = putBytes(bytesOf(offsets), out, at);
  return elements === undefined ? at : put(elements, out, view, at);
}

function putBytes(bytes: Uint8Array, out: Uint8Array, at: number): number {
  out.set(bytes, at);
  return at + padded(bytes.length);
}

interface Reader {
  readonly source: Uint8Array;
  readonly view: DataView;
  at: number;
}

function take(reader: Reader): ColumnData {
  const { source, view, at } = reader;
  const flags = view.getUint32(at, true);
  const lengths = [4, 8, 12].map((offset) => view.getUint32(at + offset, true));
  const [validityLength = 0, dataLength = 0, offsetsLength = 0] = lengths;
  reader.at = at + 16;
  const next = (length: number): Uint8Array => {
    const part = source.subarray(reader.at, reader.at + length);
    assert(part.length === length, "a block of rows is cut off");
    reader.at += padded(length);
    return part;
  };
  const validity = flags & HAS_VALIDITY ? next(validityLength) : undefined;
  const data = next(dataLength);
  const raw = flags & HAS_OFFSETS ? next(offsetsLength * 4) : undefined;
  const offsets = raw && new Uint32Array(raw.buffer, raw.byteOffset, offsetsLength);
  const elements = flags & HAS_ELEMENTS ? take(reader) : undefined;
  return { validity, data, offsets, elements };
}

function bytesOf(words: Uint32Array): Uint8Array {
  return new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
}
