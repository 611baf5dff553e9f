/** encode and decode: hex, base64 with PostgreSQL's line length, escape. */

import { pgError } from "./scalar-function.ts";

export function encodeBytes(bytes: Uint8Array, format: string): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  switch (format.toLowerCase()) {
    case "hex":
      return buffer.toString("hex");
    case "base64":
      return (buffer.toString("base64").match(/.{1,76}/g) ?? []).join("\n");
    case "escape":
      return escapeBytes(buffer);
    default:
      throw pgError("22023", `unrecognized encoding: "${format}"`);
  }
}

function escapeBytes(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) {
    if (byte === 0 || byte >= 128) text += `\\${byte.toString(8).padStart(3, "0")}`;
    else text += byte === 92 ? "\\\\" : String.fromCharCode(byte);
  }
  return text;
}

export function decodeBytes(text: string, format: string): Uint8Array {
  switch (format.toLowerCase()) {
    case "hex":
      return decodeHex(text);
    case "base64":
      return decodeBase64(text);
    case "escape":
      return unescapeBytes(text);
    default:
      throw pgError("22023", `unrecognized encoding: "${format}"`);
  }
}

function decodeHex(text: string): Uint8Array {
  // White space may stand between bytes, not inside one.
  const digits = text.replace(/([0-9a-fA-F]{2})|[ \n\t\r]+/g, (_all, pair?: string) => pair ?? "");
  const bad = /[^0-9a-fA-F]/u.exec(digits);
  if (bad !== null) throw pgError("22023", `invalid hexadecimal digit: "${bad[0]}"`);
  if (digits.length % 2 !== 0) {
    throw pgError("22023", "invalid hexadecimal data: odd number of digits");
  }
  return Buffer.from(digits, "hex");
}

function decodeBase64(text: string): Uint8Array {
  const compact = text.replace(/[ \t\n\r]/g, "");
  const bad = /[^A-Za-z0-9+/=]/u.exec(compact);
  if (bad !== null)
    throw pgError("22023", `invalid symbol "${bad[0]}" found while decoding base64 sequence`);
  const data = compact.replace(/=+$/, "");
  if (data.includes("=")) throw pgError("22023", 'unexpected "=" while decoding base64 sequence');
  if (compact.length % 4 !== 0) throw pgError("22023", "invalid base64 end sequence");
  return Buffer.from(data, "base64");
}

function unescapeBytes(text: string): Uint8Array {
  const bytes: number[] = [];
  const source = Buffer.from(text);
  for (let at = 0; at < source.length; at++) {
    if (source[at] !== 92) {
      bytes.push(source[at] as number);
    } else if (source[at + 1] === 92) {
      bytes.push(92);
      at += 1;
    } else {
      const octal = source.toString("latin1", at + 1, at + 4);
      if (!/^[0-3][0-7]{2}$/.test(octal)) {
        throw pgError("22P02", "invalid input syntax for type bytea");
      }
      bytes.push(Number.parseInt(octal, 8));
      at += 3;
    }
  }
  return Uint8Array.from(bytes);
}
