/**
 * One SQL value in memory, between layers and threads (structured-clone safe).
 *
 * null is SQL NULL. By PostgreSQL type:
 * bool → boolean; int2, int4, oid, float4, float8 → number; int8 → bigint;
 * numeric → string, PostgreSQL's exact text; text, varchar, char(n), name, json, jsonb, uuid,
 * enums → string;
 * bytea → Uint8Array; date → number, days since 1970-01-01 (±Infinity for infinity);
 * time → bigint, microseconds since midnight; timestamp, timestamptz → bigint, microseconds since
 * 1970-01-01 (POS_INFINITY / NEG_INFINITY for infinity); interval → Interval; arrays → SqlArray.
 */
export type SqlValue = null | boolean | number | bigint | string | Uint8Array | Interval | SqlArray;

export interface Interval {
  readonly kind: "interval";
  readonly months: number;
  readonly days: number;
  readonly micros: bigint;
}

/** Elements in row-major order; `dimensions` is empty for `{}`. */
export interface SqlArray {
  readonly kind: "array";
  readonly dimensions: readonly { readonly length: number; readonly lowerBound: number }[];
  readonly elements: readonly SqlValue[];
}

export const POS_INFINITY = 0x7fff_ffff_ffff_ffffn;
export const NEG_INFINITY = -0x8000_0000_0000_0000n;
