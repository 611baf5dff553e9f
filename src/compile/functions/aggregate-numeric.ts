/** sum, avg and variance of integers and numeric: exact, from DuckDB's sums, counts and lists. */

import { Oid } from "../../types/oids.ts";
import { type AggregateCall, type AggregateRule, aggregateText } from "../closed-table.ts";
import { DECIMAL_DIGITS } from "../duckdb-types.ts";
import type { Sql } from "../expression.ts";
import { refuse } from "../refusals.ts";
import { toNumericText } from "../representations.ts";
import { decimalOf, decimalResult, product } from "./numeric-rules.ts";
import { arg, result } from "./rules.ts";

function aggregated(call: AggregateCall, text: string): Sql {
  return result(call, text, { isConstant: false, mayBeNull: true });
}

function sumOfBigints(call: AggregateCall): Sql {
  const text = `CAST(${aggregateText(call, "sum", [arg(call, 0).text])} AS DECIMAL(38,0))`;
  return {
    ...decimalResult(call, text, { precision: 38, scale: 0 }),
    isConstant: false,
    mayBeNull: true,
  };
}

function sumOfNumerics(call: AggregateCall): Sql {
  const value = arg(call, 0);
  const size = decimalOf(value);
  if (size === undefined) return aggregated(call, textSum(call, value.text));
  const { scale } = size;
  const total = aggregateText(call, "sum", [value.text]);
  const text = `CAST(${total} AS DECIMAL(38,${scale}))`;
  // The sum shows as many decimals as the row that shows most.
  const shown =
    value.scale === undefined
      ? undefined
      : aggregateText({ ...call, isDistinct: false }, "max", [value.scale]);
  const sum = decimalResult(call, text, { precision: DECIMAL_DIGITS, scale }, shown);
  return { ...sum, isConstant: false, mayBeNull: true };
}

function textSum(call: AggregateCall, text: string): string {
  if (call.isDistinct) return refuse("DISTINCT in aggregates of numeric without a fixed scale");
  return `num_sum(${aggregateText(call, "list", [text])})`;
}

function exactSum(call: AggregateCall): string {
  const value = arg(call, 0);
  if (value.shape.typeOid !== Oid.numeric) {
    return `CAST(${aggregateText(call, "sum", [value.text])} AS VARCHAR)`;
  }
  return toNumericText(sumOfNumerics(call)).text;
}

function average(call: AggregateCall): Sql {
  const rows = aggregateText(call, "count", [arg(call, 0).text]);
  return aggregated(call, `num_mean(${exactSum(call)}, ${rows})`);
}

/** From the sum, the sum of squares and the count, with PostgreSQL's formula and scale. */
function variance(kind: string): AggregateRule {
  return (call) => {
    const rows = aggregateText(call, "count", [arg(call, 0).text]);
    const squares = sumOfSquares(call);
    return aggregated(call, `num_variance(${exactSum(call)}, ${squares}, ${rows}, '${kind}')`);
  };
}

function sumOfSquares(call: AggregateCall): string {
  const value = arg(call, 0);
  const { text } = value;
  if (call.isDistinct) return refuse("variance of distinct values");
  if (value.shape.typeOid !== Oid.numeric) {
    const wide = value.shape.typeOid === Oid.int8 ? "HUGEINT" : "BIGINT";
    const square = `CAST(${text} AS ${wide}) * CAST(${text} AS ${wide})`;
    return `CAST(${aggregateText(call, "sum", [square])} AS VARCHAR)`;
  }
  const size = decimalOf(value);
  if (size === undefined || size.precision * 2 > DECIMAL_DIGITS) {
    const exact = toNumericText(value).text;
    return textSum(call, `num_mul(${exact}, ${exact})`);
  }
  const square = product(value, value, size, size);
  return `CAST(${aggregateText(call, "sum", [square])} AS VARCHAR)`;
}

const KINDS = {
  stddev: "stddev_samp",
  stddev_samp: "stddev_samp",
  stddev_pop: "stddev_pop",
  variance: "var_samp",
  var_samp: "var_samp",
  var_pop: "var_pop",
} as const;

function rows(): Record<string, AggregateRule> {
  const aggregates: Record<string, AggregateRule> = {
    "sum(int8)": sumOfBigints,
    "sum(numeric)": sumOfNumerics,
  };
  for (const type of ["int2", "int4", "int8", "numeric"]) {
    aggregates[`avg(${type})`] = average;
    for (const [name, kind] of Object.entries(KINDS)) {
      aggregates[`${name}(${type})`] = variance(kind);
    }
  }
  return aggregates;
}

export const exactStatistics: Readonly<Record<string, AggregateRule>> = rows();
