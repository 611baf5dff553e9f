/** Integer and float functions that DuckDB lacks or rounds differently. */

import { BIGINT, DOUBLE, INTEGER } from "@duckdb/node-api";
import { pgError, type ScalarFunction } from "./scalar-function.ts";

export const mathFunctions: readonly ScalarFunction[] = [
  // DuckDB's cbrt(27) is 3.0000000000000004
  { name: "pg_cbrt", parameters: [DOUBLE], returns: DOUBLE, run: Math.cbrt },
  {
    name: "pg_shift_left",
    parameters: [BIGINT, INTEGER, INTEGER],
    returns: BIGINT,
    run: (value: bigint, count: number, bits: number) =>
      BigInt.asIntN(bits, value << BigInt(count & (bits === 64 ? 63 : 31))),
  },
  {
    name: "pg_width_bucket",
    parameters: [DOUBLE, DOUBLE, DOUBLE, INTEGER],
    returns: INTEGER,
    run: widthBucket,
  },
];

function widthBucket(operand: number, low: number, high: number, count: number): number {
  if (count <= 0) throw pgError("2201G", "count must be greater than zero");
  if (Number.isNaN(operand) || Number.isNaN(low) || Number.isNaN(high)) {
    throw pgError("2201G", "operand, lower bound, and upper bound cannot be NaN");
  }
  if (!Number.isFinite(low) || !Number.isFinite(high)) {
    throw pgError("2201G", "lower and upper bounds must be finite");
  }
  if (low === high) throw pgError("2201G", "lower bound cannot equal upper bound");
  const isRising = low < high;
  if (isRising ? operand < low : operand > low) return 0;
  if (isRising ? operand >= high : operand <= high) return checked(count + 1);
  // Halves keep the differences finite, as float.c does.
  const position = Number.isFinite(high - low)
    ? (operand - low) / (high - low)
    : (operand / 2 - low / 2) / (high / 2 - low / 2);
  return checked(Math.min(Math.floor(count * position), count - 1) + 1);
}

function checked(bucket: number): number {
  if (bucket > 2_147_483_647) throw pgError("22003", "integer out of range");
  return bucket;
}
