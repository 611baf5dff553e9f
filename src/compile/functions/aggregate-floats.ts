/**
 * Spread and regression of floats: DuckDB's sums, PostgreSQL's answers for few rows, NaN and
 * infinity.
 */

import { type AggregateCall, type AggregateRule, aggregateText } from "../closed-table.ts";
import type { Sql } from "../expression.ts";
import { arg, raise, result } from "./rules.ts";

const NAN = "CAST('nan' AS DOUBLE)";

function aggregated(call: AggregateCall, text: string): Sql {
  return result(call, text, { isConstant: false, mayBeNull: true });
}

/**
 * stddev and variance: one value that is not finite makes them NaN, where DuckDB raises or says 0.
 * float4 is computed in double precision.
 */
function spread(native: string): AggregateRule {
  const isSample = native.endsWith("samp");
  return (call) => {
    const value = `CAST(${arg(call, 0).text} AS DOUBLE)`;
    const infinite = aggregateText(call, "bool_or", [`NOT isfinite(${value})`]);
    const rows = aggregateText({ ...call, isDistinct: false }, "count", [value]);
    const nan = isSample ? `(CASE WHEN ${rows} > 1 THEN ${NAN} END)` : NAN;
    const finite = `CASE WHEN isfinite(${value}) THEN ${value} END`;
    const text = aggregateText(call, native, [finite]);
    return aggregated(call, `(CASE WHEN ${infinite} THEN ${nan} ELSE ${text} END)`);
  };
}

/** The sums of squares and products of the pairs, and what a formula makes of them. */
function regression(formula: (sum: (name: string) => string) => string): AggregateRule {
  const refused = raise(
    "0A000",
    "regression over NaN or infinity is not supported on these tables",
  );
  return (call) => {
    const [y, x] = [arg(call, 0).text, arg(call, 1).text];
    const sum = (name: string) => aggregateText(call, name, [y, x]);
    // a pair with a NULL counts nowhere
    const isPair = `${y} IS NOT NULL AND ${x} IS NOT NULL`;
    const test = `${isPair} AND NOT (isfinite(${y}) AND isfinite(${x}))`;
    const guard = aggregateText({ ...call, isDistinct: false }, "bool_or", [test]);
    return aggregated(call, `(CASE WHEN ${guard} THEN ${refused} ELSE ${formula(sum)} END)`);
  };
}

const plain = (name: string): AggregateRule => regression((sum) => sum(name));

const slope = (sum: (name: string) => string) =>
  `(CASE WHEN ${sum("regr_sxx")} <> 0 THEN ${sum("regr_sxy")} / ${sum("regr_sxx")} END)`;

function rows(): Record<string, AggregateRule> {
  const aggregates: Record<string, AggregateRule> = {};
  const natives = {
    stddev: "stddev_samp",
    stddev_samp: "stddev_samp",
    stddev_pop: "stddev_pop",
    variance: "var_samp",
    var_samp: "var_samp",
    var_pop: "var_pop",
  };
  for (const [name, native] of Object.entries(natives)) {
    aggregates[`${name}(float8)`] = spread(native);
    aggregates[`${name}(float4)`] = spread(native);
  }
  for (const name of ["covar_pop", "covar_samp", "regr_avgx", "regr_avgy"]) {
    aggregates[`${name}(float8,float8)`] = plain(name);
  }
  for (const name of ["regr_sxx", "regr_sxy", "regr_syy"]) {
    aggregates[`${name}(float8,float8)`] = plain(name);
  }
  return aggregates;
}

export const floatStatistics: Readonly<Record<string, AggregateRule>> = {
  ...rows(),
  "regr_slope(float8,float8)": regression(slope),
  "regr_intercept(float8,float8)": regression(
    (sum) => `(${sum("regr_avgy")} - ${sum("regr_avgx")} * ${slope(sum)})`,
  ),
  // a horizontal line fits exactly; over one x nothing is said
  "regr_r2(float8,float8)": regression(
    (sum) =>
      `(CASE WHEN ${sum("regr_sxx")} = 0 THEN NULL WHEN ${sum("regr_syy")} = 0 THEN CAST(1 AS DOUBLE)` +
      ` ELSE ${sum("regr_sxy")} * ${sum("regr_sxy")} / (${sum("regr_sxx")} * ${sum("regr_syy")}) END)`,
  ),
  "corr(float8,float8)": regression(
    (sum) =>
      `(CASE WHEN ${sum("regr_sxx")} <> 0 AND ${sum("regr_syy")} <> 0 THEN` +
      ` greatest(CAST(-1 AS DOUBLE), least(CAST(1 AS DOUBLE), ${sum("regr_sxy")} / sqrt(${sum("regr_sxx")} * ${sum("regr_syy")}))) END)`,
  ),
};
