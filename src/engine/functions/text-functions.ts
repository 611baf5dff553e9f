/**
 * Text functions that DuckDB lacks or answers differently. Lengths count characters, not UTF-16
 * units.
 */

import {
  BLOB,
  DuckDBBlobValue,
  type DuckDBListValue,
  INTEGER,
  LIST,
  listValue,
  VARCHAR,
} from "@duckdb/node-api";
import { decodeBytes, encodeBytes } from "./byte-encodings.ts";
import { formatText, quoteIdentifier, quoteLiteralText } from "./format.ts";
import { pgError, type ScalarFunction } from "./scalar-function.ts";

export const textFunctions: readonly ScalarFunction[] = [
  fn("pg_lpad", [VARCHAR, INTEGER, VARCHAR], (text: string, length: number, fill: string) =>
    pad(text, length, fill, "left"),
  ),
  fn("pg_rpad", [VARCHAR, INTEGER, VARCHAR], (text: string, length: number, fill: string) =>
    pad(text, length, fill, "right"),
  ),
  fn("pg_split_part", [VARCHAR, VARCHAR, INTEGER], splitPart),
  fn("pg_initcap", [VARCHAR], initcap),
  fn("pg_reverse", [VARCHAR], (text: string) => [...text].reverse().join("")),
  fn("pg_overlay", [VARCHAR, VARCHAR, INTEGER, INTEGER], overlay),
  fn("pg_quote_ident", [VARCHAR], quoteIdentifier),
  fn("pg_quote_literal", [VARCHAR], quoteLiteralText),
  fn("pg_format", [VARCHAR, LIST(VARCHAR)], (format: string, args: DuckDBListValue) =>
    formatText(format, args.items as readonly (string | null)[]),
  ),
  fn("pg_chr", [INTEGER], chr),
  fn("pg_repeat", [VARCHAR, INTEGER], repeat),
  fn("pg_encode", [BLOB, VARCHAR], (bytes: DuckDBBlobValue, format: string) =>
    encodeBytes(bytes.bytes, format),
  ),
  {
    name: "pg_decode",
    parameters: [VARCHAR, VARCHAR],
    returns: BLOB,
    run: (text: string, format: string) => new DuckDBBlobValue(decodeBytes(text, format)),
  },
  fn("pg_like_escape", [VARCHAR, VARCHAR], likeEscape),
  {
    name: "pg_array_to_string",
    parameters: [LIST(VARCHAR), VARCHAR, VARCHAR],
    returns: VARCHAR,
    takesNull: true,
    run: (list: DuckDBListValue | null, separator: string | null, nullText: string | null) => {
      if (list === null || separator === null) return null;
      const texts = (list.items as readonly (string | null)[]).map((text) => text ?? nullText);
      return texts.filter((text) => text !== null).join(separator);
    },
  },
  {
    name: "pg_string_to_array",
    parameters: [VARCHAR, VARCHAR, VARCHAR],
    returns: LIST(VARCHAR),
    takesNull: true,
    run: stringToArray,
  },
];

function fn(
  name: string,
  parameters: ScalarFunction["parameters"],
  run: ScalarFunction["run"],
): ScalarFunction {
  return { name, parameters, returns: VARCHAR, run };
}

/** A text of more would not fit PostgreSQL's gigabyte. */
const LENGTH_MAX = 1_073_741_819;

function pad(text: string, length: number, fill: string, side: "left" | "right"): string {
  const characters = [...text];
  const wanted = Math.max(length, 0);
  if (wanted > LENGTH_MAX / 4) throw pgError("54000", "requested length too large");
  if (characters.length >= wanted) return characters.slice(0, wanted).join("");
  const filling = [...fill];
  if (filling.length === 0) return text;
  const missing = wanted - characters.length;
  const whole = fill.repeat(Math.floor(missing / filling.length));
  const added = whole + filling.slice(0, missing % filling.length).join("");
  return side === "left" ? added + text : text + added;
}

function splitPart(text: string, delimiter: string, field: number): string {
  if (field === 0) throw pgError("22023", "field position must not be zero");
  if (text === "") return "";
  if (delimiter === "") return field === 1 || field === -1 ? text : "";
  const parts = text.split(delimiter);
  // PostgreSQL counts separators from the end only by whole matches found from the start
  return parts[field > 0 ? field - 1 : parts.length + field] ?? "";
}

function initcap(text: string): string {
  let isInWord = false;
  let result = "";
  for (const character of text) {
    result += isInWord ? lower(character) : upper(character);
    isInWord = /[\p{L}\p{N}\p{Nl}]/u.test(character);
  }
  return result;
}

/** One character to one character, as C's towupper: ß stays ß. */
function upper(character: string): string {
  const mapped = character.toUpperCase();
  return [...mapped].length === 1 ? mapped : character;
}

function lower(character: string): string {
  const mapped = character.toLowerCase();
  return [...mapped].length === 1 ? mapped : character;
}

function overlay(text: string, replacement: string, start: number, length: number): string {
  if (start <= 0) throw pgError("22011", "negative substring length not allowed");
  const end = start + length;
  if (end > 2_147_483_647) throw pgError("22003", "integer out of range");
  const characters = [...text];
  const before = characters.slice(0, start - 1).join("");
  return before + replacement + characters.slice(Math.max(end - 1, 0)).join("");
}

function chr(code: number): string {
  if (code < 0) throw pgError("22023", "character number must be positive");
  if (code === 0) throw pgError("54000", "null character not permitted");
  if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) {
    const why = code > 0x10ffff ? "too large for encoding" : "not valid for encoding";
    throw pgError("54000", `requested character ${why}: ${code}`);
  }
  return String.fromCodePoint(code);
}

function repeat(text: string, count: number): string {
  if (Buffer.byteLength(text) * count > LENGTH_MAX) {
    throw pgError("54000", "requested length too large");
  }
  return text.repeat(Math.max(count, 0));
}

/** The values of DuckDB's LIST; NULL input is NULL, NULL delimiter means single characters. */
function stringToArray(
  text: string | null,
  delimiter: string | null,
  nullText: string | null,
): DuckDBListValue | null {
  if (text === null) return null;
  if (text === "") return listValue([]);
  const parts = delimiter === null ? [...text] : delimiter === "" ? [text] : text.split(delimiter);
  return listValue(parts.map((part) => (part === nullText ? null : part)));
}

/** LIKE's pattern with another escape character (or none), rewritten for the backslash. */
function likeEscape(pattern: string, escapeWith: string): string {
  if ([...escapeWith].length > 1) throw pgError("22025", "invalid escape string");
  if (escapeWith === "\\") return pattern;
  let result = "";
  let isEscaped = false;
  for (const character of pattern) {
    if (character === escapeWith && !isEscaped) {
      isEscaped = true;
      continue;
    }
    result += isEscaped || character === "\\" ? `\\${character}` : character;
    isEscaped = false;
  }
  return isEscaped ? `${result}\\` : result;
}
