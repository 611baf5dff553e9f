/**
 * json and jsonb functions over text. `js_` is for json, whose texts stay as written; `jb_` for
 * jsonb and both.
 */

import {
  BOOLEAN,
  type DuckDBListValue,
  INTEGER,
  LIST,
  listValue,
  STRUCT,
  structValue,
  VARCHAR,
} from "@duckdb/node-api";
import { canonicalJsonb, quoteJson } from "../../types/json.ts";
import { type JsonValue, readJson } from "./json-value.ts";
import { numericText, parseNumeric } from "./numeric-value.ts";
import { cached, pgError, type ScalarFunction } from "./scalar-function.ts";

const read = cached(readJson, 256);
const PAIR = STRUCT({ c1: VARCHAR, c2: VARCHAR });

export const jsonFunctions: readonly ScalarFunction[] = [
  fn("jb_key", [VARCHAR], VARCHAR, (text: string) => keyOf(read(text))),
  ...["js", "jb"].flatMap((prefix) => [
    fn(`${prefix}_get`, [VARCHAR, VARCHAR], VARCHAR, (text: string, key: string) =>
      textOf(field(read(text), key)),
    ),
    fn(`${prefix}_at`, [VARCHAR, INTEGER], VARCHAR, (text: string, at: number) =>
      textOf(element(read(text), at, prefix === "jb")),
    ),
    fn(`${prefix}_path`, [VARCHAR, LIST(VARCHAR)], VARCHAR, (text: string, path: DuckDBListValue) =>
      textOf(follow(read(text), path)),
    ),
    fn(`${prefix}_elements`, [VARCHAR], LIST(VARCHAR), (text: string) =>
      listValue(itemsOf(read(text)).map((item) => item.text)),
    ),
  ]),
  fn("jb_gett", [VARCHAR, VARCHAR], VARCHAR, (text: string, key: string) =>
    plainText(field(read(text), key)),
  ),
  fn("js_att", [VARCHAR, INTEGER], VARCHAR, (text: string, at: number) =>
    plainText(element(read(text), at, false)),
  ),
  fn("jb_att", [VARCHAR, INTEGER], VARCHAR, (text: string, at: number) =>
    plainText(element(read(text), at, true)),
  ),
  fn("jb_patht", [VARCHAR, LIST(VARCHAR)], VARCHAR, (text: string, path: DuckDBListValue) =>
    plainText(follow(read(text), path)),
  ),
  fn("jb_typeof", [VARCHAR], VARCHAR, (text: string) => read(text).kind),
  fn("jb_length", [VARCHAR], INTEGER, (text: string) => {
    const value = read(text);
    if (value.kind === "array") return value.items.length;
    const what = value.kind === "object" ? "a non-array" : "a scalar";
    throw pgError("22023", `cannot get array length of ${what}`);
  }),
  fn("jb_elements_text", [VARCHAR], LIST(VARCHAR), (text: string) =>
    listValue(itemsOf(read(text)).map(plainText)),
  ),
  fn("jb_keys", [VARCHAR], LIST(VARCHAR), (text: string) =>
    listValue(entriesOf(read(text), "jsonb_object_keys").map(([key]) => key)),
  ),
  fn("jb_each", [VARCHAR], LIST(PAIR), (text: string) =>
    listValue(
      entriesOf(read(text), "jsonb_each").map(([key, value]) =>
        structValue({ c1: key, c2: value.text }),
      ),
    ),
  ),
  fn("jb_each_text", [VARCHAR], LIST(PAIR), (text: string) =>
    listValue(
      entriesOf(read(text), "jsonb_each_text").map(([key, value]) =>
        structValue({ c1: key, c2: plainText(value) }),
      ),
    ),
  ),
  fn("jb_contains", [VARCHAR, VARCHAR], BOOLEAN, (text: string, part: string) =>
    contains(read(text), read(part), true),
  ),
  fn("jb_exists", [VARCHAR, VARCHAR], BOOLEAN, (text: string, key: string) =>
    exists(read(text), key),
  ),
  fn("jb_exists_any", [VARCHAR, LIST(VARCHAR)], BOOLEAN, (text: string, keys: DuckDBListValue) =>
    keys.items.some((key) => key !== null && exists(read(text), String(key))),
  ),
  fn("jb_exists_all", [VARCHAR, LIST(VARCHAR)], BOOLEAN, (text: string, keys: DuckDBListValue) =>
    keys.items.every((key) => key === null || exists(read(text), String(key))),
  ),
  fn("jb_concat", [VARCHAR, VARCHAR], VARCHAR, concatenate),
  fn("jb_delete", [VARCHAR, VARCHAR], VARCHAR, withoutKey),
  fn("pg_json_text", [VARCHAR], VARCHAR, quoteJson),
  fn("pg_json_number", [VARCHAR], VARCHAR, (text: string) =>
    /^-?\d/.test(text) ? text : quoteJson(text),
  ),
  // a key is text whatever its type: numbers and booleans are quoted, strings are already
  fn("pg_json_key", [VARCHAR], VARCHAR, (text: string) =>
    text.startsWith('"') ? text : quoteJson(text),
  ),
];

function fn(
  name: string,
  parameters: ScalarFunction["parameters"],
  returns: ScalarFunction["returns"],
  run: ScalarFunction["run"],
): ScalarFunction {
  return { name, parameters, returns, run };
}

function textOf(value: JsonValue | undefined): string | null {
  return value === undefined ? null : value.text;
}

/** Strings without quotes, null as NULL. */
function plainText(value: JsonValue | undefined): string | null {
  if (value === undefined || value.kind === "null") return null;
  return value.kind === "string" ? value.value : value.text;
}

/** The last of equal keys counts. */
function field(value: JsonValue, key: string): JsonValue | undefined {
  return value.kind === "object"
    ? value.entries.findLast(([name]) => name === key)?.[1]
    : undefined;
}

/** jsonb keeps a scalar as an array of one, and lets it be taken out as such. */
function element(value: JsonValue, at: number, isBinary: boolean): JsonValue | undefined {
  if (isBinary && value.kind !== "array" && value.kind !== "object") return [value].at(at);
  return value.kind === "array" ? value.items.at(at) : undefined;
}

function follow(value: JsonValue, path: DuckDBListValue): JsonValue | undefined {
  let current: JsonValue | undefined = value;
  for (const step of path.items) {
    if (current === undefined || step === null) return undefined;
    if (current.kind === "object") current = field(current, String(step));
    else if (/^\s*[+-]?\d+$/.test(String(step))) current = element(current, Number(step), false);
    else return undefined;
  }
  return current;
}

function itemsOf(value: JsonValue): readonly JsonValue[] {
  if (value.kind === "array") return value.items;
  const what = value.kind === "object" ? "an object" : "a scalar";
  throw pgError("22023", `cannot extract elements from ${what}`);
}

function entriesOf(value: JsonValue, name: string): readonly (readonly [string, JsonValue])[] {
  if (value.kind === "object") return value.entries;
  const what = value.kind === "array" ? "an array" : "a scalar";
  throw pgError("22023", `cannot call ${name} on ${what}`);
}

function exists(value: JsonValue, key: string): boolean {
  if (value.kind === "object") return value.entries.some(([name]) => name === key);
  if (value.kind === "array") return value.items.some((item) => isString(item, key));
  return isString(value, key);
}

function isString(value: JsonValue, text: string): boolean {
  return value.kind === "string" && value.value === text;
}

/** Text that is the same for equal values: numbers without trailing zeros of their scale. */
function keyOf(value: JsonValue): string {
  switch (value.kind) {
    case "object":
      return `{${value.entries.map(([key, item]) => `${quoteJson(key)}:${keyOf(item)}`).join(",")}}`;
    case "array":
      return `[${value.items.map(keyOf).join(",")}]`;
    case "number": {
      const text = numericText(parseNumeric(value.text));
      return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
    }
    default:
      return value.text;
  }
}

/** At the top an array contains a scalar that is one of its elements; nowhere below. */
function contains(value: JsonValue, part: JsonValue, isTop: boolean): boolean {
  if (part.kind === "object") {
    return (
      value.kind === "object" &&
      part.entries.every(([key, wanted]) => {
        const found = field(value, key);
        return found !== undefined && contains(found, wanted, false);
      })
    );
  }
  if (part.kind === "array") {
    return (
      value.kind === "array" &&
      part.items.every((wanted) => value.items.some((item) => contains(item, wanted, false)))
    );
  }
  if (value.kind === "array")
    return isTop && value.items.some((item) => keyOf(item) === keyOf(part));
  return value.kind !== "object" && keyOf(value) === keyOf(part);
}

function concatenate(left: string, right: string): string {
  const [a, b] = [read(left), read(right)];
  if (a.kind === "object" && b.kind === "object") {
    const pairs = [...a.entries, ...b.entries].map(
      ([key, value]) => `${quoteJson(key)}:${value.text}`,
    );
    return canonicalJsonb(`{${pairs.join(",")}}`);
  }
  const isMixed =
    (a.kind === "object" && b.kind !== "array") || (b.kind === "object" && a.kind !== "array");
  if (isMixed) throw pgError("22023", "invalid concatenation of jsonb objects");
  const items = (value: JsonValue) => (value.kind === "array" ? value.items : [value]);
  return canonicalJsonb(`[${[...items(a), ...items(b)].map((item) => item.text).join(",")}]`);
}

function withoutKey(text: string, key: string): string {
  const value = read(text);
  if (value.kind === "object") {
    const kept = value.entries.filter(([name]) => name !== key);
    return canonicalJsonb(
      `{${kept.map(([name, item]) => `${quoteJson(name)}:${item.text}`).join(",")}}`,
    );
  }
  if (value.kind === "array") {
    const kept = value.items.filter((item) => !isString(item, key));
    return canonicalJsonb(`[${kept.map((item) => item.text).join(",")}]`);
  }
  throw pgError("22023", "cannot delete from scalar");
}
