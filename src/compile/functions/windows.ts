/** Window functions proper; aggregates over a window are in their own chapter. */

import type { Chapter, WindowCall, WindowRule } from "../closed-table.ts";
import type { Sql } from "../expression.ts";
import { refuse } from "../refusals.ts";
import { unify } from "../representations.ts";
import { arg, constantNumber, raise, result } from "./rules.ts";

function windowed(call: WindowCall, text: string, more: Partial<Sql> = {}): Sql {
  return result(call, text, { isConstant: false, mayBeNull: true, ...more });
}

function ranking(name: string, type: string): WindowRule {
  return (call) =>
    windowed(call, `CAST(${name}() OVER ${call.over} AS ${type})`, { mayBeNull: false });
}

/** `n` when it is a positive literal, else checked in every row. */
function positive(sql: Sql, sqlState: string, message: string): string {
  const known = constantNumber(sql);
  if (known !== undefined && known > 0) return sql.text;
  return `(CASE WHEN ${sql.text} <= 0 THEN ${raise(sqlState, message)} ELSE ${sql.text} END)`;
}

function ntile(call: WindowCall): Sql {
  // PostgreSQL looks at the argument in a partition's first row only
  if (!arg(call, 0).isConstant) return refuse("ntile of a number that depends on rows");
  const buckets = positive(arg(call, 0), "22014", "argument of ntile must be greater than zero");
  return windowed(call, `CAST(ntile(${buckets}) OVER ${call.over} AS INTEGER)`);
}

/** A function that returns one of its argument's values: in the argument's representation. */
function picks(text: (value: string, call: WindowCall) => string): WindowRule {
  return (call) => {
    const value = arg(call, 0);
    return windowed(call, `${text(value.text, call)} OVER ${call.over}`, {
      shape: value.shape,
      ...(value.scale === undefined
        ? {}
        : { scale: `${text(value.scale, call)} OVER ${call.over}` }),
    });
  };
}

/** lag and lead with a default: value and default in one representation. */
function shiftedOr(name: "lag" | "lead"): WindowRule {
  return (call) => {
    const { items, shape } = unify([arg(call, 0), arg(call, 2)]);
    const [value, otherwise] = items as [Sql, Sql];
    const offset = arg(call, 1).text;
    const text = `${name}(${value.text}, ${offset}, ${otherwise.text}) OVER ${call.over}`;
    return windowed(call, text, {
      shape,
      ...(value.scale === undefined
        ? {}
        : { scale: `${name}(${value.scale}, ${offset}, ${otherwise.scale}) OVER ${call.over}` }),
    });
  };
}

function nthValue(value: string, call: WindowCall): string {
  const position = positive(
    arg(call, 1),
    "22016",
    "argument of nth_value must be greater than zero",
  );
  return `nth_value(${value}, ${position})`;
}

export const windows: Chapter = {
  windows: {
    "row_number()": ranking("row_number", "BIGINT"),
    "rank()": ranking("rank", "BIGINT"),
    "dense_rank()": ranking("dense_rank", "BIGINT"),
    "percent_rank()": ranking("percent_rank", "DOUBLE"),
    "cume_dist()": ranking("cume_dist", "DOUBLE"),
    "ntile(int4)": ntile,
    "lag(anyelement)": picks((value) => `lag(${value})`),
    "lead(anyelement)": picks((value) => `lead(${value})`),
    "lag(anyelement,int4)": picks((value, call) => `lag(${value}, ${arg(call, 1).text})`),
    "lead(anyelement,int4)": picks((value, call) => `lead(${value}, ${arg(call, 1).text})`),
    "lag(anycompatible,int4,anycompatible)": shiftedOr("lag"),
    "lead(anycompatible,int4,anycompatible)": shiftedOr("lead"),
    "first_value(anyelement)": picks((value) => `first_value(${value})`),
    "last_value(anyelement)": picks((value) => `last_value(${value})`),
    "nth_value(anyelement,int4)": picks(nthValue),
  },
};
