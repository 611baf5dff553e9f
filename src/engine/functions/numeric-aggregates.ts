/**
 * Aggregates of numeric, from what DuckDB has gathered: a list of texts, or a sum, a sum of squares
 * and a count. Formulas and scales are those of numeric_avg and numeric_stddev_internal.
 */

import {
  addNumeric,
  divideAt,
  divideNumeric,
  divisionScale,
  multiplyNumeric,
  squareRootAt,
  subtractNumeric,
} from "./numeric-arithmetic.ts";
import { finite, type Numeric, numericText, parseNumeric, powerOfTen } from "./numeric-value.ts";

export type VarianceKind = "var_pop" | "var_samp" | "stddev_pop" | "stddev_samp";

/** NULL for no values. */
export function numericSum(values: readonly (string | null)[]): string | null {
  let sum: Numeric | undefined;
  // Finite values add up in one integer; the scale grows when a value has more decimals.
  for (const text of values) {
    if (text === null) continue;
    const value = parseNumeric(text);
    sum = sum === undefined ? value : addNumeric(sum, value);
  }
  return sum === undefined ? null : numericText(sum);
}

/** sum / count; NULL for no values. */
export function meanOfIntegers(sum: string, count: bigint): string | null {
  if (count === 0n) return null;
  return numericText(divideNumeric(parseNumeric(sum), finite(count, 0)));
}

export function numericVariance(
  sumText: string,
  squaresText: string,
  count: bigint,
  kind: VarianceKind,
): string | null {
  const isSample = kind.endsWith("samp");
  if (count === 0n || (isSample && count === 1n)) return null;
  const sum = parseNumeric(sumText);
  const squares = parseNumeric(squaresText);
  if (sum.special !== undefined || squares.special !== undefined) return "NaN";
  const n = finite(count, 0);
  const numerator = subtractNumeric(multiplyNumeric(n, squares), multiplyNumeric(sum, sum));
  // numeric.c multiplies both products at twice the scale of the sum.
  const scale = sum.scale * 2;
  const aligned = finite(
    numerator.units * powerOfTen(Math.max(0, scale - numerator.scale)),
    Math.max(scale, numerator.scale),
  );
  if (aligned.units <= 0n) return "0";
  const denominator = finite(isSample ? count * (count - 1n) : count * count, 0);
  const resultScale = divisionScale(aligned, denominator);
  const variance = divideAt(aligned, denominator, resultScale);
  return numericText(kind.startsWith("stddev") ? squareRootAt(variance, resultScale) : variance);
}
