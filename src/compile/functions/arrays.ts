/** Arrays of one dimension, as DuckDB lists. */

import type { Shape } from "../../types/shape.ts";
import type { Call, Chapter } from "../closed-table.ts";
import { groupKey } from "../comparisons.ts";
import { duckdbType } from "../duckdb-types.ts";
import type { Sql } from "../expression.ts";
import { refuse } from "../refusals.ts";
import { convert, toNumericText, unifyElements, unifyShapes } from "../representations.ts";
import { outputText } from "./output.ts";
import { arg, result, same, template } from "./rules.ts";

type ArrayShape = Extract<Shape["representation"], { kind: "array" }>;

function arrayOf(sql: Sql): ArrayShape {
  const { representation } = sql.shape;
  return representation.kind === "array" ? representation : refuse("an array in this form");
}

/** @throws SqlError 0A000: most functions mean something else for several dimensions. */
function flat(sql: Sql): ArrayShape {
  const array = arrayOf(sql);
  return array.dimensions === 1 ? array : refuse("functions of arrays of several dimensions");
}

/** An array and a value of its elements, both in one representation. */
function withElement(array: Sql, value: Sql): { readonly list: Sql; readonly item: Sql } {
  const representation = flat(array);
  const exact = value.scale === undefined ? value : toNumericText(value);
  const element = unifyElements(representation.element, exact.shape);
  const shape: Shape = { ...array.shape, representation: { ...representation, element } };
  return { list: convert(array, shape), item: convert(exact, element) };
}

function arrayResult(call: Call, text: string, shape: Shape, mayBeNull: boolean): Sql {
  return result(call, text, { shape, mayBeNull });
}

/** A NULL array is an empty one here; NULL is an element. */
function appends(arrayAt: 0 | 1): (call: Call) => Sql {
  return (call) => {
    const { list, item } = withElement(arg(call, arrayAt), arg(call, 1 - arrayAt));
    const type = duckdbType(list.shape);
    const present = list.mayBeNull ? `coalesce(${list.text}, CAST([] AS ${type}))` : list.text;
    const text =
      arrayAt === 0
        ? `list_append(${present}, ${item.text})`
        : `list_prepend(${item.text}, ${present})`;
    return arrayResult(call, text, list.shape, false);
  };
}

/** NULL with an array is the array; NULL with NULL is NULL. */
function concatenates(call: Call): Sql {
  const [a, b] = [arg(call, 0), arg(call, 1)];
  flat(a);
  flat(b);
  const shape = unifyShapes(a.shape, b.shape);
  const [left, right] = [convert(a, shape).text, convert(b, shape).text];
  const both = `list_concat(${left}, ${right})`;
  const text =
    a.mayBeNull || b.mayBeNull
      ? `(CASE WHEN ${left} IS NULL THEN ${right} WHEN ${right} IS NULL THEN ${left} ELSE ${both} END)`
      : both;
  return arrayResult(call, text, shape, a.mayBeNull && b.mayBeNull);
}

/** The element as PostgreSQL compares it, inside a lambda over `e`. */
function elementKey(shape: Shape): string {
  return groupKey({ text: "e", shape, isConstant: false, mayBeNull: true });
}

function removes(call: Call): Sql {
  const { list, item } = withElement(arg(call, 0), arg(call, 1));
  if (!item.isConstant) return refuse("array_remove of a value that depends on rows");
  const test = `${elementKey(item.shape)} IS DISTINCT FROM ${groupKey(item)}`;
  return arrayResult(
    call,
    `list_filter(${list.text}, lambda e: ${test})`,
    list.shape,
    list.mayBeNull,
  );
}

function replaces(call: Call): Sql {
  const { list, item } = withElement(arg(call, 0), arg(call, 1));
  const replacement = withElement(arg(call, 0), arg(call, 2)).item;
  if (!item.isConstant || !replacement.isConstant) {
    return refuse("array_replace of a value that depends on rows");
  }
  const test = `${elementKey(item.shape)} IS NOT DISTINCT FROM ${groupKey(item)}`;
  const text = `list_transform(${list.text}, lambda e: CASE WHEN ${test} THEN ${replacement.text} ELSE e END)`;
  return arrayResult(call, text, list.shape, list.mayBeNull);
}

function position(call: Call): Sql {
  const { list, item } = withElement(arg(call, 0), arg(call, 1));
  const found = `list_position(${groupKey(list)}, ${groupKey(item)})`;
  return result(call, `CAST(nullif(${found}, 0) AS INTEGER)`, { mayBeNull: true });
}

/** length of a dimension: NULL where there is none, also for an empty array. */
function lengthOf(call: Call): Sql {
  const array = arg(call, 0);
  const { dimensions } = arrayOf(array);
  const dimension = arg(call, 1);
  if (dimensions > 1) return refuse("array_length of an array of several dimensions");
  const text = `(CASE WHEN ${dimension.text} = 1 THEN CAST(nullif(len(${array.text}), 0) AS INTEGER) END)`;
  return result(call, text, { mayBeNull: true });
}

function lowerBound(call: Call): Sql {
  const array = arg(call, 0);
  flat(array);
  const text = `(CASE WHEN ${arg(call, 1).text} = 1 AND len(${array.text}) > 0 THEN CAST(1 AS INTEGER) END)`;
  return result(call, text, { mayBeNull: true });
}

function cardinality(call: Call): Sql {
  const array = arg(call, 0);
  const { dimensions } = arrayOf(array);
  let list = array.text;
  for (let depth = 1; depth < dimensions; depth++) list = `flatten(${list})`;
  return result(call, `CAST(len(${list}) AS INTEGER)`);
}

/** `@> <@ &&`: NULL elements are never found. */
function contains(outer: 0 | 1): (call: Call) => Sql {
  return (call) => {
    const [a, b] = keyed(arg(call, outer), arg(call, 1 - outer));
    const found = `list_has_all(${a}, ${b}) AND len(${b}) = list_count(${b})`;
    const text = `(CASE WHEN ${a} IS NOT NULL AND ${b} IS NOT NULL THEN ${found} END)`;
    return result(call, text);
  };
}

function overlaps(call: Call): Sql {
  const [a, b] = keyed(arg(call, 0), arg(call, 1));
  return result(call, `list_has_any(${a}, ${b})`);
}

function keyed(a: Sql, b: Sql): readonly [string, string] {
  flat(a);
  flat(b);
  const shape = unifyShapes(a.shape, b.shape);
  return [groupKey(convert(a, shape)), groupKey(convert(b, shape))];
}

/** NULL elements are left out, or written as the third argument. */
function joinsTexts(call: Call): Sql {
  const [array, separator, nullText] = [arg(call, 0), arg(call, 1), call.args[2]];
  const { element } = flat(array);
  const text = outputText(
    { text: "e", shape: element, isConstant: false, mayBeNull: true },
    call.context,
  );
  const texts = `list_transform(${array.text}, lambda e: ${text})`;
  if (nullText === undefined || nullText.constant === null) {
    return result(call, `pg_array_to_string(${texts}, ${separator.text}, CAST(NULL AS VARCHAR))`);
  }
  const joined = `pg_array_to_string(${texts}, ${separator.text}, ${nullText.text})`;
  return result(call, joined, { mayBeNull: array.mayBeNull || separator.mayBeNull });
}

const NO_NULL_TEXT = "CAST(NULL AS VARCHAR)";

export const arrays: Chapter = {
  functions: {
    "array_append(anycompatiblearray,anycompatible)": appends(0),
    "array_prepend(anycompatible,anycompatiblearray)": appends(1),
    "array_cat(anycompatiblearray,anycompatiblearray)": concatenates,
    "array_remove(anycompatiblearray,anycompatible)": removes,
    "array_replace(anycompatiblearray,anycompatible,anycompatible)": replaces,
    "array_position(anycompatiblearray,anycompatible)": position,
    ...same("array_length(anyarray,int4) array_upper(anyarray,int4)", lengthOf),
    "array_lower(anyarray,int4)": lowerBound,
    "cardinality(anyarray)": cardinality,
    "arraycontains(anyarray,anyarray)": contains(0),
    "arraycontained(anyarray,anyarray)": contains(1),
    "arrayoverlap(anyarray,anyarray)": overlaps,
    ...same("array_to_string(anyarray,text) array_to_string(anyarray,text,text)", joinsTexts),
    "string_to_array(text,text)": template(`pg_string_to_array($1, $2, ${NO_NULL_TEXT})`, {
      nullable: true,
    }),
    "string_to_array(text,text,text)": template("pg_string_to_array($1, $2, $3)", {
      nullable: true,
    }),
  },
};
