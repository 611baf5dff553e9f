/** Vectors to SqlValues, one at a time: for what is not on the hot path. */

import duckdb from "@duckdb/node-bindings";
import { AssertionError, unreachable } from "../base/errors.ts";
import { INTERVAL_INFINITY, INTERVAL_NEG_INFINITY } from "../types/interval.ts";
import { Oid } from "../types/oids.ts";
import type { Shape } from "../types/shape.ts";
import { uuidFromHex } from "../types/uuid.ts";
import type { Interval, SqlArray, SqlValue } from "../types/value.ts";
import { isNull, readData, readLists, readValidity, Strings, type Validity } from "./chunks.ts";
import { type ColumnType, elementShape } from "./column-types.ts";
import { DecimalUnits, type DisplayScales, decimalText } from "./encode-decimals.ts";
import { uuidByte } from "./encode-texts.ts";
import { daysOf, microsOf } from "./moments.ts";

const { Type } = duckdb;

/** A record has no SqlValue; its fields in order. */
export interface RecordValue {
  readonly kind: "record";
  readonly fields: readonly ReadValue[];
}

export type ReadValue = SqlValue | RecordValue;

/** Values of one vector. Only for rows below the count it was read with. */
export type ValueAt = (row: number) => ReadValue;

/** @throws SqlError when a value is outside of what PostgreSQL can hold (while reading it). */
export function readValues(
  shape: Shape,
  type: ColumnType,
  vector: duckdb.Vector,
  rows: number,
  scales?: DisplayScales,
): ValueAt {
  const validity = readValidity(vector, rows);
  if (type.id === Type.SQLNULL) return () => null;
  const at = readPresent(shape, type, vector, rows, validity, scales);
  return (row) => (isNull(validity, row) ? null : at(row));
}

function readPresent(
  shape: Shape,
  type: ColumnType,
  vector: duckdb.Vector,
  rows: number,
  validity: Validity,
  scales: DisplayScales | undefined,
): ValueAt {
  const { representation } = shape;
  switch (representation.kind) {
    case "plain":
    case "utc":
    case "numeric-text":
      return readScalar(shape.typeOid, type, vector, rows, validity);
    case "decimal":
    case "decimal-scaled": {
      const units = new DecimalUnits(type, vector, rows);
      return (row) => decimalText(units.bigint(row), type.scale, scales?.at(row) ?? type.scale);
    }
    case "array":
      return readArray(shape, type, vector, rows);
    case "row": {
      const fields = representation.fields.map((field, i) =>
        readValues(
          field,
          type.children[i] as ColumnType,
          duckdb.struct_vector_get_child(vector, i),
          rows,
        ),
      );
      return (row) => ({ kind: "record", fields: fields.map((field) => field(row)) });
    }
    default:
      return unreachable(representation);
  }
}

function readScalar(
  typeOid: number,
  type: ColumnType,
  vector: duckdb.Vector,
  rows: number,
  validity: Validity,
): ValueAt {
  if (typeOid === Oid.void) return () => "";
  switch (type.id) {
    case Type.BOOLEAN: {
      const data = readData(vector, rows, 1);
      return (row) => data[row] !== 0;
    }
    case Type.SMALLINT:
      return numbers(Int16Array, vector, rows, 2);
    case Type.INTEGER:
      return numbers(Int32Array, vector, rows, 4);
    case Type.UINTEGER:
      return numbers(Uint32Array, vector, rows, 4);
    case Type.FLOAT:
      return numbers(Float32Array, vector, rows, 4);
    case Type.DOUBLE:
      return numbers(Float64Array, vector, rows, 8);
    case Type.DATE: {
      const at = numbers(Int32Array, vector, rows, 4);
      return (row) => daysOf(at(row));
    }
    case Type.BIGINT: {
      const at = integers64(vector, rows);
      return typeOid === Oid.oid ? (row) => Number(at(row)) : at;
    }
    case Type.TIME:
      return integers64(vector, rows);
    case Type.TIMESTAMP:
    case Type.TIMESTAMP_TZ: {
      const at = integers64(vector, rows);
      return (row) => microsOf(at(row));
    }
    case Type.INTERVAL:
      return readIntervals(vector, rows);
    case Type.UUID: {
      const data = readData(vector, rows, 16);
      return (row) => uuidText(data, row);
    }
    case Type.BLOB: {
      const strings = new Strings(vector, rows, validity);
      return (row) => Uint8Array.from(strings.bytes(row));
    }
    case Type.VARCHAR: {
      const strings = new Strings(vector, rows, validity);
      return (row) => strings.text(row);
    }
    default:
      throw new AssertionError(`no reader for DuckDB's type ${Type[type.id]}`);
  }
}

type NumberArray = new (
  buffer: ArrayBufferLike,
  byteOffset: number,
  length: number,
) => { readonly [index: number]: number };

function numbers(
  array: NumberArray,
  vector: duckdb.Vector,
  rows: number,
  width: number,
): (row: number) => number {
  const { buffer, byteOffset } = readData(vector, rows, width);
  const data = new array(buffer, byteOffset, rows);
  return (row) => data[row] as number;
}

function integers64(vector: duckdb.Vector, rows: number): (row: number) => bigint {
  const { buffer, byteOffset } = readData(vector, rows, 8);
  const data = new BigInt64Array(buffer, byteOffset, rows);
  return (row) => data[row] as bigint;
}

function readIntervals(vector: duckdb.Vector, rows: number): (row: number) => Interval {
  const { buffer, byteOffset } = readData(vector, rows, 16);
  const words = new Int32Array(buffer, byteOffset, rows * 4);
  const wide = new BigInt64Array(buffer, byteOffset, rows * 2);
  return (row) => {
    const months = words[row * 4] as number;
    const days = words[row * 4 + 1] as number;
    const micros = wide[row * 2 + 1] as bigint;
    if (months === INTERVAL_INFINITY.months && days === months) return INTERVAL_INFINITY;
    if (months === INTERVAL_NEG_INFINITY.months && days === months) return INTERVAL_NEG_INFINITY;
    return { kind: "interval", months, days, micros };
  };
}

function uuidText(data: Uint8Array, row: number): string {
  const bytes = Uint8Array.from({ length: 16 }, (_, i) => uuidByte(data, row, i));
  return uuidFromHex(Buffer.from(bytes).toString("hex"));
}

function readArray(
  shape: Shape,
  type: ColumnType,
  vector: duckdb.Vector,
  rows: number,
): (row: number) => SqlArray {
  const lists = readLists(vector, rows);
  const inner = elementShape(shape);
  const child = readValues(inner, type.children[0] as ColumnType, lists.child, lists.childRows);
  return (row) => {
    const from = lists.offset(row);
    const members = Array.from({ length: lists.length(row) }, (_, i) => child(from + i));
    return arrayOf(members, inner.representation.kind === "array");
  };
}

/** PostgreSQL's arrays are rectangles; an array of empty arrays is empty. */
function arrayOf(members: readonly ReadValue[], isNested: boolean): SqlArray {
  if (members.length === 0) return { kind: "array", dimensions: [], elements: [] };
  const outer = { length: members.length, lowerBound: 1 };
  if (!isNested) {
    return { kind: "array", dimensions: [outer], elements: members as readonly SqlValue[] };
  }
  const inner = members as readonly (SqlArray | null)[];
  const [first] = inner;
  const lengths = (array: SqlArray | null | undefined) =>
    (array?.dimensions ?? []).map(({ length }) => length).join();
  if (inner.some((member) => lengths(member) !== lengths(first))) {
    throw new AssertionError("nested lists are no rectangle");
  }
  if (first === undefined || first === null || first.dimensions.length === 0) {
    return { kind: "array", dimensions: [], elements: [] };
  }
  return {
    kind: "array",
    dimensions: [outer, ...first.dimensions],
    elements: inner.flatMap((member) => member?.elements ?? []),
  };
}
