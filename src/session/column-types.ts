/**
 * PostgreSQL column types against the shared format's logical types, both ways (architecture 4).
 */

import { SqlError } from "../base/errors.ts";
import type { LogicalField, LogicalType, TimeUnit } from "../table/format.ts";
import type { EntityValue } from "../table/segment-files.ts";
import { numericModifier } from "../types/numeric.ts";
import { elementOidOf, Oid, typeNameOf } from "../types/oids.ts";

const TIMESTAMP: LogicalType = { kind: "Timestamp", unit: "Micros", timezone: undefined };

const LOGICAL: ReadonlyMap<number, LogicalType> = new Map<number, LogicalType>([
  [Oid.bool, { kind: "Bool" }],
  [Oid.int2, { kind: "Int32" }],
  [Oid.int4, { kind: "Int32" }],
  [Oid.int8, { kind: "Int64" }],
  [Oid.float4, { kind: "Float32" }],
  [Oid.float8, { kind: "Float64" }],
  [Oid.text, { kind: "Utf8" }],
  [Oid.varchar, { kind: "Utf8" }],
  [Oid.json, { kind: "Utf8" }],
  [Oid.uuid, { kind: "Utf8" }],
  [Oid.interval, { kind: "Utf8" }],
  [Oid.bytea, { kind: "Binary" }],
  [Oid.date, { kind: "Int32" }],
  [Oid.time, { kind: "Int64" }],
  [Oid.timestamp, TIMESTAMP],
  [Oid.timestamptz, TIMESTAMP],
]);

/** A column of the catalogue, its type also as PostgreSQL prints it. */
export interface TypedColumn {
  readonly name: string;
  readonly typeOid: number;
  readonly typmod: number;
  readonly typeText: string;
}

/** Types whose values are not what a file holds: padded, or in a canonical form. */
const HINTS: Readonly<Record<number, string>> = {
  [Oid.bpchar]: "Use varchar or text.",
  [Oid.jsonb]: "Use json, which keeps the text as it is.",
};

/**
 * How the disk keeps a column; `unit` of a timestamp. @throws SqlError 0A000 for a type it cannot
 * keep.
 */
export function logicalField(
  column: TypedColumn,
  isTime: boolean,
  unit: TimeUnit = "Micros",
): LogicalField {
  const found = isTime ? timeType(column) : logicalType(column.typeOid, column.typmod);
  const type = found?.kind === "Timestamp" ? { ...found, unit } : found;
  if (type === undefined) {
    const hint = HINTS[column.typeOid];
    throw new SqlError(
      "0A000",
      `column "${column.name}" is of type ${column.typeText}, which a tstable cannot hold`,
      hint === undefined ? {} : { hint },
    );
  }
  return { name: column.name, type, nullable: true, pgType: column.typeText };
}

function logicalType(oid: number, typmod: number): LogicalType | undefined {
  if (oid === Oid.numeric) {
    const modifier = numericModifier(typmod);
    if (modifier === undefined) return { kind: "Utf8" };
    const { precision, scale } = modifier;
    const isDecimal = precision <= 38 && scale >= 0 && scale <= precision;
    return isDecimal ? { kind: "Decimal", precision, scale } : { kind: "Utf8" };
  }
  const element = elementOidOf(oid);
  if (element === undefined) return LOGICAL.get(oid);
  const type = logicalType(element, typmod);
  return type && { kind: "List", element: { name: "element", type, nullable: true } };
}

/** The axis: dates are timestamps at midnight, integers are 64 bits wide. */
function timeType({ typeOid, name, typeText }: TypedColumn): LogicalType {
  switch (typeOid) {
    case Oid.timestamp:
    case Oid.timestamptz:
    case Oid.date:
      return TIMESTAMP;
    case Oid.int2:
    case Oid.int4:
    case Oid.int8:
      return { kind: "Int64" };
    default:
      throw new SqlError("42P16", `time column "${name}" cannot be of type ${typeText}`, {
        hint: "Use timestamptz, timestamp, date, bigint, integer or smallint.",
      });
  }
}

/** @throws SqlError 0A000 for a type that identifies nothing */
export function entityType(column: TypedColumn): EntityValue["type"] {
  switch (column.typeOid) {
    case Oid.text:
    case Oid.varchar:
    case Oid.uuid:
      return "utf8";
    case Oid.int2:
    case Oid.int4:
      return "int32";
    case Oid.int8:
      return "int64";
    default:
      throw new SqlError(
        "0A000",
        `entity column "${column.name}" cannot be of type ${column.typeText}`,
        { hint: "Use text, uuid, bigint, integer or smallint." },
      );
  }
}

/** The PostgreSQL type a column of the format is shown as, where no catalogue says more. */
export function typeTextOf(field: LogicalField): string {
  return field.pgType ?? defaultTypeText(field);
}

function defaultTypeText({ name, type }: LogicalField): string {
  switch (type.kind) {
    case "Bool":
      return "boolean";
    case "Int32":
      return "integer";
    case "Int64":
      return "bigint";
    case "UInt64":
      return "numeric(20,0)";
    case "Float32":
      return "real";
    case "Float64":
      return "double precision";
    case "Utf8":
      return "text";
    case "Binary":
    case "FixedBinary":
      return "bytea";
    case "Timestamp":
      return type.timezone === undefined ? "timestamp" : "timestamptz";
    case "Decimal":
      return type.precision <= 38 ? `numeric(${type.precision},${type.scale})` : "numeric";
    case "List":
      return `${defaultTypeText(type.element)}[]`;
    default:
      throw new SqlError("0A000", `column "${name}" has a type that is not supported yet`);
  }
}

/** A type as PostgreSQL's format_type() prints it. */
export function typeText(oid: number, typmod: number): string {
  const element = elementOidOf(oid);
  if (element !== undefined) return `${typeText(element, typmod)}[]`;
  const name = typeNameOf(oid);
  if (typmod < 0) return oid === Oid.bpchar ? "bpchar" : name;
  switch (oid) {
    case Oid.numeric: {
      const modifier = numericModifier(typmod);
      return modifier === undefined ? name : `${name}(${modifier.precision},${modifier.scale})`;
    }
    case Oid.varchar:
    case Oid.bpchar:
      return `${name}(${typmod - CHARACTERS_HEADER})`;
    case Oid.time:
    case Oid.timestamp:
    case Oid.timestamptz:
      return name.replace(/^(timestamp|time)/, `$1(${typmod})`);
    default:
      return name;
  }
}

/** VARHDRSZ: what the typmod of a character type counts besides its characters. */
const CHARACTERS_HEADER = 4;
