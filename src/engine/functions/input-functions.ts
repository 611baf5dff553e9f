/** PostgreSQL's input rules for casts from text: DuckDB's own casts accept other texts. */

import {
  BIGINT,
  BLOB,
  BOOLEAN,
  DATE,
  DOUBLE,
  DuckDBBlobValue,
  DuckDBDateValue,
  DuckDBIntervalValue,
  DuckDBTimestampValue,
  DuckDBTimeValue,
  FLOAT,
  INTEGER,
  INTERVAL,
  TIME,
  TIMESTAMP,
  VARCHAR,
} from "@duckdb/node-api";
import { parseBytea } from "../../types/bytea.ts";
import {
  type InputSettings,
  parseDate,
  parseTime,
  parseTimestamp,
  parseTimestamptz,
} from "../../types/datetime-input.ts";
import { parseFloat4, parseFloat8 } from "../../types/float.ts";
import { parseInterval } from "../../types/interval-input.ts";
import { canonicalJsonb, checkJson } from "../../types/json.ts";
import { parseNumeric } from "../../types/numeric.ts";
import { fitCharacters, parseBoolean, parseInteger } from "../../types/scalars.ts";
import type { TextSettings } from "../../types/shape.ts";
import { parseUuid } from "../../types/uuid.ts";
import { NEG_INFINITY } from "../../types/value.ts";
import { cached, type ScalarFunction } from "./scalar-function.ts";

const INTEGER_TYPES = { 16: "smallint", 32: "integer", 64: "bigint" } as const;
/** DuckDB's own infinities of DATE and, below, of TIMESTAMP. */
const DATE_INFINITY = 2_147_483_647;
const MINUS_INFINITY_MICROS = -0x7fff_ffff_ffff_ffffn;

export const inputFunctions: readonly ScalarFunction[] = [
  fn("pg_int", [VARCHAR, INTEGER], BIGINT, (text: string, bits: 16 | 32 | 64) =>
    parseInteger(text, INTEGER_TYPES[bits], bits),
  ),
  fn("pg_f8", [VARCHAR], DOUBLE, parseFloat8),
  fn("pg_f4", [VARCHAR], FLOAT, parseFloat4),
  fn("pg_num", [VARCHAR], VARCHAR, parseNumeric),
  fn("pg_bool", [VARCHAR], BOOLEAN, parseBoolean),
  fn("pg_uuid", [VARCHAR], VARCHAR, parseUuid),
  fn("pg_bytea", [VARCHAR], BLOB, (text: string) => new DuckDBBlobValue(parseBytea(text))),
  fn("pg_json", [VARCHAR], VARCHAR, checkJson),
  fn("jb_norm", [VARCHAR], VARCHAR, canonicalJsonb),
  fn("pg_fit", [VARCHAR, INTEGER, BOOLEAN], VARCHAR, fitCharacters),
  fn("pg_interval", [VARCHAR, VARCHAR], INTERVAL, readInterval),
  fn("pg_date", [VARCHAR, VARCHAR, VARCHAR], DATE, readDate),
  fn(
    "pg_time",
    [VARCHAR, VARCHAR, VARCHAR],
    TIME,
    (text: string, style: string, zone: string) =>
      new DuckDBTimeValue(parseTime(text, settingsOf(style, zone))),
  ),
  fn("pg_timestamp", [VARCHAR, VARCHAR, VARCHAR], TIMESTAMP, readTimestamp(parseTimestamp)),
  fn("pg_uuid_timestamp", [VARCHAR], TIMESTAMP, uuidTimestamp),
  // the moment in UTC, as the representation utc wants it
  fn("pg_timestamptz", [VARCHAR, VARCHAR, VARCHAR], TIMESTAMP, readTimestamp(parseTimestamptz)),
];

function fn(
  name: string,
  parameters: ScalarFunction["parameters"],
  returns: ScalarFunction["returns"],
  run: ScalarFunction["run"],
): ScalarFunction {
  return { name, parameters, returns, run };
}

function settingsOf(style: string, zone: string): InputSettings {
  return settings(`${style}\u0000${zone}`);
}

/** Style as SHOW DateStyle prints it; a zone of digits is an offset in seconds. */
const settings = cached((key): InputSettings => {
  const [style = "", zone = "UTC"] = key.split("\u0000");
  const [format = "ISO", order = "MDY"] = style.split(", ");
  return {
    timeZone: /^-?\d+$/.test(zone) ? Number(zone) : zone,
    dateStyle: { format, order } as TextSettings["dateStyle"],
    intervalStyle: "postgres",
    extraFloatDigits: 1,
    byteaOutput: "hex",
  };
});

function readInterval(text: string, style: string): DuckDBIntervalValue {
  const value = parseInterval(text, style as TextSettings["intervalStyle"]);
  return new DuckDBIntervalValue(value.months, value.days, value.micros);
}

function readDate(text: string, style: string, zone: string): DuckDBDateValue {
  const days = parseDate(text, settingsOf(style, zone));
  if (Number.isFinite(days)) return new DuckDBDateValue(days);
  return new DuckDBDateValue(days > 0 ? DATE_INFINITY : -DATE_INFINITY);
}

function readTimestamp(parse: (text: string, settings: InputSettings) => bigint) {
  return (text: string, style: string, zone: string): DuckDBTimestampValue => {
    const micros = parse(text, settingsOf(style, zone));
    return new DuckDBTimestampValue(micros === NEG_INFINITY ? MINUS_INFINITY_MICROS : micros);
  };
}

/** The time in a UUID of version 1 or 7, in UTC; NULL for any other. */
function uuidTimestamp(text: string): DuckDBTimestampValue | null {
  const hex = text.replaceAll("-", "");
  if (!/[89ab]/.test(hex[16] as string)) return null;
  if (hex[12] === "7") return new DuckDBTimestampValue(BigInt(`0x${hex.slice(0, 12)}`) * 1000n);
  if (hex[12] !== "1") return null;
  const ticks = BigInt(`0x${hex.slice(13, 16)}${hex.slice(8, 12)}${hex.slice(0, 8)}`);
  // version 1 counts tenths of microseconds from 1582-10-15
  return new DuckDBTimestampValue(ticks / 10n - 12_219_292_800_000_000n);
}
