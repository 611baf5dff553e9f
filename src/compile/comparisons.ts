/**
 * Comparing, sorting and grouping as PostgreSQL does, for every representation: where DuckDB's own
 * order of the carrier is another one (numeric text, jsonb, char(n)), through a key.
 */

import { Oid } from "../types/oids.ts";
import { DECIMAL_DIGITS } from "./duckdb-types.ts";
import type { Sql } from "./expression.ts";
import { refuse } from "./refusals.ts";
import { toNumericText, toUtc } from "./representations.ts";

export type Comparison = "=" | "<>" | "<" | "<=" | ">" | ">=";

/**
 * Text whose equality in DuckDB is PostgreSQL's equality of the value, and whose order its order.
 * The functions num_key and jb_key are JavaScript functions of the engine.
 */
export function sortKey(sql: Sql): string {
  const { representation, typeOid } = sql.shape;
  if (typeOid === Oid.jsonb || typeOid === Oid.json) return refuse("ordering json values");
  if (representation.kind === "row") return refuse("ordering records");
  return groupKey(sql);
}

/** Like `sortKey`, for equality only. */
export function groupKey(sql: Sql): string {
  const { representation, typeOid } = sql.shape;
  if (representation.kind === "numeric-text") return `num_key(${sql.text})`;
  if (representation.kind === "array") {
    const { element } = representation;
    if (element.representation.kind === "numeric-text") {
      return `list_transform(${sql.text}, lambda e: num_key(e))`;
    }
    if (element.typeOid === Oid.jsonb) return `list_transform(${sql.text}, lambda e: jb_key(e))`;
    return sql.text;
  }
  if (typeOid === Oid.jsonb) return `jb_key(${sql.text})`;
  if (typeOid === Oid.bpchar) return `rtrim(${sql.text}, ' ')`;
  return sql.text;
}

/** Whether the key is not the value itself: the value must then be fetched beside the key. */
export function needsKey(sql: Sql): boolean {
  return groupKey(sql) !== sql.text || sql.shape.representation.kind === "decimal-scaled";
}

/**
 * `left op right` in parentheses. Types may differ among date, timestamp, timestamptz and integers.
 */
export function compare(operator: Comparison, left: Sql, right: Sql, isUtc: boolean): string {
  const [a, b] = comparable(left, right, isUtc);
  return `(${a} ${operator} ${b})`;
}

/** Two texts that DuckDB's comparison operators compare as PostgreSQL compares the values. */
export function comparable(left: Sql, right: Sql, isUtc: boolean): readonly [string, string] {
  if (left.shape.typeOid === Oid.numeric) return comparableNumerics(left, right);
  if (isMoment(left) && isMoment(right)) return comparableMoments(left, right, isUtc);
  return [groupKey(left), groupKey(right)];
}

function comparableNumerics(left: Sql, right: Sql): readonly [string, string] {
  const a = decimalSize(left);
  const b = decimalSize(right);
  // DuckDB casts both to one DECIMAL and raises when a value does not fit there.
  if (a && b && Math.max(a.whole, b.whole) + Math.max(a.scale, b.scale) <= DECIMAL_DIGITS) {
    return [left.text, right.text];
  }
  return [`num_key(${toNumericText(left).text})`, `num_key(${toNumericText(right).text})`];
}

function decimalSize(sql: Sql): { readonly whole: number; readonly scale: number } | undefined {
  const { representation } = sql.shape;
  if (representation.kind !== "decimal" && representation.kind !== "decimal-scaled") {
    return undefined;
  }
  const { precision, scale } = representation;
  return { whole: precision - scale, scale };
}

function isMoment({ shape }: Sql): boolean {
  const { typeOid } = shape;
  return typeOid === Oid.date || typeOid === Oid.timestamp || typeOid === Oid.timestamptz;
}

function comparableMoments(left: Sql, right: Sql, isUtc: boolean): readonly [string, string] {
  if (left.shape.typeOid === right.shape.typeOid) return [toUtc(left).text, toUtc(right).text];
  const withZone =
    left.shape.typeOid === Oid.timestamptz || right.shape.typeOid === Oid.timestamptz;
  return [moment(left, withZone, isUtc), moment(right, withZone, isUtc)];
}

/** A TIMESTAMP: local time, or UTC where the other side is a timestamptz. */
function moment(sql: Sql, withZone: boolean, isUtc: boolean): string {
  if (sql.shape.typeOid === Oid.timestamptz) return toUtc(sql).text;
  const local = sql.shape.typeOid === Oid.date ? `CAST(${sql.text} AS TIMESTAMP)` : sql.text;
  return withZone && !isUtc ? `timezone('UTC', CAST(${local} AS TIMESTAMPTZ))` : local;
}
