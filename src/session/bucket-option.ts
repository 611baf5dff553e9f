/** BUCKET and TIMEZONE: what the user wrote, as the index of the shared format. */

import { type ErrorFields, SqlError } from "../base/errors.ts";
import type { IndexKind } from "../table/format.ts";
import { parseInterval } from "../types/interval-input.ts";
import { Oid } from "../types/oids.ts";
import { isZoneName } from "../types/time-zones.ts";
import type { Interval } from "../types/value.ts";

export const DEFAULT_BUCKET = "1 hour";

const MICROS_PER_SECOND = 1_000_000n;
const SECONDS_PER_DAY = 86_400n;
const COUNT_MAX = 0xffff_ffffn;

export interface BucketChoice {
  readonly kind: IndexKind;
  readonly notices: readonly ErrorFields[];
}

/** @throws SqlError 42P16, 22023, 22007, 0A000 */
export function indexKind(
  bucket: string | bigint | undefined,
  timeZone: string | undefined,
  timeOid: number,
): BucketChoice {
  const isInteger = timeOid === Oid.int2 || timeOid === Oid.int4 || timeOid === Oid.int8;
  if (isInteger) return { kind: integerKind(bucket), notices: [] };
  if (typeof bucket === "bigint") {
    throw new SqlError("42P16", "the bucket of a time axis must be an interval", {
      hint: "Write BUCKET '1 hour'.",
    });
  }
  const text = bucket ?? DEFAULT_BUCKET;
  const seconds = bucketSeconds(text);
  const timezone = checkedZone(timeZone);
  if (timezone !== undefined && seconds % SECONDS_PER_DAY === 0n) {
    throw new SqlError("0A000", "buckets of days in a time zone are not supported yet", {
      hint: "Leave TIMEZONE out, or use a bucket shorter than a day.",
    });
  }
  return { kind: { type: "timestamp", ...unitOf(seconds), timezone }, notices: notices(text) };
}

function integerKind(bucket: string | bigint | undefined): IndexKind {
  if (typeof bucket !== "bigint") {
    throw new SqlError("42P16", "an integer time axis needs an integer bucket", {
      hint: "Write BUCKET 1000, in units of the time column.",
    });
  }
  if (bucket <= 0n) throw new SqlError("22023", "bucket must be greater than zero");
  if (bucket >= 1n << 63n) throw new SqlError("22003", "bucket is out of range for type bigint");
  return { type: "int64", width: bucket };
}

function bucketSeconds(text: string): bigint {
  const interval: Interval = parseInterval(text, "postgres");
  if (interval.months !== 0) {
    const isMixed = interval.days !== 0 || interval.micros !== 0n;
    throw new SqlError(
      "0A000",
      isMixed ? "a bucket cannot mix months and days" : "calendar buckets are not supported yet",
      { hint: "Use a bucket of seconds, minutes, hours or days." },
    );
  }
  if (/week/i.test(text)) {
    throw new SqlError("0A000", "calendar buckets are not supported yet", {
      hint: "BUCKET '7 days' starts on Thursdays.",
    });
  }
  const micros = BigInt(interval.days) * SECONDS_PER_DAY * MICROS_PER_SECOND + interval.micros;
  if (micros < MICROS_PER_SECOND || micros % MICROS_PER_SECOND !== 0n) {
    throw new SqlError("22023", `bucket "${text}" is not a positive number of whole seconds`);
  }
  return micros / MICROS_PER_SECOND;
}

/** The largest unit that divides it; what equal intervals are spelled as does not matter. */
function unitOf(seconds: bigint): {
  unit: "Days" | "Hours" | "Minutes" | "Seconds";
  count: number;
} {
  const [unit, size] = (
    [
      ["Days", SECONDS_PER_DAY],
      ["Hours", 3600n],
      ["Minutes", 60n],
      ["Seconds", 1n],
    ] as const
  ).find(([, length]) => seconds % length === 0n) ?? ["Seconds", 1n];
  const count = seconds / size;
  if (count > COUNT_MAX) throw new SqlError("22023", "bucket is too long");
  return { unit, count: Number(count) };
}

function checkedZone(timeZone: string | undefined): string | undefined {
  if (timeZone === undefined || timeZone.toUpperCase() === "UTC") return undefined;
  if (isZoneName(timeZone)) return timeZone;
  throw new SqlError("22023", `time zone "${timeZone}" not recognized`);
}

function notices(text: string): ErrorFields[] {
  if (!/^\s*7\s*d(ays?)?\s*$/i.test(text)) return [];
  return [
    {
      severity: "NOTICE",
      sqlState: "00000",
      message: "buckets of 7 days start on Thursdays",
    },
  ];
}

/** As `tstable.tables` shows it. */
export function bucketText(kind: IndexKind): string {
  if (kind.type !== "timestamp") return kind.width.toString();
  const unit = kind.unit.toLowerCase().slice(0, -1);
  return `${kind.count} ${unit}${kind.count === 1 ? "" : "s"}`;
}
