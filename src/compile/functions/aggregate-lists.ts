/** Aggregates that gather values: array_agg and json. */

import { type AggregateCall, type AggregateRule, aggregateText } from "../closed-table.ts";
import { defaultShape } from "../duckdb-types.ts";
import { type Sql, sortKeysText } from "../expression.ts";
import { refuse } from "../refusals.ts";
import { toNumericText } from "../representations.ts";
import { jsonText } from "./json-text.ts";
import { arg, raise, result } from "./rules.ts";

function ordering(call: AggregateCall, value: string): { readonly orderBy?: string } {
  const keys = sortKeysText(call.orderBy);
  if (keys !== "") return { orderBy: keys };
  // PostgreSQL finds distinct values by sorting.
  return call.isDistinct ? { orderBy: `${value} ASC NULLS LAST` } : {};
}

/** NULL values are elements; no rows give NULL. */
function arrayOf(call: AggregateCall): Sql {
  const given = arg(call, 0);
  const value = given.scale === undefined ? given : toNumericText(given);
  if (value.shape.representation.kind === "array") return refuse("array_agg of arrays");
  if (call.isDistinct && value.shape.representation.kind === "numeric-text") {
    return refuse("array_agg of distinct numeric without a fixed scale");
  }
  const text = aggregateText(call, "list", [value.text], ordering(call, value.text));
  const shape = {
    ...defaultShape(call.resultType),
    representation: { kind: "array", dimensions: 1, element: value.shape },
  } as const;
  return result(call, text, { shape, isConstant: false, mayBeNull: true });
}

/**
 * json_agg joins with `, `, before arrays and records with a new line besides; jsonb_agg is made
 * canonical afterwards.
 */
function jsonArray(isBinary: boolean): AggregateRule {
  return (call) => {
    const value = arg(call, 0);
    if (call.isDistinct) return refuse("json_agg of distinct values");
    const isStructured = ["array", "row"].includes(value.shape.representation.kind);
    const start = isStructured ? "chr(10) || ' ' || " : "";
    const element = `coalesce(${start}${jsonText(value, call.context)}, 'null')`;
    const joined = aggregateText(call, "string_agg", [element, "', '"], ordering(call, value.text));
    const text = `('[' || ${isStructured ? `ltrim(${joined}, chr(10) || ' ')` : joined} || ']')`;
    return result(call, isBinary ? `jb_norm(${text})` : text, {
      isConstant: false,
      mayBeNull: true,
    });
  };
}

function jsonObject(isBinary: boolean): AggregateRule {
  return (call) => {
    const [key, value] = [arg(call, 0), arg(call, 1)];
    if (call.isDistinct) return refuse("json_object_agg of distinct values");
    const name = presentKey(call, key, isBinary);
    const pair = `${name} || ' : ' || coalesce(${jsonText(value, call.context)}, 'null')`;
    const joined = aggregateText(
      call,
      "string_agg",
      [`(${pair})`, "', '"],
      ordering(call, key.text),
    );
    const text = `('{ ' || ${joined} || ' }')`;
    return result(call, isBinary ? `jb_norm(${text})` : text, {
      isConstant: false,
      mayBeNull: true,
    });
  };
}

/** The key's text; a NULL key is an error, but only in rows that the filter lets through. */
function presentKey(call: AggregateCall, key: Sql, isBinary: boolean): string {
  const name = `pg_json_key(${jsonText(key, call.context)})`;
  if (!key.mayBeNull) return name;
  const missing = isBinary
    ? raise("22023", "field name must not be null")
    : raise("22004", "null value not allowed for object key");
  const isCounted = call.filter === undefined ? "" : `(${call.filter}) AND `;
  return `(CASE WHEN ${isCounted}${key.text} IS NULL THEN ${missing} ELSE ${name} END)`;
}

/** TimescaleDB's histogram: below, n equal cells, at or above; NULL values are skipped. */
function histogram(call: AggregateCall): Sql {
  const [value, low, high, cells] = [arg(call, 0), arg(call, 1), arg(call, 2), arg(call, 3)];
  if (call.isDistinct || !low.isConstant || !high.isConstant || !cells.isConstant) {
    return refuse("histogram with bounds that depend on rows");
  }
  const swapped = raise("22023", "lower bound cannot exceed upper bound");
  const bucket =
    `(CASE WHEN ${low.text} > ${high.text} THEN ${swapped}` +
    ` ELSE pg_width_bucket(${value.text}, ${low.text}, ${high.text}, ${cells.text}) END)`;
  const counts = aggregateText(call, "histogram", [bucket]);
  const cell = "CAST(coalesce(x['m'][CAST(i AS INTEGER)], 0) AS INTEGER)";
  const list = `list_transform(range(0, x['n'] + 2), lambda i: ${cell})`;
  const present = `CASE WHEN x['m'] IS NOT NULL THEN ${list} END`;
  const text = `(list_transform([{'m': ${counts}, 'n': ${cells.text}}], lambda x: ${present})[1])`;
  return result(call, text, { isConstant: false, mayBeNull: true });
}

export const collections: Readonly<Record<string, AggregateRule>> = {
  "array_agg(anynonarray)": arrayOf,
  "histogram(float8,float8,float8,int4)": histogram,
  "json_agg(anyelement)": jsonArray(false),
  "jsonb_agg(anyelement)": jsonArray(true),
  "json_object_agg(any,any)": jsonObject(false),
  "jsonb_object_agg(any,any)": jsonObject(true),
};
