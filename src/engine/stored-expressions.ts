/**
 * Values of a query on their way into a table, as SQL: first in the column's bound type, then, for
 * a file, in the type that the disk has for it (architecture 4).
 */

import { SqlError } from "../base/errors.ts";
import { elementOidOf, Oid, typeNameOf } from "../types/oids.ts";
import type { Shape } from "../types/shape.ts";
import { boundType, type CellType, cellTypeOf, type TypedColumn } from "./bound-types.ts";

const DECIMAL_DIGITS_MAX = 38;

/** How a query gives a value of the bound type. */
export function boundShape({ typeOid, typmod }: TypedColumn): Shape {
  if (typeOid === Oid.timestamptz) return { typeOid, typmod, representation: { kind: "utc" } };
  const elementOid = elementOidOf(typeOid);
  if (elementOid !== undefined) {
    const element =
      elementOid === Oid.timestamptz
        ? ({ typeOid: elementOid, typmod, representation: { kind: "plain" } } as const)
        : boundShape({ typeOid: elementOid, typmod });
    return { typeOid, typmod, representation: { kind: "array", dimensions: 1, element } };
  }
  if (typeOid !== Oid.numeric) return { typeOid, typmod, representation: { kind: "plain" } };
  const type = cellTypeOf({ typeOid, typmod });
  if (type.kind !== "decimal") return { typeOid, typmod, representation: { kind: "numeric-text" } };
  const { precision, scale } = type;
  return { typeOid, typmod, representation: { kind: "decimal", precision, scale } };
}

/**
 * `name(index)` is the query's column of that number, from 0. The value must have been coerced to
 * the column's type and typmod. @throws SqlError 0A000
 */
export function boundExpression(
  expression: string,
  shape: Shape,
  column: TypedColumn,
  name: (index: number) => string,
): string {
  const { representation } = shape;
  const type = boundType(column);
  switch (representation.kind) {
    case "utc":
      return expression;
    case "numeric-text":
      return type === "VARCHAR" ? expression : exactDecimal(expression, type);
    case "decimal":
      if (type !== "VARCHAR") return `CAST(${expression} AS ${type})`;
      return decimalText(expression, representation.scale);
    case "decimal-scaled": {
      if (type !== "VARCHAR") return `CAST(${expression} AS ${type})`;
      const { scale, scaleColumn } = representation;
      return scaledText(expression, scale, name(scaleColumn));
    }
    case "array":
      return arrayExpression(expression, shape, column);
    case "plain":
      if (column.typeOid === Oid.timestamptz) return `timezone('UTC', ${expression})`;
      return column.typeOid === Oid.oid ? `CAST(${expression} AS UINTEGER)` : expression;
    case "row":
      throw new SqlError("0A000", "a column of this type cannot be stored", {
        hint: "Cast it in the query.",
      });
  }
}

function exactDecimal(expression: string, type: string): string {
  const declared = type.replace("DECIMAL", "numeric");
  const message = `PG:0A000:NaN cannot be stored in a column of type ${declared}`;
  const finite = `CASE WHEN ${expression} = 'NaN' THEN error('${message}') ELSE ${expression} END`;
  return `CAST(${finite} AS ${type})`;
}

/** Free numeric is kept as text: its scale is the value's own. DuckDB leaves out 0 where p = s. */
function decimalText(expression: string, scale: number): string {
  const wide =
    scale < DECIMAL_DIGITS_MAX
      ? `CAST(${expression} AS DECIMAL(${DECIMAL_DIGITS_MAX},${scale}))`
      : expression;
  return `CAST(${wide} AS VARCHAR)`;
}

/** What is cut are zeros: the display scale says how many digits the value has. */
function scaledText(expression: string, scale: number, shown: string): string {
  const text = decimalText(expression, scale);
  const pointed = scale === 0 ? `${text} || '.'` : text;
  return (
    `CASE WHEN ${shown} = 0 THEN split_part(${text}, '.', 1) WHEN ${shown} <= ${scale}` +
    ` THEN left(${text}, CAST(length(${text}) - ${scale} + ${shown} AS INTEGER))` +
    ` ELSE ${pointed} || repeat('0', CAST(${shown} - ${scale} AS INTEGER)) END`
  );
}

function arrayExpression(expression: string, shape: Shape, column: TypedColumn): string {
  const { representation, typeOid } = shape;
  if (representation.kind !== "array" || representation.dimensions > 1) {
    throw new SqlError("0A000", "arrays of more than one dimension cannot be stored");
  }
  const { element } = representation;
  const elementOid = elementOidOf(column.typeOid);
  if (elementOid === undefined) {
    throw new SqlError("0A000", `a value of type ${typeNameOf(typeOid)} cannot be stored here`);
  }
  const refuse = () => {
    throw new SqlError("0A000", "arrays of values of this type cannot be stored");
  };
  const inner = elementExpression(element, { typeOid: elementOid, typmod: column.typmod }, refuse);
  return inner === "x" ? expression : `list_transform(${expression}, lambda x: ${inner})`;
}

/** Elements of timestamptz are TIMESTAMPTZ, as the bound type of an array has them. */
function elementExpression(element: Shape, column: TypedColumn, refuse: () => never): string {
  if (column.typeOid !== Oid.timestamptz) return boundExpression("x", element, column, refuse);
  return element.representation.kind === "utc" ? "timezone('UTC', x)" : "x";
}

export interface DiskColumn extends TypedColumn {
  /** The time column: dates are timestamps at midnight, integers are 64 bits wide. */
  readonly isTime: boolean;
  /** For anybody to read: dates and times of day keep their types. */
  readonly isExport?: boolean;
}

/** A value of the bound type in the type that the disk has for it. */
export function diskExpression(expression: string, column: DiskColumn): string {
  if (column.isTime && column.typeOid === Oid.date) return `CAST(${expression} AS TIMESTAMP)`;
  if (column.isTime && INTEGERS.has(column.typeOid)) return `CAST(${expression} AS BIGINT)`;
  return diskCell(expression, cellTypeOf(column), column.isExport === true);
}

const INTEGERS: ReadonlySet<number> = new Set([Oid.int2, Oid.int4, Oid.int8]);

function diskCell(expression: string, type: CellType, isExport: boolean): string {
  if (type.kind === "decimal") return expression;
  if (type.kind === "list") {
    const inner = diskCell("x", type.element, isExport);
    return inner === "x" ? expression : `list_transform(${expression}, lambda x: ${inner})`;
  }
  switch (type.id) {
    case "SMALLINT":
      return `CAST(${expression} AS INTEGER)`;
    case "DATE":
      if (isExport) return expression;
      return `CAST(${expression} - DATE '1970-01-01' AS INTEGER)`;
    case "TIME":
      return isExport ? expression : `epoch_us(${expression})`;
    case "TIMESTAMPTZ":
      return `timezone('UTC', ${expression})`;
    case "UUID":
      return `CAST(${expression} AS VARCHAR)`;
    case "INTERVAL":
      return intervalText(expression);
    default:
      return expression;
  }
}

/** DuckDB writes intervals of more than nine digits of hours as it cannot read them. */
function intervalText(expression: string): string {
  const part = (name: string) => `datepart('${name}', ${expression})`;
  const micros = `CAST(${part("minute")} AS BIGINT) * 60000000 + CAST(${part("microsecond")} AS BIGINT)`;
  const fields = [
    `${part("year")}, ' years '`,
    `${part("month")}, ' months '`,
    `${part("day")}, ' days '`,
    `${part("hour")}, ' hours '`,
    `${micros}, ' microseconds'`,
  ];
  return (
    `CASE WHEN abs(${part("hour")}) < ${HOURS_LIMIT} THEN CAST(${expression} AS VARCHAR)` +
    ` WHEN ${expression} IS NOT NULL THEN concat(${fields.join(", ")}) END`
  );
}

const HOURS_LIMIT = 1_000_000_000;
