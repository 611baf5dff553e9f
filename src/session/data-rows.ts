/** Walks DataRow messages: to read small catalogue answers, and to cut a batch after n rows. */

const HEADER_BYTES = 5;

/** Text cells of complete DataRow messages. */
export function readTextRows(bytes: Uint8Array): (string | null)[][] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const rows: (string | null)[][] = [];
  for (let at = 0; at < buffer.length; at += 1 + buffer.readInt32BE(at + 1)) {
    rows.push(readCells(buffer, at + HEADER_BYTES));
  }
  return rows;
}

function readCells(buffer: Buffer, start: number): (string | null)[] {
  const cells: (string | null)[] = [];
  let at = start + 2;
  for (let left = buffer.readInt16BE(start); left > 0; left -= 1) {
    const length = buffer.readInt32BE(at);
    at += 4;
    cells.push(length < 0 ? null : buffer.toString("utf8", at, at + length));
    at += Math.max(length, 0);
  }
  return cells;
}

/** Byte offset behind the first `count` messages. */
export function offsetAfterRows(bytes: Uint8Array, count: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  for (let left = count; left > 0; left -= 1) at += 1 + view.getInt32(at + 1);
  return at;
}

/** One DataRow of text cells. */
export function encodeTextRow(cells: readonly (string | null)[]): Buffer {
  return encodeRow(cells.map((cell) => (cell === null ? null : Buffer.from(cell, "utf8"))));
}

/** One DataRow of encoded cells. */
export function encodeRow(cells: readonly (Uint8Array | null)[]): Buffer {
  const size = cells.reduce((sum, cell) => sum + 4 + (cell?.length ?? 0), HEADER_BYTES + 2);
  const row = Buffer.allocUnsafe(size);
  row.write("D", 0, "latin1");
  row.writeInt32BE(size - 1, 1);
  row.writeInt16BE(cells.length, HEADER_BYTES);
  let at = HEADER_BYTES + 2;
  for (const cell of cells) {
    row.writeInt32BE(cell === null ? -1 : cell.length, at);
    at += 4;
    if (cell === null) continue;
    row.set(cell, at);
    at += cell.length;
  }
  return row;
}
