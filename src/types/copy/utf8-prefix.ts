/** How much of a stretch of bytes is text that PostgreSQL takes for UTF-8. */

import { isUtf8 } from "node:buffer";
import { SqlError } from "../../base/errors.ts";

/** PostgreSQL judges a sequence once it holds this many bytes of it, or the stream has ended. */
export const SEQUENCE_BYTES_MAX = 4;

/** Where valid UTF-8 without zero bytes that begins at `start` ends: before `end` or there. */
export function validEnd(bytes: Uint8Array, start: number, end: number): number {
  const whole = Math.max(start, end - trailingIncomplete(bytes, start, end));
  const part = Buffer.from(bytes.buffer, bytes.byteOffset + start, whole - start);
  if (isUtf8(part) && !part.includes(0)) return whole;
  let at = start;
  while (at < end) {
    const first = bytes[at] as number;
    const length = sequenceLength(first);
    const isOne = first !== 0 && at + length <= end;
    if (!isOne || (length > 1 && !isUtf8(bytes.subarray(at, at + length)))) break;
    if (length === 1 && first >= 0x80) break;
    at += length;
  }
  return at;
}

/** Bytes of a sequence that is cut off by the end. */
function trailingIncomplete(bytes: Uint8Array, start: number, end: number): number {
  for (let back = 1; back <= 3 && end - back >= start; back += 1) {
    const byte = bytes[end - back] as number;
    if (byte < 0x80) return 0;
    if (byte >= 0xc0) return sequenceLength(byte) > back ? back : 0;
  }
  return 0;
}

/** What the first byte announces. */
function sequenceLength(first: number): number {
  if ((first & 0xe0) === 0xc0) return 2;
  if ((first & 0xf0) === 0xe0) return 3;
  return (first & 0xf8) === 0xf0 ? 4 : 1;
}

/** `at`: where `validEnd` stopped. */
export function invalidSequence(bytes: Uint8Array, at: number, end: number): SqlError {
  const length = Math.min(sequenceLength(bytes[at] as number), end - at);
  const shown = [...bytes.subarray(at, at + length)];
  const hex = shown.map((byte) => `0x${byte.toString(16).padStart(2, "0")}`).join(" ");
  return new SqlError("22021", `invalid byte sequence for encoding "UTF8": ${hex}`);
}

/** A chunk of LATIN1 as UTF-8. */
export function fromLatin1(chunk: Uint8Array): Uint8Array {
  const buffer = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  return Buffer.from(buffer.toString("latin1"), "utf8");
}
