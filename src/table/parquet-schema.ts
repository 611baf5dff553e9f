/**
 * The columns a Parquet file offers to a new table, as the format's own reference implementation
 * reads them, Arrow schema and all. Only the footer is read.
 */

import { basename, dirname } from "node:path";
import { type TimeUnit as ArrowUnit, DataType, type Field, tableFromIPC } from "apache-arrow";
import { openLocalStore } from "../storage/local-store.ts";
import type { ObjectStore } from "../storage/object-store.ts";
import { StoreError } from "./error.ts";
import { badFile, readFooter } from "./parquet-footer.ts";

export type FileColumnType =
  | {
      readonly kind:
        | "bool"
        | "float16"
        | "float32"
        | "float64"
        | "utf8"
        | "binary"
        | "date"
        | "null";
    }
  | { readonly kind: "int"; readonly bits: 8 | 16 | 32 | 64; readonly isSigned: boolean }
  | { readonly kind: "fixed"; readonly width: number }
  | { readonly kind: "uuid" }
  | { readonly kind: "decimal"; readonly precision: number; readonly scale: number }
  | { readonly kind: "time"; readonly unit: "ms" | "us" | "ns" }
  /** isUtc: instants (isAdjustedToUTC); otherwise local date and time. */
  | { readonly kind: "timestamp"; readonly unit: "ms" | "us" | "ns"; readonly isUtc: boolean }
  | { readonly kind: "list"; readonly element: FileColumn }
  | { readonly kind: "struct"; readonly fields: readonly FileColumn[] }
  | { readonly kind: "other"; readonly text: string };

export interface FileColumn {
  readonly name: string;
  readonly type: FileColumnType;
  readonly nullable: boolean;
}

/** `path` is absolute. @throws StoreError "bad-file", "file-missing"; StorageError */
export async function describeParquet(path: string): Promise<readonly FileColumn[]> {
  const store = openLocalStore(dirname(path));
  const key = basename(path);
  const stat = await store.stat(key);
  if (stat === undefined) {
    throw new StoreError(
      "file-missing",
      `could not open file "${path}": No such file or directory`,
    );
  }
  const footer = await readFooter(store, key, stat.sizeBytes, path);
  const fields = await readFields(store, key, footer.offset, stat.sizeBytes, path);
  return fields.map((field) => {
    const column = columnOf(field);
    // Arrow knows no UUID of its own.
    const own = footer.columns.find(({ name }) => name === column.name);
    return own?.type.kind === "uuid" ? { ...column, type: { kind: "uuid" } } : column;
  });
}

async function readFields(
  store: ObjectStore,
  key: string,
  from: number,
  until: number,
  name: string,
): Promise<readonly Field[]> {
  // A file of nothing but its footer: the schema needs no pages.
  const bytes = Buffer.concat([Buffer.from("PAR1"), await store.getRange(key, from, until)]);
  // Loaded at first need: few statements of a server's life describe a file.
  const { readSchema } = await import("parquet-wasm");
  try {
    return tableFromIPC(readSchema(bytes).intoIPCStream()).schema.fields;
  } catch (cause) {
    throw badFile(name, "its schema cannot be read", cause);
  }
}

function columnOf(field: Field): FileColumn {
  return { name: field.name, type: typeOf(field.type), nullable: field.nullable };
}

function typeOf(type: DataType): FileColumnType {
  // A dictionary is a way of storing, not a type.
  if (DataType.isDictionary(type)) return typeOf(type.dictionary);
  if (DataType.isNull(type)) return { kind: "null" };
  if (DataType.isBool(type)) return { kind: "bool" };
  if (DataType.isInt(type)) {
    return { kind: "int", bits: type.bitWidth, isSigned: type.isSigned };
  }
  if (DataType.isFloat(type)) {
    return { kind: (["float16", "float32", "float64"] as const)[type.precision] ?? "float64" };
  }
  if (DataType.isUtf8(type) || DataType.isLargeUtf8(type)) return { kind: "utf8" };
  if (DataType.isBinary(type) || DataType.isLargeBinary(type)) return { kind: "binary" };
  if (DataType.isFixedSizeBinary(type)) return { kind: "fixed", width: type.byteWidth };
  if (DataType.isDecimal(type)) {
    return { kind: "decimal", precision: type.precision, scale: type.scale };
  }
  if (DataType.isDate(type)) return { kind: "date" };
  if (DataType.isTime(type)) return { kind: "time", unit: unitOf(type.unit) };
  if (DataType.isTimestamp(type)) {
    const isUtc = type.timezone !== null && type.timezone !== undefined && type.timezone !== "";
    return { kind: "timestamp", unit: unitOf(type.unit), isUtc };
  }
  const [child] = (type.children ?? []) as readonly Field[];
  if ((DataType.isList(type) || DataType.isFixedSizeList(type)) && child !== undefined) {
    return { kind: "list", element: columnOf(child) };
  }
  if (DataType.isStruct(type)) {
    return { kind: "struct", fields: (type.children as readonly Field[]).map(columnOf) };
  }
  return { kind: "other", text: String(type) };
}

/** Parquet has no seconds: such columns are stored in milliseconds. */
function unitOf(unit: ArrowUnit): "ms" | "us" | "ns" {
  return (["ms", "ms", "us", "ns"] as const)[unit] ?? "us";
}
