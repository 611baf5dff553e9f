/**
 * Intervals times and over numbers, and their justification: PostgreSQL's cascade of fractions
 * (timestamp.c).
 */

import {
  BIGINT,
  BOOLEAN,
  DOUBLE,
  DuckDBIntervalValue,
  type DuckDBTimestampValue,
  INTERVAL,
  TIMESTAMP,
} from "@duckdb/node-api";
import { pgError, type ScalarFunction } from "./scalar-function.ts";

const MICROS_PER_DAY = 86_400_000_000n;
const SECONDS_PER_DAY = 86_400;
const DAYS_PER_MONTH = 30;

export const intervalFunctions: readonly ScalarFunction[] = [
  fn("pg_interval_mul", [INTERVAL, DOUBLE], multiplyInterval),
  fn("pg_interval_div", [INTERVAL, DOUBLE], divideInterval),
  fn("pg_interval_mean", [INTERVAL, BIGINT], (sum: DuckDBIntervalValue, count: bigint) =>
    count === 0n ? null : divideInterval(sum, Number(count)),
  ),
  {
    name: "pg_overlaps",
    parameters: [TIMESTAMP, TIMESTAMP, TIMESTAMP, TIMESTAMP],
    returns: BOOLEAN,
    takesNull: true,
    run: overlaps,
  },
  fn("pg_justify_hours", [INTERVAL], justifyHours),
  fn("pg_justify_days", [INTERVAL], justifyDays),
  fn("pg_justify_interval", [INTERVAL], justifyInterval),
];

function fn(
  name: string,
  parameters: ScalarFunction["parameters"],
  run: ScalarFunction["run"],
): ScalarFunction {
  return { name, parameters, returns: INTERVAL, run };
}

function outOfRange(): Error {
  return pgError("22008", "interval out of range");
}

function multiplyInterval(value: DuckDBIntervalValue, factor: number): DuckDBIntervalValue {
  if (Number.isNaN(factor) || !Number.isFinite(factor)) throw outOfRange();
  return scaled(value, (part) => part * factor);
}

function divideInterval(value: DuckDBIntervalValue, divisor: number): DuckDBIntervalValue {
  if (divisor === 0) throw pgError("22012", "division by zero");
  if (Number.isNaN(divisor)) throw outOfRange();
  return scaled(value, (part) => part / divisor);
}

/**
 * Months spill into days of 30, days into seconds; fractions are first rounded to a microsecond.
 */
function scaled(value: DuckDBIntervalValue, scale: (part: number) => number): DuckDBIntervalValue {
  const months = int32(scale(value.months));
  const days = int32(scale(value.days));
  const monthRemainder = scale(value.months) - months;
  const dayRemainder = scale(value.days) - days;
  const monthDays = tsRound(monthRemainder * DAYS_PER_MONTH);
  let seconds = tsRound((dayRemainder + monthDays - Math.trunc(monthDays)) * SECONDS_PER_DAY);
  let moreDays = 0;
  if (Math.abs(seconds) >= SECONDS_PER_DAY) {
    moreDays = Math.trunc(seconds / SECONDS_PER_DAY);
    seconds -= moreDays * SECONDS_PER_DAY;
  }
  const totalDays = int32(days + Math.trunc(monthDays) + moreDays);
  const micros = roundHalfEven(scale(Number(value.micros)) + seconds * 1_000_000);
  if (Math.abs(micros) >= 2 ** 63) throw outOfRange();
  return new DuckDBIntervalValue(months, totalDays, BigInt(micros));
}

function int32(value: number): number {
  const integer = Math.trunc(value);
  if (!(integer >= -2_147_483_648 && integer <= 2_147_483_647)) throw outOfRange();
  return integer;
}

/** TSROUND of timestamp.h: to six decimals. */
function tsRound(value: number): number {
  return roundHalfEven(value * 1_000_000) / 1_000_000;
}

/** C's rint. */
function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest < 0.5) return floor;
  if (rest > 0.5) return floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}

function justifyHours(value: DuckDBIntervalValue): DuckDBIntervalValue {
  let days = value.days + Number(value.micros / MICROS_PER_DAY);
  let micros = value.micros % MICROS_PER_DAY;
  if (days > 0 && micros < 0n) {
    micros += MICROS_PER_DAY;
    days -= 1;
  } else if (days < 0 && micros > 0n) {
    micros -= MICROS_PER_DAY;
    days += 1;
  }
  return new DuckDBIntervalValue(value.months, int32(days), micros);
}

function justifyDays(value: DuckDBIntervalValue): DuckDBIntervalValue {
  let months = value.months + Math.trunc(value.days / DAYS_PER_MONTH);
  let days = value.days % DAYS_PER_MONTH;
  if (months > 0 && days < 0) {
    days += DAYS_PER_MONTH;
    months -= 1;
  } else if (months < 0 && days > 0) {
    days -= DAYS_PER_MONTH;
    months += 1;
  }
  return new DuckDBIntervalValue(int32(months), days, value.micros);
}

function justifyInterval(value: DuckDBIntervalValue): DuckDBIntervalValue {
  let { months, days, micros } = value;
  // When day and time agree in sign, whole months of days are moved before the time is.
  if ((days > 0 && micros > 0n) || (days < 0 && micros < 0n)) {
    months += Math.trunc(days / DAYS_PER_MONTH);
    days %= DAYS_PER_MONTH;
  }
  days += Number(micros / MICROS_PER_DAY);
  micros %= MICROS_PER_DAY;
  months += Math.trunc(days / DAYS_PER_MONTH);
  days %= DAYS_PER_MONTH;
  if (months > 0 && (days < 0 || (days === 0 && micros < 0n))) {
    days += DAYS_PER_MONTH;
    months -= 1;
  } else if (months < 0 && (days > 0 || (days === 0 && micros > 0n))) {
    days -= DAYS_PER_MONTH;
    months += 1;
  }
  if (days > 0 && micros < 0n) {
    micros += MICROS_PER_DAY;
    days -= 1;
  } else if (days < 0 && micros > 0n) {
    micros -= MICROS_PER_DAY;
    days += 1;
  }
  return new DuckDBIntervalValue(int32(months), int32(days), micros);
}

type Moment = DuckDBTimestampValue | null;

/** Two periods given by their ends in any order; an absent end leaves the answer open. */
function overlaps(a: Moment, b: Moment, c: Moment, d: Moment): boolean | null {
  const first = period(a, b);
  const second = period(c, d);
  if (first === undefined || second === undefined) return null;
  if (first.from > second.from) return covers(second.until, first.from, first.until);
  if (first.from < second.from) return covers(first.until, second.from, second.until);
  return first.until === null || second.until === null ? null : true;
}

/** Whether a period that ends at `end` reaches beyond the later period's start. */
function covers(end: bigint | null, start: bigint, until: bigint | null): boolean | null {
  if (end !== null && start < end) return true;
  return end === null || until === null ? null : false;
}

function period(
  a: Moment,
  b: Moment,
): { readonly from: bigint; readonly until: bigint | null } | undefined {
  if (a === null) return b === null ? undefined : { from: b.micros, until: null };
  if (b === null) return { from: a.micros, until: null };
  const [from, until] = a.micros > b.micros ? [b.micros, a.micros] : [a.micros, b.micros];
  return { from, until };
}
