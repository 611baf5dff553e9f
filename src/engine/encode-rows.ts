/** Chunks of DuckDB's vectors into complete DataRow messages, text or binary by column. */

import duckdb from "@duckdb/node-bindings";
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
import { TextWriter, UuidWriter } from "./encode-texts.ts";
import { DateBinaryWriter, TimestampBinaryWriter, TimestampTextWriter } from "./encode-times.ts";
import { ValueWriter } from "./encode-values.ts";
import type { RowBatch } from "./request.ts";
import { RowBuffer } from "./row-buffer.ts";

const DATA_ROW = 68; // D
/** Type, length, number of columns. */
const HEADER_BYTES = 7;
const { Type } = duckdb;

export class RowEncoder {
  readonly #writers: readonly CellWriter[];
  /** Display scales by the column that carries them. */
  readonly #scales: ReadonlyMap<number, DisplayScales>;
  readonly #out = new RowBuffer(1024);
  /** First the sizes of a chunk's rows, then where each goes on. */
  readonly #sizes = new Int32Array(duckdb.vector_size());
  #loaded = 0;
  #next = 0;
  #rows = 0;

  /** @param formats of the columns the client sees, the first ones; others only carry scales. */
  constructor(
    shapes: readonly Shape[],
    types: readonly ColumnType[],
    formats: readonly (0 | 1)[],
    settings: TextSettings,
  ) {
    const scales = new Map<number, DisplayScales>();
    this.#writers = formats.map((format, i) => {
      const shape = shapes[i] as Shape;
      const { representation } = shape;
      if (representation.kind === "decimal-scaled" && !scales.has(representation.scaleColumn)) {
        scales.set(representation.scaleColumn, new DisplayScales());
      }
      const own =
        representation.kind === "decimal-scaled"
          ? scales.get(representation.scaleColumn)
          : undefined;
      return cellWriter(shape, types[i] as ColumnType, format, settings, own);
    });
    this.#scales = scales;
  }

  /** Rows since the last `take`. */
  get rows(): number {
    return this.#rows;
  }

  get bytes(): number {
    return this.#out.at;
  }

  /** Turns to the first `rows` rows of a chunk; all of the chunk before must be written. */
  load(chunk: duckdb.DataChunk, rows: number): void {
    for (const [column, scales] of this.#scales) {
      scales.load(duckdb.data_chunk_get_vector(chunk, column), rows);
    }
    const sizes = this.#sizes.subarray(0, rows).fill(HEADER_BYTES);
    this.#writers.forEach((writer, i) => {
      writer.measure(duckdb.data_chunk_get_vector(chunk, i), rows, sizes);
    });
    this.#next = 0;
    this.#loaded = rows;
  }

  /** Whether rows that were loaded are not written yet. */
  get hasMore(): boolean {
    return this.#next < this.#loaded;
  }

  /** Appends loaded rows: as many as fit into about `bytesMax`, at least one. */
  write(bytesMax: number): void {
    const from = this.#next;
    const until = this.#writeHeaders(from, bytesMax);
    for (const writer of this.#writers) writer.write(this.#out, this.#sizes, from, until);
    this.#next = until;
    this.#rows += until - from;
  }

  /** Begins the rows' messages, and turns their sizes into the places of the first cells. */
  #writeHeaders(from: number, bytesMax: number): number {
    const sizes = this.#sizes;
    const out = this.#out;
    let total = 0;
    let until = from;
    while (until < this.#loaded && (until === from || total < bytesMax)) {
      total += sizes[until] as number;
      until += 1;
    }
    out.reserve(total);
    const { bytes, view } = out;
    const columns = this.#writers.length;
    let { at } = out;
    for (let row = from; row < until; row += 1) {
      const size = sizes[row] as number;
      bytes[at] = DATA_ROW;
      view.setInt32(at + 1, size - 1);
      view.setInt16(at + 5, columns);
      sizes[row] = at + HEADER_BYTES;
      at += size;
    }
    out.at = at;
    return until;
  }

  /** What was written since the last call; `capacity` is a guess of the next batch's size. */
  take(capacity: number): RowBatch {
    const rows = this.#rows;
    this.#rows = 0;
    return { bytes: this.#out.take(capacity), rows };
  }
}

/** The quick writer of a column where there is one. */
function cellWriter(
  shape: Shape,
  type: ColumnType,
  format: 0 | 1,
  settings: TextSettings,
  scales: DisplayScales | undefined,
): CellWriter {
  switch (shape.representation.kind) {
    case "decimal":
    case "decimal-scaled":
      if (type.id === Type.DECIMAL) return new DecimalWriter(type, format, scales);
      break;
    case "plain":
    case "utc":
      return (
        quickWriter(shape.typeOid, type, format, settings) ??
        new ValueWriter(shape, type, format, settings)
      );
    case "numeric-text":
      if (type.id === Type.VARCHAR && format === 0) return new TextWriter("text");
      break;
    default:
  }
  return new ValueWriter(shape, type, format, settings);
}

function quickWriter(
  typeOid: number,
  type: ColumnType,
  format: 0 | 1,
  settings: TextSettings,
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
      return new TextWriter(typeOid === Oid.jsonb && format === 1 ? "jsonb" : "text");
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
