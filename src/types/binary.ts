/**
 * Binary forms of the scalar types: what their send and receive functions in PostgreSQL exchange.
 */

import { SqlError } from "../base/errors.ts";
import { ByteReader, ByteWriter } from "./bytes.ts";
import { DATE_MAX, DATE_MIN, MICROS_PER_DAY, POSTGRES_EPOCH_DAYS } from "./calendar.ts";
import { badBinary } from "./input-errors.ts";
import { canonicalJsonb } from "./json.ts";
import { singleCharText } from "./scalars.ts";
import { decodeUtf8 } from "./utf8.ts";
import { uuidFromHex } from "./uuid.ts";
import { type Interval, NEG_INFINITY, POS_INFINITY } from "./value.ts";

const INT32_MAX = 2 ** 31 - 1;
const INT32_MIN = -(2 ** 31);
const EPOCH_MICROS = BigInt(POSTGRES_EPOCH_DAYS) * BigInt(MICROS_PER_DAY);
const DAY = BigInt(MICROS_PER_DAY);

/** Reads a value of one fixed shape; too few bytes are 08P01, bytes left over 22P03. */
function exactly<T>(bytes: Uint8Array, read: (reader: ByteReader) => T): T {
  const reader = new ByteReader(bytes);
  const value = read(reader);
  if (reader.remaining > 0) throw badBinary("incorrect binary data format");
  return value;
}

export function decodeBool(bytes: Uint8Array): boolean {
  return exactly(bytes, (reader) => reader.uint8() !== 0);
}

export function encodeBool(value: boolean): Uint8Array {
  return Uint8Array.of(value ? 1 : 0);
}

export function decodeInt2(bytes: Uint8Array): number {
  return exactly(bytes, (reader) => reader.int16());
}

export function encodeInt2(value: number): Uint8Array {
  return new ByteWriter(2).int16(value).finish();
}

export function decodeInt4(bytes: Uint8Array): number {
  return exactly(bytes, (reader) => reader.int32());
}

export function encodeInt4(value: number): Uint8Array {
  return new ByteWriter(4).int32(value).finish();
}

export function decodeInt8(bytes: Uint8Array): bigint {
  return exactly(bytes, (reader) => reader.int64());
}

export function encodeInt8(value: bigint): Uint8Array {
  return new ByteWriter(8).int64(value).finish();
}

export function decodeOid(bytes: Uint8Array): number {
  return exactly(bytes, (reader) => reader.uint32());
}

export function encodeOid(value: number): Uint8Array {
  return new ByteWriter(4).uint32(value).finish();
}

export function decodeFloat4(bytes: Uint8Array): number {
  return exactly(bytes, (reader) => reader.float32());
}

export function encodeFloat4(value: number): Uint8Array {
  return new ByteWriter(4).float32(value).finish();
}

export function decodeFloat8(bytes: Uint8Array): number {
  return exactly(bytes, (reader) => reader.float64());
}

export function encodeFloat8(value: number): Uint8Array {
  return new ByteWriter(8).float64(value).finish();
}

export function decodeText(bytes: Uint8Array): string {
  return decodeUtf8(bytes);
}

export function encodeText(value: unknown): Uint8Array {
  return Buffer.from(String(value));
}

export function decodeSingleChar(bytes: Uint8Array): string {
  return exactly(bytes, (reader) => singleCharText(reader.uint8()));
}

export function encodeSingleChar(value: string): Uint8Array {
  const octal = /^\\([0-3][0-7]{2})$/.exec(value);
  return Uint8Array.of(
    octal === null ? value.charCodeAt(0) || 0 : Number.parseInt(octal[1] as string, 8),
  );
}

export function decodeUuid(bytes: Uint8Array): string {
  return exactly(bytes, (reader) => uuidFromHex(Buffer.from(reader.bytes(16)).toString("hex")));
}

export function encodeUuid(value: string): Uint8Array {
  return Buffer.from(value.replaceAll("-", ""), "hex");
}

/** A version byte, then the text. */
export function decodeJsonb(bytes: Uint8Array): string {
  const reader = new ByteReader(bytes);
  const version = reader.uint8();
  if (version !== 1) throw new SqlError("XX000", `unsupported jsonb version number ${version}`);
  return canonicalJsonb(decodeUtf8(reader.rest()));
}

export function encodeJsonb(value: string): Uint8Array {
  return Buffer.concat([Uint8Array.of(1), Buffer.from(value)]);
}

export function decodeDate(bytes: Uint8Array): number {
  const days = decodeInt4(bytes);
  if (days === INT32_MAX) return Infinity;
  if (days === INT32_MIN) return -Infinity;
  const since1970 = days + POSTGRES_EPOCH_DAYS;
  if (since1970 < DATE_MIN || since1970 > DATE_MAX)
    throw new SqlError("22008", "date out of range");
  return since1970;
}

export function encodeDate(value: number): Uint8Array {
  if (value === Infinity) return encodeInt4(INT32_MAX);
  if (value === -Infinity) return encodeInt4(INT32_MIN);
  return encodeInt4(value - POSTGRES_EPOCH_DAYS);
}

export function decodeTime(bytes: Uint8Array): bigint {
  const micros = decodeInt8(bytes);
  if (micros < 0n || micros > DAY) throw new SqlError("22008", "time out of range");
  return micros;
}

/** timestamp and timestamptz alike. */
export function decodeTimestamp(bytes: Uint8Array): bigint {
  const micros = decodeInt8(bytes);
  if (micros === POS_INFINITY || micros === NEG_INFINITY) return micros;
  const since1970 = micros + EPOCH_MICROS;
  if (since1970 < BigInt(DATE_MIN) * DAY || since1970 >= POS_INFINITY) {
    throw new SqlError("22008", "timestamp out of range");
  }
  return since1970;
}

export function encodeTimestamp(value: bigint): Uint8Array {
  const isInfinite = value === POS_INFINITY || value === NEG_INFINITY;
  return encodeInt8(isInfinite ? value : value - EPOCH_MICROS);
}

export function decodeInterval(bytes: Uint8Array): Interval {
  return exactly(bytes, (reader) => {
    const micros = reader.int64();
    const days = reader.int32();
    const months = reader.int32();
    return { kind: "interval", months, days, micros };
  });
}

export function encodeInterval(value: Interval): Uint8Array {
  return new ByteWriter(16).int64(value.micros).int32(value.days).int32(value.months).finish();
}
