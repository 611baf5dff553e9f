/** Aggregates, also as window functions: exact sums and averages, PostgreSQL's result types. */

import { Oid } from "../../types/oids.ts";
import {
  type AggregateCall,
  type AggregateRule,
  aggregateText,
  type Chapter,
} from "../closed-table.ts";
import { groupKey, needsKey } from "../comparisons.ts";
import { defaultShape, duckdbType } from "../duckdb-types.ts";
import { type Sql, sortKeysText } from "../expression.ts";
import { refuse } from "../refusals.ts";
import { toNumericText } from "../representations.ts";
import { floatStatistics } from "./aggregate-floats.ts";
import { collections } from "./aggregate-lists.ts";
import { exactStatistics } from "./aggregate-numeric.ts";
import { orderedSets } from "./aggregate-ordered.ts";
import { arg, argumentText, result } from "./rules.ts";

/** An aggregate's value: NULL without rows, never a constant. */
function aggregated(call: AggregateCall, text: string, more: Partial<Sql> = {}): Sql {
  return result(call, text, { isConstant: false, mayBeNull: true, ...more });
}

/** DuckDB's aggregate of this name, cast to the result type where DuckDB's is another. */
function direct(name: string, cast?: string): AggregateRule {
  return (call) => {
    const text = aggregateText(call, name, call.args.map(argumentText));
    return aggregated(call, cast === undefined ? text : `CAST(${text} AS ${cast})`);
  };
}

function count(call: AggregateCall): Sql {
  const value = call.args[0];
  const counted = value === undefined ? "*" : call.isDistinct ? groupKey(value) : value.text;
  return aggregated(call, aggregateText(call, "count", [counted]), { mayBeNull: false });
}

/** min and max keep the representation; where the text is not its own sort key, through the key. */
function extreme(name: "min" | "max"): AggregateRule {
  return (call) => {
    const value = arg(call, 0);
    if (value.shape.typeOid >= 16_384) return refuse(`${name} of an enum`);
    if (!needsKey(value)) {
      return aggregated(call, aggregateText(call, name, [value.text]), { shape: value.shape });
    }
    const pick = (text: string) => {
      const plain = { ...call, isDistinct: false };
      return aggregateText(plain, `arg_${name}`, [text, groupKey(value)]);
    };
    return aggregated(call, pick(value.text), {
      shape: value.shape,
      ...(value.scale === undefined ? {} : { scale: pick(value.scale) }),
    });
  };
}

/** first and last by time: rows without a time do not count, values may be NULL. */
function byTime(name: "arg_min_null" | "arg_max_null"): AggregateRule {
  return (call) => {
    const value = arg(call, 0);
    const pick = (text: string) => aggregateText(call, name, [text, groupKey(arg(call, 1))]);
    return aggregated(call, pick(value.text), {
      shape: value.shape,
      ...(value.scale === undefined ? {} : { scale: pick(value.scale) }),
    });
  };
}

function anyValue(call: AggregateCall): Sql {
  const value = arg(call, 0);
  if (value.scale !== undefined) {
    const exact = toNumericText(value);
    return aggregated(call, aggregateText(call, "any_value", [exact.text]), { shape: exact.shape });
  }
  return aggregated(call, aggregateText(call, "any_value", [value.text]), { shape: value.shape });
}

/** sum of intervals: months, days and microseconds each. */
function sumOfIntervals(call: AggregateCall): Sql {
  return aggregated(call, intervalSum(call));
}

function intervalSum(call: AggregateCall): string {
  const { text } = arg(call, 0);
  const months = `datepart('year', ${text}) * 12 + datepart('month', ${text})`;
  const days = `datepart('day', ${text})`;
  const micros = `datepart('hour', ${text}) * 3600000000 + datepart('minute', ${text}) * 60000000 + datepart('microsecond', ${text})`;
  if (call.isDistinct) return refuse("sum and avg of distinct intervals");
  const sum = (part: string) => aggregateText(call, "sum", [part]);
  return (
    `(to_months(CAST(${sum(months)} AS INTEGER)) + to_days(CAST(${sum(days)} AS INTEGER))` +
    ` + to_microseconds(CAST(${sum(micros)} AS BIGINT)))`
  );
}

function meanOfIntervals(call: AggregateCall): Sql {
  const rows = aggregateText(call, "count", [arg(call, 0).text]);
  return aggregated(call, `pg_interval_mean(${intervalSum(call)}, ${rows})`);
}

const EXTREMES = `int2 int4 int8 float4 float8 numeric text bpchar date time timestamp timestamptz
  interval bytea anyarray`.split(/\s+/);

function rows(): Record<string, AggregateRule> {
  const aggregates: Record<string, AggregateRule> = {};
  for (const type of EXTREMES) {
    aggregates[`min(${type})`] = extreme("min");
    aggregates[`max(${type})`] = extreme("max");
  }
  for (const type of ["int2", "int4", "int8"]) {
    for (const name of ["bit_and", "bit_or", "bit_xor"]) {
      aggregates[`${name}(${type})`] = (call) => {
        const cast = duckdbType(defaultShape(call.resultType));
        return direct(name, cast)(call);
      };
    }
  }
  return aggregates;
}

/** string_agg with one delimiter for all rows; DISTINCT is sorted, as PostgreSQL's is. */
function joinTexts(call: AggregateCall): Sql {
  const [value, delimiter] = [arg(call, 0), arg(call, 1)];
  if (!delimiter.isConstant) return refuse("string_agg with a delimiter that is not constant");
  if (value.shape.typeOid === Oid.bytea) return refuse("string_agg of bytea");
  const separator = delimiter.mayBeNull ? `coalesce(${delimiter.text}, '')` : delimiter.text;
  const keys = sortKeysText(call.orderBy);
  const orderBy = keys !== "" ? keys : call.isDistinct ? `${value.text} ASC NULLS LAST` : undefined;
  const args = [value.text, separator];
  const options = orderBy === undefined ? {} : { orderBy };
  return aggregated(call, aggregateText(call, "string_agg", args, options));
}

export const aggregates: Chapter = {
  aggregates: {
    ...rows(),
    ...exactStatistics,
    ...floatStatistics,
    ...orderedSets,
    ...collections,
    "count()": count,
    "count(any)": count,
    "sum(int2)": direct("sum", "BIGINT"),
    "sum(int4)": direct("sum", "BIGINT"),
    "sum(float4)": direct("sum", "FLOAT"),
    "sum(float8)": direct("sum"),
    "avg(float8)": direct("avg"),
    "avg(float4)": (call) => {
      const value = `CAST(${arg(call, 0).text} AS DOUBLE)`;
      return aggregated(call, aggregateText(call, "avg", [value]));
    },
    "sum(interval)": sumOfIntervals,
    "avg(interval)": meanOfIntervals,
    "bool_and(bool)": direct("bool_and"),
    "bool_or(bool)": direct("bool_or"),
    "every(bool)": direct("bool_and"),
    "any_value(anyelement)": anyValue,
    "regr_count(float8,float8)": (call) => ({
      ...direct("regr_count", "BIGINT")(call),
      mayBeNull: false,
    }),
    "string_agg(text,text)": joinTexts,
    "first(anyelement,anycompatible)": byTime("arg_min_null"),
    "last(anyelement,anycompatible)": byTime("arg_max_null"),
  },
};
