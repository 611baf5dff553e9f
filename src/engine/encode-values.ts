/** Cells of the types that are not on the hot path: read as a value, then written by its type. */

import type duckdb from "@duckdb/node-bindings";
import { encodeArray } from "../types/array-binary.ts";
import { arrayText } from "../types/arrays.ts";
import { ByteWriter } from "../types/bytes.ts";
import { encodeBinary, encodeText } from "../types/codec.ts";
import type { CellEscapes } from "../types/copy/cell-escapes.ts";
import type { Shape, TextSettings } from "../types/shape.ts";
import type { SqlArray, SqlValue } from "../types/value.ts";
import { type CellWriter, LENGTH_BYTES, NULL_LENGTH } from "./cell-writer.ts";
import type { ColumnType } from "./column-types.ts";
import { type ReadValue, type RecordValue, readValues } from "./read-values.ts";
import type { RowBuffer } from "./row-buffer.ts";

export class ValueWriter implements CellWriter {
  readonly #shape: Shape;
  readonly #type: ColumnType;
  readonly #format: 0 | 1;
  readonly #settings: TextSettings;
  readonly #escapes: CellEscapes | undefined;
  readonly #cells: (Uint8Array | undefined)[] = [];

  constructor(
    shape: Shape,
    type: ColumnType,
    format: 0 | 1,
    settings: TextSettings,
    escapes?: CellEscapes,
  ) {
    this.#shape = shape;
    this.#type = type;
    this.#format = format;
    this.#settings = settings;
    this.#escapes = escapes;
  }

  measure(vector: duckdb.Vector, rows: number, sizes: Int32Array): void {
    const at = readValues(this.#shape, this.#type, vector, rows);
    this.#cells.length = rows;
    for (let row = 0; row < rows; row += 1) {
      const value = at(row);
      const cell = value === null ? undefined : this.#encode(value);
      this.#cells[row] = cell;
      sizes[row] = (sizes[row] as number) + LENGTH_BYTES + (cell?.length ?? 0);
    }
  }

  #encode(value: Present): Uint8Array {
    if (this.#format === 1) return valueBinary(this.#shape, value);
    const cell = Buffer.from(valueText(this.#shape, value, this.#settings));
    const escapes = this.#escapes;
    if (escapes === undefined) return cell;
    const escaped = new Uint8Array(escapes.length(cell, 0, cell.length));
    escapes.put(cell, 0, cell.length, escaped, 0);
    return escaped;
  }

  write(out: RowBuffer, places: Int32Array, from: number, until: number): void {
    for (let row = from; row < until; row += 1) {
      const cell = this.#cells[row];
      const at = places[row] as number;
      out.view.setInt32(at, cell?.length ?? NULL_LENGTH);
      if (cell !== undefined) out.bytes.set(cell, at + LENGTH_BYTES);
      places[row] = at + LENGTH_BYTES + (cell?.length ?? 0);
    }
  }
}

type Present = Exclude<ReadValue, null>;

/** A value as PostgreSQL prints it under the session's settings. */
function valueText(shape: Shape, value: Present, settings: TextSettings): string {
  const { representation } = shape;
  if (representation.kind === "array") {
    const { element } = representation;
    return arrayText(value as SqlArray, (member) =>
      valueText(element, member as Present, settings),
    );
  }
  if (representation.kind === "row") {
    const fields = (value as RecordValue).fields.map((field, i) =>
      field === null
        ? ""
        : quotedField(valueText(representation.fields[i] as Shape, field, settings)),
    );
    return `(${fields.join(",")})`;
  }
  return encodeText(value as SqlValue, shape.typeOid, settings);
}

/** https://www.postgresql.org/docs/current/rowtypes.html#ROWTYPES-IO-SYNTAX */
function quotedField(text: string): string {
  if (text !== "" && !/["\\(),\s]/.test(text)) return text;
  return `"${text.replace(/["\\]/g, "$&$&")}"`;
}

/** PostgreSQL's binary form, without the length word. */
function valueBinary(shape: Shape, value: Present): Uint8Array {
  const { representation } = shape;
  if (representation.kind === "array") {
    const { element } = representation;
    return encodeArray(value as SqlArray, element.typeOid, (member) =>
      valueBinary(element, member as Present),
    );
  }
  if (representation.kind === "row") {
    const { fields } = value as RecordValue;
    const writer = new ByteWriter().int32(fields.length);
    fields.forEach((field, i) => {
      const fieldShape = representation.fields[i] as Shape;
      writer.uint32(fieldShape.typeOid);
      if (field === null) {
        writer.int32(-1);
      } else {
        const bytes = valueBinary(fieldShape, field);
        writer.int32(bytes.length).bytes(bytes);
      }
    });
    return writer.finish();
  }
  return encodeBinary(value as SqlValue, shape.typeOid);
}
