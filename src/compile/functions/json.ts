/** json and jsonb: getters, tests, producers. jsonb is canonical text, made so by jb_norm. */

import { SqlError } from "../../base/errors.ts";
import { Oid } from "../../types/oids.ts";
import type { Call, Chapter, Rule } from "../closed-table.ts";
import { quoteLiteral, type Sql } from "../expression.ts";
import { refuse } from "../refusals.ts";
import { jsonText } from "./json-text.ts";
import { arg, constantText, raise, result, template } from "./rules.ts";

const nullable = { nullable: true } as const;

/**
 * `->>` by a literal key: DuckDB's reader, where it prints what PostgreSQL does. Floats, objects
 * and arrays it would print in its own way.
 */
function fieldText(call: Call): Sql {
  const [value, key] = [arg(call, 0), arg(call, 1)];
  const name = constantText(key);
  const exact = `jb_gett(${value.text}, ${key.text})`;
  const isSimple = name !== undefined && /^[A-Za-z_]\w*$/.test(name);
  if (!isSimple || value.shape.typeOid !== Oid.jsonb)
    return result(call, exact, { mayBeNull: true });
  const path = quoteLiteral(`$.${name}`);
  const text =
    `(CASE json_type(${value.text}, ${path}) WHEN 'VARCHAR' THEN json_extract_string(${value.text}, ${path})` +
    ` WHEN 'UBIGINT' THEN json_extract_string(${value.text}, ${path}) ELSE ${exact} END)`;
  return result(call, text, { mayBeNull: true });
}

function builds(isObject: boolean, isBinary: boolean): Rule {
  return (call) => {
    if (call.isVariadicArray) return refuse("json_build with VARIADIC");
    const texts = call.args.map((each) => jsonText(each, call.context));
    const text = isObject ? objectText(call, texts) : arrayText(texts);
    return result(call, isBinary ? `jb_norm(${text})` : text, { mayBeNull: false });
  };
}

function arrayText(texts: readonly string[]): string {
  const items = texts.map((text) => `coalesce(${text}, 'null')`).join(" || ', ' || ");
  return items === "" ? "'[]'" : `('[' || ${items} || ']')`;
}

function objectText(call: Call, texts: readonly string[]): string {
  if (texts.length % 2 !== 0) {
    throw new SqlError("22023", "argument list must have even number of elements");
  }
  const pairs: string[] = [];
  for (let index = 0; index < texts.length; index += 2) {
    const missing = raise("22004", `argument ${index + 1}: key must not be null`);
    const key = arg(call, index);
    const name = key.mayBeNull
      ? `coalesce(pg_json_key(${texts[index]}), ${missing})`
      : `pg_json_key(${texts[index]})`;
    pairs.push(`${name} || ' : ' || coalesce(${texts[index + 1]}, 'null')`);
  }
  return pairs.length === 0 ? "'{}'" : `('{' || ${pairs.join(" || ', ' || ")} || '}')`;
}

function toJson(isBinary: boolean): Rule {
  return (call) => {
    const text = jsonText(arg(call, 0), call.context);
    return result(call, isBinary ? `jb_norm(${text})` : text);
  };
}

function getters(type: "json" | "jsonb"): Record<string, Rule> {
  const prefix = type === "json" ? "js" : "jb";
  return {
    [`${type}_object_field(${type},text)`]: template(`${prefix}_get($1, $2)`, nullable),
    [`${type}_object_field_text(${type},text)`]: fieldText,
    [`${type}_array_element(${type},int4)`]: template(`${prefix}_at($1, $2)`, nullable),
    [`${type}_array_element_text(${type},int4)`]: template(`${prefix}_att($1, $2)`, nullable),
    [`${type}_extract_path(${type},_text)`]: template(`${prefix}_path($1, $2)`, nullable),
    [`${type}_extract_path_text(${type},_text)`]: template("jb_patht($1, $2)", nullable),
    [`${type}_typeof(${type})`]: template("jb_typeof($1)"),
    [`${type}_array_length(${type})`]: template("jb_length($1)"),
    [`${type}_build_object(any)`]: builds(true, type === "jsonb"),
    [`${type}_build_object()`]: builds(true, type === "jsonb"),
    [`${type}_build_array(any)`]: builds(false, type === "jsonb"),
    [`${type}_build_array()`]: builds(false, type === "jsonb"),
  };
}

export const json: Chapter = {
  functions: {
    ...getters("json"),
    ...getters("jsonb"),
    "to_json(anyelement)": toJson(false),
    "row_to_json(record)": toJson(false),
    "array_to_json(anyarray)": toJson(false),
    "to_jsonb(anyelement)": toJson(true),
    "jsonb_contains(jsonb,jsonb)": template("jb_contains($1, $2)"),
    "jsonb_contained(jsonb,jsonb)": template("jb_contains($2, $1)"),
    "jsonb_exists(jsonb,text)": template("jb_exists($1, $2)"),
    "jsonb_exists_any(jsonb,_text)": template("jb_exists_any($1, $2)"),
    "jsonb_exists_all(jsonb,_text)": template("jb_exists_all($1, $2)"),
    "jsonb_concat(jsonb,jsonb)": template("jb_concat($1, $2)"),
    "jsonb_delete(jsonb,text)": template("jb_delete($1, $2)"),
    "jsonb_delete(jsonb,int4)": template("jb_delete_at($1, $2)"),
    "jsonb_delete(jsonb,_text)": template("jb_delete_keys($1, $2)"),
    "jsonb_delete_path(jsonb,_text)": template("jb_delete_path($1, $2)"),
    "jsonb_set(jsonb,_text,jsonb,bool)": template("jb_set($1, $2, $3, $4)"),
    "jsonb_insert(jsonb,_text,jsonb,bool)": template("jb_insert($1, $2, $3, $4)"),
    "jsonb_strip_nulls(jsonb,bool)": template("jb_strip($1, $2)"),
  },
};
