/** WITHIN GROUP aggregates, computed on the sorted list so that the digits are PostgreSQL's. */

import { Oid } from "../../types/oids.ts";
import { type AggregateCall, type AggregateRule, aggregateText } from "../closed-table.ts";
import { needsKey } from "../comparisons.ts";
import { defaultShape } from "../duckdb-types.ts";
import { type SortKey, type Sql, sortKeysText } from "../expression.ts";
import { refuse } from "../refusals.ts";
import { toNumericText } from "../representations.ts";
import { raise, result } from "./rules.ts";

function aggregated(call: AggregateCall, text: string, shape?: Sql["shape"]): Sql {
  return result(call, text, {
    isConstant: false,
    mayBeNull: true,
    ...(shape === undefined ? {} : { shape }),
  });
}

function only<Item>(items: readonly Item[]): Item {
  if (items.length !== 1) return refuse("WITHIN GROUP with several expressions");
  return items[0] as Item;
}

/** The sorted values without NULL, as a DuckDB list; NULL without rows. */
function sortedList(call: AggregateCall, value: string): string {
  const key = sortKeysText(call.orderBy);
  const present = `${value} IS NOT NULL`;
  const filter = call.filter === undefined ? present : `(${call.filter}) AND ${present}`;
  return aggregateText({ ...call, filter }, "list", [value], { orderBy: key });
}

/** What to take from the list `x['l']` for the fraction `p`. */
type Body = (p: string) => string;

const RANGE = raise("22003", "percentile value is not between 0 and 1");

/** `body` over the sorted list and the fraction, or each of an array of them. */
function overList(list: string, fraction: string, body: Body, isArray: boolean): string {
  const checked = (p: string) =>
    `CASE WHEN ${p} IS NULL THEN NULL WHEN ${p} < 0 OR ${p} > 1 OR isnan(${p}) THEN ${RANGE}` +
    ` ELSE ${body(p)} END`;
  const inner = isArray ? `list_transform(x['p'], lambda q: ${checked("q")})` : checked("x['p']");
  const present = `CASE WHEN x['l'] IS NOT NULL THEN ${inner} END`;
  return `(list_transform([{'l': ${list}, 'p': ${fraction}}], lambda x: ${present})[1])`;
}

/** Interpolates between the neighbours exactly as float8_lerp: lo + fraction * (hi - lo). */
const continuous: Body = (p) => {
  const position = `${p} * (len(x['l']) - 1)`;
  const low = `x['l'][CAST(floor(${position}) AS BIGINT) + 1]`;
  const high = `x['l'][CAST(ceil(${position}) AS BIGINT) + 1]`;
  const between = `${low} + (${position} - floor(${position})) * (${high} - ${low})`;
  // A whole position needs no neighbour: infinity there must not become NaN.
  return `CASE WHEN floor(${position}) = ceil(${position}) THEN ${low} ELSE ${between} END`;
};

const discrete: Body = (p) => `x['l'][greatest(CAST(ceil(${p} * len(x['l'])) AS BIGINT), 1)]`;

/** One fraction or an array of them. */
function percentile(body: Body): AggregateRule {
  return (call) => {
    const [value, fraction] = [only(call.ordered), only(call.direct)];
    const exact = value.scale === undefined ? value : toNumericText(value);
    const { representation } = fraction.shape;
    const isArray = representation.kind === "array";
    if (isArray && representation.dimensions > 1) return refuse("percentiles by a matrix");
    const text = overList(sortedList(call, exact.text), fraction.text, body, isArray);
    const element = body === continuous ? defaultShape(Oid.float8) : exact.shape;
    const shape: Sql["shape"] = isArray
      ? {
          typeOid: call.resultType,
          typmod: -1,
          representation: { kind: "array", dimensions: 1, element },
        }
      : element;
    return aggregated(call, text, shape);
  };
}

/** The most frequent value; among equals the first in sort order. */
function mode(call: AggregateCall): Sql {
  const value = only(call.ordered);
  if (needsKey(value)) return refuse(`mode() of ${value.shape.representation.kind} values`);
  const order = call.orderBy[0] as SortKey;
  const present = `${value.text} IS NOT NULL`;
  const filter = call.filter === undefined ? present : `(${call.filter}) AND ${present}`;
  const histogram = aggregateText({ ...call, filter }, "histogram", [value.text]);
  const better = order.descending ? ">=" : ">";
  const text =
    `(list_reduce(map_entries(${histogram}), lambda a, b:` +
    ` CASE WHEN b['value'] ${better} a['value'] THEN b ELSE a END)).key`;
  return aggregated(call, `(${text})`, value.shape);
}

/** How many rows stand before (or with) the given value in the order of the group. */
function hypothetical(shape: (before: string, upTo: string, all: string) => string): AggregateRule {
  return (call) => {
    const [value, given] = [only(call.ordered), only(call.direct)];
    const order = only(call.orderBy);
    if (needsKey(value) || needsKey(given)) return refuse("hypothetical rank of this type");
    const operator = order.descending ? ">" : "<";
    const nulls = order.nullsFirst ? `${value.text} IS NULL OR ` : "";
    const before = `${nulls}${value.text} ${operator} ${given.text}`;
    const upTo = `${nulls}${value.text} ${operator}= ${given.text}`;
    const count = (condition: string) => {
      const both = call.filter === undefined ? condition : `(${call.filter}) AND (${condition})`;
      return aggregateText({ ...call, filter: both }, "count", ["*"]);
    };
    return {
      ...aggregated(call, shape(count(before), count(upTo), aggregateText(call, "count", ["*"]))),
      mayBeNull: false,
    };
  };
}

export const orderedSets: Readonly<Record<string, AggregateRule>> = {
  "percentile_cont(float8,float8)": percentile(continuous),
  "percentile_disc(float8,anyelement)": percentile(discrete),
  "percentile_cont(_float8,float8)": percentile(continuous),
  "percentile_disc(_float8,anyelement)": percentile(discrete),
  "mode(anyelement)": mode,
  "rank(any)": hypothetical((before) => `(1 + ${before})`),
  "percent_rank(any)": hypothetical(
    (before, _, all) =>
      `(CASE WHEN ${all} = 0 THEN CAST(0 AS DOUBLE) ELSE ${before} / CAST(${all} AS DOUBLE) END)`,
  ),
  "cume_dist(any)": hypothetical((_, upTo, all) => `(CAST(${upTo} + 1 AS DOUBLE) / (${all} + 1))`),
};
