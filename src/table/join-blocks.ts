/** Blocks of rows put together and cut apart. Blocks must have the same columns. */

import { assert } from "../base/errors.ts";
import { type ColumnData, isNull, type RowBlock } from "./row-block.ts";

/** All rows in order; of no block or one it is that block. */
export function joinBlocks(blocks: readonly RowBlock[]): RowBlock {
  const [first, ...more] = blocks.filter(({ rows }) => rows > 0);
  if (first === undefined) return blocks[0] ?? { rows: 0, columns: [] };
  if (more.length === 0) return first;
  const all = [first, ...more];
  assert(
    more.every(({ columns }) => columns.length === first.columns.length),
    "blocks of different columns cannot be joined",
  );
  const counts = all.map(({ rows }) => rows);
  const columns = first.columns.map((_, i) =>
    joinColumns(
      all.map(({ columns: its }) => its[i] as ColumnData),
      counts,
    ),
  );
  return { rows: sum(counts), columns };
}

function joinColumns(parts: readonly ColumnData[], counts: readonly number[]): ColumnData {
  const elements = parts[0]?.elements && joinElements(parts);
  return {
    validity: joinValidity(parts, counts),
    data: joinBytes(parts.map(({ data }) => data)),
    offsets: parts[0]?.offsets && joinOffsets(parts, counts),
    elements,
  };
}

function joinElements(parts: readonly ColumnData[]): ColumnData {
  const present = parts.map(({ elements }) => elements as ColumnData);
  return joinColumns(
    present,
    parts.map(({ offsets }) => offsets?.at(-1) ?? 0),
  );
}

function joinBytes(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(sum(parts.map(({ length }) => length)));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

function joinOffsets(parts: readonly ColumnData[], counts: readonly number[]): Uint32Array {
  const joined = new Uint32Array(sum(counts) + 1);
  let row = 0;
  let base = 0;
  parts.forEach(({ offsets }, i) => {
    const count = counts[i] as number;
    for (let k = 1; k <= count; k += 1) joined[row + k] = base + (offsets?.[k] as number);
    row += count;
    base += offsets?.[count] as number;
  });
  assert(base < 2 ** 32, "a column's offsets are 32 bits wide");
  return joined;
}

function joinValidity(
  parts: readonly ColumnData[],
  counts: readonly number[],
): Uint8Array | undefined {
  if (parts.every(({ validity }) => validity === undefined)) return undefined;
  const joined = new Uint8Array((sum(counts) + 7) >> 3).fill(0xff);
  let row = 0;
  parts.forEach(({ validity }, i) => {
    const count = counts[i] as number;
    if (validity !== undefined) copyBits(validity, 0, joined, row, count);
    row += count;
  });
  return joined;
}

/** Bits of NULLs into a mask that is all ones. */
export function copyBits(
  from: Uint8Array,
  fromBit: number,
  to: Uint8Array,
  toBit: number,
  count: number,
): void {
  if (((fromBit | toBit) & 7) === 0) {
    const whole = count >> 3;
    to.set(from.subarray(fromBit >> 3, (fromBit >> 3) + whole), toBit >> 3);
    if ((count & 7) === 0) return;
    copyBitwise(from, fromBit + whole * 8, to, toBit + whole * 8, count & 7);
  } else {
    copyBitwise(from, fromBit, to, toBit, count);
  }
}

function copyBitwise(
  from: Uint8Array,
  fromBit: number,
  to: Uint8Array,
  toBit: number,
  count: number,
): void {
  for (let i = 0; i < count; i += 1) {
    const source = fromBit + i;
    if (((from[source >> 3] as number) & (1 << (source & 7))) !== 0) continue;
    const target = toBit + i;
    to[target >> 3] = (to[target >> 3] as number) & ~(1 << (target & 7));
  }
}

/** The rows of these numbers, in this order. */
export function selectRows(block: RowBlock, rows: ArrayLike<number>): RowBlock {
  const columns = block.columns.map((column) => selectCells(column, block.rows, rows));
  return { rows: rows.length, columns };
}

function selectCells(column: ColumnData, total: number, rows: ArrayLike<number>): ColumnData {
  const { offsets, elements, data } = column;
  const validity = selectValidity(column, rows);
  if (offsets === undefined) {
    const width = total === 0 ? 0 : data.length / total;
    const picked = new Uint8Array(rows.length * width);
    for (let i = 0; i < rows.length; i += 1) {
      const from = (rows[i] as number) * width;
      picked.set(data.subarray(from, from + width), i * width);
    }
    return { validity, data: picked, offsets, elements };
  }
  const starts = new Uint32Array(rows.length + 1);
  for (let i = 0; i < rows.length; i += 1) {
    const row = rows[i] as number;
    const length = (offsets[row + 1] as number) - (offsets[row] as number);
    starts[i + 1] = (starts[i] as number) + length;
  }
  if (elements !== undefined) {
    const members = new Uint32Array(starts[rows.length] as number);
    eachCell(offsets, starts, rows, (from, length, at) => {
      for (let k = 0; k < length; k += 1) members[at + k] = from + k;
    });
    const count = offsets.at(-1) ?? 0;
    const picked = selectCells(elements, count, members);
    return { validity, data, offsets: starts, elements: picked };
  }
  const picked = new Uint8Array(starts[rows.length] as number);
  eachCell(offsets, starts, rows, (from, length, at) => {
    picked.set(data.subarray(from, from + length), at);
  });
  return { validity, data: picked, offsets: starts, elements };
}

function eachCell(
  offsets: Uint32Array,
  starts: Uint32Array,
  rows: ArrayLike<number>,
  act: (from: number, length: number, at: number) => void,
): void {
  for (let i = 0; i < rows.length; i += 1) {
    const at = starts[i] as number;
    act(offsets[rows[i] as number] as number, (starts[i + 1] as number) - at, at);
  }
}

function selectValidity(column: ColumnData, rows: ArrayLike<number>): Uint8Array | undefined {
  if (column.validity === undefined) return undefined;
  const mask = new Uint8Array((rows.length + 7) >> 3).fill(0xff);
  for (let i = 0; i < rows.length; i += 1) {
    if (!isNull(column, rows[i] as number)) continue;
    mask[i >> 3] = (mask[i >> 3] as number) & ~(1 << (i & 7));
  }
  return mask;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
