/**
 * The footer of a Parquet file: read, and written again with other schema elements. Pages,
 * statistics and indexes stay byte for byte what they were.
 */

import type { KeyValue, SchemaElement } from "hyparquet";
import { parquetMetadata } from "hyparquet";
import { ConvertedTypes, FieldRepetitionTypes, ParquetTypes } from "hyparquet/src/constants.js";
import { ByteWriter } from "hyparquet-writer/src/bytewriter.js";
import { serializeTCompactProtocol, ThriftStruct } from "hyparquet-writer/src/thrift.js";
import type { ObjectStore } from "../storage/object-store.ts";
import { StoreError } from "./error.ts";
import { columnsOf, type ParquetColumn } from "./parquet-types.ts";
import { fieldsOfStruct } from "./thrift-splice.ts";

export interface Footer {
  /** Top-level columns, in file order. */
  readonly columns: readonly ParquetColumn[];
  readonly elements: readonly SchemaElement[];
  readonly rows: number;
  readonly rowGroups: number;
  readonly keyValues: readonly KeyValue[];
  /** The metadata as it stands in the file, and where. */
  readonly metadata: Uint8Array;
  readonly offset: number;
}

const MAGIC = Buffer.from("PAR1");
const TAIL_BYTES = 8;
/** Most footers come with the first read. */
const FIRST_READ_BYTES = 1 << 16;
const ARROW_SCHEMA = "ARROW:schema";

/**
 * Ids of FileMetaData:
 * https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift
 */
const SCHEMA_FIELD = 2;
const KEY_VALUE_FIELD = 5;

const BYTE = 3;
const I32 = 5;
const BINARY = 8;
const STRUCT = 12;

/** `name` is the file in the user's words. @throws StoreError "bad-file" */
export async function readFooter(
  store: ObjectStore,
  key: string,
  sizeBytes: number,
  name: string,
): Promise<Footer> {
  if (sizeBytes < MAGIC.length + TAIL_BYTES) {
    throw badFile(name, sizeBytes === 0 ? "it is empty" : "it is too short");
  }
  let from = Math.max(0, sizeBytes - FIRST_READ_BYTES);
  let tail = Buffer.from(await store.getRange(key, from, sizeBytes));
  if (!tail.subarray(-MAGIC.length).equals(MAGIC)) {
    throw badFile(name, "it does not end as one, so it may be cut off");
  }
  const length = tail.readUInt32LE(tail.length - TAIL_BYTES);
  const offset = sizeBytes - TAIL_BYTES - length;
  if (offset < MAGIC.length) throw badFile(name, "its footer is longer than the file");
  if (offset < from) {
    tail = Buffer.from(await store.getRange(key, offset, sizeBytes));
    from = offset;
  }
  return parseFooter(tail.subarray(offset - from), offset, name);
}

/** `bytes`: the metadata, its length and the magic. */
function parseFooter(bytes: Uint8Array, offset: number, name: string): Footer {
  try {
    const file = parquetMetadata(bytes, { geoparquet: false });
    return {
      columns: columnsOf(file.schema),
      elements: file.schema,
      rows: Number(file.num_rows),
      rowGroups: file.row_groups.length,
      keyValues: file.key_value_metadata ?? [],
      metadata: bytes.subarray(0, bytes.length - TAIL_BYTES),
      offset,
    };
  } catch (cause) {
    throw badFile(name, "its footer is damaged", cause);
  }
}

/**
 * The bytes to put at `footer.offset`: the same metadata with these elements and without an Arrow
 * schema. Read back before they are returned.
 */
export function rewriteFooter(footer: Footer, elements: readonly SchemaElement[]): Uint8Array {
  const { metadata } = footer;
  const parts: Uint8Array[] = [];
  let kept = 0;
  for (const { id, from, until } of fieldsOfStruct(metadata)) {
    const replacement =
      id === SCHEMA_FIELD
        ? encodeElements(elements)
        : id === KEY_VALUE_FIELD
          ? encodeKeyValues(footer.keyValues)
          : undefined;
    if (replacement === undefined) continue;
    parts.push(metadata.subarray(kept, from), replacement);
    kept = until;
  }
  parts.push(metadata.subarray(kept));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(parts.reduce((sum, part) => sum + part.length, 0));
  const bytes = Buffer.concat([...parts, length, MAGIC]);

  const read = parseFooter(bytes, footer.offset, "corrected footer");
  const isSame =
    read.rows === footer.rows &&
    read.rowGroups === footer.rowGroups &&
    read.elements.length === elements.length &&
    read.elements.every((element, i) => isSameElement(element, elements[i]));
  if (!isSame) throw badFile("corrected footer", "it reads otherwise than it was written");
  return bytes;
}

function isSameElement(a: SchemaElement, b: SchemaElement | undefined): boolean {
  return (
    b !== undefined &&
    a.name === b.name &&
    a.type === b.type &&
    a.repetition_type === b.repetition_type &&
    isSameAnnotation(a, b)
  );
}

type Annotated = Pick<SchemaElement, "converted_type" | "logical_type">;

export function isSameAnnotation(a: Annotated, b: Annotated): boolean {
  const [x, y]: Record<string, unknown>[] = [{ ...a.logical_type }, { ...b.logical_type }];
  return (
    a.converted_type === b.converted_type &&
    [...Object.keys({ ...x, ...y })].every((key) => x?.[key] === y?.[key])
  );
}

/**
 * A list value alone: the writer can only write it as a field of a struct, between header and
 * stop.
 */
function encodeList(list: readonly unknown[]): Uint8Array {
  if (list.length === 0) return Uint8Array.of(STRUCT);
  const writer = new ByteWriter();
  serializeTCompactProtocol(writer, { field_1: list });
  return writer.getBytes().slice(1, -1);
}

function encodeElements(elements: readonly SchemaElement[]): Uint8Array {
  return encodeList(elements.map(elementStruct));
}

/** Field by field with its type: guessed types would make bit widths 32-bit numbers. */
function elementStruct(element: SchemaElement): ThriftStruct {
  const position = (names: readonly string[], name: string | undefined) =>
    name === undefined ? undefined : names.indexOf(name);
  const { logical_type: logical } = element;
  return struct([
    [1, I32, position(ParquetTypes, element.type)],
    [2, I32, element.type_length],
    [3, I32, position(FieldRepetitionTypes, element.repetition_type)],
    [4, BINARY, element.name],
    [5, I32, element.num_children],
    [6, I32, position(ConvertedTypes, element.converted_type)],
    [7, I32, element.scale],
    [8, I32, element.precision],
    [9, I32, element.field_id],
    [10, STRUCT, logical === undefined ? undefined : logicalStruct(logical)],
  ]);
}

type Logical = NonNullable<SchemaElement["logical_type"]>;

/** Annotations without content, by their id in the union LogicalType. */
const BARE: Readonly<Record<string, number>> = {
  STRING: 1,
  MAP: 2,
  LIST: 3,
  ENUM: 4,
  DATE: 6,
  NULL: 11,
  JSON: 12,
  BSON: 13,
  UUID: 14,
  FLOAT16: 15,
};
const UNIT_ID = { MILLIS: 1, MICROS: 2, NANOS: 3 } as const;

function logicalStruct(logical: Logical): ThriftStruct | undefined {
  switch (logical.type) {
    case "DECIMAL":
      return wrap(5, [
        [1, I32, logical.scale],
        [2, I32, logical.precision],
      ]);
    case "TIME":
    case "TIMESTAMP":
      return wrap(logical.type === "TIME" ? 7 : 8, [
        [1, booleanType(logical.isAdjustedToUTC), logical.isAdjustedToUTC],
        [2, STRUCT, wrap(UNIT_ID[logical.unit], [])],
      ]);
    case "INTEGER":
      return wrap(10, [
        [1, BYTE, logical.bitWidth],
        [2, booleanType(logical.isSigned), logical.isSigned],
      ]);
    default: {
      const id = BARE[logical.type];
      return id === undefined ? undefined : wrap(id, []);
    }
  }
}

/** In compact encoding a boolean's value is its type. */
function booleanType(value: boolean): number {
  return value ? 1 : 2;
}

type FieldEntry = readonly [
  id: number,
  type: number,
  value: ThriftStruct | string | number | boolean | undefined,
];

function struct(fields: readonly FieldEntry[]): ThriftStruct {
  return new ThriftStruct(fields.filter(([, , value]) => value !== undefined) as never);
}

function wrap(id: number, fields: readonly FieldEntry[]): ThriftStruct {
  return struct([[id, STRUCT, struct(fields)]]);
}

function encodeKeyValues(pairs: readonly KeyValue[]): Uint8Array {
  return encodeList(
    pairs
      .filter(({ key }) => key !== ARROW_SCHEMA)
      .map(({ key, value }) =>
        struct([
          [1, BINARY, key],
          [2, BINARY, value],
        ]),
      ),
  );
}

/** An Arrow schema beside Parquet's own may contradict it: readers of the format take either. */
export function hasArrowSchema(footer: Footer): boolean {
  return footer.keyValues.some(({ key }) => key === ARROW_SCHEMA);
}

export function badFile(name: string, why: string, cause?: unknown): StoreError {
  return new StoreError("bad-file", `"${name}" is not a readable Parquet file`, {
    detail: `${why.charAt(0).toUpperCase()}${why.slice(1)}.`,
    cause,
  });
}
