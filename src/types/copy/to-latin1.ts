/** UTF-8 as LATIN1. */

import { SqlError } from "../../base/errors.ts";

/** In place; gives the new length. @throws SqlError 22P05 for a character that LATIN1 lacks */
export function toLatin1(bytes: Buffer): number {
  let out = 0;
  for (let at = 0; at < bytes.length; ) {
    const first = bytes[at] as number;
    if (first < 0x80) {
      bytes[out++] = first;
      at += 1;
    } else if (first < 0xc4) {
      bytes[out++] = ((first & 0x03) << 6) | ((bytes[at + 1] as number) & 0x3f);
      at += 2;
    } else throw noEquivalent(bytes, at);
  }
  return out;
}

function noEquivalent(bytes: Buffer, at: number): SqlError {
  const first = bytes[at] as number;
  const length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  const hex = [...bytes.subarray(at, at + length)].map((byte) => `0x${byte.toString(16)}`);
  return new SqlError(
    "22P05",
    `character with byte sequence ${hex.join(" ")} in encoding "UTF8" ` +
      'has no equivalent in encoding "LATIN1"',
  );
}
