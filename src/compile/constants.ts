/**
 * Datums as the tree prints them (the memory of a 32-bit little-endian PostgreSQL) to SqlValues.
 * https://github.com/postgres/postgres/blob/REL_18_STABLE/src/include/utils/array.h and numeric.c
 */

import { elementOidOf, Oid, typeNameOf, typeSizeOf } from "../types/oids.ts";
import { NEG_INFINITY, POS_INFINITY, type SqlArray, type SqlValue } from "../types/value.ts";
import { jsonbText } from "./constants-jsonb.ts";
import { refuse } from "./refusals.ts";

/** Microseconds from 1970-01-01 to PostgreSQL's epoch, 2000-01-01. */
const EPOCH_MICROS = 946_684_800_000_000n;
const EPOCH_DAYS = 10_957;
const INT32_MAX = 2_147_483_647;
const INT32_MIN = -2_147_483_648;

const decoder = new TextDecoder("utf-8", { fatal: true });

/**
 * The value of a Const that is not NULL. @throws SqlError 0A000 for a type without a
 * representation.
 */
export function decodeConstant(bytes: Uint8Array, typeOid: number): SqlValue {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  switch (typeOid) {
    case Oid.bool:
      return view.getUint8(0) !== 0;
    case Oid.int2:
      return view.getInt16(0, true);
    case Oid.int4:
      return view.getInt32(0, true);
    case Oid.oid:
    case Oid.regclass:
    case Oid.regtype:
    case Oid.regproc:
      return view.getUint32(0, true);
    case Oid.int8:
    case Oid.time:
      return view.getBigInt64(0, true);
    case Oid.float4:
      return view.getFloat32(0, true);
    case Oid.float8:
      return view.getFloat64(0, true);
    case Oid.date:
      return dateDays(view.getInt32(0, true));
    case Oid.timestamp:
    case Oid.timestamptz:
      return timestampMicros(view.getBigInt64(0, true));
    case Oid.interval:
      return {
        kind: "interval",
        micros: view.getBigInt64(0, true),
        days: view.getInt32(8, true),
        months: view.getInt32(12, true),
      };
    case Oid.uuid:
      return uuidText(bytes);
    case Oid.char:
      return String.fromCharCode(view.getUint8(0));
    case Oid.name:
    case Oid.unknown:
      return decoder.decode(bytes.subarray(0, endOfString(bytes)));
    case Oid.text:
    case Oid.varchar:
    case Oid.bpchar:
    case Oid.json:
      return decoder.decode(payload(bytes));
    case Oid.bytea:
      return payload(bytes).slice();
    case Oid.numeric:
      return numericText(payload(bytes));
    case Oid.jsonb:
      return jsonbText(payload(bytes), numericText);
    default:
      return decodeArray(payload(bytes), typeOid);
  }
}

/** What follows a variable-length value's header of one or four bytes. */
function payload(bytes: Uint8Array): Uint8Array {
  const first = bytes[0] ?? 0;
  if ((first & 1) === 1) return bytes.subarray(1, first >> 1);
  return bytes.subarray(4, varlenaSize(bytes));
}

function varlenaSize(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return view.getUint32(0, true) >>> 2;
}

function endOfString(bytes: Uint8Array): number {
  const zero = bytes.indexOf(0);
  return zero === -1 ? bytes.length : zero;
}

function dateDays(days: number): number {
  if (days === INT32_MAX) return Number.POSITIVE_INFINITY;
  if (days === INT32_MIN) return Number.NEGATIVE_INFINITY;
  return days + EPOCH_DAYS;
}

function timestampMicros(micros: bigint): bigint {
  return micros === POS_INFINITY || micros === NEG_INFINITY ? micros : micros + EPOCH_MICROS;
}

function uuidText(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes.subarray(0, 16)).toString("hex");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** Without the length word. Short form: scale and weight in one header of 16 bits. */
function numericText(bytes: Uint8Array): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const header = view.getUint16(0, true);
  if ((header & 0xc000) === 0xc000) {
    if ((header & 0xf000) === 0xd000) return "Infinity";
    return (header & 0xf000) === 0xf000 ? "-Infinity" : "NaN";
  }
  const isShort = (header & 0x8000) !== 0;
  const isNegative = isShort ? (header & 0x2000) !== 0 : (header & 0xc000) === 0x4000;
  const scale = isShort ? (header & 0x1f80) >> 7 : header & 0x3fff;
  const shortWeight = (header & 0x40) !== 0 ? (header & 0x3f) - 64 : header & 0x3f;
  const weight = isShort ? shortWeight : view.getInt16(2, true);
  const digits: number[] = [];
  for (let at = isShort ? 2 : 4; at + 1 < bytes.length; at += 2) {
    digits.push(view.getUint16(at, true));
  }
  return decimalText(digits, weight, scale, isNegative);
}

/** Base-10000 digits, the first of them worth 10000^weight. */
function decimalText(
  digits: readonly number[],
  weight: number,
  scale: number,
  isNegative: boolean,
) {
  const group = (index: number) => String(digits[index] ?? 0).padStart(4, "0");
  let whole = "";
  for (let index = 0; index <= weight; index += 1) whole += group(index);
  whole = whole.replace(/^0+(?=\d)/, "");
  if (whole === "") whole = "0";
  let fraction = "";
  for (let index = weight + 1; fraction.length < scale; index += 1) {
    fraction += index < 0 ? "0000" : group(index);
  }
  const text = scale === 0 ? whole : `${whole}.${fraction.slice(0, scale)}`;
  return isNegative ? `-${text}` : text;
}

function decodeArray(bytes: Uint8Array, arrayOid: number): SqlArray {
  const element = elementOidOf(arrayOid);
  if (element === undefined) return refuse(`a constant of type ${typeNameOf(arrayOid)}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = view.getInt32(0, true);
  const nullsOffset = view.getInt32(4, true);
  const dimensions = [];
  for (let index = 0; index < count; index += 1) {
    const length = view.getInt32(12 + index * 4, true);
    const lowerBound = view.getInt32(12 + (count + index) * 4, true);
    dimensions.push({ length, lowerBound });
  }
  const total = count === 0 ? 0 : dimensions.reduce((size, each) => size * each.length, 1);
  // Offsets in the datum count from its length word, which `bytes` no longer has.
  const nulls = nullsOffset === 0 ? undefined : 12 + count * 8;
  let at = nullsOffset === 0 ? alignUp(16 + count * 8, 8) : nullsOffset;
  const elements: SqlValue[] = [];
  for (let index = 0; index < total; index += 1) {
    const isNull =
      nulls !== undefined && ((bytes[nulls + (index >> 3)] ?? 0) >> (index & 7)) % 2 === 0;
    if (isNull) {
      elements.push(null);
      continue;
    }
    at = alignUp(at, alignmentOf(element));
    const size = elementSize(bytes.subarray(at - 4), element);
    elements.push(decodeConstant(bytes.subarray(at - 4, at - 4 + size), element));
    at += size;
  }
  return { kind: "array", dimensions, elements };
}

function elementSize(bytes: Uint8Array, element: number): number {
  const fixed = typeSizeOf(element);
  if (fixed > 0) return fixed;
  const first = bytes[0] ?? 0;
  return (first & 1) === 1 ? first >> 1 : varlenaSize(bytes);
}

function alignmentOf(typeOid: number): number {
  switch (typeOid) {
    case Oid.bool:
    case Oid.char:
    case Oid.name:
    case Oid.uuid:
      return 1;
    case Oid.int2:
      return 2;
    case Oid.int8:
    case Oid.float8:
    case Oid.time:
    case Oid.timestamp:
    case Oid.timestamptz:
    case Oid.interval:
      return 8;
    default:
      return 4;
  }
}

function alignUp(offset: number, alignment: number): number {
  return Math.ceil(offset / alignment) * alignment;
}
