/** A table's time axis between SQL values and the store's raw numbers. */

import { SqlError } from "../base/errors.ts";
import { floorDiv } from "../base/units.ts";
import { bucketBounds } from "../table/buckets.ts";
import type { IndexKind } from "../table/format.ts";
import { Oid } from "../types/oids.ts";
import { type Interval, NEG_INFINITY, POS_INFINITY, type SqlValue } from "../types/value.ts";

const NANOS_PER_MICRO = 1000n;
const MICROS_PER_DAY = 86_400_000_000n;

export interface TimeAxis {
  readonly kind: IndexKind;
  /** PostgreSQL type of the time column. */
  readonly typeOid: number;
}

/**
 * Nanoseconds since 1970 for timestamps and dates, the number itself otherwise.
 * @throws SqlError 22023 for an infinite time
 */
export function rawOf(axis: TimeAxis, value: SqlValue): bigint {
  if (value === POS_INFINITY || value === NEG_INFINITY) throw notFinite();
  if (axis.typeOid === Oid.date) {
    if (!Number.isFinite(Number(value))) throw notFinite();
    return BigInt(Number(value)) * MICROS_PER_DAY * NANOS_PER_MICRO;
  }
  const number = BigInt(value as bigint | number | string);
  return axis.kind.type === "timestamp" ? number * NANOS_PER_MICRO : number;
}

/** The value of the time column's type that a raw number is; nanoseconds are cut. */
export function valueOfRaw(axis: TimeAxis, raw: bigint): SqlValue {
  switch (axis.typeOid) {
    case Oid.date:
      return Number(floorDiv(raw, MICROS_PER_DAY * NANOS_PER_MICRO));
    case Oid.timestamp:
    case Oid.timestamptz:
      return floorDiv(raw, NANOS_PER_MICRO);
    case Oid.int2:
    case Oid.int4:
      return Number(raw);
    case Oid.int8:
      return raw;
    default:
      return raw.toString();
  }
}

/** Where a bucket begins. */
export function bucketStart(axis: TimeAxis, ordinal: bigint): SqlValue {
  return valueOfRaw(axis, bucketBounds(axis.kind, ordinal).min);
}

/** Where the next one begins. */
export function bucketEnd(axis: TimeAxis, ordinal: bigint): SqlValue {
  return valueOfRaw(axis, bucketBounds(axis.kind, ordinal).max + 1n);
}

/**
 * The length of a number of buckets: an interval of days and time, or a count of the axis' units.
 */
export function distance(axis: TimeAxis, buckets: bigint): SqlValue {
  if (axis.kind.type !== "timestamp") return buckets * axis.kind.width;
  const { min, max } = bucketBounds(axis.kind, 0n);
  const micros = ((max - min + 1n) / NANOS_PER_MICRO) * buckets;
  return {
    kind: "interval",
    months: 0,
    days: Number(micros / MICROS_PER_DAY),
    micros: micros % MICROS_PER_DAY,
  };
}

/** A length in raw units; a month counts 30 days, as where PostgreSQL compares intervals. */
export function rawDistance(value: SqlValue): bigint {
  if (typeof value !== "object" || value === null || !("kind" in value)) {
    return BigInt(value as bigint | number | string);
  }
  const interval = value as Interval;
  const days = BigInt(interval.months) * 30n + BigInt(interval.days);
  return (days * MICROS_PER_DAY + interval.micros) * NANOS_PER_MICRO;
}

function notFinite(): SqlError {
  return new SqlError("22023", "range bounds must be finite", {
    hint: "Use NULL for the first or last covered bucket.",
  });
}
