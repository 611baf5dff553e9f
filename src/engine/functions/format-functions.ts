/** to_char, to_date and to_timestamp as DuckDB sees them. */

import {
  DATE,
  DOUBLE,
  DuckDBDateValue,
  type DuckDBIntervalValue,
  DuckDBTimestampValue,
  INTERVAL,
  TIMESTAMP,
  VARCHAR,
} from "@duckdb/node-api";
import { DATE_MIN } from "../../types/calendar.ts";
import { offsetAt, offsetOfLocal, type Zone } from "../../types/time-zones.ts";
import { abbreviationAt } from "../../types/zone-abbreviations.ts";
import { type Parsed, parseByFormat } from "./date-from-char.ts";
import { intervalToChar, timestampToChar } from "./date-to-char.ts";
import { floatToChar, numberToChar } from "./number-to-char.ts";
import { pgError, type ScalarFunction } from "./scalar-function.ts";

/** DuckDB's infinities are the largest magnitude; they have no text by format. */
const INFINITY_MICROS = 0x7fff_ffff_ffff_ffffn;

/** DuckDB's last whole day of TIMESTAMP, 294247-01-09; PostgreSQL goes to 294276. */
const LAST_DAY = 106_751_990;

export const formatFunctions: readonly ScalarFunction[] = [
  fn("pg_to_char", [TIMESTAMP, VARCHAR], VARCHAR, (value: DuckDBTimestampValue, format: string) =>
    isInfinite(value) || format === "" ? null : timestampToChar(value.micros, format, undefined),
  ),
  fn("pg_to_char_tz", [TIMESTAMP, VARCHAR, VARCHAR], VARCHAR, inZone),
  fn(
    "pg_to_char_interval",
    [INTERVAL, VARCHAR],
    VARCHAR,
    (value: DuckDBIntervalValue, format: string) =>
      format === "" ? null : intervalToChar(value, format),
  ),
  fn("pg_to_char_number", [VARCHAR, VARCHAR], VARCHAR, numberToChar),
  fn("pg_to_char_float", [DOUBLE, VARCHAR], VARCHAR, floatToChar),
  fn("pg_to_timestamp", [VARCHAR, VARCHAR, VARCHAR], TIMESTAMP, readTimestamp),
  fn(
    "pg_to_date",
    [VARCHAR, VARCHAR],
    DATE,
    (text: string, format: string) => new DuckDBDateValue(parseByFormat(text, format).days),
  ),
];

function fn(
  name: string,
  parameters: ScalarFunction["parameters"],
  returns: ScalarFunction["returns"],
  run: ScalarFunction["run"],
): ScalarFunction {
  return { name, parameters, returns, run };
}

function isInfinite({ micros }: DuckDBTimestampValue): boolean {
  return micros === INFINITY_MICROS || micros === -INFINITY_MICROS;
}

/** A zone's name, or digits: seconds east of Greenwich. */
function zoneOf(text: string): Zone {
  return /^-?\d+$/.test(text) ? Number(text) : text;
}

/** `value` is in UTC. */
function inZone(value: DuckDBTimestampValue, zoneText: string, format: string): string | null {
  if (isInfinite(value) || format === "") return null;
  const zone = zoneOf(zoneText);
  const seconds = Number(
    (value.micros - (((value.micros % 1_000_000n) + 1_000_000n) % 1_000_000n)) / 1_000_000n,
  );
  const offset = offsetAt(zone, seconds);
  const abbreviation = /tz(?![hm])/i.test(format) ? abbreviationAt(zone, seconds, offset) : "";
  return timestampToChar(value.micros + BigInt(offset) * 1_000_000n, format, {
    offset,
    abbreviation,
  });
}

function readTimestamp(text: string, format: string, zoneText: string): DuckDBTimestampValue {
  const { days, micros, offset }: Parsed = parseByFormat(text, format);
  if (days > LAST_DAY || days < DATE_MIN) throw pgError("22008", "timestamp out of range");
  const local = BigInt(days) * 86_400_000_000n + BigInt(micros);
  const seconds = days * 86_400 + Math.trunc(micros / 1_000_000);
  const east = offset ?? offsetOfLocal(zoneOf(zoneText), seconds);
  return new DuckDBTimestampValue(local - BigInt(east) * 1_000_000n);
}
