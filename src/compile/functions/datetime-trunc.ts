/** date_trunc and date_bin. */

import { SqlError } from "../../base/errors.ts";
import type { Interval } from "../../types/value.ts";
import type { Call, Rule } from "../closed-table.ts";
import type { Sql } from "../expression.ts";
import { localToUtc } from "../moments.ts";
import { refuse } from "../refusals.ts";
import { toUtc } from "../representations.ts";
import { intervalParts } from "./datetime-arithmetic.ts";
import { fieldName } from "./datetime-extract.ts";
import { arg, localTimestamp, raise, result, UTC } from "./rules.ts";
import { fromZone, type NamedZone, namedZone, toZone } from "./zones.ts";

const TIME_FIELDS = new Set(["microseconds", "milliseconds", "second", "minute", "hour"]);
const DAY_FIELDS = new Set(["day", "week", "month", "quarter", "year", "decade"]);
const LONG_FIELDS = new Set(["century", "millennium"]);

/** A local TIMESTAMP cut down to the field. */
function truncated(field: string, local: string, type: string): string {
  if (TIME_FIELDS.has(field) || DAY_FIELDS.has(field)) return `date_trunc('${field}', ${local})`;
  if (!LONG_FIELDS.has(field)) {
    throw new SqlError("22023", `unit "${field}" not recognized for type ${type}`);
  }
  const length = field === "century" ? 100 : 1000;
  // centuries start with year 1; DuckDB's start with year 0
  const years = `(year(${local}) - 1) // ${length} * ${length} + 1`;
  const checked = `(CASE WHEN year(${local}) <= 0 THEN ${raise("0A000", `date_trunc to the ${field} before year 1 is not supported`)} ELSE ${years} END)`;
  return `CAST(make_date(${checked}, 1, 1) AS TIMESTAMP)`;
}

function truncatesTimestamp(call: Call): Sql {
  const field = fieldName(arg(call, 0), "date_trunc");
  return result(call, truncated(field, arg(call, 1).text, "timestamp without time zone"));
}

/** In the session's zone. Whole zones of UTC need no conversion, and pruning sees through them. */
function truncatesTimestamptz(call: Call): Sql {
  const field = fieldName(arg(call, 0), "date_trunc");
  const value = arg(call, 1);
  const type = "timestamp with time zone";
  const zone = call.args[2];
  if (zone !== undefined) return inZone(call, field, value, namedZone(zone, call.context));
  if (call.context.isUtc) {
    return result(call, truncated(field, toUtc(value).text, type), { shape: UTC });
  }
  const local = localTimestamp(value, call.context);
  if (TIME_FIELDS.has(field)) return withinHour(call, field, value, local);
  const day = truncated(field, local, type);
  return result(call, localToUtc(day, call.context), { shape: UTC });
}

function inZone(call: Call, field: string, value: Sql, zone: NamedZone): Sql {
  const local = toZone(value, zone);
  if (zone.kind === "name" && TIME_FIELDS.has(field)) return withinHour(call, field, value, local);
  const back = fromZone(truncated(field, local, "timestamp with time zone"), zone);
  return result(call, back.text, back.isUtc ? { shape: UTC } : {});
}

/** Takes the rest away from the moment: converting back would miss the repeated hour of autumn. */
function withinHour(call: Call, field: string, value: Sql, local: string): Sql {
  const rest = `(${local} - date_trunc('${field}', ${local}))`;
  return result(call, `(${toUtc(value).text} - ${rest})`, { shape: UTC });
}

function truncatesInterval(call: Call): Sql {
  const field = fieldName(arg(call, 0), "date_trunc");
  const { months, days, micros } = intervalParts(arg(call, 1));
  const unit = {
    microseconds: 1n,
    milliseconds: 1_000n,
    second: 1_000_000n,
    minute: 60_000_000n,
    hour: 3_600_000_000n,
  }[field];
  const perMonths = {
    month: 1,
    quarter: 3,
    year: 12,
    decade: 120,
    century: 1_200,
    millennium: 12_000,
  }[field];
  const monthText = (text: string) => `to_months(CAST(${text} AS INTEGER))`;
  const dayText = `to_days(CAST(${days} AS INTEGER))`;
  if (unit !== undefined) {
    const time = `to_microseconds(CAST(${micros} // ${unit} * ${unit} AS BIGINT))`;
    return result(call, `(${monthText(months)} + ${dayText} + ${time})`);
  }
  if (field === "day") return result(call, `(${monthText(months)} + ${dayText})`);
  if (perMonths === undefined) {
    const isWeek = field === "week";
    throw new SqlError(
      isWeek ? "0A000" : "22023",
      `unit "${field}" not ${isWeek ? "supported" : "recognized"} for type interval`,
    );
  }
  return result(call, monthText(`${months} // ${perMonths} * ${perMonths}`));
}

/** The bucket of `stride` counted from `origin`, both without months. */
function bins(call: Call): Sql {
  const [stride, source, origin] = [arg(call, 0), arg(call, 1), arg(call, 2)];
  const width = constantWidth(stride, "date_bin");
  if (width.months !== 0) {
    throw new SqlError(
      "0A000",
      "timestamps cannot be binned into intervals containing months or years",
    );
  }
  const micros = BigInt(width.days) * 86_400_000_000n + width.micros;
  if (micros <= 0n) throw new SqlError("22008", "stride must be greater than zero");
  const text = `time_bucket(to_microseconds(${micros}), ${toUtc(source).text}, ${toUtc(origin).text})`;
  return result(call, text, { shape: toUtc(source).shape });
}

/** A literal interval. @throws SqlError 0A000 for one known only at run time. */
export function constantWidth(sql: Sql, what: string): Interval {
  const { constant } = sql;
  if (typeof constant === "object" && constant !== null && "micros" in constant) return constant;
  return refuse(`${what} with a width that is not a literal`);
}

export const datetimeTrunc: Readonly<Record<string, Rule>> = {
  "date_trunc(text,timestamp)": truncatesTimestamp,
  "date_trunc(text,timestamptz)": truncatesTimestamptz,
  "date_trunc(text,timestamptz,text)": truncatesTimestamptz,
  "date_trunc(text,interval)": truncatesInterval,
  "date_bin(interval,timestamp,timestamp)": bins,
  "date_bin(interval,timestamptz,timestamptz)": bins,
};
