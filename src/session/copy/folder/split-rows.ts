/** DataRow messages whose first cells name a folder: apart by folder, and without those cells. */

const MESSAGE_BYTES = 5;

/** Rows of one folder that come one after the other. */
export interface FolderRows {
  /** As text; null is NULL. */
  readonly keys: readonly (string | null)[];
  /** Complete DataRow messages. */
  readonly bytes: Uint8Array;
  readonly rows: number;
}

/** @param messages complete, and changed in place @param keyCount of the leading cells */
export function* splitRows(messages: Uint8Array, keyCount: number): Generator<FolderRows> {
  const view = new DataView(messages.buffer, messages.byteOffset, messages.byteLength);
  let out = 0;
  let start = 0;
  let rows = 0;
  let current: Uint8Array | undefined;
  let keys: FolderRows["keys"] = [];
  for (let at = 0; at < messages.length; ) {
    const end = at + 1 + view.getInt32(at + 1);
    const cells = at + MESSAGE_BYTES + 2;
    const rest = behind(view, cells, keyCount);
    const key = messages.slice(cells, rest);
    if (current === undefined || Buffer.compare(current, key) !== 0) {
      if (current !== undefined) yield { keys, bytes: messages.subarray(start, out), rows };
      current = key;
      keys = textsOf(key, keyCount);
      start = out;
      rows = 0;
    }
    const columns = view.getInt16(at + MESSAGE_BYTES) - keyCount;
    messages.copyWithin(out + MESSAGE_BYTES + 2, rest, end);
    const length = MESSAGE_BYTES + 2 + end - rest;
    messages[out] = 0x44; // D
    view.setInt32(out + 1, length - 1);
    view.setInt16(out + MESSAGE_BYTES, columns);
    out += length;
    rows += 1;
    at = end;
  }
  if (current !== undefined) yield { keys, bytes: messages.subarray(start, out), rows };
}

/** Where the cell after so many begins. */
function behind(view: DataView, from: number, count: number): number {
  let at = from;
  for (let index = 0; index < count; index += 1) at += 4 + Math.max(0, view.getInt32(at));
  return at;
}

function textsOf(cells: Uint8Array, count: number): (string | null)[] {
  const bytes = Buffer.from(cells);
  const texts: (string | null)[] = [];
  let at = 0;
  for (let index = 0; index < count; index += 1) {
    const size = bytes.readInt32BE(at);
    at += 4;
    texts.push(size < 0 ? null : bytes.toString("utf8", at, at + size));
    at += Math.max(0, size);
  }
  return texts;
}
