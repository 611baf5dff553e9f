/**
 * What a column of a Parquet file is, read from its schema elements, old and new annotations
 * alike.
 */

import type { SchemaElement } from "hyparquet";

export type ParquetUnit = "ms" | "us" | "ns";

export type ParquetType =
  | {
      readonly kind:
        | "bool"
        | "float16"
        | "float32"
        | "float64"
        | "utf8"
        | "enum"
        | "json"
        | "binary"
        | "date"
        | "uuid"
        | "int96"
        | "interval"
        | "null";
    }
  | { readonly kind: "int"; readonly bits: 8 | 16 | 32 | 64; readonly isSigned: boolean }
  | { readonly kind: "fixed"; readonly width: number }
  | { readonly kind: "decimal"; readonly precision: number; readonly scale: number }
  | { readonly kind: "time" | "timestamp"; readonly unit: ParquetUnit; readonly isUtc: boolean }
  | { readonly kind: "struct"; readonly fields: readonly ParquetColumn[] }
  | { readonly kind: "list"; readonly element: ParquetColumn }
  | { readonly kind: "map"; readonly key: ParquetColumn; readonly value: ParquetColumn | undefined }
  | { readonly kind: "other"; readonly text: string };

export interface ParquetColumn {
  readonly name: string;
  readonly type: ParquetType;
  readonly nullable: boolean;
  /** Position of its element in the file's list of schema elements. */
  readonly element: number;
}

const UNIT: Readonly<Record<string, ParquetUnit>> = { MILLIS: "ms", MICROS: "us", NANOS: "ns" };
const DEPTH_MAX = 64;

/** The top-level columns. @throws Error when the elements make no tree */
export function columnsOf(elements: readonly SchemaElement[]): readonly ParquetColumn[] {
  const reader = new TreeReader(elements);
  return reader.children(elements[0]?.num_children ?? 0, 0);
}

class TreeReader {
  readonly #elements: readonly SchemaElement[];
  #next = 1;

  constructor(elements: readonly SchemaElement[]) {
    this.#elements = elements;
  }

  children(count: number, depth: number): readonly ParquetColumn[] {
    const out: ParquetColumn[] = [];
    for (let i = 0; i < count; i += 1) out.push(this.#column(depth));
    return out;
  }

  #column(depth: number): ParquetColumn {
    const position = this.#next;
    const element = this.#elements[position];
    if (element === undefined || depth > DEPTH_MAX) throw new Error("broken schema");
    this.#next += 1;
    const children = this.children(element.num_children ?? 0, depth + 1);
    const isLeaf = element.type !== undefined;
    return {
      name: element.name,
      type: isLeaf ? leafType(element) : groupType(element, children),
      nullable: element.repetition_type !== "REQUIRED",
      element: position,
      // A bare repeated field is an old spelling of a list.
      ...(isLeaf && element.repetition_type === "REPEATED" && { type: repeated(element.name) }),
    };
  }
}

function repeated(name: string): ParquetType {
  return { kind: "other", text: `repeated field ${name}` };
}

function groupType(element: SchemaElement, children: readonly ParquetColumn[]): ParquetType {
  const [middle] = children;
  const inner = middle?.type.kind === "struct" ? middle.type.fields : [];
  const annotation = element.logical_type?.type ?? element.converted_type;
  if (annotation === "LIST") {
    const [only] = inner;
    return only !== undefined && inner.length === 1
      ? { kind: "list", element: only }
      : { kind: "other", text: "list in an old layout" };
  }
  if (annotation === "MAP" || annotation === "MAP_KEY_VALUE") {
    const [key, value] = inner;
    return key === undefined ? { kind: "other", text: "map" } : { kind: "map", key, value };
  }
  if (annotation !== undefined) return { kind: "other", text: String(annotation).toLowerCase() };
  return { kind: "struct", fields: children };
}

function leafType(element: SchemaElement): ParquetType {
  // Whatever its physical type, it holds nothing.
  if (element.logical_type?.type === "NULL") return { kind: "null" };
  switch (element.type) {
    case "BOOLEAN":
      return { kind: "bool" };
    case "FLOAT":
      return { kind: "float32" };
    case "DOUBLE":
      return { kind: "float64" };
    case "INT96":
      return { kind: "int96" };
    case "INT32":
    case "INT64":
      return integerType(element);
    case "BYTE_ARRAY":
    case "FIXED_LEN_BYTE_ARRAY":
      return bytesType(element);
    default:
      return { kind: "other", text: String(element.type) };
  }
}

function integerType(element: SchemaElement): ParquetType {
  const width = element.type === "INT32" ? 32 : 64;
  const logical = element.logical_type;
  switch (logical?.type) {
    case "INTEGER":
      return { kind: "int", bits: bitsOf(logical.bitWidth), isSigned: logical.isSigned };
    case "TIMESTAMP":
      return {
        kind: "timestamp",
        unit: UNIT[logical.unit] ?? "us",
        isUtc: logical.isAdjustedToUTC,
      };
    case "TIME":
      return { kind: "time", unit: UNIT[logical.unit] ?? "us", isUtc: logical.isAdjustedToUTC };
    case "DATE":
      return { kind: "date" };
    case "DECIMAL":
      return { kind: "decimal", precision: logical.precision, scale: logical.scale };
    default:
  }
  const old = element.converted_type;
  switch (old) {
    case undefined:
      return { kind: "int", bits: width, isSigned: true };
    case "DATE":
      return { kind: "date" };
    case "DECIMAL":
      return { kind: "decimal", precision: element.precision ?? 0, scale: element.scale ?? 0 };
    // The old annotations meant instants.
    case "TIMESTAMP_MILLIS":
      return { kind: "timestamp", unit: "ms", isUtc: true };
    case "TIMESTAMP_MICROS":
      return { kind: "timestamp", unit: "us", isUtc: true };
    case "TIME_MILLIS":
      return { kind: "time", unit: "ms", isUtc: true };
    case "TIME_MICROS":
      return { kind: "time", unit: "us", isUtc: true };
    default: {
      const match = /^(U?)INT_(\d+)$/.exec(old);
      if (match === null) return { kind: "other", text: old.toLowerCase() };
      return { kind: "int", bits: bitsOf(Number(match[2])), isSigned: match[1] === "" };
    }
  }
}

function bitsOf(width: number): 8 | 16 | 32 | 64 {
  return width === 8 || width === 16 || width === 32 ? width : 64;
}

function bytesType(element: SchemaElement): ParquetType {
  const logical = element.logical_type;
  const width = element.type_length ?? 0;
  if (logical?.type === "DECIMAL") {
    return { kind: "decimal", precision: logical.precision, scale: logical.scale };
  }
  switch (logical?.type ?? element.converted_type) {
    case "STRING":
    case "UTF8":
      return { kind: "utf8" };
    case "ENUM":
      return { kind: "enum" };
    case "JSON":
      return { kind: "json" };
    case "UUID":
      return { kind: "uuid" };
    case "FLOAT16":
      return { kind: "float16" };
    case "INTERVAL":
      return { kind: "interval" };
    case "DECIMAL":
      return { kind: "decimal", precision: element.precision ?? 0, scale: element.scale ?? 0 };
    case "BSON":
    case undefined:
      return element.type === "BYTE_ARRAY" ? { kind: "binary" } : { kind: "fixed", width };
    default:
      return { kind: "other", text: String(logical?.type ?? element.converted_type) };
  }
}

/** A name for messages, and for telling files of one physical schema from those of another. */
export function parquetTypeName(type: ParquetType): string {
  const column = (inner: ParquetColumn) => `${inner.name} ${parquetTypeName(inner.type)}`;
  switch (type.kind) {
    case "int":
      return `${type.isSigned ? "" : "u"}int${type.bits}`;
    case "fixed":
      return `fixed_binary(${type.width})`;
    case "decimal":
      return `decimal(${type.precision},${type.scale})`;
    case "time":
    case "timestamp":
      return `${type.kind}[${type.unit}${type.isUtc ? ", UTC" : ""}]`;
    case "struct":
      return `struct<${type.fields.map(column).join(", ")}>`;
    case "list":
      return `list<${column(type.element)}>`;
    case "map":
      return `map<${parquetTypeName(type.key.type)}, ${type.value ? parquetTypeName(type.value.type) : "null"}>`;
    case "other":
      return type.text;
    default:
      return type.kind;
  }
}
