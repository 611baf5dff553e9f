/** Texts and bytes of Arrow's columns, without trust in where the data say that they are. */

import { type Data, DataType } from "apache-arrow";
import type { TypedColumn } from "../../../engine/bound-types.ts";
import { decodeUtf8 } from "../../../types/utf8.ts";
import { uuidFromHex } from "../../../types/uuid.ts";
import type { SqlValue } from "../../../types/value.ts";
import { FREE_TYPES, TEXT_TYPES } from "../text-types.ts";
import type { Conversion } from "./arrow-data.ts";
import { malformed } from "./arrow-messages.ts";

/** The type's input function. */
export type TextReader = (text: string, typeOid: number) => SqlValue;

export function textConversion(
  type: DataType,
  { typeOid, typmod }: TypedColumn,
  readText: TextReader,
): Conversion | undefined {
  const isFree = FREE_TYPES.includes(typeOid) && typmod === -1;
  if (!(isFree || TEXT_TYPES.includes(typeOid)) || !isText(type)) return undefined;
  return (data) => {
    const bytes = bytesReader(data);
    return (row) => readText(decodeUtf8(bytes(row)), typeOid);
  };
}

function isText(type: DataType): boolean {
  return DataType.isUtf8(type) || DataType.isLargeUtf8(type) || DataType.isUtf8View(type);
}

/** The bytes of a cell, in the data's own memory. @throws SqlError 22P04 */
export function bytesReader(data: Data): (row: number) => Uint8Array {
  const { type } = data;
  const bytes = data.values as Uint8Array;
  if (DataType.isUtf8View(type) || DataType.isBinaryView(type)) return viewReader(data);
  if (DataType.isFixedSizeBinary(type)) {
    const { byteWidth } = type;
    return (row) => part(bytes, row * byteWidth, (row + 1) * byteWidth);
  }
  const offsets = data.valueOffsets as ArrayLike<number | bigint>;
  return (row) => part(bytes, Number(offsets[row]), Number(offsets[row + 1]));
}

const VIEW_BYTES = 16;
const INLINE_BYTES_MAX = 12;

/** Length, then up to twelve bytes, or four bytes, number of a buffer and place in it. */
function viewReader(data: Data): (row: number) => Uint8Array {
  const bytes = data.values as Uint8Array;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return (row) => {
    const at = row * VIEW_BYTES;
    part(bytes, at, at + VIEW_BYTES);
    const length = view.getInt32(at, true);
    if (length <= INLINE_BYTES_MAX) return part(bytes, at + 4, at + 4 + length);
    const buffer = data.variadicBuffers[view.getInt32(at + 8, true)] ?? new Uint8Array();
    const from = view.getInt32(at + 12, true);
    return part(buffer, from, from + length);
  };
}

function part(bytes: Uint8Array, from: number, until: number): Uint8Array {
  if (!(from >= 0 && until >= from && until <= bytes.length)) {
    throw malformed("A text reaches beyond its column.");
  }
  return bytes.subarray(from, until);
}

export function uuidOf(bytes: Uint8Array): string {
  return uuidFromHex(Buffer.from(bytes).toString("hex"));
}
