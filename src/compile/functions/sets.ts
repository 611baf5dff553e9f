/** Set-returning functions, each as one DuckDB list that the caller unnests. */

import { Oid } from "../../types/oids.ts";
import type { Shape } from "../../types/shape.ts";
import type { Call, Chapter, SetResult, SetRule } from "../closed-table.ts";
import { defaultShape, duckdbType } from "../duckdb-types.ts";
import { localToUtc } from "../moments.ts";
import { refuse } from "../refusals.ts";
import { toUtc } from "../representations.ts";
import { toLocal } from "../session-values.ts";
import { intervalParts } from "./datetime-arithmetic.ts";
import { arg, ofPresent, raise, UTC } from "./rules.ts";

function set(call: Call, list: string, ...columns: readonly Shape[]): SetResult {
  return { list, columns, isConstant: call.args.every((each) => each.isConstant) };
}

/**
 * The first value of a series. DuckDB computes a list of constants while it plans, value by value:
 * a million of them take seconds, and nothing stops it. A value that could be NULL, for all that it
 * knows, waits until the query runs.
 */
function unfolded(first: string, call: Call): string {
  const isConstant = call.args.every((each) => each.isConstant);
  return isConstant ? `(CASE WHEN random() < 0 THEN NULL ELSE ${first} END)` : first;
}

const ZERO_STEP = raise("22023", "step size cannot equal zero");

function integerSeries(type: "int4" | "int8"): SetRule {
  const oid = Oid[type];
  const name = duckdbType(defaultShape(oid));
  return (call) => {
    const [from, until, step] = call.args.map((each) => `CAST(${each.text} AS BIGINT)`);
    const checked =
      step === undefined
        ? "1"
        : `(CASE WHEN ${ofPresent(`${step} = 0`, call.args[0], call.args[1])} THEN ${ZERO_STEP}` +
          ` ELSE nullif(${step}, 0) END)`;
    const steps = `(CAST(${until} AS HUGEINT) - ${from}) // ${checked}`;
    const first = unfolded(from ?? "", call);
    const series = `generate_series(${first}, ${bounded(until ?? "", steps)}, ${checked})`;
    const list = name === "BIGINT" ? series : `CAST(${series} AS ${name}[])`;
    return set(call, list, defaultShape(oid));
  };
}

/**
 * The list of a set stands in memory whole: a longer one is an error, not the end of the server.
 */
const ELEMENTS_MAX = 20_000_000;
const TOO_MANY = raise("54000", `a set of more than ${ELEMENTS_MAX} rows is not supported`);

function bounded(until: string, steps: string): string {
  return `(CASE WHEN ${steps} >= ${ELEMENTS_MAX} THEN ${TOO_MANY} ELSE ${until} END)`;
}

/** Steps by days and months follow the local clock; a step of time only is absolute. */
function momentSeries(call: Call): SetResult {
  const [from, until, step] = [arg(call, 0), arg(call, 1), arg(call, 2)];
  const { months, days, micros, isTimeOnly } = intervalParts(step);
  const isZero = ofPresent(`${months} = 0 AND ${days} = 0 AND ${micros} = 0`, from, until);
  const checked = `(CASE WHEN ${isZero} THEN ${ZERO_STEP} ELSE ${step.text} END)`;
  const width = step.isConstant && typeof step.constant === "object" ? step.text : checked;
  const stepMicros = `(${months} * 2592000000000 + ${days} * 86400000000 + CAST(${micros} AS HUGEINT))`;
  const series = (a: string, b: string) => {
    const steps = `(CAST(epoch_us(${b}) AS HUGEINT) - epoch_us(${a})) // nullif(${stepMicros}, 0)`;
    return `generate_series(${unfolded(a, call)}, ${bounded(b, steps)}, ${width})`;
  };
  if (from.shape.typeOid === Oid.timestamp) {
    return set(call, series(from.text, until.text), defaultShape(Oid.timestamp));
  }
  const { context } = call;
  if (context.isUtc || isTimeOnly) {
    return set(call, series(toUtc(from).text, toUtc(until).text), UTC);
  }
  if (micros !== "0") return refuse("generate_series over days and time together outside of UTC");
  const local = series(toLocal(from, context), toLocal(until, context));
  return set(call, `list_transform(${local}, lambda e: ${localToUtc("e", context)})`, UTC);
}

/** The elements in order, over all dimensions. */
function elements(call: Call): SetResult {
  const array = arg(call, 0);
  const { representation } = array.shape;
  if (representation.kind !== "array") return refuse("unnest of this array");
  let list = array.text;
  for (let depth = 1; depth < representation.dimensions; depth++) list = `flatten(${list})`;
  return set(call, list, representation.element);
}

function subscripts(call: Call): SetResult {
  const array = arg(call, 0);
  const { representation } = array.shape;
  if (representation.kind !== "array" || representation.dimensions > 1 || call.args.length > 2) {
    return refuse("generate_subscripts in this form");
  }
  const list = `CAST(generate_series(1, len(${array.text})) AS INTEGER[])`;
  const text = `(CASE WHEN ${arg(call, 1).text} = 1 THEN ${list} ELSE CAST([] AS INTEGER[]) END)`;
  return set(call, text, defaultShape(Oid.int4));
}

/** A list-valued function of ours over the arguments' texts, and optional trailing ones. */
function listOf(name: string, typeOid: number, ...more: readonly string[]): SetRule {
  return (call) => {
    const args = [...call.args.map((each) => each.text), ...more];
    return set(call, `${name}(${args.join(", ")})`, defaultShape(typeOid));
  };
}

function pairsOf(name: string, valueOid: number): SetRule {
  return (call) =>
    set(call, `${name}(${arg(call, 0).text})`, defaultShape(Oid.text), defaultShape(valueOid));
}

const TEXT_ARRAY = 1009;
const NO_NULL_TEXT = "CAST(NULL AS VARCHAR)";

export const sets: Chapter = {
  sets: {
    "generate_series(int4,int4)": integerSeries("int4"),
    "generate_series(int4,int4,int4)": integerSeries("int4"),
    "generate_series(int8,int8)": integerSeries("int8"),
    "generate_series(int8,int8,int8)": integerSeries("int8"),
    "generate_series(timestamp,timestamp,interval)": momentSeries,
    "generate_series(timestamptz,timestamptz,interval)": momentSeries,
    "unnest(anyarray)": elements,
    "generate_subscripts(anyarray,int4)": subscripts,
    "string_to_table(text,text)": listOf("pg_string_to_array", Oid.text, NO_NULL_TEXT),
    "string_to_table(text,text,text)": listOf("pg_string_to_array", Oid.text),
    "regexp_matches(text,text)": listOf("pg_regexp_matches", TEXT_ARRAY, "''"),
    "regexp_matches(text,text,text)": listOf("pg_regexp_matches", TEXT_ARRAY),
    "regexp_split_to_table(text,text)": listOf("pg_regexp_split", Oid.text, "''"),
    "regexp_split_to_table(text,text,text)": listOf("pg_regexp_split", Oid.text),
    "jsonb_array_elements(jsonb)": listOf("jb_elements", Oid.jsonb),
    "json_array_elements(json)": listOf("js_elements", Oid.json),
    "jsonb_array_elements_text(jsonb)": listOf("jb_elements_text", Oid.text),
    "json_array_elements_text(json)": listOf("jb_elements_text", Oid.text),
    "jsonb_object_keys(jsonb)": listOf("jb_keys", Oid.text),
    "json_object_keys(json)": listOf("jb_keys", Oid.text),
    "jsonb_each(jsonb)": pairsOf("jb_each", Oid.jsonb),
    "jsonb_each_text(jsonb)": pairsOf("jb_each_text", Oid.text),
  },
};
