/** `= <> < <= > >=` of every type that has an order we keep. */

import type { Chapter, Rule } from "../closed-table.ts";
import { type Comparison, compare } from "../comparisons.ts";
import { arg, result } from "./rules.ts";

const SUFFIXES: readonly (readonly [string, Comparison])[] = [
  ["eq", "="],
  ["ne", "<>"],
  ["lt", "<"],
  ["le", "<="],
  ["gt", ">"],
  ["ge", ">="],
];

/** `*` stands for the suffix: int4eq(int4,int4), date_eq_timestamp(date,timestamp). */
const FAMILIES = `
  bool*(bool,bool) char*(char,char) name*(name,name) name*text(name,text) text*name(text,name)
  int2*(int2,int2) int24*(int2,int4) int28*(int2,int8) int42*(int4,int2) int4*(int4,int4)
  int48*(int4,int8) int82*(int8,int2) int84*(int8,int4) int8*(int8,int8) oid*(oid,oid)
  float4*(float4,float4) float48*(float4,float8) float84*(float8,float4) float8*(float8,float8)
  numeric_*(numeric,numeric) bpchar*(bpchar,bpchar) bytea*(bytea,bytea) uuid_*(uuid,uuid)
  date_*(date,date) date_*_timestamp(date,timestamp) date_*_timestamptz(date,timestamptz)
  time_*(time,time) timestamp_*(timestamp,timestamp) timestamp_*_date(timestamp,date)
  timestamp_*_timestamptz(timestamp,timestamptz) timestamptz_*(timestamptz,timestamptz)
  timestamptz_*_date(timestamptz,date) timestamptz_*_timestamp(timestamptz,timestamp)
  interval_*(interval,interval) array_*(anyarray,anyarray)`
  .trim()
  .split(/\s+/);

function compares(operator: Comparison): Rule {
  return (call) => {
    const text = compare(operator, arg(call, 0), arg(call, 1), call.context.isUtc);
    return result(call, text);
  };
}

function rows(): Record<string, Rule> {
  const functions: Record<string, Rule> = {
    "texteq(text,text)": compares("="),
    "textne(text,text)": compares("<>"),
    "jsonb_eq(jsonb,jsonb)": compares("="),
    "jsonb_ne(jsonb,jsonb)": compares("<>"),
    // An enum's order is not its labels' order: only equality.
    "enum_eq(anyenum,anyenum)": compares("="),
    "enum_ne(anyenum,anyenum)": compares("<>"),
  };
  for (const [suffix, operator] of SUFFIXES) {
    const rule = compares(operator);
    if (suffix !== "eq" && suffix !== "ne") functions[`text_${suffix}(text,text)`] = rule;
    for (const family of FAMILIES) functions[family.replace("*", suffix)] = rule;
  }
  return functions;
}

export const comparison: Chapter = { functions: rows() };
