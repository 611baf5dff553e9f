/**
 * jsonb's binary containers to PostgreSQL's text of them.
 * https://github.com/postgres/postgres/blob/REL_18_STABLE/src/include/utils/jsonb.h
 */

import { assert } from "../base/errors.ts";

const COUNT_MASK = 0x0fff_ffff;
const IS_SCALAR = 0x1000_0000;
const IS_OBJECT = 0x2000_0000;

const ENTRY_LENGTH = 0x0fff_ffff;
const ENTRY_TYPE = 0x7000_0000;
const ENTRY_HAS_OFFSET = 0x8000_0000;
const TYPE_STRING = 0x0000_0000;
const TYPE_NUMERIC = 0x1000_0000;
const TYPE_FALSE = 0x2000_0000;
const TYPE_TRUE = 0x3000_0000;
const TYPE_NULL = 0x4000_0000;
const TYPE_CONTAINER = 0x5000_0000;

const decoder = new TextDecoder("utf-8", { fatal: true });

type NumericText = (payload: Uint8Array) => string;

/** `bytes` begins at the root container. */
export function jsonbText(bytes: Uint8Array, numericText: NumericText): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const header = view.getUint32(0, true);
  const count = header & COUNT_MASK;
  const isObject = (header & IS_OBJECT) !== 0;
  const entries = isObject ? count * 2 : count;
  const data = 4 + entries * 4;
  const values: string[] = [];
  let offset = 0;
  for (let index = 0; index < entries; index += 1) {
    const entry = view.getUint32(4 + index * 4, true);
    // Every 32nd entry stores its end, the others their length.
    const isEnd = (entry & ENTRY_HAS_OFFSET) !== 0;
    const length = isEnd ? (entry & ENTRY_LENGTH) - offset : entry & ENTRY_LENGTH;
    values.push(entryText(bytes, data, offset, length, entry & ENTRY_TYPE, numericText));
    offset += length;
  }
  if (isObject) {
    const pairs = values.slice(0, count).map((key, index) => `${key}: ${values[count + index]}`);
    return `{${pairs.join(", ")}}`;
  }
  if ((header & IS_SCALAR) !== 0) return values[0] ?? "null";
  return `[${values.join(", ")}]`;
}

function entryText(
  bytes: Uint8Array,
  data: number,
  offset: number,
  length: number,
  type: number,
  numericText: NumericText,
): string {
  const start = data + offset;
  const aligned = data + Math.ceil(offset / 4) * 4;
  switch (type) {
    case TYPE_STRING:
      // The escapes of both are the same: short forms, and \u for other control characters.
      return JSON.stringify(decoder.decode(bytes.subarray(start, start + length)));
    case TYPE_NUMERIC:
      return numericText(bytes.subarray(aligned + 4, start + length));
    case TYPE_FALSE:
      return "false";
    case TYPE_TRUE:
      return "true";
    case TYPE_NULL:
      return "null";
    case TYPE_CONTAINER:
      return jsonbText(bytes.subarray(aligned, start + length), numericText);
    default:
      assert(false, `jsonb entry of type ${type}`);
  }
}
