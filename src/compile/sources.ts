/**
 * Which stored columns an expression's values come from, and what a comparison with it says about
 * them: the column itself, or through functions that only round down (date_trunc, time_bucket,
 * ::date).
 */

import { Oid } from "../types/oids.ts";
import type { Sql } from "./expression.ts";
import type { Expression, FuncExpr } from "./expression-nodes.ts";
import { type Bound, type ColumnSource, type Scope, scopeAbove } from "./generator.ts";
import { toUtc } from "./representations.ts";

/** Of signatures that give the start of a span which holds the argument: the argument's index. */
const ROUNDING: Readonly<Record<string, { readonly span: number | string; readonly arg: number }>> =
  {
    "date_trunc(text,timestamp)": { span: 0, arg: 1 },
    "date_trunc(text,timestamptz)": { span: 0, arg: 1 },
    "date_trunc(text,timestamptz,text)": { span: 0, arg: 1 },
    "time_bucket(interval,timestamp)": { span: 0, arg: 1 },
    "time_bucket(interval,timestamptz)": { span: 0, arg: 1 },
    "time_bucket(interval,timestamptz,text,timestamptz,interval)": { span: 0, arg: 1 },
    "time_bucket(interval,date)": { span: 0, arg: 1 },
    "date_bin(interval,timestamp,timestamp)": { span: 0, arg: 1 },
    "date_bin(interval,timestamptz,timestamptz)": { span: 0, arg: 1 },
    "date(timestamp)": { span: "1 day", arg: 0 },
    "date(timestamptz)": { span: "1 day", arg: 0 },
    "timestamptz(timestamp)": { span: "0 days", arg: 0 },
    "timestamp(timestamptz)": { span: "0 days", arg: 0 },
    "timestamptz(date)": { span: "0 days", arg: 0 },
    "timestamp(date)": { span: "0 days", arg: 0 },
  };

/** Spans that date_trunc names, as intervals that are at least as long. */
const UNITS: Readonly<Record<string, string>> = {
  microseconds: "1 second",
  milliseconds: "1 second",
  second: "1 second",
  minute: "1 minute",
  hour: "1 hour",
  day: "1 day",
  week: "7 days",
  month: "31 days",
  quarter: "92 days",
  year: "366 days",
  decade: "3660 days",
  century: "36600 days",
};

/** Empty when nothing is known. */
export function sourcesOf(node: Expression, scope: Scope): readonly ColumnSource[] {
  if (node.tag === "RELABELTYPE") return sourcesOf(node.arg, scope);
  if (node.tag === "VAR") {
    if (node.varlevelsup > 0 || node.varattno <= 0) return [];
    const owner = scopeAbove(scope, 0);
    return owner.relations.get(node.varno)?.column(node.varattno, node)?.sources ?? [];
  }
  if (node.tag !== "FUNCEXPR") return [];
  return roundingSources(node, scope);
}

function roundingSources(node: FuncExpr, scope: Scope): readonly ColumnSource[] {
  const { generator } = scope;
  const signature = generator.catalogue.signature(node.funcid) ?? "";
  const rounding = ROUNDING[signature];
  const arg = rounding === undefined ? undefined : node.args?.[rounding.arg];
  if (rounding === undefined || arg === undefined) return [];
  const inner = sourcesOf(arg, scope);
  if (inner.length === 0) return [];
  const span = spanText(rounding.span, node, scope);
  if (span === undefined) return [];
  // Local days are not UTC days, and may be 25 hours long.
  const slack = generator.calls.isUtc ? undefined : "(INTERVAL '2 days')";
  return inner.map((source) => ({
    ...source,
    loosen: (bound) => loosened(bound, span, slack).flatMap((each) => source.loosen(each)),
  }));
}

/** An interval as long as the span at least; undefined when it is not known now. */
function spanText(span: number | string, node: FuncExpr, scope: Scope): string | undefined {
  if (typeof span === "string") return `(INTERVAL '${span}')`;
  const arg = node.args?.[span];
  if (arg?.tag !== "CONST") return undefined;
  const value = scope.generator.expression(arg, scope);
  const { constant } = value;
  if (typeof constant === "string") {
    const unit = UNITS[constant.toLowerCase().replace(/^(second|minute|hour|day|week)s$/, "$1")];
    return unit === undefined ? undefined : `(INTERVAL '${unit}')`;
  }
  return typeof constant === "object" && constant !== null ? value.text : undefined;
}

function loosened(bound: Bound, span: string, slack: string | undefined): readonly Bound[] {
  const { operator } = bound;
  const lower: Bound = { operator: ">=", value: shifted(bound.value, "-", slack) };
  const above = slack === undefined ? span : `(${span} + ${slack})`;
  const upper: Bound = { operator: "<=", value: shifted(bound.value, "+", above) };
  if (operator === "=") return [lower, upper];
  return operator === ">" || operator === ">=" ? [lower] : [upper];
}

function shifted(value: Sql, sign: "+" | "-", by: string | undefined): Sql {
  if (by === undefined) return value;
  const { constant: _, plainText: __, ...rest } = toUtc(value);
  const isDate = value.shape.typeOid === Oid.date;
  const moment = isDate ? `CAST(${rest.text} AS TIMESTAMP)` : rest.text;
  const shape = isDate ? { ...rest.shape, typeOid: Oid.timestamp } : rest.shape;
  return { ...rest, text: `(${moment} ${sign} ${by})`, shape };
}
