/** `~`, regexp_replace, regexp_match(es), regexp_split and relatives over translated patterns. */

import { BOOLEAN, type DuckDBListValue, INTEGER, LIST, listValue, VARCHAR } from "@duckdb/node-api";
import { translateRegex } from "./regex-translate.ts";
import { cached, pgError, type ScalarFunction } from "./scalar-function.ts";

export const regexFunctions: readonly ScalarFunction[] = [
  {
    name: "pg_regex",
    parameters: [VARCHAR, VARCHAR, VARCHAR],
    returns: BOOLEAN,
    run: (text: string, pattern: string, flags: string) =>
      tester(`${flags}\u0000${pattern}`).test(text),
  },
  {
    name: "pg_regexp_replace",
    parameters: [VARCHAR, VARCHAR, VARCHAR, VARCHAR],
    returns: VARCHAR,
    run: (text: string, pattern: string, replacement: string, flags: string) =>
      replaceMatches(text, pattern, replacement, flags, 0, 1),
  },
  {
    name: "pg_regexp_replace",
    parameters: [VARCHAR, VARCHAR, VARCHAR, INTEGER, INTEGER, VARCHAR],
    returns: VARCHAR,
    run: replaceFrom,
  },
  {
    name: "pg_regexp_match",
    parameters: [VARCHAR, VARCHAR, VARCHAR],
    returns: LIST(VARCHAR),
    run: (text: string, pattern: string, flags: string) => {
      if (flags.includes("g")) {
        throw pgError("22023", 'regexp_match() does not support the "global" option');
      }
      const match = matcher(pattern, flags).exec(text);
      return match === null ? null : captured(match);
    },
  },
  {
    name: "pg_regexp_matches",
    parameters: [VARCHAR, VARCHAR, VARCHAR],
    returns: LIST(LIST(VARCHAR)),
    run: (text: string, pattern: string, flags: string) => {
      const all = [...text.matchAll(matcher(pattern, flags))];
      return listValue((flags.includes("g") ? all : all.slice(0, 1)).map(captured));
    },
  },
  {
    name: "pg_regexp_split",
    parameters: [VARCHAR, VARCHAR, VARCHAR],
    returns: LIST(VARCHAR),
    run: splitText,
  },
  {
    name: "pg_regexp_count",
    parameters: [VARCHAR, VARCHAR, INTEGER, VARCHAR],
    returns: INTEGER,
    run: (text: string, pattern: string, start: number, flags: string) => {
      if (flags.includes("g")) {
        throw pgError("22023", 'regexp_count() does not support the "global" option');
      }
      return [...matchesFrom(text, pattern, start, flags)].length;
    },
  },
  {
    name: "pg_regexp_substr",
    parameters: [VARCHAR, VARCHAR, INTEGER, INTEGER, VARCHAR, INTEGER],
    returns: VARCHAR,
    run: substringOfMatch,
  },
  {
    name: "pg_regexp_substring",
    parameters: [VARCHAR, VARCHAR],
    returns: VARCHAR,
    run: (text: string, pattern: string) => {
      const match = matcher(pattern, "").exec(text);
      // with parentheses the first group is wanted, which may be NULL
      return match === null ? null : match.length > 1 ? (match[1] ?? null) : match[0];
    },
  },
  {
    name: "pg_similar_to_escape",
    parameters: [VARCHAR, VARCHAR],
    returns: VARCHAR,
    run: similarToRegex,
  },
];

const tester = cached((key) => {
  const at = key.indexOf("\u0000");
  const { source, flags } = translateRegex(key.slice(at + 1), key.slice(0, at));
  return new RegExp(source, flags);
}, 256);

/** A global regex whose matched texts are PostgreSQL's. @throws 0A000 where they could differ. */
function matcher(pattern: string, flags: string): RegExp {
  const translated = translateRegex(pattern, flags.replaceAll("g", ""));
  if (translated.isFirstMatch && !isWhole(pattern)) {
    throw pgError(
      "0A000",
      "taking text out of a regular expression whose first match may not be its longest " +
        "is not supported on these tables",
    );
  }
  return new RegExp(translated.source, `${translated.flags}g`);
}

/** Anchored at both ends without groups: the match is the whole text, whichever way it is found. */
function isWhole(pattern: string): boolean {
  return /^\^\((?:\?:)?[^()]*\)\$$/.test(pattern);
}

function captured(match: RegExpMatchArray): DuckDBListValue {
  if (match.length === 1) return listValue([match[0]]);
  return listValue(match.slice(1).map((group) => group ?? null));
}

/** PostgreSQL's `\1`..`\9`, `\&`, `\\` in a replacement. */
const replacer = cached((replacement: string) => {
  const pieces = replacement.split(/\\([0-9&\\])/);
  return (match: RegExpMatchArray) =>
    pieces
      .map((piece, index) => {
        if (index % 2 === 0) return piece;
        if (piece === "\\") return "\\";
        return (piece === "&" || piece === "0" ? match[0] : match[Number(piece)]) ?? "";
      })
      .join("");
});

function replaceMatches(
  text: string,
  pattern: string,
  replacement: string,
  flags: string,
  start: number,
  nth: number,
): string {
  if (/^[0-9]/.test(flags)) {
    throw pgError("22023", `invalid regular expression option: "${flags[0]}"`);
  }
  const all = flags.includes("g");
  const replace = replacer(replacement);
  let result = text.slice(0, start);
  let last = start;
  let count = 0;
  const regex = matcher(pattern, flags);
  regex.lastIndex = start;
  for (const match of text.matchAll(regex)) {
    count += 1;
    if (!all && count < nth) continue;
    result += text.slice(last, match.index) + replace(match);
    last = match.index + match[0].length;
    if (!all) break;
  }
  return result + text.slice(last);
}

/** regexp_replace(text, pattern, replacement, start, n, flags); n = 0 replaces all. */
function replaceFrom(
  text: string,
  pattern: string,
  replacement: string,
  start: number,
  nth: number,
  flags: string,
): string {
  checkStart(start);
  if (nth < 0) throw pgError("22023", `invalid value for parameter "n": ${nth}`);
  const offset = [...text].slice(0, start - 1).join("").length;
  const plain = flags.replaceAll("g", "");
  return replaceMatches(text, pattern, replacement, nth === 0 ? `${plain}g` : plain, offset, nth);
}

function checkStart(start: number): void {
  if (start <= 0) throw pgError("22023", `invalid value for parameter "start": ${start}`);
}

function* matchesFrom(text: string, pattern: string, start: number, flags: string) {
  checkStart(start);
  const offset = [...text].slice(0, start - 1).join("").length;
  const regex = matcher(pattern, flags);
  regex.lastIndex = offset;
  if (start - 1 > [...text].length) return;
  yield* text.matchAll(regex);
}

function substringOfMatch(
  text: string,
  pattern: string,
  start: number,
  nth: number,
  flags: string,
  group: number,
): string | null {
  if (nth <= 0) throw pgError("22023", `invalid value for parameter "n": ${nth}`);
  if (group < 0) throw pgError("22023", `invalid value for parameter "subexpr": ${group}`);
  let count = 0;
  for (const match of matchesFrom(text, pattern, start, flags)) {
    count += 1;
    if (count === nth) return match[group] ?? null;
  }
  return null;
}

/** Empty matches at the ends and next to a match do not split, as in regexp_split_to_table. */
function splitText(text: string, pattern: string, flags: string): DuckDBListValue {
  if (flags.includes("g")) {
    throw pgError("22023", 'regexp_split_to_array() does not support the "global" option');
  }
  const parts: string[] = [];
  let last = 0;
  for (const match of text.matchAll(matcher(pattern, flags))) {
    const end = match.index + match[0].length;
    if (match[0] === "" && (match.index === last || match.index >= text.length)) continue;
    parts.push(text.slice(last, match.index));
    last = end;
  }
  parts.push(text.slice(last));
  return listValue(parts);
}

/** SIMILAR TO's pattern as the regular expression that PostgreSQL makes of it. */
function similarToRegex(pattern: string, escapeWith: string): string {
  if ([...escapeWith].length > 1) throw pgError("22025", "invalid escape string");
  let result = "^(?:";
  let isEscaped = false;
  let inBrackets = false;
  for (const character of pattern) {
    if (isEscaped) {
      if (character === '"') throw pgError("0A000", "substring patterns are not supported");
      result += `\\${character}`;
      isEscaped = false;
    } else if (escapeWith !== "" && character === escapeWith) isEscaped = true;
    else if (inBrackets) {
      if (character === "\\") result += "\\";
      result += character;
      if (character === "]") inBrackets = false;
    } else if (character === "[") {
      result += character;
      inBrackets = true;
    } else if (character === "%") result += ".*";
    else if (character === "_") result += ".";
    else if (character === "(") result += "(?:";
    else if ("\\.^$".includes(character)) result += `\\${character}`;
    else result += character;
  }
  return `${result})$`;
}
