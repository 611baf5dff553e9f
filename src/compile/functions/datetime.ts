/** Making, converting and formatting dates and times. now() and its relatives are the session's. */

import { Oid } from "../../types/oids.ts";
import type { Call, Chapter, Rule } from "../closed-table.ts";
import type { Sql } from "../expression.ts";
import { localToUtc } from "../moments.ts";
import { refuse } from "../refusals.ts";
import { toUtc } from "../representations.ts";
import { transactionTime } from "../session-values.ts";
import { datetimeArithmetic, moved } from "./datetime-arithmetic.ts";
import { datetimeExtract } from "./datetime-extract.ts";
import { datetimeFormat } from "./datetime-format.ts";
import { datetimeTrunc } from "./datetime-trunc.ts";
import {
  arg,
  constantNumber,
  localTimestamp,
  raise,
  result,
  same,
  template,
  UTC,
} from "./rules.ts";
import { fromZone, namedZone, toZone } from "./zones.ts";

/** timestamptz → local, or local → timestamptz, of a named zone. */
function atTimeZone(call: Call): Sql {
  const [zoneArg, value] = [arg(call, 0), arg(call, 1)];
  const zone = namedZone(zoneArg, call.context);
  if (value.shape.typeOid === Oid.timestamptz) return result(call, toZone(value, zone));
  const back = fromZone(value.text, zone);
  return result(call, back.text, back.isUtc ? { shape: UTC } : {});
}

/** A local TIMESTAMP in the session's zone. */
function fromLocal(call: Call, local: string): Sql {
  return result(call, localToUtc(local, call.context), { shape: UTC });
}

const toTimestamptz: Rule = (call) => fromLocal(call, localTimestamp(arg(call, 0), call.context));
const toTimestamp: Rule = (call) => result(call, localTimestamp(arg(call, 0), call.context));
const toDate: Rule = (call) =>
  result(call, `CAST(${localTimestamp(arg(call, 0), call.context)} AS DATE)`);

/** A moment without a day: infinity has none. */
const toTime: Rule = (call) => {
  const local = localTimestamp(arg(call, 0), call.context);
  return result(call, `(CASE WHEN isfinite(${local}) THEN CAST(${local} AS TIME) END)`, {
    mayBeNull: true,
  });
};

/** timestamp(n): rounds half away from zero to n decimals of a second. */
const roundsMoment: Rule = (call) => {
  const value = arg(call, 0);
  const digits = constantNumber(arg(call, 1));
  if (digits === undefined) return refuse("a timestamp precision that is not a literal");
  if (digits < 0 || digits >= 6) return value;
  const unit = 10 ** (6 - digits);
  const utc = toUtc(value);
  const isTime = value.shape.typeOid === Oid.time;
  const micros = `epoch_us(${utc.text})`;
  // PostgreSQL rounds the magnitude counted from 2000-01-01
  const origin = isTime ? 0n : 946_684_800_000_000n;
  const distance = `(${micros} - ${origin})`;
  const rounded = `sign(${distance}) * ((abs(${distance}) + ${unit / 2}) // ${unit} * ${unit}) + ${origin}`;
  if (isTime) {
    const midnight = "WHEN 86400000000 THEN CAST('24:00:00' AS TIME)";
    const text = `CAST(make_timestamp(CAST(${rounded} AS BIGINT)) AS TIME)`;
    return result(call, `(CASE CAST(${rounded} AS BIGINT) ${midnight} ELSE ${text} END)`);
  }
  const text = `(CASE WHEN isfinite(${utc.text}) THEN make_timestamp(CAST(${rounded} AS BIGINT)) ELSE ${utc.text} END)`;
  return result(call, text, { shape: utc.shape });
};

const intervalOfTime = template("to_microseconds(epoch_us($1))");

function agesFromLocal(call: Call): Sql {
  const [a, b] = [arg(call, 0), arg(call, 1)];
  return result(
    call,
    `age(${localTimestamp(a, call.context)}, ${localTimestamp(b, call.context)})`,
  );
}

/** age(x): from the midnight that today began with. */
function agesFromToday(call: Call): Sql {
  const today = `date_trunc('day', ${localTimestamp(transactionTime(call.context), call.context)})`;
  return result(call, `age(${today}, ${localTimestamp(arg(call, 0), call.context)})`);
}

/** (a, b) OVERLAPS (c, d): b and d are moments or lengths. NULL has rules of its own. */
function overlaps(call: Call): Sql {
  const [from, until, otherFrom, otherUntil] = [0, 1, 2, 3].map((index) => arg(call, index));
  const end = (start: Sql | undefined, length: Sql | undefined): string => {
    if (start === undefined || length === undefined) return refuse("OVERLAPS in this form");
    const isLength = length.shape.typeOid === Oid.interval;
    return toUtc(
      isLength ? moved({ ...call, resultType: start.shape.typeOid }, start, "+", length) : length,
    ).text;
  };
  const starts = [from, otherFrom].map((start) => (start === undefined ? "" : toUtc(start).text));
  const ends = [end(from, until), end(otherFrom, otherUntil)];
  const text = `pg_overlaps(${starts[0]}, ${ends[0]}, ${starts[1]}, ${ends[1]})`;
  return result(call, text, { mayBeNull: true });
}

const OVERLAPS = ["timestamp", "timestamptz"].flatMap((type) =>
  [type, "interval"].flatMap((first) =>
    [type, "interval"].map((second) => `overlaps(${type},${first},${type},${second})`),
  ),
);

/** make_interval: every part defaults to 0 and is an integer but the seconds. */
const makesInterval = template(
  "(to_months(CAST($1 * 12 + $2 AS INTEGER)) + to_days(CAST($3 * 7 + $4 AS INTEGER))" +
    " + to_microseconds(CAST($5 AS BIGINT) * 3600000000 + CAST($6 AS BIGINT) * 60000000" +
    " + CAST(round_even($7 * 1000000, 0) AS BIGINT)))",
);

const INVALID_DATE =
  "error(printf('PG:22008:date field value out of range: %d-%02d-%02d', $1, $2, $3))";
const INVALID_TIME = raise("22008", "time field value out of range");
const isClock = (hour: number) =>
  `$${hour} BETWEEN 0 AND 23 AND $${hour + 1} BETWEEN 0 AND 59 AND $${hour + 2} >= 0 AND $${hour + 2} < 60`;
const isDay =
  "$1 > 0 AND $2 BETWEEN 1 AND 12 AND $3 BETWEEN 1 AND " +
  "day(last_day(make_date($1, CASE WHEN $2 BETWEEN 1 AND 12 THEN $2 ELSE 1 END, 1)))";
const clockMicros = (hour: number) =>
  `(CAST($${hour} AS BIGINT) * 3600000000 + CAST($${hour + 1} AS BIGINT) * 60000000` +
  ` + CAST(round_even($${hour + 2} * 1000000, 0) AS BIGINT))`;
/** A strict function is not called with NULL. */
const anyNull = (count: number) =>
  Array.from({ length: count }, (_, at) => `$${at + 1} IS NULL`).join(" OR ");
const MADE_TIMESTAMP =
  `(CASE WHEN ${anyNull(6)} THEN NULL WHEN NOT (${isDay}) THEN ${INVALID_DATE} WHEN NOT (${isClock(4)}) THEN ${INVALID_TIME}` +
  ` ELSE CAST(make_date($1, $2, $3) AS TIMESTAMP) + to_microseconds(${clockMicros(4)}) END)`;

const makesTimestamptz: Rule = (call) => {
  const local = template(MADE_TIMESTAMP)(call).text;
  return fromLocal(call, local);
};

/** to_timestamp(seconds since 1970): microseconds, rounded half to even. */
const ofEpoch: Rule = (call) => {
  const { text } = arg(call, 0);
  const range = raise("22008", "timestamp out of range");
  const moment = `make_timestamp(CAST(round_even(${text} * 1000000, 0) AS BIGINT))`;
  const infinite = `CASE WHEN ${text} > 0 THEN TIMESTAMP 'infinity' ELSE TIMESTAMP '-infinity' END`;
  const isOutside = `${text} >= 9224318016000 OR ${text} < -210866803200`;
  const checked =
    `(CASE WHEN isnan(${text}) THEN ${raise("22008", "timestamp cannot be NaN")} WHEN isinf(${text}) THEN ${infinite}` +
    ` WHEN ${isOutside} THEN ${range} ELSE ${moment} END)`;
  return result(call, checked, { shape: UTC });
};

export const datetime: Chapter = {
  functions: {
    ...datetimeArithmetic,
    ...datetimeExtract,
    ...datetimeTrunc,
    ...datetimeFormat,
    ...same(
      "timezone(text,timestamptz) timezone(text,timestamp) " +
        "timezone(interval,timestamptz) timezone(interval,timestamp)",
      atTimeZone,
    ),
    ...same("timestamptz(date) timestamptz(timestamp)", toTimestamptz),
    ...same("timestamp(date) timestamp(timestamptz)", toTimestamp),
    ...same("date(timestamp) date(timestamptz)", toDate),
    ...same("time(timestamp) time(timestamptz)", toTime),
    ...same(
      "timestamp(timestamp,int4) timestamptz(timestamptz,int4) time(time,int4)",
      roundsMoment,
    ),
    "interval(time)": intervalOfTime,
    "age(timestamptz,timestamptz)": agesFromLocal,
    ...same("age(timestamp) age(timestamptz)", agesFromToday),
    ...same(OVERLAPS.join(" "), overlaps),
    "make_interval(int4,int4,int4,int4,int4,int4,float8)": makesInterval,
    "make_date(int4,int4,int4)": template(
      `(CASE WHEN ${anyNull(3)} THEN NULL WHEN NOT (${isDay}) THEN ${INVALID_DATE} ELSE make_date($1, $2, $3) END)`,
    ),
    "make_time(int4,int4,float8)": template(
      `(CASE WHEN ${anyNull(3)} THEN NULL WHEN NOT (${isClock(1)}) THEN ${INVALID_TIME} ELSE CAST(make_timestamp(${clockMicros(1)}) AS TIME) END)`,
    ),
    "make_timestamp(int4,int4,int4,int4,int4,float8)": template(MADE_TIMESTAMP),
    "make_timestamptz(int4,int4,int4,int4,int4,float8)": makesTimestamptz,
    "to_timestamp(float8)": ofEpoch,
    "uuid_extract_timestamp(uuid)": (call) =>
      result(call, `pg_uuid_timestamp(CAST(${arg(call, 0).text} AS VARCHAR))`, {
        shape: UTC,
        mayBeNull: true,
      }),
  },
};
