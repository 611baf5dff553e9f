/** Which writer a column's cells have, by its type and its wire format. */

import duckdb from "@duckdb/node-bindings";
import type { CellEscapes } from "../types/copy/cell-escapes.ts";
import { Oid } from "../types/oids.ts";
import type { Shape, TextSettings } from "../types/shape.ts";
import type { CellWriter } from "./cell-writer.ts";
import type { ColumnType } from "./column-types.ts";
import { DecimalWriter, DisplayScales } from "./encode-decimals.ts";
import {
  BoolWriter,
  FloatTextWriter,
  Int64TextWriter,
  SmallIntegerTextWriter,
  SwappedWriter,
} from "./encode-numbers.ts";
import { EscapedTextWriter, type TextKind, TextWriter, UuidWriter } from "./encode-texts.ts";
import { DateBinaryWriter, TimestampBinaryWriter, TimestampTextWriter } from "./encode-times.ts";
import { ValueWriter } from "./encode-values.ts";

const { Type } = duckdb;

/**
 * A writer for each of the first columns, those with a format; others only carry display scales,
 * which `scales` has by column.
 * @param escapes of lines of COPY: texts are written so
 */
export function cellWriters(
  shapes: readonly Shape[],
  types: readonly ColumnType[],
  formats: readonly (0 | 1)[],
  settings: TextSettings,
  escapes?: CellEscapes,
): {
  readonly writers: readonly CellWriter[];
  readonly scales: ReadonlyMap<number, DisplayScales>;
} {
  const scales = new Map<number, DisplayScales>();
  const writers = formats.map((format, i) => {
    const shape = shapes[i] as Shape;
    const { representation } = shape;
    if (representation.kind === "decimal-scaled" && !scales.has(representation.scaleColumn)) {
      scales.set(representation.scaleColumn, new DisplayScales());
    }
    const own =
      representation.kind === "decimal-scaled" ? scales.get(representation.scaleColumn) : undefined;
    return cellWriter(shape, types[i] as ColumnType, format, settings, own, escapes);
  });
  return { writers, scales };
}

/** The quick writer of a column where there is one. */
function cellWriter(
  shape: Shape,
  type: ColumnType,
  format: 0 | 1,
  settings: TextSettings,
  scales: DisplayScales | undefined,
  escapes: CellEscapes | undefined,
): CellWriter {
  switch (shape.representation.kind) {
    case "decimal":
    case "decimal-scaled":
      if (type.id === Type.DECIMAL) return new DecimalWriter(type, format, scales);
      break;
    case "plain":
    case "utc":
      return (
        quickWriter(shape.typeOid, type, format, settings, escapes) ??
        new ValueWriter(shape, type, format, settings, escapes)
      );
    case "numeric-text":
      if (type.id === Type.VARCHAR && format === 0) return textWriter("text", escapes);
      break;
    default:
  }
  return new ValueWriter(shape, type, format, settings, escapes);
}

function quickWriter(
  typeOid: number,
  type: ColumnType,
  format: 0 | 1,
  settings: TextSettings,
  escapes: CellEscapes | undefined,
): CellWriter | undefined {
  switch (type.id) {
    case Type.BOOLEAN:
      return new BoolWriter(format);
    case Type.SMALLINT:
      return format === 1 ? new SwappedWriter(2) : new SmallIntegerTextWriter("int16");
    case Type.INTEGER:
      if (typeOid === Oid.void) return undefined;
      return format === 1 ? new SwappedWriter(4) : new SmallIntegerTextWriter("int32");
    case Type.UINTEGER:
      return format === 1 ? new SwappedWriter(4) : new SmallIntegerTextWriter("uint32");
    case Type.BIGINT:
      if (typeOid !== Oid.int8) return undefined;
      return format === 1 ? new SwappedWriter(8) : new Int64TextWriter();
    case Type.FLOAT:
      if (format === 1) return new SwappedWriter(4);
      return new FloatTextWriter(4, settings.extraFloatDigits);
    case Type.DOUBLE:
      if (format === 1) return new SwappedWriter(8);
      return new FloatTextWriter(8, settings.extraFloatDigits);
    case Type.VARCHAR:
      if (typeOid === Oid.char) return undefined;
      return textWriter(typeOid === Oid.jsonb && format === 1 ? "jsonb" : "text", escapes);
    case Type.BLOB:
      return format === 1 ? new TextWriter("bytea") : undefined;
    case Type.UUID:
      return new UuidWriter(format);
    case Type.DATE:
      return format === 1 ? new DateBinaryWriter() : undefined;
    case Type.TIME:
      return format === 1 ? new SwappedWriter(8) : undefined;
    case Type.TIMESTAMP:
    case Type.TIMESTAMP_TZ:
      if (format === 1) return new TimestampBinaryWriter();
      if (settings.dateStyle.format !== "ISO") return undefined;
      return new TimestampTextWriter(typeOid === Oid.timestamptz, settings);
    default:
      return undefined;
  }
}

function textWriter(kind: TextKind, escapes: CellEscapes | undefined): CellWriter {
  return escapes === undefined ? new TextWriter(kind) : new EscapedTextWriter(escapes);
}
