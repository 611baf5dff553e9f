/**
 * time_bucket, as TimescaleDB defines it: buckets count from Monday 2000-01-03, month buckets from
 * 2000-01-01; of a timestamptz in UTC, unless a zone is named.
 */

import { SqlError } from "../../base/errors.ts";
import { Oid } from "../../types/oids.ts";
import type { Interval } from "../../types/value.ts";
import type { Call, Chapter, Rule } from "../closed-table.ts";
import { duckdbType } from "../duckdb-types.ts";
import type { Sql } from "../expression.ts";
import { refuse } from "../refusals.ts";
import { toPlain, toUtc } from "../representations.ts";
import { intervalParts, moved } from "./datetime-arithmetic.ts";
import { constantWidth } from "./datetime-trunc.ts";
import { arg, constantNumber, raise, result, UTC } from "./rules.ts";
import { fromZone, type NamedZone, namedZone, toZone } from "./zones.ts";

const DAY_MICROS = 86_400_000_000n;
/** Monday 2000-01-03, and a moment before 4714 BC. */
const ORIGIN_MICROS = 946_857_600_000_000n;
const FIRST_MICROS = -211_000_000_000_000_000n;
const REPEATABLE_LENGTH = 60;
const NOT_POSITIVE = "period must be greater than 0";
const MIXED_MONTHS = "month intervals cannot have day or time component";

/** The width as an INTERVAL that DuckDB takes; checked now where it is a literal. */
function widthText(width: Sql): string {
  const { constant } = width;
  if (typeof constant === "object" && constant !== null && "micros" in constant) {
    checkWidth(constant as Interval);
    return width.text;
  }
  const { months, days, micros } = intervalParts(width);
  return (
    `(CASE WHEN ${width.text} <= INTERVAL '0 days' THEN ${raise("22023", NOT_POSITIVE)}` +
    ` WHEN ${months} <> 0 AND (${days} <> 0 OR ${micros} <> 0) THEN ${raise("0A000", MIXED_MONTHS)}` +
    ` ELSE ${width.text} END)`
  );
}

function checkWidth({ months, days, micros }: Interval): void {
  if (months !== 0 && (days !== 0 || micros !== 0n)) throw new SqlError("0A000", MIXED_MONTHS);
  if (
    months < 0 ||
    BigInt(days) * DAY_MICROS + micros < 0n ||
    (months === 0 && days === 0 && micros === 0n)
  ) {
    throw new SqlError("22023", NOT_POSITIVE);
  }
}

/** timestamp or timestamptz, with an origin of its type or an offset. */
function bucketsMoment(call: Call): Sql {
  const [width, value, third] = [arg(call, 0), arg(call, 1), call.args[2]];
  const bucket = (source: Sql, origin?: Sql): Sql => {
    const quick = origin === undefined ? integerBucket(width, toUtc(source)) : undefined;
    if (quick !== undefined) return result(call, quick, { shape: toUtc(source).shape });
    const tail = origin === undefined ? "" : `, ${toUtc(origin).text}`;
    const text = `time_bucket(${widthText(width)}, ${toUtc(source).text}${tail})`;
    return result(call, text, { shape: toUtc(source).shape });
  };
  if (third === undefined) return bucket(value);
  if (third.shape.typeOid !== Oid.interval) return bucket(value, third);
  // days and months of an offset follow the session's zone, outside of the bucket's UTC
  return moved(call, bucket(moved(call, value, "-", third)), "+", third);
}

/**
 * A fixed width in integer arithmetic takes three quarters of the time of DuckDB's time_bucket. The
 * origin is moved below PostgreSQL's first moment, so that the remainder is never negative.
 */
function integerBucket(width: Sql, { text }: Sql): string | undefined {
  const { constant } = width;
  if (typeof constant !== "object" || constant === null || !("micros" in constant))
    return undefined;
  const { months, days, micros } = constant as Interval;
  const size = BigInt(days) * DAY_MICROS + micros;
  if (months !== 0 || size <= 0n || text.length > REPEATABLE_LENGTH) return undefined;
  const shift = ((ORIGIN_MICROS - FIRST_MICROS) / size + 1n) * size - ORIGIN_MICROS;
  const start = `epoch_us(${text}) - (epoch_us(${text}) + ${shift}) % ${size}`;
  return `(CASE WHEN isfinite(${text}) THEN make_timestamp(${start}) ELSE ${text} END)`;
}

/** Widths and offsets of dates are whole days or months. */
function bucketsDate(call: Call): Sql {
  const [width, value, third] = [arg(call, 0), arg(call, 1), call.args[2]];
  checkDateWidth(constantWidth(width, "time_bucket of dates"), true);
  const isOffset = third !== undefined && third.shape.typeOid === Oid.interval;
  if (isOffset) checkDateWidth(constantWidth(third, "time_bucket of dates"), false);
  const local = `CAST(${value.text} AS TIMESTAMP)`;
  const source = isOffset ? `(${local} - ${third.text})` : local;
  const tail = third === undefined || isOffset ? "" : `, CAST(${third.text} AS TIMESTAMP)`;
  const bucket = `time_bucket(${width.text}, ${source}${tail})`;
  return result(call, `CAST(${isOffset ? `(${bucket} + ${third.text})` : bucket} AS DATE)`);
}

function checkDateWidth({ months, days, micros }: Interval, isWidth: boolean): void {
  const total = BigInt(days) * DAY_MICROS + micros;
  if (months !== 0) {
    if (total !== 0n) throw new SqlError("0A000", MIXED_MONTHS);
    if (isWidth && months > 0) return;
    throw new SqlError("0A000", "interval must not have sub-day precision");
  }
  if (total < DAY_MICROS) throw new SqlError("0A000", "interval must not have sub-day precision");
  if (total % DAY_MICROS !== 0n)
    throw new SqlError("0A000", "interval must be a multiple of a day");
}

/**
 * Local time is bucketed and turned back; an origin is made local first, an offset stays outside.
 */
function bucketsInZone(call: Call): Sql {
  const [width, value, zoneArg] = [arg(call, 0), arg(call, 1), arg(call, 2)];
  if (zoneArg.constant === null)
    return result(call, "CAST(NULL AS TIMESTAMPTZ)", { mayBeNull: true });
  const zone = namedZone(zoneArg, call.context);
  const origin = present(call.args[3]);
  const offset = present(call.args[4]);
  const source = offset === undefined ? value : moved(call, value, "-", offset);
  const bucket = zonedBucket(call, width, source, zone, origin);
  return offset === undefined ? bucket : moved(call, bucket, "+", offset);
}

function present(sql: Sql | undefined): Sql | undefined {
  if (sql === undefined || sql.constant === null) return undefined;
  return sql.mayBeNull ? refuse("time_bucket with an origin or offset that may be NULL") : sql;
}

function zonedBucket(
  call: Call,
  width: Sql,
  source: Sql,
  zone: NamedZone,
  origin: Sql | undefined,
): Sql {
  const tail = origin === undefined ? "" : `, ${toZone(origin, zone)}`;
  const { months, days, micros } = constantWidth(width, "time_bucket in a zone");
  const local = `time_bucket(${widthText(width)}, ${toZone(source, zone)}${tail})`;
  const back = fromZone(local, zone);
  if (back.isUtc) return result(call, back.text, { shape: UTC });
  const bucket = result(call, back.text);
  if (months !== 0 || micros === 0n) return bucket;
  // At a change of clock the bucket may start after the moment: step back by whole widths.
  const step = BigInt(days) * DAY_MICROS + micros;
  const after = `epoch_us(${toPlain(bucket).text}) - epoch_us(${toPlain(source).text})`;
  const steps = `greatest((${after} + ${step - 1n}) // ${step}, 0)`;
  return result(call, `(${bucket.text} - to_microseconds(CAST(${steps} * ${step} AS BIGINT)))`);
}

/**
 * Floors toward minus infinity in the type's own arithmetic, so that 22003 comes where it should.
 */
function bucketsInteger(call: Call): Sql {
  const [width, value, offset] = [arg(call, 0), arg(call, 1), call.args[2]];
  const type = duckdbType(value.shape);
  const known = constantNumber(width);
  if (known !== undefined && known <= 0) throw new SqlError("22023", NOT_POSITIVE);
  const size =
    known === undefined
      ? `(CASE WHEN ${width.text} <= 0 THEN ${raise("22023", NOT_POSITIVE)} ELSE ${width.text} END)`
      : width.text;
  const shift = offset === undefined ? undefined : `CAST(${offset.text} % ${size} AS ${type})`;
  const source = shift === undefined ? value.text : `(${value.text} - ${shift})`;
  const rest = `(${source} % ${size})`;
  const floor = `CAST(${rest} + CASE WHEN ${rest} < 0 THEN ${size} ELSE CAST(0 AS ${type}) END AS ${type})`;
  const bucket = `(${source} - ${floor})`;
  return result(
    call,
    `CAST(${shift === undefined ? bucket : `(${bucket} + ${shift})`} AS ${type})`,
  );
}

function rows(): Record<string, Rule> {
  const functions: Record<string, Rule> = {
    "time_bucket(interval,timestamptz,text,timestamptz,interval)": bucketsInZone,
    "time_bucket(interval,date)": bucketsDate,
    "time_bucket(interval,date,date)": bucketsDate,
    "time_bucket(interval,date,interval)": bucketsDate,
  };
  for (const type of ["timestamp", "timestamptz"]) {
    functions[`time_bucket(interval,${type})`] = bucketsMoment;
    functions[`time_bucket(interval,${type},${type})`] = bucketsMoment;
    functions[`time_bucket(interval,${type},interval)`] = bucketsMoment;
  }
  for (const type of ["int2", "int4", "int8"]) {
    functions[`time_bucket(${type},${type})`] = bucketsInteger;
    functions[`time_bucket(${type},${type},${type})`] = bucketsInteger;
  }
  return functions;
}

export const timeBucket: Chapter = { functions: rows() };
