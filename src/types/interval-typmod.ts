/** interval's modifier: which fields are kept, and how many digits of a second. */

import type { Interval } from "./value.ts";

const FULL_PRECISION = 0xffff;
const DIGITS_MAX = 6;
const FULL_RANGE = 0x7fff;
const SECOND = 1_000_000n;
const MINUTE = 60n * SECOND;
const HOUR = 60n * MINUTE;

/** Bits of PostgreSQL's INTERVAL_MASK. */
const MONTH = 1 << 1;
const YEAR = 1 << 2;
const DAY = 1 << 3;
const HOUR_BIT = 1 << 10;
const MINUTE_BIT = 1 << 11;
const SECOND_BIT = 1 << 12;

const INT32_MAX = 2 ** 31 - 1;
const INT64_MAX = 2n ** 63n - 1n;

/** As AdjustIntervalForTypmod: smaller fields than the last one named are cut off. */
export function fitInterval(value: Interval, typmod: number): Interval {
  if (isInfinite(value)) return value;
  const range = (typmod >> 16) & FULL_RANGE;
  const precision = typmod & FULL_PRECISION;
  const kept = range === FULL_RANGE ? value : keep(value, range);
  if (precision === FULL_PRECISION || precision >= DIGITS_MAX) return kept;
  return { ...kept, micros: round(kept.micros, 10n ** BigInt(DIGITS_MAX - precision)) };
}

function keep(value: Interval, range: number): Interval {
  if (range === YEAR) {
    return { kind: "interval", months: Math.trunc(value.months / 12) * 12, days: 0, micros: 0n };
  }
  if ((range & ~(YEAR | MONTH)) === 0) return { ...value, days: 0, micros: 0n };
  if (range === DAY) return { ...value, micros: 0n };
  if ((range & SECOND_BIT) !== 0) return value;
  if ((range & MINUTE_BIT) !== 0) return { ...value, micros: cut(value.micros, MINUTE) };
  return (range & HOUR_BIT) !== 0 ? { ...value, micros: cut(value.micros, HOUR) } : value;
}

function cut(micros: bigint, unit: bigint): bigint {
  return (micros / unit) * unit;
}

function round(micros: bigint, unit: bigint): bigint {
  const half = micros < 0n ? -unit / 2n : unit / 2n;
  return cut(micros + half, unit);
}

function isInfinite({ months, days, micros }: Interval): boolean {
  const isAbove = months === INT32_MAX && days === INT32_MAX && micros === INT64_MAX;
  return (
    isAbove || (months === -INT32_MAX - 1 && days === -INT32_MAX - 1 && micros === -INT64_MAX - 1n)
  );
}
