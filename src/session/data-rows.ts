/** Walks DataRow messages: to read small catalogue answers, and to cut a batch after n rows. */

import { ByteWriter } from "../types/bytes.ts";

const HEADER_BYTES = 5;

/** Text cells of complete DataRow messages. */
export function readTextRows(bytes: Uint8Array): (string | null)[][] {
  return readRows(bytes).map((cells) => cells.map((cell) => cell?.toString("utf8") ?? null));
}

/** The cells' bytes: views. */
export function readRows(bytes: Uint8Array): (Buffer | null)[][] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const rows: (Buffer | null)[][] = [];
  for (let at = 0; at < buffer.length; at += 1 + buffer.readInt32BE(at + 1)) {
    rows.push(readCells(buffer, at + HEADER_BYTES));
  }
  return rows;
}

function readCells(buffer: Buffer, start: number): (Buffer | null)[] {
  const cells: (Buffer | null)[] = [];
  let at = start + 2;
  for (let left = buffer.readInt16BE(start); left > 0; left -= 1) {
    const length = buffer.readInt32BE(at);
    at += 4;
    cells.push(length < 0 ? null : buffer.subarray(at, at + length));
    at += Math.max(length, 0);
  }
  return cells;
}

/** One DataRow message. */
export function encodeCells(cells: readonly (Uint8Array | null)[]): Uint8Array {
  const writer = new ByteWriter(64).uint8(0x44).int32(0).uint16(cells.length);
  for (const cell of cells) {
    if (cell === null) writer.int32(-1);
    else writer.int32(cell.length).bytes(cell);
  }
  writer.setInt32(1, writer.length - 1);
  return writer.finish();
}

/** Byte offset behind the first `count` messages. */
export function offsetAfterRows(bytes: Uint8Array, count: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  for (let left = count; left > 0; left -= 1) at += 1 + view.getInt32(at + 1);
  return at;
}
