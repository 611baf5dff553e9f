/** One cell of a row as JSON, by the rules of PostgreSQL's row_to_json. */

import { SqlError } from "../../base/errors.ts";
import { parseArray } from "../arrays.ts";
import { decodeBinary, encodeText } from "../codec.ts";
import { elementOidOf, Oid, typeNameOf } from "../oids.ts";
import type { TextSettings } from "../shape.ts";
import type { SqlArray, SqlValue } from "../value.ts";

export interface JsonCell {
  /** Wire format of what `text` takes. */
  readonly format: 0 | 1;
  /** The cell is JSON as it stands. */
  readonly isRaw: boolean;
  readonly text: (bytes: Uint8Array) => string;
}

const FIRST_USER_OID = 16_384;
const RECORD = 2249;
const RECORD_ARRAY = 2287;

const RAW: ReadonlySet<number> = new Set([Oid.int2, Oid.int4, Oid.int8, Oid.json, Oid.jsonb]);
const NUMBERS: ReadonlySet<number> = new Set([Oid.float4, Oid.float8, Oid.numeric]);
const TIMES: ReadonlySet<number> = new Set([Oid.date, Oid.timestamp, Oid.timestamptz]);

/** @throws SqlError 0A000 */
export function jsonCell(typeOid: number, settings: TextSettings): JsonCell {
  if (typeOid === RECORD || typeOid === RECORD_ARRAY || typeOid >= FIRST_USER_OID) {
    throw new SqlError(
      "0A000",
      `COPY TO with FORMAT json of type ${typeNameOf(typeOid)} is not supported`,
    );
  }
  const elementOid = elementOidOf(typeOid);
  const scalarOid = elementOid ?? typeOid;
  const isTime = TIMES.has(scalarOid);
  const render = rendering(scalarOid, settings);
  if (elementOid === undefined) {
    const read = isTime ? (bytes: Uint8Array) => decodeBinary(bytes, typeOid) : textOf;
    return {
      format: isTime ? 1 : 0,
      isRaw: RAW.has(typeOid),
      text: (bytes) => render(read(bytes)),
    };
  }
  const read = isTime
    ? (bytes: Uint8Array) => decodeBinary(bytes, typeOid) as SqlArray
    : (bytes: Uint8Array) => parseArray(textOf(bytes), (part) => part);
  return { format: isTime ? 1 : 0, isRaw: false, text: (bytes) => arrayJson(read(bytes), render) };
}

/** A value as `jsonCell` reads it: times as values, everything else as text. */
function rendering(oid: number, settings: TextSettings): (value: SqlValue) => string {
  if (RAW.has(oid)) return String;
  if (oid === Oid.bool) return (value) => (value === "t" ? "true" : "false");
  if (NUMBERS.has(oid)) {
    return (value) => (/\d$/.test(String(value)) ? String(value) : `"${String(value)}"`);
  }
  if (!TIMES.has(oid)) return (value) => JSON.stringify(value);
  const iso: TextSettings = { ...settings, dateStyle: { format: "ISO", order: "MDY" } };
  return (value) => `"${xmlTime(encodeText(value, oid, iso))}"`;
}

/** `2026-01-05 08:00:00+00` as XML Schema has it. */
function xmlTime(text: string): string {
  return text.replace(/(\d) (\d)/, "$1T$2").replace(/(T[\d:.]+[+-]\d\d)(?=$| )/, "$1:00");
}

function arrayJson(
  { dimensions, elements }: SqlArray,
  render: (value: SqlValue) => string,
): string {
  let at = 0;
  const level = (depth: number): string => {
    const { length } = dimensions[depth] ?? { length: 0 };
    const parts: string[] = [];
    for (let i = 0; i < length; i += 1) {
      if (depth < dimensions.length - 1) parts.push(level(depth + 1));
      else {
        const value = elements[at++] ?? null;
        parts.push(value === null ? "null" : render(value));
      }
    }
    return `[${parts.join(",")}]`;
  };
  return level(0);
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString();
}
