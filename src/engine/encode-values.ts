/** Cells of the types that are not on the hot path: read as a value, then written by its type. */

import type duckdb from "@duckdb/node-bindings";
import { arrayText, encodeArray } from "../types/arrays.ts";
import { ByteWriter } from "../types/bytes.ts";
import { encodeBinary, encodeText } from "../types/codec.ts";
import type { Shape, TextSettings } from "../types/shape.ts";
import type { SqlArray, SqlValue } from "../types/value.ts";
import type { CellWriter } from "./cell-writer.ts";
import type { ColumnType } from "./column-types.ts";
import { type ReadValue, type RecordValue, readValues, type ValueAt } from "./read-values.ts";
import type { RowBuffer } from "./row-buffer.ts";

export class ValueWriter implements CellWriter {
  readonly #shape: Shape;
  readonly #type: ColumnType;
  readonly #format: 0 | 1;
  readonly #settings: TextSettings;
  #at: ValueAt = () => null;

  constructor(shape: Shape, type: ColumnType, format: 0 | 1, settings: TextSettings) {
    this.#shape = shape;
    this.#type = type;
    this.#format = format;
    this.#settings = settings;
  }

  load(vector: duckdb.Vector, rows: number): void {
    this.#at = readValues(this.#shape, this.#type, vector, rows);
  }

  write(row: number, out: RowBuffer): void {
    const value = this.#at(row);
    if (value === null) {
      out.reserve(4);
      out.null();
    } else if (this.#format === 0) {
      out.text(valueText(this.#shape, value, this.#settings));
    } else {
      out.block(valueBinary(this.#shape, value));
    }
  }
}

type Present = Exclude<ReadValue, null>;

/** A value as PostgreSQL prints it under the session's settings. */
export function valueText(shape: Shape, value: Present, settings: TextSettings): string {
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
export function valueBinary(shape: Shape, value: Present): Uint8Array {
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
