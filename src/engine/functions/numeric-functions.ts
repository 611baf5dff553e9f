/** The numeric chapter as DuckDB sees it: exact texts in, exact texts out. */

import type { DuckDBListValue } from "@duckdb/node-api";
import { BIGINT, BOOLEAN, DOUBLE, FLOAT, INTEGER, LIST, VARCHAR } from "@duckdb/node-api";
import { meanOfIntegers, numericSum, numericVariance } from "./numeric-aggregates.ts";
import * as arithmetic from "./numeric-arithmetic.ts";
import * as convert from "./numeric-convert.ts";
import * as power from "./numeric-power.ts";
import {
  compareNumeric,
  finite,
  type Numeric,
  numericKey,
  numericText,
  parseNumericCached as parse,
  powerOfTen,
  roundTo,
  truncateTo,
} from "./numeric-value.ts";
import type { ScalarFunction } from "./scalar-function.ts";

export const numericFunctions: readonly ScalarFunction[] = [
  binary("num_add", arithmetic.addNumeric),
  binary("num_sub", arithmetic.subtractNumeric),
  binary("num_mul", arithmetic.multiplyNumeric),
  binary("num_div", arithmetic.divideNumeric),
  binary("num_div_trunc", arithmetic.divideTruncated),
  binary("num_mod", arithmetic.remainderNumeric),
  binary("num_power", power.powerNumeric),
  binary("num_log", power.logNumeric),
  binary("num_gcd", greatestCommonDivisor),
  binary("num_lcm", leastCommonMultiple),
  unary("num_neg", arithmetic.negateNumeric),
  unary("num_abs", (value) =>
    arithmetic.signOf(value) < 0 ? arithmetic.negateNumeric(value) : value,
  ),
  unary("num_sign", sign),
  unary("num_sqrt", arithmetic.squareRoot),
  unary("num_exp", power.expNumeric),
  unary("num_ln", power.lnNumeric),
  unary("num_ceil", (value) => toInteger(value, 1n)),
  unary("num_floor", (value) => toInteger(value, -1n)),
  unary("num_trim_scale", trimScale),
  text("num_key", [VARCHAR], (value: string) => numericKey(parse(value))),
  text("num_round", [VARCHAR, INTEGER], (value: string, scale: number) =>
    numericText(roundTo(parse(value), scale)),
  ),
  text("num_trunc", [VARCHAR, INTEGER], (value: string, scale: number) =>
    numericText(truncateTo(parse(value), scale)),
  ),
  text("num_typmod", [VARCHAR, INTEGER, INTEGER], convert.fitNumeric),
  text("num_from_f8", [DOUBLE], convert.numericOfDouble),
  text("num_from_f4", [FLOAT], convert.numericOfReal),
  { name: "num_to_f8", parameters: [VARCHAR], returns: DOUBLE, run: convert.doubleOfNumeric },
  { name: "num_to_f4", parameters: [VARCHAR], returns: FLOAT, run: convert.realOfNumeric },
  {
    name: "num_to_int",
    parameters: [VARCHAR, INTEGER],
    returns: BIGINT,
    run: convert.integerOfNumeric,
  },
  {
    name: "num_cmp",
    parameters: [VARCHAR, VARCHAR],
    returns: INTEGER,
    run: (a: string, b: string) => compareNumeric(parse(a), parse(b)),
  },
  {
    name: "num_scale",
    parameters: [VARCHAR],
    returns: INTEGER,
    run: (value: string) => (parse(value).special === undefined ? parse(value).scale : null),
  },
  {
    name: "num_min_scale",
    parameters: [VARCHAR],
    returns: INTEGER,
    run: (value: string) =>
      parse(value).special === undefined ? trimScale(parse(value)).scale : null,
  },
  {
    name: "num_is_finite",
    parameters: [VARCHAR],
    returns: BOOLEAN,
    run: (value: string) => parse(value).special === undefined,
  },
  {
    name: "num_width_bucket",
    parameters: [VARCHAR, VARCHAR, VARCHAR, INTEGER],
    returns: INTEGER,
    run: convert.widthBucket,
  },
  text("num_sum", [LIST(VARCHAR)], (values: DuckDBListValue) =>
    numericSum(values.items as readonly (string | null)[]),
  ),
  // kind: var_pop, var_samp, stddev_pop, stddev_samp; from the sum, the sum of squares, the count
  text("num_variance", [VARCHAR, VARCHAR, BIGINT, VARCHAR], numericVariance),
  text("num_mean", [VARCHAR, BIGINT], meanOfIntegers),
];

function text(
  name: string,
  parameters: ScalarFunction["parameters"],
  run: ScalarFunction["run"],
): ScalarFunction {
  return { name, parameters, returns: VARCHAR, run };
}

function unary(name: string, compute: (value: Numeric) => Numeric): ScalarFunction {
  return text(name, [VARCHAR], (value: string) => numericText(compute(parse(value))));
}

function binary(name: string, compute: (a: Numeric, b: Numeric) => Numeric): ScalarFunction {
  return text(name, [VARCHAR, VARCHAR], (a: string, b: string) =>
    numericText(compute(parse(a), parse(b))),
  );
}

function sign(value: Numeric): Numeric {
  if (value.special === "NaN") return value;
  return finite(BigInt(arithmetic.signOf(value)), 0);
}

/** ceil for direction 1, floor for -1. */
function toInteger(value: Numeric, direction: 1n | -1n): Numeric {
  if (value.special !== undefined) return value;
  const unit = powerOfTen(value.scale);
  const truncated = value.units / unit;
  const rest = value.units % unit;
  return finite(rest !== 0n && rest > 0n === direction > 0n ? truncated + direction : truncated, 0);
}

function trimScale(value: Numeric): Numeric {
  let { units, scale } = value;
  while (scale > 0 && units % 10n === 0n) {
    units /= 10n;
    scale--;
  }
  return value.special === undefined ? finite(units, scale) : value;
}

function greatestCommonDivisor(a: Numeric, b: Numeric): Numeric {
  if (a.special !== undefined || b.special !== undefined)
    return { units: 0n, scale: 0, special: "NaN" };
  const scale = Math.max(a.scale, b.scale);
  let x = a.units * powerOfTen(scale - a.scale);
  let y = b.units * powerOfTen(scale - b.scale);
  while (y !== 0n) [x, y] = [y, x % y];
  return finite(x < 0n ? -x : x, scale);
}

function leastCommonMultiple(a: Numeric, b: Numeric): Numeric {
  if (a.special !== undefined || b.special !== undefined)
    return { units: 0n, scale: 0, special: "NaN" };
  const scale = Math.max(a.scale, b.scale);
  const x = a.units * powerOfTen(scale - a.scale);
  const y = b.units * powerOfTen(scale - b.scale);
  if (x === 0n || y === 0n) return finite(0n, scale);
  const product = (x / greatestCommonDivisor(finite(x, 0), finite(y, 0)).units) * y;
  return finite(product < 0n ? -product : product, scale);
}
