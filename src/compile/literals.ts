/**
 * SqlValues as DuckDB literals. Every literal says its type: DuckDB's own guesses are never relied
 * on.
 */

import { civilFromDays } from "../types/calendar.ts";
import { elementOidOf, Oid } from "../types/oids.ts";
import type { Shape } from "../types/shape.ts";
import {
  type Interval,
  NEG_INFINITY,
  POS_INFINITY,
  type SqlArray,
  type SqlValue,
} from "../types/value.ts";
import { DECIMAL_DIGITS, defaultShape, duckdbType } from "./duckdb-types.ts";
import { quoteLiteral, type Sql } from "./expression.ts";
import { refuse } from "./refusals.ts";

const MICROS_PER_SECOND = 1_000_000n;
const SECONDS_PER_DAY = 86_400n;
/** NULL of numeric: the narrowest, so that it never widens what it is unified with. */
const NULL_NUMERIC = { kind: "decimal", precision: 1, scale: 0 } as const;

/** A constant of a PostgreSQL type; numeric becomes DECIMAL where it fits, timestamptz utc. */
export function literal(value: SqlValue, typeOid: number, typmod = -1): Sql {
  if (value === null) return nullLiteral(typeOid, typmod);
  const base = { isConstant: true, constant: value, mayBeNull: false } as const;
  if (typeOid === Oid.numeric) return { ...base, ...numericLiteral(String(value), typmod) };
  if (typeOid === Oid.timestamptz) {
    const text = timestampText(value as bigint);
    return {
      ...base,
      text: `CAST(${quoteLiteral(text)} AS TIMESTAMP)`,
      plainText: `CAST(${quoteLiteral(isMoment(value) ? `${text}+00` : text)} AS TIMESTAMPTZ)`,
      shape: { typeOid, typmod, representation: { kind: "utc" } },
    };
  }
  if (typeof value === "object" && "kind" in value && value.kind === "array") {
    return { ...base, ...arrayLiteral(value, typeOid, typmod) };
  }
  return { ...base, text: scalarText(value, typeOid), shape: defaultShape(typeOid, typmod) };
}

function isMoment(value: SqlValue): boolean {
  return value !== POS_INFINITY && value !== NEG_INFINITY;
}

function nullLiteral(typeOid: number, typmod: number): Sql {
  let shape = defaultShape(typeOid, typmod);
  if (typeOid === Oid.numeric) shape = { typeOid, typmod, representation: NULL_NUMERIC };
  if (typeOid === Oid.timestamptz) shape = { typeOid, typmod, representation: { kind: "utc" } };
  const text = typeOid === Oid.record ? "NULL" : `CAST(NULL AS ${duckdbType(shape)})`;
  return { text, shape, isConstant: true, constant: null, mayBeNull: true };
}

function scalarText(value: Exclude<SqlValue, null>, typeOid: number): string {
  switch (typeOid) {
    case Oid.bool:
      return value === true ? "TRUE" : "FALSE";
    case Oid.float4:
      return `CAST('${floatText(Number(value))}' AS FLOAT)`;
    case Oid.float8:
      return `CAST('${floatText(Number(value))}' AS DOUBLE)`;
    case Oid.int2:
    case Oid.int4:
    case Oid.int8:
    case Oid.oid:
    case Oid.regclass:
    case Oid.regtype:
    case Oid.regproc:
      return `CAST(${value} AS ${duckdbType(defaultShape(typeOid))})`;
    case Oid.date:
      return dateLiteral(Number(value));
    case Oid.time:
      return `CAST('${timeOfDay(value as bigint)}' AS TIME)`;
    case Oid.timestamp:
      return `CAST(${quoteLiteral(timestampText(value as bigint))} AS TIMESTAMP)`;
    case Oid.interval:
      return intervalLiteral(value as Interval);
    case Oid.bytea:
      return `from_hex('${Buffer.from(value as Uint8Array).toString("hex")}')`;
    default:
      return `CAST(${quoteLiteral(String(value))} AS ${duckdbType(defaultShape(typeOid))})`;
  }
}

function floatText(value: number): string {
  if (Number.isFinite(value)) return Object.is(value, -0) ? "-0.0" : String(value);
  if (Number.isNaN(value)) return "nan";
  return value > 0 ? "inf" : "-inf";
}

function numericLiteral(
  text: string,
  typmod: number,
): { readonly text: string; readonly shape: Shape } {
  const match = /^-?(\d+)(?:\.(\d+))?$/.exec(text);
  const scale = match?.[2]?.length ?? 0;
  const whole = (match?.[1] ?? "").replace(/^0+/, "").length;
  // One digit before the point always: DuckDB prints DECIMAL(2,2) without it.
  const precision = Math.max(whole, 1) + scale;
  if (match === null || precision > DECIMAL_DIGITS) {
    const shape = defaultShape(Oid.numeric, typmod);
    return { text: `CAST(${quoteLiteral(text)} AS VARCHAR)`, shape };
  }
  return {
    text: `CAST('${text}' AS DECIMAL(${precision},${scale}))`,
    shape: { typeOid: Oid.numeric, typmod, representation: { kind: "decimal", precision, scale } },
  };
}

function dateLiteral(days: number): string {
  if (days === Number.POSITIVE_INFINITY) return "CAST('infinity' AS DATE)";
  if (days === Number.NEGATIVE_INFINITY) return "CAST('-infinity' AS DATE)";
  return `CAST('${dateText(days)}' AS DATE)`;
}

function dateText(days: number): string {
  const { year, month, day } = civilFromDays(days);
  const pad = (part: number) => String(part).padStart(2, "0");
  const isBefore = year <= 0;
  const yearText = String(isBefore ? 1 - year : year).padStart(4, "0");
  return `${yearText}-${pad(month)}-${pad(day)}${isBefore ? " (BC)" : ""}`;
}

function timestampText(micros: bigint): string {
  if (micros === POS_INFINITY) return "infinity";
  if (micros === NEG_INFINITY) return "-infinity";
  const perDay = SECONDS_PER_DAY * MICROS_PER_SECOND;
  const ofDay = ((micros % perDay) + perDay) % perDay;
  return `${dateText(Number((micros - ofDay) / perDay))} ${timeOfDay(ofDay)}`;
}

function timeOfDay(micros: bigint): string {
  const seconds = micros / MICROS_PER_SECOND;
  const fraction = String(micros % MICROS_PER_SECOND).padStart(6, "0");
  const pad = (part: bigint) => String(part).padStart(2, "0");
  const clock = `${pad(seconds / 3600n)}:${pad((seconds / 60n) % 60n)}:${pad(seconds % 60n)}`;
  return fraction === "000000" ? clock : `${clock}.${fraction}`;
}

function intervalLiteral(value: Interval): string {
  const INT32_MAX = 2_147_483_647;
  if (Math.abs(value.months) >= INT32_MAX && Math.abs(value.days) >= INT32_MAX) {
    return refuse("an infinite interval");
  }
  return `(INTERVAL '${value.months} months ${value.days} days ${value.micros} microseconds')`;
}

function arrayLiteral(
  value: SqlArray,
  typeOid: number,
  typmod: number,
): { readonly text: string; readonly shape: Shape } {
  if (value.dimensions.some((dimension) => dimension.lowerBound !== 1)) {
    return refuse("an array with a lower bound other than 1");
  }
  const elementOid = elementOidOf(typeOid) ?? refuse(`a constant of array type ${typeOid}`);
  const element = arrayElementShape(elementOid);
  const representation = {
    kind: "array",
    dimensions: Math.max(value.dimensions.length, 1),
    element,
  } as const;
  const shape: Shape = { typeOid, typmod, representation };
  const texts = value.elements.map((each) =>
    each === null ? "NULL" : elementText(each, elementOid, element),
  );
  const nested = nest(
    texts,
    value.dimensions.map((dimension) => dimension.length),
  );
  return { text: `CAST(${nested} AS ${duckdbType(shape)})`, shape };
}

function arrayElementShape(elementOid: number): Shape {
  if (elementOid === Oid.timestamptz) {
    return { typeOid: elementOid, typmod: -1, representation: { kind: "utc" } };
  }
  return defaultShape(elementOid);
}

function elementText(value: Exclude<SqlValue, null>, elementOid: number, element: Shape): string {
  if (element.representation.kind === "numeric-text") return quoteLiteral(String(value));
  return literal(value, elementOid).text;
}

function nest(texts: readonly string[], lengths: readonly number[]): string {
  if (lengths.length <= 1) return `[${texts.join(", ")}]`;
  const [length = 0, ...rest] = lengths;
  const size = texts.length / length;
  const parts = Array.from({ length }, (_, index) =>
    nest(texts.slice(index * size, (index + 1) * size), rest),
  );
  return `[${parts.join(", ")}]`;
}
