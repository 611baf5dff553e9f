/** Logical schemas between JSON and values. */

import { unreachable } from "../base/errors.ts";
import type { LogicalField, LogicalType, TimeUnit } from "./format.ts";
import { array, integer, type JsonObject, object, single, string } from "./json-shapes.ts";

const PLAIN = [
  "Bool",
  "Int32",
  "Int64",
  "UInt64",
  "Float32",
  "Float64",
  "Utf8",
  "Binary",
  "Int96",
] as const;

export function decodeSchema(value: unknown): readonly LogicalField[] {
  return array(object(value, "logical_schema")["columns"], "columns").map(decodeField);
}

export function encodeSchema(fields: readonly LogicalField[]): JsonObject {
  return { columns: fields.map(encodeField) };
}

function decodeField(value: unknown): LogicalField {
  const body = object(value, "column");
  const nullable = body["nullable"];
  if (typeof nullable !== "boolean") throw new Error("nullable is not a boolean");
  const pgType = body["x_pg_type"];
  return {
    name: string(body["name"], "column name"),
    type: decodeType(body["data_type"]),
    nullable,
    ...(typeof pgType === "string" && { pgType }),
  };
}

function encodeField(field: LogicalField): JsonObject {
  return {
    name: field.name,
    data_type: encodeType(field.type),
    nullable: field.nullable,
    ...(field.pgType !== undefined && { x_pg_type: field.pgType }),
  };
}

function decodeType(value: unknown): LogicalType {
  if (typeof value === "string") {
    const kind = PLAIN.find((name) => name === value);
    if (kind === undefined) throw new Error(`unknown type "${value}"`);
    return { kind };
  }
  const [kind, inner] = single(value, "data_type");
  if (kind === "Other") return { kind, text: string(inner, "type") };
  const body = object(inner, kind);
  switch (kind) {
    case "FixedBinary":
      return { kind, byteWidth: small(body["byte_width"], "byte_width") };
    case "Timestamp": {
      const timezone = body["timezone"] ?? undefined;
      return {
        kind,
        unit: timeUnit(body["unit"]),
        timezone: timezone === undefined ? undefined : string(timezone, "timezone"),
      };
    }
    case "Decimal":
      return {
        kind,
        precision: small(body["precision"], "precision"),
        scale: small(body["scale"], "scale"),
      };
    case "Struct":
      return { kind, fields: array(body["fields"], "fields").map(decodeField) };
    case "List":
      return { kind, element: decodeField(body["elements"]) };
    case "Map": {
      const mapValue = body["value"] ?? undefined;
      return {
        kind,
        key: decodeField(body["key"]),
        value: mapValue === undefined ? undefined : decodeField(mapValue),
        keysSorted: body["keys_sorted"] === true,
      };
    }
    default:
      throw new Error(`unknown type "${kind}"`);
  }
}

function encodeType(type: LogicalType): unknown {
  switch (type.kind) {
    case "Bool":
    case "Int32":
    case "Int64":
    case "UInt64":
    case "Float32":
    case "Float64":
    case "Utf8":
    case "Binary":
    case "Int96":
      return type.kind;
    case "FixedBinary":
      return { FixedBinary: { byte_width: type.byteWidth } };
    case "Timestamp":
      return { Timestamp: { unit: type.unit, timezone: type.timezone ?? null } };
    case "Decimal":
      return { Decimal: { precision: type.precision, scale: type.scale } };
    case "Struct":
      return { Struct: { fields: type.fields.map(encodeField) } };
    case "List":
      return { List: { elements: encodeField(type.element) } };
    case "Map":
      return {
        Map: {
          key: encodeField(type.key),
          value: type.value === undefined ? null : encodeField(type.value),
          keys_sorted: type.keysSorted,
        },
      };
    case "Other":
      return { Other: type.text };
    default:
      return unreachable(type);
  }
}

function timeUnit(value: unknown): TimeUnit {
  if (value === "Millis" || value === "Micros" || value === "Nanos") return value;
  throw new Error(`unknown time unit "${String(value)}"`);
}

function small(value: unknown, what: string): number {
  return Number(integer(value, what, -0x8000_0000n, 0x7fff_ffffn));
}
