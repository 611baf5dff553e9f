/** UTF-8 from clients, checked as PostgreSQL checks it. */

import { isUtf8 } from "node:buffer";
import { SqlError } from "../base/errors.ts";

/** @throws SqlError 22021 naming the offending bytes; a zero byte offends too. */
export function decodeUtf8(bytes: Uint8Array): string {
  if (bytes.length <= SHORT_LENGTH) {
    const text = shortAscii(bytes);
    if (text !== undefined) return text;
  }
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (!isUtf8(buffer) || buffer.includes(0)) throw invalidSequence(buffer);
  return buffer.toString("utf8");
}

/** Up to this length a text is made faster here than by three calls into the platform. */
const SHORT_LENGTH = 16;

/** undefined: not ASCII, or with a zero byte. */
function shortAscii(bytes: Uint8Array): string | undefined {
  let text = "";
  for (let at = 0; at < bytes.length; at += 1) {
    const code = bytes[at] as number;
    if (code === 0 || code >= 0x80) return undefined;
    text += String.fromCharCode(code);
  }
  return text;
}

function invalidSequence(bytes: Buffer): SqlError {
  let at = 0;
  while (at < bytes.length) {
    const size = sequenceLength(bytes[at] as number);
    const sequence = bytes.subarray(at, at + size);
    if (sequence.length < size || sequence[0] === 0 || !isUtf8(sequence)) break;
    at += size;
  }
  const shown = bytes.subarray(at, at + Math.min(sequenceLength(bytes[at] as number), 8));
  const hex = [...shown].map((byte) => `0x${byte.toString(16).padStart(2, "0")}`).join(" ");
  return new SqlError("22021", `invalid byte sequence for encoding "UTF8": ${hex}`);
}

/** What the first byte announces. */
function sequenceLength(first: number): number {
  if ((first & 0xe0) === 0xc0) return 2;
  if ((first & 0xf0) === 0xe0) return 3;
  return (first & 0xf8) === 0xf0 ? 4 : 1;
}
