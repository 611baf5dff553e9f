/**
 * Bucket arithmetic. Inside the store a bucket is its *ordinal*: a signed 64-bit number in the
 * order of time. It is the quotient floor(value / width) for timestamps and int64, and quotient -
 * 2^63 for uint64; either way ordinal + 2^63 is the id of the shared format.
 */

import { floorDiv } from "../base/units.ts";
import { StoreError } from "./error.ts";
import type { BucketUnit, IndexKind } from "./format.ts";

const SIGN = 1n << 63n;
const NANOS = 1_000_000_000n;
const SECONDS: Readonly<Record<BucketUnit, bigint>> = {
  Seconds: 1n,
  Minutes: 60n,
  Hours: 3600n,
  Days: 86_400n,
};

/** First and last raw index value that exist: for timestamps the years -262143 to 262142. */
const DOMAIN: Readonly<Record<IndexKind["type"], readonly [bigint, bigint]>> = {
  timestamp: [-8_334_601_228_800n * NANOS, 8_210_266_876_800n * NANOS - 1n],
  int64: [-SIGN, SIGN - 1n],
  u_int64: [0n, 2n * SIGN - 1n],
};

/** Seconds for timestamps, units of the index otherwise. */
export function bucketWidth(kind: IndexKind): bigint {
  return kind.type === "timestamp" ? BigInt(kind.count) * SECONDS[kind.unit] : kind.width;
}

/** `raw` in nanoseconds for timestamps. */
export function bucketOf(kind: IndexKind, raw: bigint): bigint {
  return ordinalOfQuotient(kind, floorDiv(raw, rawWidth(kind)));
}

export function ordinalOfQuotient(kind: IndexKind, quotient: bigint): bigint {
  return kind.type === "u_int64" ? quotient - SIGN : quotient;
}

/** The raw values of a bucket, both inclusive, cut to what the index type can hold. */
export function bucketBounds(
  kind: IndexKind,
  ordinal: bigint,
): { readonly min: bigint; readonly max: bigint } {
  const quotient = kind.type === "u_int64" ? ordinal + SIGN : ordinal;
  const width = rawWidth(kind);
  const [least, greatest] = DOMAIN[kind.type];
  const start = quotient * width;
  const end = start + width - 1n;
  return { min: start < least ? least : start, max: end > greatest ? greatest : end };
}

export interface BucketRange {
  /** Ordinals, both inclusive. */
  readonly first: bigint;
  readonly last: bigint;
}

/**
 * The buckets that the half-open range of raw values touches.
 * @throws StoreError "invalid-range" unless from < until
 */
export function bucketsOfRange(kind: IndexKind, from: bigint, until: bigint): BucketRange {
  if (from >= until) throw new StoreError("invalid-range", "range must not be empty");
  return { first: bucketOf(kind, from), last: bucketOf(kind, until - 1n) };
}

export function bucketIdOf(ordinal: bigint): bigint {
  return ordinal + SIGN;
}

export function ordinalOfId(id: bigint): bigint {
  return id - SIGN;
}

function rawWidth(kind: IndexKind): bigint {
  return kind.type === "timestamp" ? bucketWidth(kind) * NANOS : kind.width;
}
