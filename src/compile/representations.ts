/**
 * Moving between the ways DuckDB can carry one PostgreSQL value: timestamptz as TIMESTAMPTZ (plain)
 * or as TIMESTAMP in UTC (utc), numeric as DECIMAL, DECIMAL with a scale beside it, or exact text.
 * All branches of a CASE, a UNION or a VALUES list are brought to one representation here.
 */

import { Oid } from "../types/oids.ts";
import type { Representation, Shape } from "../types/shape.ts";
import { DECIMAL_DIGITS, duckdbType } from "./duckdb-types.ts";
import type { Sql } from "./expression.ts";
import { refuse } from "./refusals.ts";

/**
 * Texts up to this length may be repeated in an expression; longer ones would grow exponentially.
 */
const REPEATABLE_LENGTH = 60;

/** timestamptz as TIMESTAMPTZ; anything else as it is. */
export function toPlain(sql: Sql): Sql {
  if (sql.shape.representation.kind !== "utc") return sql;
  const shape: Shape = { ...sql.shape, representation: { kind: "plain" } };
  if (sql.plainText !== undefined) return { ...sql, text: sql.plainText, shape };
  // epoch_us of infinity is NULL; timezone() keeps it but takes ten times as long.
  const text =
    sql.text.length > REPEATABLE_LENGTH || sql.isConstant
      ? `timezone('UTC', ${sql.text})`
      : `(CASE WHEN isfinite(${sql.text}) THEN make_timestamptz(epoch_us(${sql.text}))` +
        ` ELSE timezone('UTC', ${sql.text}) END)`;
  return { ...sql, text, shape };
}

/** timestamptz as TIMESTAMP in UTC; anything else as it is. */
export function toUtc(sql: Sql): Sql {
  if (sql.shape.typeOid !== Oid.timestamptz || sql.shape.representation.kind !== "plain")
    return sql;
  const text =
    sql.text.length > REPEATABLE_LENGTH || sql.isConstant
      ? `timezone('UTC', ${sql.text})`
      : `(CASE WHEN isfinite(${sql.text}) THEN make_timestamp(epoch_us(${sql.text}))` +
        ` ELSE timezone('UTC', ${sql.text}) END)`;
  const shape: Shape = { ...sql.shape, representation: { kind: "utc" } };
  return { ...sql, text, shape, plainText: sql.text };
}

/** numeric with PostgreSQL's exact digits in VARCHAR; anything else as it is. */
export function toNumericText(sql: Sql): Sql {
  const { representation } = sql.shape;
  const shape: Shape = { ...sql.shape, representation: { kind: "numeric-text" } };
  if (representation.kind === "decimal") {
    const text =
      typeof sql.constant === "string"
        ? `CAST('${sql.constant}' AS VARCHAR)`
        : decimalText(sql.text, representation.precision, representation.scale);
    return { ...sql, text, shape };
  }
  if (representation.kind !== "decimal-scaled") return sql;
  const { scale: _, ...rest } = sql;
  const digits = decimalText(sql.text, representation.precision, representation.scale);
  const cut = `${representation.scale} - ${sql.scale} + CAST(${sql.scale} = 0 AS INTEGER)`;
  const text =
    representation.scale === 0 ? digits : `left(${digits}, length(${digits}) - (${cut}))`;
  return { ...rest, text, shape };
}

/** DuckDB leaves the zero before the point out when all digits are behind it. */
function decimalText(text: string, precision: number, scale: number): string {
  if (precision > scale) return `CAST(${text} AS VARCHAR)`;
  return precision < DECIMAL_DIGITS
    ? `CAST(CAST(${text} AS DECIMAL(${precision + 1},${scale})) AS VARCHAR)`
    : `regexp_replace(CAST(${text} AS VARCHAR), '^(-?)\\.', '\\10.')`;
}

/** The same values, all in one representation, which is `shape`'s. */
export interface Unified {
  readonly items: readonly Sql[];
  readonly shape: Shape;
}

/** @throws SqlError 0A000 where the branches cannot be brought together. */
export function unify(items: readonly Sql[]): Unified {
  const shapes = items.filter((item) => item.constant !== null).map((item) => item.shape);
  const first = shapes[0] ?? items[0]?.shape;
  if (first === undefined) return refuse("an empty list of values");
  const shape = shapes.reduce(unifyShapes, first);
  return { items: items.map((item) => convert(item, shape)), shape };
}

/** The narrowest shape that both convert to. */
export function unifyShapes(left: Shape, right: Shape): Shape {
  const typmod = left.typmod === right.typmod ? left.typmod : -1;
  const representation = unifyRepresentations(left, right);
  return { typeOid: left.typeOid, typmod, representation };
}

/** The same for elements of arrays, beside which no display scale can stand. */
export function unifyElements(left: Shape, right: Shape): Shape {
  const shape = unifyShapes(left, right);
  if (shape.representation.kind !== "decimal-scaled") return shape;
  return { ...shape, representation: { kind: "numeric-text" } };
}

function unifyRepresentations(left: Shape, right: Shape): Representation {
  const [a, b] = [left.representation, right.representation];
  if (left.typeOid === Oid.numeric) return unifyNumerics(a, b);
  if (a.kind === "utc" || b.kind === "utc") return { kind: "utc" };
  if (a.kind === "array" && b.kind === "array") {
    if (a.dimensions !== b.dimensions) return refuse("arrays of different dimensions together");
    return { ...a, element: unifyElements(a.element, b.element) };
  }
  if (a.kind === "row" && b.kind === "row" && a.fields.length === b.fields.length) {
    const fields = a.fields.map((field, index) => unifyShapes(field, b.fields[index] ?? field));
    return { kind: "row", fields };
  }
  return a;
}

function unifyNumerics(a: Representation, b: Representation): Representation {
  const isText = a.kind === "numeric-text" || b.kind === "numeric-text";
  if (isText || !isDecimal(a) || !isDecimal(b)) return { kind: "numeric-text" };
  const scale = Math.max(a.scale, b.scale);
  const whole = Math.max(a.precision - a.scale, b.precision - b.scale, 1);
  const precision = whole + scale;
  if (precision > DECIMAL_DIGITS) return { kind: "numeric-text" };
  if (a.kind === "decimal" && b.kind === "decimal" && a.scale === b.scale) {
    return { kind: "decimal", precision, scale };
  }
  return { kind: "decimal-scaled", precision, scale, scaleColumn: -1 };
}

function isDecimal(
  representation: Representation,
): representation is Extract<Representation, { kind: "decimal" | "decimal-scaled" }> {
  return representation.kind === "decimal" || representation.kind === "decimal-scaled";
}

/** `sql` in the representation of `shape`, which is `unifyShapes` of it and others. */
export function convert(sql: Sql, shape: Shape): Sql {
  const from = sql.shape.representation;
  const to = shape.representation;
  if (sql.constant === null) return convertNull(sql, shape);
  if (to.kind === "numeric-text") return { ...toNumericText(sql), shape };
  if (to.kind === "utc") return toUtc(sql);
  if (to.kind === "plain" && from.kind === "utc") return toPlain(sql);
  if (to.kind === "decimal" || to.kind === "decimal-scaled") return convertDecimal(sql, shape);
  if (JSON.stringify(from) === JSON.stringify(to)) return { ...sql, shape };
  if (to.kind === "array" && from.kind === "array") {
    const element: Sql = {
      text: "e",
      shape: from.element,
      isConstant: false,
      mayBeNull: true,
    };
    if (from.dimensions > 1) return refuse("arrays of arrays in different representations");
    const converted = convert(element, to.element);
    return { ...sql, text: `list_transform(${sql.text}, lambda e: ${converted.text})`, shape };
  }
  return refuse("records in different representations together");
}

function convertNull(sql: Sql, shape: Shape): Sql {
  const { scale: _, ...rest } = sql;
  const text = `CAST(NULL AS ${duckdbType(shape)})`;
  if (shape.representation.kind !== "decimal-scaled") return { ...rest, text, shape };
  return { ...rest, text, shape, scale: "CAST(NULL AS INTEGER)" };
}

function convertDecimal(sql: Sql, shape: Shape): Sql {
  const from = sql.shape.representation;
  const type = duckdbType(shape);
  const text = duckdbType(sql.shape) === type ? sql.text : `CAST(${sql.text} AS ${type})`;
  if (shape.representation.kind === "decimal") return { ...sql, text, shape };
  if (from.kind === "decimal-scaled") return { ...sql, text, shape };
  const own = from.kind === "decimal" ? from.scale : 0;
  const scale = sql.mayBeNull
    ? `(CASE WHEN ${sql.text} IS NOT NULL THEN ${own} END)`
    : `CAST(${own} AS INTEGER)`;
  return { ...sql, text, shape, scale };
}
