/** One field of a line or of a binary tuple into the cell of a column. */

import { decodeBinary, decodeText } from "../codec.ts";
import type { InputSettings } from "../datetime-input.ts";
import { Oid } from "../oids.ts";
import { applyTypmod } from "../typmod.ts";
import { decodeUtf8 } from "../utf8.ts";
import type { SqlValue } from "../value.ts";
import type { FieldPlaces } from "./field-places.ts";
import { readFloat4, readFloat8 } from "./read-floats.ts";
import { readDate, readInteger } from "./read-numbers.ts";
import { MomentReader } from "./read-times.ts";

/**
 * A column being built, its cells by row; the last row may be written again. The quick ways in are
 * there where the column's type has them: `putNumber` for what is a safe integer, a float or days,
 * `putBytes` for valid UTF-8 and bytea.
 */
export interface CellSink {
  put(row: number, value: SqlValue): void;
  putNull(row: number): void;
  readonly putNumber?: ((row: number, value: number) => void) | undefined;
  readonly putWords?: ((row: number, low: number, high: number) => void) | undefined;
  readonly putBytes?:
    | ((row: number, source: Uint8Array, from: number, until: number) => void)
    | undefined;
  /** As `putNumber` for each, from `row` on; what NaN leaves there is written again. */
  readonly putNumbers?: ((row: number, values: Float64Array, count: number) => void) | undefined;
  /** As `putBytes` or `putNull` for each field, from `row` on. */
  readonly putFields?: ((row: number, fields: FieldPlaces) => void) | undefined;
}

export interface CopyColumn {
  readonly name: string;
  readonly typeOid: number;
  readonly typmod: number;
  readonly sink: CellSink;
  /** Writes the column's default; undefined: it has none. */
  readonly putDefault: ((row: number) => void) | undefined;
  /** Its owner wants to see each NULL in its row: `checkRow`. */
  readonly isRequired?: boolean;
}

/** Valid UTF-8 between the two places. @throws SqlError of the type's input */
export type TextCell = (row: number, bytes: Uint8Array, start: number, end: number) => void;

export function textCell(column: CopyColumn, settings: InputSettings): TextCell {
  const { typeOid, typmod, sink } = column;
  const exact: TextCell = (row, bytes, start, end) => {
    const value = decodeText(textOf(bytes, start, end), typeOid, settings);
    sink.put(row, applyTypmod(value, typeOid, typmod));
  };
  return quickCell(column, settings, exact) ?? exact;
}

function textOf(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("utf8");
}

function quickCell(
  { typeOid, typmod, sink }: CopyColumn,
  settings: InputSettings,
  exact: TextCell,
): TextCell | undefined {
  if (typmod >= 0) return undefined;
  if (typeOid === Oid.text || typeOid === Oid.varchar) return sink.putBytes?.bind(sink);
  if (typeOid === Oid.bool) return boolCell(sink, exact);
  const putNumber = sink.putNumber?.bind(sink);
  if (putNumber === undefined) return undefined;
  const read = numberReader(typeOid, settings);
  if (read === undefined) return undefined;
  return (row, bytes, start, end) => {
    const value = read(bytes, start, end);
    if (value === undefined) exact(row, bytes, start, end);
    else putNumber(row, value);
  };
}

/** undefined: not in canonical form, so the exact reader must judge. */
type NumberReader = (bytes: Uint8Array, start: number, end: number) => number | undefined;

function numberReader(typeOid: number, settings: InputSettings): NumberReader | undefined {
  switch (typeOid) {
    case Oid.int2:
      return integerReader(2 ** 15);
    case Oid.int4:
      return integerReader(2 ** 31);
    case Oid.int8:
      return readInteger;
    case Oid.float4:
      return readFloat4;
    case Oid.float8:
      return readFloat8;
    case Oid.date:
      return readDate;
    case Oid.timestamp:
    case Oid.timestamptz: {
      const zone = typeOid === Oid.timestamptz ? settings.timeZone : undefined;
      const reader = new MomentReader(zone);
      return (bytes, start, end) => reader.read(bytes, start, end);
    }
    default:
      return undefined;
  }
}

function integerReader(limit: number): NumberReader {
  return (bytes, start, end) => {
    const value = readInteger(bytes, start, end);
    return value === undefined || value >= limit || value < -limit ? undefined : value;
  };
}

const LETTER_T = 0x74;
const LETTER_F = 0x66;

function boolCell(sink: CellSink, exact: TextCell): TextCell {
  return (row, bytes, start, end) => {
    const first = bytes[start];
    if (end - start === 1 && (first === LETTER_T || first === LETTER_F)) {
      sink.put(row, first === LETTER_T);
    } else exact(row, bytes, start, end);
  };
}

/** @throws SqlError of the type's receive function */
export type BinaryCell = (row: number, bytes: Uint8Array) => void;

/** Days and microseconds from 1970 to where PostgreSQL's binary values count from. */
const EPOCH_MICROS = 946_684_800_000_000;
const TWO_32 = 2 ** 32;
/** Well inside of what a number holds exactly. */
const WORD_MAX = 2 ** 20;

export function binaryCell({ typeOid, typmod, sink }: CopyColumn): BinaryCell {
  const exact: BinaryCell = (row, bytes) => {
    sink.put(row, applyTypmod(decodeBinary(bytes, typeOid), typeOid, typmod));
  };
  if (typmod >= 0) return exact;
  switch (typeOid) {
    case Oid.text:
    case Oid.varchar:
      return textBinary(sink) ?? exact;
    case Oid.int8:
      return int64Binary(sink, 0) ?? exact;
    case Oid.timestamp:
    case Oid.timestamptz:
      return int64Binary(sink, EPOCH_MICROS, exact) ?? exact;
    case Oid.float8:
      return float8Binary(sink, exact) ?? exact;
    default:
      return exact;
  }
}

function textBinary(sink: CellSink): BinaryCell | undefined {
  const putBytes = sink.putBytes?.bind(sink);
  if (putBytes === undefined) return undefined;
  return (row, bytes) => {
    for (let i = 0; i < bytes.length; i += 1) {
      const byte = bytes[i] as number;
      if (byte !== 0 && byte < 0x80) continue;
      decodeUtf8(bytes); // the check
      break;
    }
    putBytes(row, bytes, 0, bytes.length);
  };
}

function int64Binary(
  sink: CellSink,
  origin: number,
  otherwise?: BinaryCell,
): BinaryCell | undefined {
  const { putNumber, putWords } = sink;
  if (putNumber === undefined || putWords === undefined) return undefined;
  return (row, bytes) => {
    if (bytes.length !== 8) return void decodeBinary(bytes, Oid.int8);
    const high = int32At(bytes, 0);
    const low = int32At(bytes, 4);
    if (otherwise === undefined) return putWords.call(sink, row, low, high);
    if (high >= WORD_MAX || high <= -WORD_MAX) return otherwise(row, bytes);
    return putNumber.call(sink, row, high * TWO_32 + (low >>> 0) + origin);
  };
}

function int32At(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] as number) << 24) |
    ((bytes[at + 1] as number) << 16) |
    ((bytes[at + 2] as number) << 8) |
    (bytes[at + 3] as number)
  );
}

function float8Binary(sink: CellSink, exact: BinaryCell): BinaryCell | undefined {
  const putNumber = sink.putNumber?.bind(sink);
  if (putNumber === undefined) return undefined;
  const swapped = new Uint8Array(8);
  const view = new DataView(swapped.buffer);
  return (row, bytes) => {
    if (bytes.length !== 8) return exact(row, bytes);
    swapped.set(bytes);
    return putNumber(row, view.getFloat64(0));
  };
}
