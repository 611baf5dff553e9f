/**
 * Undoes the line wraps that PostgreSQL puts into a printed tree (format_node_dump in print.c).
 *
 * A line holds at most 78 bytes and ends where a blank was, which the line feed replaces. A run of
 * more than 78 bytes without a blank is cut after 78 with no blank lost.
 */

const LINE_BYTES = 78;
const LINE_FEED = 0x0a;
const BLANK = 0x20;

/** Works in bytes: a cut can fall inside a UTF-8 sequence. */
export function unwrapTree(wrapped: Uint8Array): string {
  const plain = Buffer.allocUnsafe(wrapped.length);
  let length = 0;
  let start = 0;
  while (start < wrapped.length) {
    const found = wrapped.indexOf(LINE_FEED, start);
    const end = found === -1 ? wrapped.length : found;
    plain.set(wrapped.subarray(start, end), length);
    length += end - start;
    const isLast = end >= wrapped.length - 1;
    if (!isLast && !isCut(wrapped, start, end)) {
      plain[length] = BLANK;
      length += 1;
    }
    start = end + 1;
  }
  return plain.toString("utf8", 0, length);
}

function isCut(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start !== LINE_BYTES) return false;
  const blank = bytes.indexOf(BLANK, start + 1);
  return blank === -1 || blank >= end;
}
