/**
 * The `entity` argument of our functions: JSON by column name, or the bare value of the only
 * column.
 */

import { SqlError } from "../base/errors.ts";
import type { Entity } from "../table/entities.ts";
import type { EntityValue } from "../table/segment-files.ts";
import { Oid } from "../types/oids.ts";
import type { SqlValue } from "../types/value.ts";

export interface EntityColumn {
  readonly name: string;
  readonly typeOid: number;
  readonly type: EntityValue["type"];
}

/** @throws SqlError 42703 unknown column, 22023 missing column, 42804 wrong type */
export function parseEntity(text: string, columns: readonly EntityColumn[]): Entity {
  if (columns.length === 0) {
    throw new SqlError("22023", "the table has no entity columns");
  }
  const object = asObject(text);
  const [only] = columns;
  if (object === undefined) {
    if (columns.length === 1 && only !== undefined) return [component(only, bareValue(text))];
    throw new SqlError("22023", `entity "${text}" does not name every entity column`, {
      hint: `Write it as JSON with the keys ${columns.map(({ name }) => name).join(", ")}.`,
    });
  }
  for (const key of Object.keys(object)) {
    if (!columns.some(({ name }) => name === key)) {
      throw new SqlError("42703", `entity column "${key}" does not exist`);
    }
  }
  return columns.map((column) => {
    if (!Object.hasOwn(object, column.name)) {
      throw new SqlError("22023", `entity lacks column "${column.name}"`);
    }
    return component(column, object[column.name]);
  });
}

function asObject(text: string): Record<string, unknown> | undefined {
  if (!text.trimStart().startsWith("{")) return undefined;
  try {
    return JSON.parse(text.replace(TOKEN, exactNumber)) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
/** Marks a text that was a number; PostgreSQL's jsonb cannot hold a NUL. */
const NUMBER_MARK = "\u0000";

/** Whole numbers that a double would round are kept as marked texts. */
function exactNumber(token: string): string {
  const isLong = /^-?\d{16,}$/.test(token);
  return isLong ? JSON.stringify(NUMBER_MARK + token) : token;
}

/** A jsonb scalar arrives with its quotes. */
function bareValue(text: string): string {
  if (!/^".*"$/s.test(text)) return text;
  try {
    return JSON.parse(text) as string;
  } catch {
    return text;
  }
}

function component(column: EntityColumn, value: unknown): EntityValue {
  if (column.type === "utf8") {
    if (typeof value !== "string" || value.startsWith(NUMBER_MARK)) throw wrongType(column, value);
    return { type: "utf8", value };
  }
  const isScalar = typeof value === "number" || typeof value === "string";
  const text = isScalar ? String(value).replace(NUMBER_MARK, "") : "";
  if (!/^-?\d+$/.test(text)) throw wrongType(column, value);
  return column.type === "int32"
    ? { type: "int32", value: Number(text) }
    : { type: column.type, value: BigInt(text) };
}

function wrongType(column: EntityColumn, value: unknown): SqlError {
  return new SqlError("42804", `entity column "${column.name}" cannot be ${JSON.stringify(value)}`);
}

/** An identity's component as a value of its column's type. */
export function entitySqlValue(component: EntityValue, typeOid: number): SqlValue {
  if (component.type === "uint64") return component.value.toString();
  if (component.type === "int64" && typeOid !== Oid.int8) return Number(component.value);
  return component.value;
}
