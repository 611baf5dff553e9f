/** Casts through a type's text, in both directions, and to lengths of text types. */

import type { Call, Chapter, Rule } from "../closed-table.ts";
import { defaultShape } from "../duckdb-types.ts";
import { quoteLiteral, type Sql } from "../expression.ts";
import { refuse } from "../refusals.ts";
import { outputText } from "./output.ts";
import { arg, constantNumber, result, same, template, UTC } from "./rules.ts";

/** Any type to text: what PostgreSQL prints. */
function toText(call: Call): Sql {
  return result(call, outputText(arg(call, 0), call.context));
}

/** Text that a strict reader of PostgreSQL's input rules turns into the type. */
function reads(text: (value: string, call: Call) => string): Rule {
  return (call) => result(call, text(arg(call, 0).text, call));
}

/** date, time and timestamps: `style` and zone decide what a text means. */
function readsMoment(name: string, wrap: (text: string) => string): Rule {
  return reads((value, call) => {
    const style = quoteLiteral(call.context.session.setting("DateStyle") ?? "ISO, MDY");
    const zone = quoteLiteral(String(call.context.timeZone));
    return wrap(`${name}(${value}, ${style}, ${zone})`);
  });
}

function readsTimestamptz(call: Call): Sql {
  const parsed = readsMoment("pg_timestamptz", (text) => text)(call);
  return { ...parsed, shape: UTC };
}

const READERS: Readonly<Record<string, Rule>> = {
  int2: reads((value) => `CAST(pg_int(${value}, 16) AS SMALLINT)`),
  int4: reads((value) => `CAST(pg_int(${value}, 32) AS INTEGER)`),
  int8: reads((value) => `pg_int(${value}, 64)`),
  float4: reads((value) => `pg_f4(${value})`),
  float8: reads((value) => `pg_f8(${value})`),
  numeric: reads((value) => `pg_num(${value})`),
  bool: reads((value) => `pg_bool(${value})`),
  uuid: reads((value) => `CAST(pg_uuid(${value}) AS UUID)`),
  bytea: reads((value) => `pg_bytea(${value})`),
  json: reads((value) => `pg_json(${value})`),
  jsonb: reads((value) => `jb_norm(${value})`),
  interval: reads((value, call) => {
    const style = quoteLiteral(call.context.session.setting("IntervalStyle") ?? "postgres");
    return `pg_interval(${value}, ${style})`;
  }),
  date: readsMoment("pg_date", (text) => text),
  time: readsMoment("pg_time", (text) => text),
  timestamp: readsMoment("pg_timestamp", (text) => text),
  timestamptz: readsTimestamptz,
};

function rows(): Record<string, Rule> {
  const casts: Record<string, Rule> = {
    "*->text": toText,
    "*->varchar": toText,
    "*->bpchar": toText,
  };
  for (const [type, rule] of Object.entries(READERS)) {
    for (const from of [
      "text",
      "varchar",
      "bpchar",
      "unknown",
      "cstring",
      "name",
      "json",
      "jsonb",
    ]) {
      const isJson = from === "json" || from === "jsonb";
      if (!isJson || type === "json" || type === "jsonb") casts[`${from}->${type}`] = rule;
    }
  }
  return casts;
}

/** Blanks beyond the length are cut; other characters too when the cast is explicit. */
function fitsLength(isPadded: boolean): Rule {
  return (call) => {
    const value = arg(call, 0);
    const typmod = constantNumber(arg(call, 1));
    if (typmod === undefined) return refuse("a cast to a variable length");
    const isExplicit = arg(call, 2).constant;
    if (typeof isExplicit !== "boolean") return refuse("a cast of variable strictness");
    if (typmod < 4) return { ...value, shape: defaultShape(call.resultType, call.typmod) };
    const length = typmod - 4;
    if (!isExplicit) return result(call, `pg_fit(${value.text}, ${typmod}, ${isPadded})`);
    const cut = `left(${value.text}, ${length})`;
    return result(call, isPadded ? `rpad(${cut}, ${length}, ' ')` : cut);
  };
}

const trueOrFalse = template("(CASE $1 WHEN TRUE THEN 'true' WHEN FALSE THEN 'false' END)");

export const casts: Chapter = {
  casts: rows(),
  functions: {
    "text(bool)": trueOrFalse,
    ...same("text(bpchar) bpchar(name) text(name) text(char)", template("$1")),
    "name(text)": template("left($1, 63)"),
    "name(varchar)": template("left($1, 63)"),
    "varchar(varchar,int4,bool)": fitsLength(false),
    "bpchar(bpchar,int4,bool)": fitsLength(true),
  },
};
