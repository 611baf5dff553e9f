/** extract and date_part: PostgreSQL's fields with its scales, from DuckDB's parts. */

import { SqlError } from "../../base/errors.ts";
import { Oid, typeNameOf } from "../../types/oids.ts";
import type { Call, Rule } from "../closed-table.ts";
import type { Sql } from "../expression.ts";
import { refuse } from "../refusals.ts";
import { toUtc } from "../representations.ts";
import { decimalResult } from "./numeric-rules.ts";
import { withUnits } from "./numeric-units.ts";
import { arg, constantText, localTimestamp, raise, result } from "./rules.ts";

/** Spellings that PostgreSQL accepts beside the names themselves. */
const ALIASES: Readonly<Record<string, string>> = {
  us: "microseconds",
  usec: "microseconds",
  usecs: "microseconds",
  usecond: "microseconds",
  useconds: "microseconds",
  microsecond: "microseconds",
  microsecon: "microseconds",
  ms: "milliseconds",
  msec: "milliseconds",
  msecs: "milliseconds",
  msecond: "milliseconds",
  mseconds: "milliseconds",
  millisecond: "milliseconds",
  millisecon: "milliseconds",
  s: "second",
  sec: "second",
  secs: "second",
  seconds: "second",
  m: "minute",
  min: "minute",
  mins: "minute",
  minutes: "minute",
  h: "hour",
  hr: "hour",
  hrs: "hour",
  hours: "hour",
  d: "day",
  days: "day",
  w: "week",
  weeks: "week",
  qtr: "quarter",
  mon: "month",
  mons: "month",
  months: "month",
  y: "year",
  yr: "year",
  yrs: "year",
  years: "year",
  dec: "decade",
  decs: "decade",
  decades: "decade",
  c: "century",
  cent: "century",
  centuries: "century",
  mil: "millennium",
  mils: "millennium",
  millennia: "millennium",
};

/** The field's own name. @throws SqlError 0A000 when it is no literal. */
export function fieldName(sql: Sql, what: string): string {
  const given = constantText(sql);
  if (given === undefined) return refuse(`${what} with a field that is not a literal`);
  const name = given.toLowerCase();
  return ALIASES[name] ?? name;
}

const DUCKDB_NAMES: Readonly<Record<string, string>> = { dow: "dayofweek", doy: "dayofyear" };

interface Part {
  readonly text: string;
  /** Decimals that extract shows. */
  readonly scale: number;
  /** For an epoch: microseconds, a BIGINT. */
  readonly micros?: string;
}

/** A part of a local TIMESTAMP, as DECIMAL's integer or exact decimal. */
function momentPart(field: string, local: string): Part | undefined {
  const integer = (text: string): Part => ({ text, scale: 0 });
  // there is no year 0: DuckDB counts 1 BC as 0
  const year = `(year(${local}) - CAST(year(${local}) <= 0 AS BIGINT))`;
  switch (field) {
    case "microseconds":
      return integer(`microsecond(${local})`);
    case "milliseconds":
      return {
        text: `CAST(microsecond(${local}) AS DECIMAL(10,0)) * CAST(0.001 AS DECIMAL(4,3))`,
        scale: 3,
      };
    case "second":
      return {
        text: `CAST(microsecond(${local}) AS DECIMAL(10,0)) * CAST(0.000001 AS DECIMAL(7,6))`,
        scale: 6,
      };
    case "minute":
    case "hour":
    case "day":
    case "month":
    case "quarter":
    case "week":
    case "isodow":
    case "dow":
    case "doy":
      return integer(`${DUCKDB_NAMES[field] ?? field}(${local})`);
    case "year":
      return integer(year);
    case "isoyear":
      return integer(`(isoyear(${local}) - CAST(isoyear(${local}) <= 0 AS BIGINT))`);
    case "decade":
      return integer(`CAST(floor(year(${local}) / 10) AS BIGINT)`);
    case "century":
    case "millennium": {
      const length = field === "century" ? 100 : 1000;
      const above = `(${year} + ${length - 1}) // ${length}`;
      return integer(
        `(CASE WHEN ${year} > 0 THEN ${above} ELSE -((${length - 1} - ${year}) // ${length}) END)`,
      );
    }
    default:
      return undefined;
  }
}

function epoch(micros: string): Part {
  return {
    text: `CAST(${micros} AS DECIMAL(20,0)) * CAST(0.000001 AS DECIMAL(7,6))`,
    scale: 6,
    micros,
  };
}

function timePart(field: string, time: string): Part | undefined {
  const micros = `epoch_us(${time})`;
  if (field === "hour") return { text: `${micros} // 3600000000`, scale: 0 };
  if (field === "minute") return { text: `${micros} // 60000000 % 60`, scale: 0 };
  const seconds = `${micros} % 60000000`;
  if (field === "microseconds") return { text: `(${seconds})`, scale: 0 };
  if (field === "milliseconds") {
    return { text: `CAST(${seconds} AS DECIMAL(10,0)) * CAST(0.001 AS DECIMAL(4,3))`, scale: 3 };
  }
  if (field === "second") {
    return { text: `CAST(${seconds} AS DECIMAL(10,0)) * CAST(0.000001 AS DECIMAL(7,6))`, scale: 6 };
  }
  return field === "epoch" ? epoch(micros) : undefined;
}

/** Fields of an interval are independent: 30 days are no month, 25 hours no day. */
function intervalPart(field: string, interval: string): Part | undefined {
  const months = `(datepart('year', ${interval}) * 12 + datepart('month', ${interval}))`;
  const integer = (text: string): Part => ({ text, scale: 0 });
  const micros = `datepart('microsecond', ${interval})`;
  switch (field) {
    case "microseconds":
      return integer(micros);
    case "milliseconds":
      return { text: `CAST(${micros} AS DECIMAL(10,0)) * CAST(0.001 AS DECIMAL(4,3))`, scale: 3 };
    case "second":
      return {
        text: `CAST(${micros} AS DECIMAL(10,0)) * CAST(0.000001 AS DECIMAL(7,6))`,
        scale: 6,
      };
    case "minute":
    case "hour":
    case "day":
      return integer(`datepart('${field}', ${interval})`);
    case "month":
      return integer(`(${months} % 12)`);
    case "year":
      return integer(`${months} // 12`);
    case "decade":
      return integer(`${months} // 120`);
    case "century":
      return integer(`${months} // 1200`);
    case "millennium":
      return integer(`${months} // 12000`);
    case "epoch": {
      // a year is 365.25 days, a month 30
      const days = `(${months} // 12 * 31557600 + ${months} % 12 * 2592000 + datepart('day', ${interval}) * 86400)`;
      const time = `(datepart('hour', ${interval}) * 3600000000 + datepart('minute', ${interval}) * 60000000 + ${micros})`;
      return epoch(`(${days} * 1000000 + ${time})`);
    }
    default:
      return undefined;
  }
}

function partOf(field: string, value: Sql, call: Call): Part {
  const { typeOid } = value.shape;
  if (typeOid === Oid.interval) return intervalPart(field, value.text) ?? unknown(field, value);
  if (typeOid === Oid.time) return timePart(field, value.text) ?? unknown(field, value);
  if (field === "epoch" && typeOid === Oid.date) {
    return { text: `(epoch_us(CAST(${value.text} AS TIMESTAMP)) // 1000000)`, scale: 0 };
  }
  if (field === "epoch") return epoch(`epoch_us(${toUtc(value).text})`);
  if (field === "julian") return refuse("extract of julian");
  if (typeOid === Oid.timestamptz && /^timezone/.test(field)) return offsetPart(field, value, call);
  if (typeOid === Oid.date && /^(?:micro|milli|second|minute|hour)/.test(field)) {
    return unknown(field, value, "0A000");
  }
  return momentPart(field, localTimestamp(value, call.context)) ?? unknown(field, value);
}

function offsetPart(field: string, value: Sql, call: Call): Part {
  const local = localTimestamp(value, call.context);
  const seconds = `((epoch_us(${local}) - epoch_us(${toUtc(value).text})) // 1000000)`;
  if (field === "timezone") return { text: seconds, scale: 0 };
  if (field === "timezone_hour") return { text: `${seconds} // 3600`, scale: 0 };
  if (field === "timezone_minute") return { text: `(${seconds} // 60 % 60)`, scale: 0 };
  return unknown(field, value);
}

const KNOWN = new Set([
  ...Object.values(ALIASES),
  "dow",
  "doy",
  "isodow",
  "isoyear",
  "quarter",
  "week",
  "julian",
  "timezone",
  "timezone_hour",
  "timezone_minute",
]);

function unknown(field: string, value: Sql, sqlState?: string): never {
  const type =
    {
      timestamptz: "timestamp with time zone",
      timestamp: "timestamp without time zone",
      time: "time without time zone",
    }[typeNameOf(value.shape.typeOid)] ?? typeNameOf(value.shape.typeOid);
  const isKnown = sqlState !== undefined || KNOWN.has(field);
  throw new SqlError(
    isKnown ? "0A000" : "22023",
    `unit "${field}" not ${isKnown ? "supported" : "recognized"} for type ${type}`,
  );
}

/** Infinity has no parts here; PostgreSQL has some. Better an error than a NULL. */
function finite(value: Sql, part: string): string {
  const { typeOid } = value.shape;
  if (typeOid === Oid.interval || typeOid === Oid.time || value.isConstant) return part;
  const infinite = raise("0A000", "fields of infinite times are not supported on these tables");
  return `(CASE WHEN isfinite(${value.text}) IS NOT FALSE THEN ${part} ELSE ${infinite} END)`;
}

const extracts: Rule = (call) => {
  const value = arg(call, 1);
  const { text, scale, micros } = partOf(fieldName(arg(call, 0), "extract"), value, call);
  // narrow where it can be: grouping by 128 bits takes twice the time
  const isNarrow = micros === undefined && value.shape.typeOid !== Oid.interval;
  const isEpoch = fieldName(arg(call, 0), "extract") === "epoch";
  const whole = micros !== undefined ? 20 : isNarrow && !isEpoch ? 9 - scale : 18 - scale;
  const size = { precision: whole + scale, scale };
  const cast = `CAST(${finite(value, `(${text})`)} AS DECIMAL(${size.precision},${scale}))`;
  const part = decimalResult(call, cast, size);
  if (micros === undefined) return part;
  return withUnits(part, { text: finite(value, micros), scale, digits: 19 });
};

const dateParts: Rule = (call) => {
  const value = arg(call, 1);
  const { text } = partOf(fieldName(arg(call, 0), "date_part"), value, call);
  return result(call, `CAST(${finite(value, `(${text})`)} AS DOUBLE)`);
};

function rows(): Record<string, Rule> {
  const functions: Record<string, Rule> = {};
  for (const type of ["date", "time", "timestamp", "timestamptz", "interval"]) {
    functions[`extract(text,${type})`] = extracts;
    functions[`date_part(text,${type})`] = dateParts;
  }
  return functions;
}

export const datetimeExtract: Readonly<Record<string, Rule>> = rows();
