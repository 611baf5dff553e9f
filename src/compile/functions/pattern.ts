/** LIKE, regular expressions and SIMILAR TO. */

import type { Call, Chapter, Rule } from "../closed-table.ts";
import { quoteLiteral, type Sql } from "../expression.ts";
import { arg, constantText, result, same, template } from "./rules.ts";

/** A backslash escapes in PostgreSQL even without ESCAPE. */
function like(operator: string): Rule {
  return (call) => {
    // char(n) keeps its blanks here
    const [value, pattern] = [arg(call, 0).text, arg(call, 1).text];
    return result(call, `(${value} ${operator} ${pattern} ESCAPE '\\')`);
  };
}

/**
 * Patterns that RE2 and PostgreSQL read alike: literals, `. ^ $ | ( )`, quantifiers, ranges of
 * ASCII letters and digits, `\d`, escaped punctuation.
 */
const COMMON =
  /^(?:[\w\s ,:;<>=!@#%&'"`~/-]|[.^$|()]|[*+?](?![*+?])|\\[d.*+?^$|()[\]{}\\/-]|\[\^?[a-zA-Z0-9_ .,:%@#-]+\]|\{\d{1,2}(?:,\d{0,2})?\}(?![*+?]))*$/;
/** An inverted or trailing range, an empty branch: left to our own translation. */
const SUSPECT = /\(\?|^[*+?{]|[(|][*+?{|)]|^\||\|$|[^$]*\^.*\^|[\u0080-\uffff]|\[\^?-|-\]|\s-|--/;

function isCommonPattern(text: string): boolean {
  if (!COMMON.test(text) || SUSPECT.test(text)) return false;
  try {
    return new RegExp(text, "u") !== undefined;
  } catch {
    return false; // malformed: our function says how, in PostgreSQL's words
  }
}

function matches(isCaseless: boolean, isNegated: boolean): Rule {
  return (call) => {
    const value = arg(call, 0).text;
    const pattern = arg(call, 1);
    const known = constantText(pattern);
    const flags = isCaseless ? "i" : "";
    const isCommon = known !== undefined && isCommonPattern(known);
    const text = isCommon
      ? `regexp_matches(${value}, ${quoteLiteral(known)}, 's${flags}')`
      : `pg_regex(${value}, ${pattern.text}, '${flags}')`;
    return result(call, isNegated ? `(NOT ${text})` : text);
  };
}

/** `x SIMILAR TO p` arrives as `x ~ similar_to_escape(p)`; a NULL escape character means NULL. */
function similarToEscape(call: Call): Sql {
  const escapeWith = call.args[1]?.text ?? "'\\'";
  return result(call, `pg_similar_to_escape(${arg(call, 0).text}, ${escapeWith})`);
}

/** LIKE .. ESCAPE: the pattern is rewritten for the backslash. */
function likeEscape(call: Call): Sql {
  return result(call, `pg_like_escape(${arg(call, 0).text}, ${arg(call, 1).text})`);
}

function rows(): Record<string, Rule> {
  const functions: Record<string, Rule> = {};
  for (const type of ["text", "bpchar", "name"]) {
    Object.assign(functions, {
      [`${type}like(${type},text)`]: like("LIKE"),
      [`${type}nlike(${type},text)`]: like("NOT LIKE"),
      [`${type}iclike(${type},text)`]: like("ILIKE"),
      [`${type}icnlike(${type},text)`]: like("NOT ILIKE"),
      [`${type}regexeq(${type},text)`]: matches(false, false),
      [`${type}regexne(${type},text)`]: matches(false, true),
      [`${type}icregexeq(${type},text)`]: matches(true, false),
      [`${type}icregexne(${type},text)`]: matches(true, true),
    });
  }
  return functions;
}

export const pattern: Chapter = {
  functions: {
    ...rows(),
    ...same("like(text,text)", like("LIKE")),
    "notlike(text,text)": like("NOT LIKE"),
    "like_escape(text,text)": likeEscape,
    ...same("similar_to_escape(text) similar_to_escape(text,text)", similarToEscape),
    "regexp_like(text,text)": template("pg_regex($1, $2, '')"),
    "regexp_like(text,text,text)": template("pg_regex($1, $2, $3)"),
    ...same("regexp_replace(text,text,text)", template("pg_regexp_replace($1, $2, $3, '')")),
    "regexp_replace(text,text,text,text)": template("pg_regexp_replace($1, $2, $3, $4)"),
    "regexp_replace(text,text,text,int4)": template("pg_regexp_replace($1, $2, $3, $4, 1, '')"),
    "regexp_replace(text,text,text,int4,int4)": template(
      "pg_regexp_replace($1, $2, $3, $4, $5, '')",
    ),
    "regexp_replace(text,text,text,int4,int4,text)": template(
      "pg_regexp_replace($1, $2, $3, $4, $5, $6)",
    ),
    "regexp_match(text,text)": template("pg_regexp_match($1, $2, '')", { nullable: true }),
    "regexp_match(text,text,text)": template("pg_regexp_match($1, $2, $3)", { nullable: true }),
    "regexp_split_to_array(text,text)": template("pg_regexp_split($1, $2, '')"),
    "regexp_split_to_array(text,text,text)": template("pg_regexp_split($1, $2, $3)"),
    "regexp_count(text,text)": template("pg_regexp_count($1, $2, 1, '')"),
    "regexp_count(text,text,int4)": template("pg_regexp_count($1, $2, $3, '')"),
    "regexp_count(text,text,int4,text)": template("pg_regexp_count($1, $2, $3, $4)"),
    "regexp_substr(text,text)": template("pg_regexp_substr($1, $2, 1, 1, '', 0)", {
      nullable: true,
    }),
    "substring(text,text)": template("pg_regexp_substring($1, $2)", { nullable: true }),
  },
};
