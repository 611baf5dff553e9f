/**
 * Text and binary forms of every type we compute with, by type OID.
 *
 * An OID that is not here (enums, types of the catalogue) has its text as its value, in both forms:
 * that is how PostgreSQL sends enums.
 */

import { SqlError } from "../base/errors.ts";
import { decodeArray, encodeArray } from "./array-binary.ts";
import { arrayText, parseArray } from "./arrays.ts";
import * as binary from "./binary.ts";
import { byteaText, parseBytea } from "./bytea.ts";
import { dateText, timestampText, timestamptzText, timeText } from "./datetime.ts";
import {
  type InputSettings,
  parseDate,
  parseTime,
  parseTimestamp,
  parseTimestamptz,
} from "./datetime-input.ts";
import { float4Text, float8Text, parseFloat4, parseFloat8 } from "./float.ts";
import { intervalText } from "./interval.ts";
import { parseInterval } from "./interval-input.ts";
import { canonicalJsonb, checkJson } from "./json.ts";
import { decodeNumeric, encodeNumeric, parseNumeric } from "./numeric.ts";
import { elementOidOf, Oid, typeNameOf } from "./oids.ts";
import { parseBoolean, parseInteger, parseOid, parseSingleChar, truncateName } from "./scalars.ts";
import type { TextSettings } from "./shape.ts";
import { parseUuid } from "./uuid.ts";
import type { Interval, SqlArray, SqlValue } from "./value.ts";

/** The four forms of one type. Values given to the encoders are of the type's kind (value.ts). */
interface Codec {
  readonly parse: (text: string, settings: InputSettings) => SqlValue;
  readonly print: (value: SqlValue, settings: TextSettings) => string;
  readonly decode: (bytes: Uint8Array) => SqlValue;
  readonly encode: (value: SqlValue) => Uint8Array;
}

/** @throws SqlError 22P02, 22003, 22007, 22008... in PostgreSQL's words */
export function decodeText(text: string, oid: number, settings: InputSettings): SqlValue {
  return codecOf(oid).parse(text, settings);
}

export function encodeText(value: SqlValue, oid: number, settings: TextSettings): string {
  return codecOf(oid).print(value, settings);
}

/** @throws SqlError 22P03, 08P01, 22021, 42883 (a type without a binary form) */
export function decodeBinary(bytes: Uint8Array, oid: number): SqlValue {
  return codecOf(oid).decode(bytes);
}

/** @throws SqlError 42883 for a type without a binary form */
export function encodeBinary(value: SqlValue, oid: number): Uint8Array {
  return codecOf(oid).encode(value);
}

function codecOf(oid: number): Codec {
  const known = CODECS.get(oid);
  if (known !== undefined) return known;
  const element = elementOidOf(oid);
  if (element === undefined) return textCodec;
  const codec = arrayCodec(element);
  CODECS.set(oid, codec);
  return codec;
}

function arrayCodec(elementOid: number): Codec {
  const element = codecOf(elementOid);
  return {
    parse: (text, settings) => parseArray(text, (part) => element.parse(part, settings)),
    print: (value, settings) =>
      arrayText(value as SqlArray, (part) => element.print(part, settings)),
    decode: (bytes) => decodeArray(bytes, elementOid, element.decode),
    encode: (value) => encodeArray(value as SqlArray, elementOid, element.encode),
  };
}

const textCodec: Codec = {
  parse: (text) => text,
  print: (value) => String(value),
  decode: binary.decodeText,
  encode: binary.encodeText,
};

/** Types kept as text whose binary form we do not have. */
function textOnly(oid: number): Codec {
  const refuse = (direction: string): never => {
    throw new SqlError(
      "42883",
      `no binary ${direction} function available for type ${typeNameOf(oid)}`,
    );
  };
  return { ...textCodec, decode: () => refuse("input"), encode: () => refuse("output") };
}

function integerCodec(oid: number, bits: 16 | 32): Codec {
  const type = typeNameOf(oid);
  return {
    parse: (text) => Number(parseInteger(text, type, bits)),
    print: String,
    decode: bits === 16 ? binary.decodeInt2 : binary.decodeInt4,
    encode: (value) =>
      bits === 16 ? binary.encodeInt2(value as number) : binary.encodeInt4(value as number),
  };
}

/** oid and its relatives; their names ("regclass") are resolved by the embedded PostgreSQL. */
const oidCodec: Codec = {
  parse: parseOid,
  print: String,
  decode: binary.decodeOid,
  encode: (value) => binary.encodeOid(value as number),
};

const CODECS = new Map<number, Codec>([
  [
    Oid.bool,
    {
      parse: parseBoolean,
      print: (value) => (value === true ? "t" : "f"),
      decode: binary.decodeBool,
      encode: (value) => binary.encodeBool(value as boolean),
    },
  ],
  [Oid.int2, integerCodec(Oid.int2, 16)],
  [Oid.int4, integerCodec(Oid.int4, 32)],
  [
    Oid.int8,
    {
      parse: (text) => parseInteger(text, "bigint", 64),
      print: String,
      decode: binary.decodeInt8,
      encode: (value) => binary.encodeInt8(value as bigint),
    },
  ],
  [Oid.oid, oidCodec],
  [Oid.xid, oidCodec],
  [Oid.cid, oidCodec],
  [
    Oid.float4,
    {
      parse: parseFloat4,
      print: (value, settings) => float4Text(value as number, settings.extraFloatDigits),
      decode: binary.decodeFloat4,
      encode: (value) => binary.encodeFloat4(value as number),
    },
  ],
  [
    Oid.float8,
    {
      parse: parseFloat8,
      print: (value, settings) => float8Text(value as number, settings.extraFloatDigits),
      decode: binary.decodeFloat8,
      encode: (value) => binary.encodeFloat8(value as number),
    },
  ],
  [
    Oid.numeric,
    {
      parse: parseNumeric,
      print: String,
      decode: decodeNumeric,
      encode: (value) => encodeNumeric(value as string),
    },
  ],
  [Oid.text, textCodec],
  [Oid.varchar, textCodec],
  [Oid.bpchar, textCodec],
  [Oid.unknown, textCodec],
  [
    Oid.name,
    {
      ...textCodec,
      parse: truncateName,
      decode: (bytes) => truncateName(binary.decodeText(bytes)),
    },
  ],
  [
    Oid.char,
    {
      parse: parseSingleChar,
      print: String,
      decode: binary.decodeSingleChar,
      encode: (value) => binary.encodeSingleChar(value as string),
    },
  ],
  [
    Oid.bytea,
    {
      parse: parseBytea,
      print: (value, settings) => byteaText(value as Uint8Array, settings.byteaOutput),
      decode: (bytes) => bytes.slice(),
      encode: (value) => value as Uint8Array,
    },
  ],
  [
    Oid.uuid,
    {
      parse: parseUuid,
      print: String,
      decode: binary.decodeUuid,
      encode: (value) => binary.encodeUuid(value as string),
    },
  ],
  [
    Oid.json,
    { ...textCodec, parse: checkJson, decode: (bytes) => checkJson(binary.decodeText(bytes)) },
  ],
  [
    Oid.jsonb,
    {
      parse: canonicalJsonb,
      print: String,
      decode: binary.decodeJsonb,
      encode: (value) => binary.encodeJsonb(value as string),
    },
  ],
  [
    Oid.date,
    {
      parse: parseDate,
      print: (value, settings) => dateText(value as number, settings.dateStyle),
      decode: binary.decodeDate,
      encode: (value) => binary.encodeDate(value as number),
    },
  ],
  [
    Oid.time,
    {
      parse: parseTime,
      print: (value) => timeText(value as bigint),
      decode: binary.decodeTime,
      encode: (value) => binary.encodeInt8(value as bigint),
    },
  ],
  [
    Oid.timestamp,
    {
      parse: parseTimestamp,
      print: (value, settings) => timestampText(value as bigint, settings.dateStyle),
      decode: binary.decodeTimestamp,
      encode: (value) => binary.encodeTimestamp(value as bigint),
    },
  ],
  [
    Oid.timestamptz,
    {
      parse: parseTimestamptz,
      print: (value, settings) => timestamptzText(value as bigint, settings),
      decode: binary.decodeTimestamp,
      encode: (value) => binary.encodeTimestamp(value as bigint),
    },
  ],
  [
    Oid.interval,
    {
      parse: (text, settings) => parseInterval(text, settings.intervalStyle),
      print: (value, settings) => intervalText(value as Interval, settings.intervalStyle),
      decode: binary.decodeInterval,
      encode: (value) => binary.encodeInterval(value as Interval),
    },
  ],
  ...[
    Oid.int2vector,
    Oid.oidvector,
    Oid.regproc,
    Oid.regprocedure,
    Oid.regoper,
    Oid.regoperator,
    Oid.regclass,
    Oid.regtype,
    Oid.regconfig,
    Oid.regdictionary,
    Oid.regnamespace,
    Oid.regrole,
    Oid.regcollation,
    Oid.tid,
    Oid.point,
    Oid.cidr,
    Oid.inet,
    Oid.macaddr,
    Oid.money,
    Oid.timetz,
    Oid.bit,
    Oid.varbit,
    Oid.jsonpath,
    Oid.record,
  ].map((oid): [number, Codec] => [oid, textOnly(oid)]),
]);
