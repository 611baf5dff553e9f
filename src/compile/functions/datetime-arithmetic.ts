/**
 * Adding and subtracting moments and intervals. A timestamptz moves by months and days in the
 * session's zone and by time in absolute terms, in that order; DuckDB's own `+` adds the time
 * first.
 */

import { Oid } from "../../types/oids.ts";
import type { Interval } from "../../types/value.ts";
import type { Call, Rule } from "../closed-table.ts";
import type { Sql } from "../expression.ts";
import { localToUtc } from "../moments.ts";
import { toPlain, toUtc } from "../representations.ts";
import { toLocal } from "../session-values.ts";
import { arg, raise, result, same, template, UTC } from "./rules.ts";

interface IntervalParts {
  readonly months: string;
  readonly days: string;
  readonly micros: string;
  /** The interval is a literal without months and days. */
  readonly isTimeOnly: boolean;
}

export function intervalParts(sql: Sql): IntervalParts {
  const { constant } = sql;
  if (typeof constant === "object" && constant !== null && "micros" in constant) {
    const { months, days, micros } = constant as Interval;
    return {
      months: String(months),
      days: String(days),
      micros: String(micros),
      isTimeOnly: months === 0 && days === 0,
    };
  }
  const { text } = sql;
  return {
    months: `(datepart('year', ${text}) * 12 + datepart('month', ${text}))`,
    days: `datepart('day', ${text})`,
    micros: `(datepart('hour', ${text}) * 3600000000 + datepart('minute', ${text}) * 60000000 + datepart('microsecond', ${text}))`,
    isTimeOnly: false,
  };
}

/** moment ± interval; `index` says where the moment stands. */
function moves(sign: "+" | "-", index: 0 | 1): Rule {
  return (call) => moved(call, arg(call, index), sign, arg(call, 1 - index));
}

/** `value` ± `interval` as a timestamptz, timestamp or (of a date) timestamp. */
export function moved(call: Call, value: Sql, sign: "+" | "-", interval: Sql): Sql {
  if (value.shape.typeOid === Oid.date) {
    return result(call, `(CAST(${value.text} AS TIMESTAMP) ${sign} ${interval.text})`);
  }
  if (value.shape.typeOid !== Oid.timestamptz) {
    return result(call, `(${value.text} ${sign} ${interval.text})`);
  }
  const parts = intervalParts(interval);
  if (call.context.isUtc || parts.isTimeOnly) {
    return result(call, `(${toUtc(value).text} ${sign} ${interval.text})`, { shape: UTC });
  }
  if (typeof call.context.timeZone === "number") {
    const local = `(${toLocal(value, call.context)} ${sign} ${interval.text})`;
    return result(call, localToUtc(local, call.context), { shape: UTC });
  }
  const { months, days, micros } = parts;
  const signed = (part: string) => (sign === "-" ? `-(${part})` : part);
  const text =
    `(((${toPlain(value).text} + to_months(CAST(${signed(months)} AS INTEGER)))` +
    ` + to_days(CAST(${signed(days)} AS INTEGER))) + to_microseconds(CAST(${signed(micros)} AS BIGINT)))`;
  return result(call, text);
}

/** timestamptz - timestamptz is days of 24 hours and the rest, whatever the zone. */
function difference(call: Call): Sql {
  return result(call, `(${toUtc(arg(call, 0)).text} - ${toUtc(arg(call, 1)).text})`);
}

/** PostgreSQL wraps around midnight; the interval's months and days do not count. */
function timeMoves(sign: "+" | "-", index: 0 | 1): Rule {
  return (call) => {
    const { micros } = intervalParts(arg(call, 1 - index));
    const { text } = arg(call, index);
    const moved = `(epoch_us(${text}) ${sign} ${micros}) % 86400000000`;
    return result(call, `CAST(make_timestamp((${moved} + 86400000000) % 86400000000) AS TIME)`);
  };
}

/** PostgreSQL's range; DuckDB's is wider. */
const FIRST_DATE = "DATE '4714-11-24 (BC)'";
const LAST_DATE = "DATE '5874897-12-31'";
const dateOutOfRange = raise("22008", "date out of range");
const daysApart =
  `(CASE WHEN isfinite($1) AND isfinite($2) THEN CAST($1 - $2 AS INTEGER)` +
  ` WHEN $1 IS NOT NULL AND $2 IS NOT NULL THEN ${raise("22008", "cannot subtract infinite dates")} END)`;

/** Infinite dates stay what they are. */
function daysLater(sign: "+" | "-", date: 1 | 2): Rule {
  const days = date === 1 ? 2 : 1;
  return template(
    `(CASE WHEN NOT isfinite($${date}) THEN $${date}` +
      ` WHEN abs(CAST($${days} AS BIGINT)) > 2200000000 THEN ${dateOutOfRange}` +
      ` WHEN CAST($${date} ${sign} $${days} AS DATE) NOT BETWEEN ${FIRST_DATE} AND ${LAST_DATE}` +
      ` THEN ${dateOutOfRange} ELSE CAST($${date} ${sign} $${days} AS DATE) END)`,
  );
}

export const datetimeArithmetic: Readonly<Record<string, Rule>> = {
  ...same(
    "timestamp_pl_interval(timestamp,interval) date_pl_interval(date,interval)",
    moves("+", 0),
  ),
  ...same(
    "timestamp_mi_interval(timestamp,interval) date_mi_interval(date,interval)",
    moves("-", 0),
  ),
  ...same(
    "interval_pl_timestamp(interval,timestamp) interval_pl_date(interval,date)",
    moves("+", 1),
  ),
  "timestamptz_pl_interval(timestamptz,interval)": moves("+", 0),
  "timestamptz_mi_interval(timestamptz,interval)": moves("-", 0),
  "interval_pl_timestamptz(interval,timestamptz)": moves("+", 1),
  "timestamp_mi(timestamp,timestamp)": template("($1 - $2)"),
  "timestamptz_mi(timestamptz,timestamptz)": difference,
  "date_mi(date,date)": template(daysApart),
  "date_pli(date,int4)": daysLater("+", 1),
  "date_mii(date,int4)": daysLater("-", 1),
  "integer_pl_date(int4,date)": daysLater("+", 2),
  "datetime_pl(date,time)": template("(CAST($1 AS TIMESTAMP) + to_microseconds(epoch_us($2)))"),
  "timedate_pl(time,date)": template("(CAST($2 AS TIMESTAMP) + to_microseconds(epoch_us($1)))"),
  "time_pl_interval(time,interval)": timeMoves("+", 0),
  "time_mi_interval(time,interval)": timeMoves("-", 0),
  "interval_pl_time(interval,time)": timeMoves("+", 1),
  "time_mi_time(time,time)": template("to_microseconds(epoch_us($1) - epoch_us($2))"),
  "interval_pl(interval,interval)": template("($1 + $2)"),
  "interval_mi(interval,interval)": template("($1 - $2)"),
  "interval_um(interval)": template("(-$1)"),
  "interval_mul(interval,float8)": template("pg_interval_mul($1, $2)"),
  "mul_d_interval(float8,interval)": template("pg_interval_mul($2, $1)"),
  "interval_div(interval,float8)": template("pg_interval_div($1, $2)"),
  ...same("justify_hours(interval)", template("pg_justify_hours($1)")),
  "justify_days(interval)": template("pg_justify_days($1)"),
  "justify_interval(interval)": template("pg_justify_interval($1)"),
  "age(timestamp,timestamp)": template("age($1, $2)"),
};
