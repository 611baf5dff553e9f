/** jsonb with a part of it set, inserted or removed: jsonb_set, jsonb_insert, `#-`, `-`. */

import { BOOLEAN, type DuckDBListValue, INTEGER, LIST, VARCHAR } from "@duckdb/node-api";
import { canonicalJsonb, quoteJson } from "../../types/json.ts";
import { type JsonValue, readJson } from "./json-value.ts";
import { cached, pgError, type ScalarFunction } from "./scalar-function.ts";

const read = cached(readJson, 256);

type Verb = "create" | "replace" | "insert before" | "insert after" | "delete";

interface Change {
  readonly verb: Verb;
  readonly path: readonly (string | null)[];
  /** As text; of "delete" nothing. */
  readonly value: string;
}

const PATH = LIST(VARCHAR);

export const jsonChanges: readonly ScalarFunction[] = [
  {
    name: "jb_set",
    parameters: [VARCHAR, PATH, VARCHAR, BOOLEAN],
    returns: VARCHAR,
    run: (text: string, path: DuckDBListValue, value: string, creates: boolean) =>
      changed(text, path, creates ? "create" : "replace", value),
  },
  {
    name: "jb_insert",
    parameters: [VARCHAR, PATH, VARCHAR, BOOLEAN],
    returns: VARCHAR,
    run: (text: string, path: DuckDBListValue, value: string, isAfter: boolean) =>
      changed(text, path, isAfter ? "insert after" : "insert before", value),
  },
  {
    name: "jb_delete_path",
    parameters: [VARCHAR, PATH],
    returns: VARCHAR,
    run: (text: string, path: DuckDBListValue) => changed(text, path, "delete", ""),
  },
  { name: "jb_delete_at", parameters: [VARCHAR, INTEGER], returns: VARCHAR, run: withoutItem },
  { name: "jb_delete_keys", parameters: [VARCHAR, PATH], returns: VARCHAR, run: withoutKeys },
  {
    name: "jb_strip",
    parameters: [VARCHAR, BOOLEAN],
    returns: VARCHAR,
    run: (text: string, inArrays: boolean) => canonicalJsonb(withoutNulls(read(text), inArrays)),
  },
];

function changed(text: string, path: DuckDBListValue, verb: Verb, value: string): string {
  const whole = read(text);
  if (whole.kind !== "object" && whole.kind !== "array") {
    throw pgError("22023", `cannot ${verb === "delete" ? "delete" : "set"} path in scalar`);
  }
  const steps = path.items.map((step) => (step === null ? null : String(step)));
  if (steps.length === 0) return canonicalJsonb(text);
  const isEmpty = (whole.kind === "object" ? whole.entries : whole.items).length === 0;
  if (isEmpty && (verb === "replace" || verb === "delete")) return canonicalJsonb(text);
  return canonicalJsonb(within(whole, { verb, path: steps, value }, 0));
}

function within(value: JsonValue, change: Change, level: number): string {
  const step = change.path[level];
  if (step === null) throw pgError("22004", `path element at position ${level + 1} is null`);
  if (step === undefined) return value.text;
  if (value.kind === "object") return withinObject(value.entries, step, change, level);
  return value.kind === "array" ? withinArray(value.items, step, change, level) : value.text;
}

function withinObject(
  entries: readonly (readonly [string, JsonValue])[],
  step: string,
  change: Change,
  level: number,
): string {
  const { verb, path, value } = change;
  const isLast = level === path.length - 1;
  const isThere = entries.some(([key]) => key === step);
  if (isLast && isThere && verb.startsWith("insert")) {
    const hint = "Try using the function jsonb_set to replace key value.";
    throw pgError("22023", "cannot replace existing key", undefined, hint);
  }
  const pairs = entries.flatMap(([key, item]) => {
    if (key !== step) return [pair(key, item.text)];
    if (!isLast) return [pair(key, within(item, change, level + 1))];
    return verb === "delete" ? [] : [pair(key, value)];
  });
  const adds = verb === "create" || verb.startsWith("insert");
  if (isLast && !isThere && adds) pairs.push(pair(step, value));
  return `{${pairs.join(",")}}`;
}

function withinArray(
  items: readonly JsonValue[],
  step: string,
  change: Change,
  level: number,
): string {
  const { verb, path, value } = change;
  const isLast = level === path.length - 1;
  const given = placeOf(step, level);
  const place = given < 0 ? given + items.length : Math.min(given, items.length);
  const texts = items.map(({ text }) => text);
  const found = items[place];
  if (place >= 0 && found !== undefined) {
    if (!isLast) texts[place] = within(found, change, level + 1);
    else texts.splice(place, 1, ...put(verb, found.text, value));
  } else if (isLast && verb !== "replace" && verb !== "delete") {
    if (place < 0) texts.unshift(value);
    else texts.push(value);
  }
  return `[${texts.join(",")}]`;
}

/** What stands in the place of an item. */
function put(verb: Verb, old: string, value: string): readonly string[] {
  switch (verb) {
    case "insert before":
      return [value, old];
    case "insert after":
      return [old, value];
    case "delete":
      return [];
    default:
      return [value];
  }
}

function placeOf(step: string, level: number): number {
  const place = /^[ \t\n\v\f\r]*[+-]?\d+$/.test(step) ? Number(step) : Number.NaN;
  if (place >= -(2 ** 31) && place < 2 ** 31) return place;
  throw pgError("22P02", `path element at position ${level + 1} is not an integer: "${step}"`);
}

function withoutItem(text: string, at: number): string {
  const value = read(text);
  if (value.kind === "object") {
    throw pgError("22023", "cannot delete from object using integer index");
  }
  if (value.kind !== "array") throw pgError("22023", "cannot delete from scalar");
  const place = at < 0 ? at + value.items.length : at;
  return canonicalJsonb(list(value.items.filter((_, index) => index !== place)));
}

function withoutKeys(text: string, keys: DuckDBListValue): string {
  const value = read(text);
  const gone = new Set(keys.items.filter((key) => key !== null).map(String));
  if (value.kind === "object") {
    const kept = value.entries.filter(([key]) => !gone.has(key));
    return canonicalJsonb(`{${kept.map(([key, item]) => pair(key, item.text)).join(",")}}`);
  }
  if (value.kind !== "array") throw pgError("22023", "cannot delete from scalar");
  const isGone = (item: JsonValue) => item.kind === "string" && gone.has(item.value);
  return canonicalJsonb(list(value.items.filter((item) => !isGone(item))));
}

function withoutNulls(value: JsonValue, inArrays: boolean): string {
  if (value.kind === "object") {
    const kept = value.entries.filter(([, item]) => item.kind !== "null");
    return `{${kept.map(([key, item]) => pair(key, withoutNulls(item, inArrays))).join(",")}}`;
  }
  if (value.kind !== "array") return value.text;
  const kept = value.items.filter(({ kind }) => !inArrays || kind !== "null");
  return `[${kept.map((item) => withoutNulls(item, inArrays)).join(",")}]`;
}

function pair(key: string, text: string): string {
  return `${quoteJson(key)}:${text}`;
}

function list(items: readonly JsonValue[]): string {
  return `[${items.map(({ text }) => text).join(",")}]`;
}
