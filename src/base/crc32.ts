/** CRC-32 as zlib has it: https://www.rfc-editor.org/rfc/rfc1952#section-8 */

import * as zlib from "node:zlib";

/** Of `bytes` behind whatever gave `before`. */
type Checksum = (bytes: Uint8Array, before?: number) => number;

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit += 1) value = (value >>> 1) ^ (value & 1 ? 0xedb8_8320 : 0);
  return value;
});

export function crc32InScript(bytes: Uint8Array, before = 0): number {
  let value = ~before;
  for (let i = 0; i < bytes.length; i += 1) {
    value = (value >>> 8) ^ (table[(value ^ (bytes[i] as number)) & 0xff] as number);
  }
  return ~value >>> 0;
}

/** Node has it since 20.15. */
export const crc32: Checksum = (zlib as { crc32?: Checksum }).crc32 ?? crc32InScript;
