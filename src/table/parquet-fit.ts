/**
 * A file's columns against the registered schema: they fit once their annotations are put right, or
 * the file must be written again, or it is refused.
 */

import type { SchemaElement } from "hyparquet";
import { StoreError } from "./error.ts";
import type { LogicalField, LogicalType, TimeUnit } from "./format.ts";
import { type Footer, hasArrowSchema, isSameAnnotation } from "./parquet-footer.ts";
import { type ParquetColumn, type ParquetType, parquetTypeName } from "./parquet-types.ts";
import { typeName } from "./schema.ts";
import type { RewriteColumn } from "./segment-files.ts";

export type Fit =
  /** `elements`: the corrected footer's; undefined when nothing needs correction. */
  | { readonly kind: "fits"; readonly elements: readonly SchemaElement[] | undefined }
  | { readonly kind: "rewrite"; readonly why: string; readonly columns: readonly RewriteColumn[] };

export interface FitOptions {
  /** The file in the user's words. */
  readonly name: string;
  /** Narrower numbers become the registered type; otherwise they are refused. */
  readonly widens: boolean;
}

/** same: bytes are right. rewrite: same values in other bytes. widen: only when asked for. */
type Verdict = "same" | "rewrite" | "widen" | "mismatch";

/** @throws StoreError "schema-mismatch", "extra-column", "missing-column" */
export function fitFile(
  schema: readonly LogicalField[],
  footer: Footer,
  { name, widens }: FitOptions,
): Fit {
  const byName = new Map(footer.columns.map((column) => [column.name, column]));
  if (byName.size !== footer.columns.length) {
    throw refused("schema-mismatch", name, "it has two columns of one name");
  }
  const registered = new Set(schema.map((field) => field.name));
  const extra = footer.columns.find((column) => !registered.has(column.name));
  if (extra !== undefined) {
    throw refused("extra-column", name, `column "${extra.name}" is not in the table`);
  }

  const reasons: string[] = [];
  const elements = footer.elements.slice();
  for (const field of schema) {
    const column = byName.get(field.name);
    if (column === undefined || (column.type.kind === "null" && field.nullable)) {
      if (!field.nullable) {
        throw refused("missing-column", name, `column "${field.name}" is not in the file`);
      }
      reasons.push(`column "${field.name}" has no values`);
      continue;
    }
    const verdict = judge(field, column);
    if (verdict === "mismatch" || (verdict === "widen" && !widens)) {
      throw mismatch(name, field, column, verdict);
    }
    if (verdict === "same") correct(elements, column, field.type);
    else reasons.push(`column "${field.name}" is stored in another way`);
  }
  const [why] = reasons;
  if (why !== undefined) return { kind: "rewrite", why, columns: rewriteColumns(schema, byName) };
  const isCorrect =
    !hasArrowSchema(footer) && elements.every((element, i) => element === footer.elements[i]);
  return { kind: "fits", elements: isCorrect ? undefined : elements };
}

export function rewriteColumns(
  schema: readonly LogicalField[],
  columns: ReadonlyMap<string, ParquetColumn>,
): readonly RewriteColumn[] {
  return schema.map(({ name, type }) => {
    const column = columns.get(name);
    return { name, type, isMissing: column === undefined || column.type.kind === "null" };
  });
}

function judge(field: LogicalField, column: ParquetColumn): Verdict {
  const verdict = isOwnSpelling(field, column.type)
    ? "rewrite"
    : judgeType(field.type, column.type);
  if (verdict === "mismatch" || field.nullable === column.nullable) return verdict;
  // An optional file has definition levels in its pages, a required one has none.
  return field.nullable ? worse(verdict, "rewrite") : "mismatch";
}

/**
 * Types that the format lacks and that a PostgreSQL column stands for: a table made LIKE such a
 * file takes the file.
 */
function isOwnSpelling({ pgType, type }: LogicalField, found: ParquetType): boolean {
  if (pgType === undefined) return false;
  if (type.kind === "Int64" && found.kind === "int" && found.bits < 64) {
    return found.isSigned ? pgType === "integer" || pgType === "smallint" : pgType === "bigint";
  }
  if (type.kind === "Decimal") {
    return found.kind === "int" && !found.isSigned && type.precision >= 20 && type.scale === 0;
  }
  return type.kind === "Utf8" && found.kind === "decimal" && pgType === "numeric";
}

function worse(a: Verdict, b: Verdict): Verdict {
  const order: readonly Verdict[] = ["same", "rewrite", "widen", "mismatch"];
  return order[Math.max(order.indexOf(a), order.indexOf(b))] ?? "mismatch";
}

function judgeType(type: LogicalType, found: ParquetType): Verdict {
  switch (type.kind) {
    case "Bool":
      return found.kind === "bool" ? "same" : "mismatch";
    case "Int32":
      if (found.kind === "date") return "same";
      return found.kind === "int" && (found.bits < 32 || (found.bits === 32 && found.isSigned))
        ? "same"
        : "mismatch";
    case "Int64":
      if (found.kind === "time") return found.unit === "ms" ? "rewrite" : "same";
      if (found.kind !== "int") return "mismatch";
      if (found.bits === 64) return found.isSigned ? "same" : "mismatch";
      return "widen";
    case "UInt64":
      if (found.kind !== "int" || found.isSigned) return "mismatch";
      return found.bits === 64 ? "same" : "widen";
    case "Float32":
      return found.kind === "float32" ? "same" : found.kind === "float16" ? "widen" : "mismatch";
    case "Float64":
      if (found.kind === "float64") return "same";
      return found.kind === "float32" || found.kind === "float16" ? "widen" : "mismatch";
    case "Utf8":
      if (found.kind === "utf8" || found.kind === "enum" || found.kind === "json") return "same";
      return found.kind === "uuid" ? "rewrite" : "mismatch";
    case "Binary":
      if (found.kind === "binary") return "same";
      return found.kind === "fixed" ? "rewrite" : "mismatch";
    case "FixedBinary":
      if (found.kind === "uuid") return type.byteWidth === 16 ? "same" : "mismatch";
      return found.kind === "fixed" && found.width === type.byteWidth ? "same" : "mismatch";
    case "Timestamp":
      return judgeTimestamp(type.unit, found);
    case "Decimal":
      if (found.kind !== "decimal") return "mismatch";
      if (found.precision === type.precision && found.scale === type.scale) return "same";
      return found.scale <= type.scale &&
        found.precision - found.scale <= type.precision - type.scale
        ? "widen"
        : "mismatch";
    default:
      return judgeNested(type, found);
  }
}

function judgeTimestamp(unit: TimeUnit, found: ParquetType): Verdict {
  // A date is its midnight.
  if (found.kind === "date" || found.kind === "int96") {
    return unit === "Millis" && found.kind === "int96" ? "mismatch" : "rewrite";
  }
  if (found.kind !== "timestamp") return "mismatch";
  if (found.unit === { Millis: "ms", Micros: "us", Nanos: "ns" }[unit]) return "same";
  // PostgreSQL has no nanoseconds: they are cut here as they would be on every read.
  return unit === "Micros" || (unit === "Nanos" && found.unit !== "ns") ? "rewrite" : "mismatch";
}

function judgeNested(type: LogicalType, found: ParquetType): Verdict {
  if (type.kind === "List" && found.kind === "list") {
    // Without an Arrow schema readers call it "element", whatever the file says.
    const isNamedSo = found.element.name === "element" ? "same" : "rewrite";
    return worse(isNamedSo, judge(type.element, found.element));
  }
  if (type.kind === "Struct" && found.kind === "struct") {
    if (type.fields.length !== found.fields.length) return "mismatch";
    return type.fields.reduce<Verdict>((verdict, field, i) => {
      const column = found.fields[i];
      if (column === undefined || column.name !== field.name) return "mismatch";
      return worse(verdict, judge(field, column));
    }, "same");
  }
  if (type.kind === "Map" && found.kind === "map") {
    const key = judgeType(type.key.type, found.key.type);
    if (type.value === undefined || found.value === undefined) return "mismatch";
    return worse(key, judgeType(type.value.type, found.value.type));
  }
  return "mismatch";
}

/** Puts the annotations of a fitting column right: both kinds, and no more than the type needs. */
function correct(elements: SchemaElement[], column: ParquetColumn, type: LogicalType): void {
  const element = elements[column.element];
  if (element === undefined) return;
  const wanted = annotation(type, column.type);
  if (!isSameAnnotation(element, wanted)) {
    const { converted_type: _, logical_type: __, ...bare } = element;
    elements[column.element] = { ...bare, ...wanted };
  }
  const found = column.type;
  if (type.kind === "List" && found.kind === "list") {
    correct(elements, found.element, type.element.type);
  } else if (type.kind === "Struct" && found.kind === "struct") {
    found.fields.forEach((inner, i) => {
      const field = type.fields[i];
      if (field !== undefined) correct(elements, inner, field.type);
    });
  } else if (type.kind === "Map" && found.kind === "map") {
    correct(elements, found.key, type.key.type);
    if (found.value !== undefined && type.value !== undefined) {
      correct(elements, found.value, type.value.type);
    }
  }
}

type Annotation = Pick<SchemaElement, "converted_type" | "logical_type">;

function annotation(type: LogicalType, found: ParquetType): Annotation {
  switch (type.kind) {
    case "Utf8":
      return { converted_type: "UTF8", logical_type: { type: "STRING" } };
    case "UInt64":
      return {
        converted_type: "UINT_64",
        logical_type: { type: "INTEGER", bitWidth: 64, isSigned: false },
      };
    case "Int32":
      // A smaller integer is the same 32-bit number; a date says more than the schema can.
      return found.kind === "date"
        ? { converted_type: "DATE", logical_type: { type: "DATE" } }
        : {};
    case "Int64":
      if (found.kind !== "time") return {};
      return {
        logical_type: {
          type: "TIME",
          isAdjustedToUTC: false,
          unit: found.unit === "ns" ? "NANOS" : "MICROS",
        },
      };
    case "Timestamp": {
      const unit = ({ Millis: "MILLIS", Micros: "MICROS", Nanos: "NANOS" } as const)[type.unit];
      const isAdjustedToUTC = type.timezone !== undefined;
      return { logical_type: { type: "TIMESTAMP", isAdjustedToUTC, unit } };
    }
    case "Decimal":
      return {
        converted_type: "DECIMAL",
        logical_type: { type: "DECIMAL", precision: type.precision, scale: type.scale },
      };
    case "List":
      return { converted_type: "LIST", logical_type: { type: "LIST" } };
    case "Map":
      return { converted_type: "MAP", logical_type: { type: "MAP" } };
    default:
      return {};
  }
}

function mismatch(
  name: string,
  field: LogicalField,
  column: ParquetColumn,
  verdict: Verdict,
): StoreError {
  const found = parquetTypeName(column.type);
  const isNullability = judgeType(field.type, column.type) === "same";
  const difference = isNullability
    ? `column "${field.name}" may be null in the file, but not in the table`
    : `column "${field.name}" is ${found} in the file but ${typeName(field.type)} in the table`;
  return new StoreError("schema-mismatch", `${difference}`, {
    detail: `File: ${name}.`,
    ...(verdict === "widen" && { hint: "MODE REWRITE widens it." }),
  });
}

function refused(
  reason: "schema-mismatch" | "extra-column" | "missing-column",
  name: string,
  why: string,
): StoreError {
  return new StoreError(reason, why, { detail: `File: ${name}.` });
}

/**
 * The schema that a table without one takes from its first file, as the reference library would.
 * @throws StoreError "schema-mismatch"
 */
export function schemaOfFile(footer: Footer, name: string): readonly LogicalField[] {
  return footer.columns.map((column) => {
    const type = logicalOf(column.type);
    if (type === undefined) {
      const found = parquetTypeName(column.type);
      throw refused("schema-mismatch", name, `column "${column.name}" has the type ${found}`);
    }
    return { name: column.name, type, nullable: column.nullable };
  });
}

function logicalOf(type: ParquetType): LogicalType | undefined {
  switch (type.kind) {
    case "bool":
      return { kind: "Bool" };
    case "int":
      if (type.bits === 64) return { kind: type.isSigned ? "Int64" : "UInt64" };
      return type.bits === 32 && !type.isSigned ? undefined : { kind: "Int32" };
    case "date":
      return { kind: "Int32" };
    case "time":
      return type.unit === "ms" ? undefined : { kind: "Int64" };
    case "float32":
      return { kind: "Float32" };
    case "float64":
      return { kind: "Float64" };
    case "utf8":
    case "enum":
    case "json":
      return { kind: "Utf8" };
    case "binary":
      return { kind: "Binary" };
    case "fixed":
      return { kind: "FixedBinary", byteWidth: type.width };
    case "timestamp": {
      const unit = ({ ms: "Millis", us: "Micros", ns: "Nanos" } as const)[type.unit];
      return { kind: "Timestamp", unit, timezone: undefined };
    }
    case "decimal":
      return { kind: "Decimal", precision: type.precision, scale: type.scale };
    case "list": {
      const element = logicalOf(type.element.type);
      if (element === undefined) return undefined;
      const { nullable } = type.element;
      return { kind: "List", element: { name: "element", type: element, nullable } };
    }
    default:
      return undefined;
  }
}
