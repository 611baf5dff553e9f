/** Text functions. Lengths and positions count characters. */

import { Oid } from "../../types/oids.ts";
import type { Call, Chapter } from "../closed-table.ts";
import { quoteLiteral, type Sql } from "../expression.ts";
import { refuse } from "../refusals.ts";
import { outputText } from "./output.ts";
import { arg, argumentText, ofPresent, raise, result, same, template } from "./rules.ts";

/** `||` of two texts or of a text and anything: NULL when either is NULL. */
function joins(call: Call): Sql {
  // DuckDB gives a literal NULL operand's result the type INTEGER
  if (call.args.some((each) => each.constant === null))
    return result(call, "CAST(NULL AS VARCHAR)");
  const [a, b] = call.args.map((each) => operand(each, call)) as [string, string];
  return result(call, `(${a} || ${b})`);
}

/** The text that `anytextcat` and relatives make of an operand: a cast, so booleans are words. */
function operand(value: Sql, call: Call): string {
  if (value.shape.typeOid === Oid.bool) {
    return `(CASE ${value.text} WHEN TRUE THEN 'true' WHEN FALSE THEN 'false' END)`;
  }
  return outputText(value, call.context);
}

/** concat and concat_ws skip NULLs and print values as their types do. */
function concat(call: Call): Sql {
  if (call.isVariadicArray) return refuse("concat with VARIADIC");
  const texts = call.args.map((each) => outputText(each, call.context));
  return result(call, `concat(${texts.join(", ")})`, { mayBeNull: false });
}

function concatWithSeparator(call: Call): Sql {
  if (call.isVariadicArray) return refuse("concat_ws with VARIADIC");
  const [separator, ...values] = call.args;
  const texts = values.map((each) => outputText(each, call.context));
  const joined = `concat_ws(${[separator?.text, ...texts].join(", ")})`;
  return result(call, joined, { mayBeNull: separator?.mayBeNull === true });
}

function format(call: Call): Sql {
  if (call.isVariadicArray) return refuse("format with VARIADIC");
  const [pattern, ...values] = call.args;
  const texts = values.map((each) => outputText(each, call.context));
  const list = texts.length === 0 ? "CAST([] AS VARCHAR[])" : `[${texts.join(", ")}]`;
  return result(call, `pg_format(${pattern?.text}, CAST(${list} AS VARCHAR[]))`, {
    mayBeNull: pattern?.mayBeNull === true,
  });
}

/**
 * DuckDB counts a start below 1 from the end; in PostgreSQL characters before the text are missing.
 */
function substring(call: Call): Sql {
  const text = argumentText(arg(call, 0));
  const start = arg(call, 1).text;
  const length = call.args[2];
  // greatest ignores NULL
  const present = [arg(call, 1), length]
    .filter((each) => each?.mayBeNull === true)
    .map((each) => `${each?.text} IS NOT NULL`)
    .join(" AND ");
  const unlessNull = (cut: string) =>
    present === "" ? cut : `(CASE WHEN ${present} THEN ${cut} END)`;
  if (length === undefined) {
    return result(call, unlessNull(`substring(${text}, greatest(${start}, 1))`));
  }
  const from = `CAST(${start} AS BIGINT)`;
  const until = `${from} + ${length.text}`;
  const negative = raise("22011", "negative substring length not allowed");
  const count = `greatest(${until} - greatest(${from}, 1), 0)`;
  const cut = unlessNull(`substring(${text}, greatest(${from}, 1), ${count})`);
  const known = length.constant;
  if (typeof known === "number" && known >= 0) return result(call, cut);
  const isNegative = ofPresent(`${length.text} < 0`, arg(call, 0), arg(call, 1));
  return result(call, `(CASE WHEN ${isNegative} THEN ${negative} ELSE ${cut} END)`);
}

function quotesNullable(call: Call): Sql {
  const text = outputText(arg(call, 0), call.context);
  return result(call, `coalesce(pg_quote_literal(${text}), 'NULL')`, { mayBeNull: false });
}

const LENGTHS = "length(text) char_length(text) character_length(text) length(bpchar)";

export const text: Chapter = {
  functions: {
    "textcat(text,text)": joins,
    "textanycat(text,anynonarray)": joins,
    "anytextcat(anynonarray,text)": joins,
    "concat(any)": concat,
    "concat_ws(text,any)": concatWithSeparator,
    ...same("format(text,any) format(text)", format),
    ...same(
      `${LENGTHS} character_length(bpchar) char_length(bpchar)`,
      template("CAST(length($1) AS INTEGER)"),
    ),
    "octet_length(text)": template("CAST(strlen($1) AS INTEGER)"),
    "bit_length(text)": template("CAST(strlen($1) * 8 AS INTEGER)"),
    ...same("octet_length(bytea) length(bytea)", template("CAST(octet_length($1) AS INTEGER)")),
    "upper(text)": template("upper($1)"),
    "lower(text)": template("lower($1)"),
    "initcap(text)": template("pg_initcap($1)"),
    "left(text,int4)": template("left($1, $2)"),
    "right(text,int4)": template("(CASE WHEN $2 = -2147483648 THEN $1 ELSE right($1, $2) END)"),
    ...same(
      "substr(text,int4) substr(text,int4,int4) substring(text,int4) substring(text,int4,int4)",
      substring,
    ),
    ...same("strpos(text,text) position(text,text)", template("CAST(strpos($1, $2) AS INTEGER)")),
    "replace(text,text,text)": template("(CASE WHEN $2 = '' THEN $1 ELSE replace($1, $2, $3) END)"),
    "translate(text,text,text)": template("translate($1, $2, $3)"),
    "repeat(text,int4)": template("pg_repeat($1, $2)"),
    "reverse(text)": template("pg_reverse($1)"),
    ...same("btrim(text)", template("trim($1, ' ')")),
    "btrim(text,text)": template("trim($1, $2)"),
    "ltrim(text)": template("ltrim($1, ' ')"),
    "ltrim(text,text)": template("ltrim($1, $2)"),
    "rtrim(text)": template("rtrim($1, ' ')"),
    "rtrim(text,text)": template("rtrim($1, $2)"),
    "lpad(text,int4)": template("pg_lpad($1, $2, ' ')"),
    "lpad(text,int4,text)": template("pg_lpad($1, $2, $3)"),
    "rpad(text,int4)": template("pg_rpad($1, $2, ' ')"),
    "rpad(text,int4,text)": template("pg_rpad($1, $2, $3)"),
    "split_part(text,text,int4)": template("pg_split_part($1, $2, $3)"),
    ...same("starts_with(text,text)", template("starts_with($1, $2)")),
    "ascii(text)": template("CAST(CASE WHEN $1 = '' THEN 0 ELSE unicode($1) END AS INTEGER)"),
    "chr(int4)": template("pg_chr($1)"),
    "overlay(text,text,int4,int4)": template("pg_overlay($1, $2, $3, $4)"),
    "overlay(text,text,int4)": template("pg_overlay($1, $2, $3, CAST(length($2) AS INTEGER))"),
    "quote_ident(text)": template("pg_quote_ident($1)"),
    "quote_literal(text)": template("pg_quote_literal($1)"),
    "quote_nullable(text)": quotesNullable,
    "quote_nullable(anyelement)": quotesNullable,
    "quote_literal(anyelement)": (call) =>
      result(call, `pg_quote_literal(${outputText(arg(call, 0), call.context)})`),
    ...same("to_hex(int4)", template("lower(printf('%x', CAST($1 AS BIGINT) & 4294967295))")),
    "to_hex(int8)": template("lower(printf('%x', CAST($1 AS BIGINT)))"),
    "md5(text)": template("md5($1)"),
    "md5(bytea)": template("md5($1)"),
    "sha256(bytea)": template("unhex(sha256($1))"),
    "encode(bytea,text)": template("pg_encode($1, $2)"),
    "decode(text,text)": template("pg_decode($1, $2)"),
    "byteacat(bytea,bytea)": template("($1 || $2)"),
    "convert_from(bytea,name)": utf8Only("decode"),
    "convert_to(text,name)": utf8Only("encode"),
  },
};

/** Only UTF-8 is text here. */
function utf8Only(name: "encode" | "decode") {
  return (call: Call): Sql => {
    const encoding = arg(call, 1).constant;
    const isUtf8 = typeof encoding === "string" && /^utf-?8$/i.test(encoding);
    if (!isUtf8) return refuse(`encoding ${quoteLiteral(String(encoding))}`);
    return result(call, `${name}(${arg(call, 0).text})`);
  };
}
