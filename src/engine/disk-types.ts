/** Logical types of the shared format as DuckDB's types. */

import type { LogicalType } from "../table/format.ts";
import { EngineError } from "./error.ts";

/** DuckDB's type whose Parquet form is the logical type. */
export function typeText(type: LogicalType, name: string): string {
  switch (type.kind) {
    case "Bool":
      return "BOOLEAN";
    case "Int32":
      return "INTEGER";
    case "Int64":
      return "BIGINT";
    case "UInt64":
      return "UBIGINT";
    case "Float32":
      return "FLOAT";
    case "Float64":
      return "DOUBLE";
    case "Utf8":
      return "VARCHAR";
    case "Binary":
      return "BLOB";
    case "Timestamp":
      return { Millis: "TIMESTAMP_MS", Micros: "TIMESTAMP", Nanos: "TIMESTAMP_NS" }[type.unit];
    case "Decimal":
      if (type.precision <= DECIMAL_DIGITS_MAX) return `DECIMAL(${type.precision},${type.scale})`;
      break;
    case "List":
      return `${typeText(type.element.type, name)}[]`;
    default:
  }
  throw new EngineError("bad-file", `column "${name}" is of a type that cannot be rewritten`);
}

/** Whether rows made here can be written so. */
export function isWritable(type: LogicalType): boolean {
  switch (type.kind) {
    case "Decimal":
      return type.precision <= DECIMAL_DIGITS_MAX;
    case "List":
      return isWritable(type.element.type);
    case "Struct":
    case "Map":
    case "FixedBinary":
    case "Int96":
    case "Other":
      return false;
    default:
      return true;
  }
}

const DECIMAL_DIGITS_MAX = 38;
