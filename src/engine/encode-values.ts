/** Cells of the types that are not on the hot path: read as a value, then written by its type. */

import type duckdb from "@duckdb/node-bindings";
import { AssertionError } from "../base/errors.ts";
import { arrayText, encodeArray } from "../types/arrays.ts";
import { byteaText } from "../types/bytea.ts";
import { ByteWriter } from "../types/bytes.ts";
import { MICROS_PER_DAY, POSTGRES_EPOCH_DAYS } from "../types/calendar.ts";
import { dateText, timestampText, timestamptzText, timeText } from "../types/datetime.ts";
import { float4Text, float8Text } from "../types/float.ts";
import { intervalText } from "../types/interval.ts";
import { encodeNumeric } from "../types/numeric.ts";
import { Oid } from "../types/oids.ts";
import { singleCharText } from "../types/scalars.ts";
import type { Shape, TextSettings } from "../types/shape.ts";
import {
  type Interval,
  NEG_INFINITY,
  POS_INFINITY,
  type SqlArray,
  type SqlValue,
} from "../types/value.ts";
import type { CellWriter } from "./cell-writer.ts";
import type { ColumnType } from "./column-types.ts";
import { type ReadValue, type RecordValue, readValues, type ValueAt } from "./read-values.ts";
import type { RowBuffer } from "./row-buffer.ts";

export class ValueWriter implements CellWriter {
  readonly #shape: Shape;
  readonly #type: ColumnType;
  readonly #format: 0 | 1;
  readonly #settings: TextSettings;
  #at: ValueAt = () => null;

  constructor(shape: Shape, type: ColumnType, format: 0 | 1, settings: TextSettings) {
    this.#shape = shape;
    this.#type = type;
    this.#format = format;
    this.#settings = settings;
  }

  load(vector: duckdb.Vector, rows: number): void {
    this.#at = readValues(this.#shape, this.#type, vector, rows);
  }

  write(row: number, out: RowBuffer): void {
    const value = this.#at(row);
    if (value === null) {
      out.reserve(4);
      out.null();
    } else if (this.#format === 0) {
      out.text(valueText(this.#shape, value, this.#settings));
    } else {
      out.block(valueBinary(this.#shape, value));
    }
  }
}

type Present = Exclude<ReadValue, null>;

/** A value as PostgreSQL prints it under the session's settings. */
export function valueText(shape: Shape, value: Present, settings: TextSettings): string {
  const { representation } = shape;
  if (representation.kind === "array") {
    const { element } = representation;
    return arrayText(value as SqlArray, (member) =>
      valueText(element, member as Present, settings),
    );
  }
  if (representation.kind === "row") {
    const fields = (value as RecordValue).fields.map((field, i) =>
      field === null
        ? ""
        : quotedField(valueText(representation.fields[i] as Shape, field, settings)),
    );
    return `(${fields.join(",")})`;
  }
  return scalarText(shape.typeOid, value as SqlValue, settings);
}

/** https://www.postgresql.org/docs/current/rowtypes.html#ROWTYPES-IO-SYNTAX */
function quotedField(text: string): string {
  if (text !== "" && !/["\\(),\s]/.test(text)) return text;
  return `"${text.replace(/["\\]/g, "$&$&")}"`;
}

function scalarText(typeOid: number, value: SqlValue, settings: TextSettings): string {
  switch (typeOid) {
    case Oid.bool:
      return value === true ? "t" : "f";
    case Oid.float4:
      return float4Text(value as number, settings.extraFloatDigits);
    case Oid.float8:
      return float8Text(value as number, settings.extraFloatDigits);
    case Oid.date:
      return dateText(value as number, settings.dateStyle);
    case Oid.time:
      return timeText(value as bigint);
    case Oid.timestamp:
      return timestampText(value as bigint, settings.dateStyle);
    case Oid.timestamptz:
      return timestamptzText(value as bigint, settings);
    case Oid.interval:
      return intervalText(value as Interval, settings.intervalStyle);
    case Oid.bytea:
      return byteaText(value as Uint8Array, settings.byteaOutput);
    case Oid.char: {
      const byte = Buffer.from(value as string)[0];
      return byte === undefined ? "" : singleCharText(byte);
    }
    case Oid.void:
      return "";
    default:
      return String(value);
  }
}

/** PostgreSQL's binary form, without the length word. */
export function valueBinary(shape: Shape, value: Present): Uint8Array {
  const { representation } = shape;
  if (representation.kind === "array") {
    const { element } = representation;
    return encodeArray(value as SqlArray, element.typeOid, (member) =>
      valueBinary(element, member as Present),
    );
  }
  if (representation.kind === "row") {
    const { fields } = value as RecordValue;
    const writer = new ByteWriter().int32(fields.length);
    fields.forEach((field, i) => {
      const fieldShape = representation.fields[i] as Shape;
      writer.uint32(fieldShape.typeOid);
      if (field === null) {
        writer.int32(-1);
      } else {
        const bytes = valueBinary(fieldShape, field);
        writer.int32(bytes.length).bytes(bytes);
      }
    });
    return writer.finish();
  }
  return scalarBinary(shape.typeOid, value as SqlValue);
}

function scalarBinary(typeOid: number, value: SqlValue): Uint8Array {
  const writer = new ByteWriter(16);
  switch (typeOid) {
    case Oid.bool:
      return writer.uint8(value === true ? 1 : 0).finish();
    case Oid.int2:
      return writer.int16(value as number).finish();
    case Oid.int4:
      return writer.int32(value as number).finish();
    case Oid.int8:
    case Oid.time:
      return writer.int64(value as bigint).finish();
    case Oid.float4:
      return writer.float32(value as number).finish();
    case Oid.float8:
      return writer.float64(value as number).finish();
    case Oid.numeric:
      return encodeNumeric(value as string);
    case Oid.date:
      return writer.int32(daysSince2000(value as number)).finish();
    case Oid.timestamp:
    case Oid.timestamptz:
      return writer.int64(microsSince2000(value as bigint)).finish();
    case Oid.interval: {
      const { months, days, micros } = value as Interval;
      return writer.int64(micros).int32(days).int32(months).finish();
    }
    case Oid.uuid:
      return Buffer.from((value as string).replaceAll("-", ""), "hex");
    case Oid.jsonb:
      return writer
        .uint8(1)
        .text(value as string)
        .finish();
    case Oid.void:
      return new Uint8Array();
    default:
      break;
  }
  if (typeof value === "number") return writer.uint32(value).finish(); // oid and its kin
  if (typeof value === "string") return Buffer.from(value);
  if (value instanceof Uint8Array) return value;
  throw new AssertionError(`no binary form for a value of type ${typeOid}`);
}

function daysSince2000(days: number): number {
  if (Number.isFinite(days)) return days - POSTGRES_EPOCH_DAYS;
  return days > 0 ? 0x7fff_ffff : -0x8000_0000;
}

function microsSince2000(micros: bigint): bigint {
  if (micros === POS_INFINITY || micros === NEG_INFINITY) return micros;
  return micros - BigInt(POSTGRES_EPOCH_DAYS) * BigInt(MICROS_PER_DAY);
}
