/**
 * to_char, to_date and to_timestamp by format: strftime where it means the same, else our own
 * reader.
 */

import { Oid } from "../../types/oids.ts";
import type { Call, Rule } from "../closed-table.ts";
import { quoteLiteral, type Sql } from "../expression.ts";
import { refuse } from "../refusals.ts";
import { toNumericText, toUtc } from "../representations.ts";
import { arg, constantText, localTimestamp, result, same, template } from "./rules.ts";

/**
 * PostgreSQL's pattern → strftime's, where the two print the same for every moment after year 1.
 */
const STRFTIME: readonly (readonly [string, string])[] = [
  ["FMMonth", "%B"],
  ["FMDay", "%A"],
  ["FMHH24", "%-H"],
  ["FMHH12", "%-I"],
  ["FMMI", "%-M"],
  ["FMSS", "%-S"],
  ["FMDD", "%-d"],
  ["FMMM", "%-m"],
  ["HH24", "%H"],
  ["HH12", "%I"],
  ["YYYY", "%Y"],
  ["IYYY", "%G"],
  ["DDD", "%j"],
  ["Mon", "%b"],
  ["Dy", "%a"],
  ["HH", "%I"],
  ["MI", "%M"],
  ["SS", "%S"],
  ["MS", "%g"],
  ["US", "%f"],
  ["AM", "%p"],
  ["PM", "%p"],
  ["MM", "%m"],
  ["DD", "%d"],
  ["YY", "%y"],
  ["IW", "%V"],
  ["ID", "%u"],
];

/** The strftime pattern that prints the same, if the format is made of the above only. */
function strftimePattern(format: string): string | undefined {
  let pattern = "";
  let at = 0;
  while (at < format.length) {
    const rest = format.slice(at);
    const known = STRFTIME.find(([name]) => rest.startsWith(name));
    const quoted = /^"([^"\\%]*)"/.exec(rest);
    if (known !== undefined) {
      // "TH" after a number asks for 1st, 2nd
      if (/^(?:TH|th|SP)/.test(rest.slice(known[0].length))) return undefined;
      pattern += known[1];
      at += known[0].length;
    } else if (quoted !== null) {
      pattern += quoted[1];
      at += quoted[0].length;
    } else if (/^[-\s/:.,;_()[\]+]/.test(rest)) {
      pattern += rest[0];
      at += 1;
    } else return undefined;
  }
  return pattern;
}

function formatsMoment(call: Call): Sql {
  const [value, format] = [arg(call, 0), arg(call, 1)];
  const local = localTimestamp(value, call.context);
  const known = constantText(format);
  const pattern = known === undefined ? undefined : strftimePattern(known);
  if (known === "") return result(call, "CAST(NULL AS VARCHAR)", { mayBeNull: true });
  const own = ownFormat(call, value, local, format);
  if (pattern === undefined || pattern === "") return result(call, own, { mayBeNull: true });
  // before year 1 years are counted otherwise, and infinity has no text
  const text =
    `(CASE WHEN ${local} >= TIMESTAMP '0001-01-01' AND isfinite(${local})` +
    ` THEN strftime(${local}, ${quoteLiteral(pattern)}) ELSE ${own} END)`;
  return result(call, text, { mayBeNull: true });
}

function ownFormat(call: Call, value: Sql, local: string, format: Sql): string {
  if (value.shape.typeOid !== Oid.timestamptz) return `pg_to_char(${local}, ${format.text})`;
  const zone = quoteLiteral(String(call.context.timeZone));
  return `pg_to_char_tz(${toUtc(value).text}, ${zone}, ${format.text})`;
}

const formatsNumber: Rule = (call) => {
  const [value, format] = [arg(call, 0), arg(call, 1).text];
  const { typeOid } = value.shape;
  if (typeOid === Oid.float4) return refuse("to_char of real");
  if (typeOid === Oid.float8) return result(call, `pg_to_char_float(${value.text}, ${format})`);
  const text =
    typeOid === Oid.numeric ? toNumericText(value).text : `CAST(${value.text} AS VARCHAR)`;
  return result(call, `pg_to_char_number(${text}, ${format})`);
};

const readsTimestamp: Rule = (call) => {
  const zone = quoteLiteral(String(call.context.timeZone));
  const text = `pg_to_timestamp(${arg(call, 0).text}, ${arg(call, 1).text}, ${zone})`;
  return result(call, text, {
    shape: { typeOid: Oid.timestamptz, typmod: -1, representation: { kind: "utc" } },
  });
};

export const datetimeFormat: Readonly<Record<string, Rule>> = {
  ...same("to_char(timestamp,text) to_char(timestamptz,text)", formatsMoment),
  "to_char(interval,text)": template("pg_to_char_interval($1, $2)"),
  ...same(
    "to_char(numeric,text) to_char(int4,text) to_char(int8,text) " +
      "to_char(float8,text) to_char(float4,text)",
    formatsNumber,
  ),
  "to_timestamp(text,text)": readsTimestamp,
  "to_date(text,text)": template("pg_to_date($1, $2)"),
};
