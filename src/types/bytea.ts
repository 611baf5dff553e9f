/** bytea's two text forms. */

import { SqlError } from "../base/errors.ts";

export function byteaText(bytes: Uint8Array, output: "hex" | "escape"): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (output === "hex") return `\\x${buffer.toString("hex")}`;
  let text = "";
  for (const byte of buffer) {
    if (byte === 0x5c) text += "\\\\";
    else if (byte >= 0x20 && byte <= 0x7e) text += String.fromCharCode(byte);
    else text += `\\${byte.toString(8).padStart(3, "0")}`;
  }
  return text;
}

/** @throws SqlError 22P02, 22023 */
export function parseBytea(text: string): Uint8Array {
  return text.startsWith("\\x") ? parseHex(text.slice(2)) : parseEscape(text);
}

/** Blanks may stand between bytes, not inside one. */
function parseHex(text: string): Uint8Array {
  const bytes: number[] = [];
  let at = 0;
  while (at < text.length) {
    const character = text[at] as string;
    if (" \n\t\r".includes(character)) {
      at += 1;
      continue;
    }
    const high = hexValue(character);
    const low = text[at + 1];
    if (low === undefined) {
      throw new SqlError("22023", "invalid hexadecimal data: odd number of digits");
    }
    bytes.push(high * 16 + hexValue(low));
    at += 2;
  }
  return Uint8Array.from(bytes);
}

function hexValue(character: string): number {
  if (!/^[\da-fA-F]$/.test(character)) {
    throw new SqlError("22023", `invalid hexadecimal digit: "${character}"`);
  }
  return Number.parseInt(character, 16);
}

function parseEscape(text: string): Uint8Array {
  const input = Buffer.from(text);
  const bytes = Buffer.allocUnsafe(input.length);
  let length = 0;
  let at = 0;
  while (at < input.length) {
    const byte = input[at] as number;
    if (byte !== 0x5c) {
      bytes[length] = byte;
      at += 1;
    } else if (input[at + 1] === 0x5c) {
      bytes[length] = 0x5c;
      at += 2;
    } else {
      const octal = /^[0-3][0-7]{2}$/.exec(input.toString("latin1", at + 1, at + 4));
      if (octal === null) throw new SqlError("22P02", "invalid input syntax for type bytea");
      bytes[length] = Number.parseInt(octal[0], 8);
      at += 4;
    }
    length += 1;
  }
  return Uint8Array.from(bytes.subarray(0, length));
}
