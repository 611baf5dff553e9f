/** Numbers that must not be mixed up get a brand. */

declare const brand: unique symbol;
type Branded<Base, Name extends string> = Base & { readonly [brand]: Name };

/** Microseconds since 1970-01-01T00:00:00Z; PostgreSQL's own resolution. */
export type Micros = Branded<bigint, "Micros">;
/** Number of a commit of one table; the first is 1, 0 means "no table". */
export type Version = Branded<number, "Version">;
/** Identity of one coverage bucket as the shared format stores it (u64). */
export type BucketId = Branded<bigint, "BucketId">;

export function micros(value: bigint): Micros {
  return value as Micros;
}

export function version(value: number): Version {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`bad version ${value}`);
  return value as Version;
}

export function bucketId(value: bigint): BucketId {
  if (value < 0n || value >= 1n << 64n) throw new RangeError(`bad bucket ${value}`);
  return value as BucketId;
}

/** Euclidean quotient for a positive divisor: bigint division truncates, time needs floor. */
export function floorDiv(value: bigint, divisor: bigint): bigint {
  const quotient = value / divisor;
  return value % divisor < 0n ? quotient - 1n : quotient;
}
