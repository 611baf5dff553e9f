/** Values to PostgreSQL's text, where DuckDB's own text differs. */

import {
  DOUBLE,
  type DuckDBIntervalValue,
  type DuckDBListValue,
  type DuckDBTimestampValue,
  FLOAT,
  INTEGER,
  INTERVAL,
  LIST,
  TIMESTAMP,
  VARCHAR,
} from "@duckdb/node-api";
import { timestampText, timestamptzText } from "../../types/datetime.ts";
import { float4Text, float8Text } from "../../types/float.ts";
import { intervalText } from "../../types/interval.ts";
import type { TextSettings } from "../../types/shape.ts";
import { NEG_INFINITY } from "../../types/value.ts";
import { cached, type ScalarFunction } from "./scalar-function.ts";

export const outputFunctions: readonly ScalarFunction[] = [
  fn("pg_f8_text", [DOUBLE, INTEGER], float8Text),
  fn("pg_f4_text", [FLOAT, INTEGER], float4Text),
  fn("pg_interval_text", [INTERVAL, VARCHAR], intervalOutput),
  fn("pg_timestamp_text", [TIMESTAMP], (value: DuckDBTimestampValue) =>
    timestampText(postgresMicros(value), ISO),
  ),
  fn("pg_timestamptz_text", [TIMESTAMP, VARCHAR], (value: DuckDBTimestampValue, zone: string) =>
    timestamptzText(postgresMicros(value), settingsFor(zone)),
  ),
  fn("pg_array_text", [LIST(VARCHAR)], arrayOutput),
];

function fn(
  name: string,
  parameters: ScalarFunction["parameters"],
  run: ScalarFunction["run"],
): ScalarFunction {
  return { name, parameters, returns: VARCHAR, run };
}

const ISO = { format: "ISO", order: "MDY" } as const;
const DUCKDB_MINUS_INFINITY = -0x7fff_ffff_ffff_ffffn;

function postgresMicros({ micros }: DuckDBTimestampValue): bigint {
  return micros === DUCKDB_MINUS_INFINITY ? NEG_INFINITY : micros;
}

/** A zone's name, or digits: seconds east of Greenwich. */
const settingsFor = cached(
  (zone): TextSettings => ({
    timeZone: /^-?\d+$/.test(zone) ? Number(zone) : zone,
    dateStyle: ISO,
    intervalStyle: "postgres",
    extraFloatDigits: 1,
    byteaOutput: "hex",
  }),
);

function intervalOutput(value: DuckDBIntervalValue, style: string): string {
  const { months, days, micros } = value;
  const interval = { kind: "interval", months, days, micros } as const;
  return intervalText(interval, style as TextSettings["intervalStyle"]);
}

/** Elements are quoted when they are empty, look like NULL, or hold a delimiter, quote or blank. */
function arrayOutput(list: DuckDBListValue): string {
  const elements = (list.items as readonly (string | null)[]).map((text) => {
    if (text === null) return "NULL";
    if (text !== "" && !/["{},\\\s]/.test(text) && !/^null$/i.test(text)) return text;
    return `"${text.replace(/["\\]/g, "\\$&")}"`;
  });
  return `{${elements.join(",")}}`;
}
