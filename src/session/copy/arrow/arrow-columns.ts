/** Blocks of rows as Arrow's record batches: most columns are the same memory. */

import {
  Binary,
  Bool,
  type Data,
  type DataType,
  DateDay,
  Decimal,
  Field,
  FixedSizeBinary,
  Float32,
  Float64,
  Int16,
  Int32,
  Int64,
  IntervalMonthDayNano,
  List,
  makeData,
  TimeMicrosecond,
  TimestampMicrosecond,
  Uint32,
  Utf8,
} from "apache-arrow";
import { SqlError } from "../../../base/errors.ts";
import { type CellType, cellTypeOf, type TypedColumn } from "../../../engine/bound-types.ts";
import { type ColumnData, isNull } from "../../../table/row-block.ts";
import { elementOidOf, Oid } from "../../../types/oids.ts";

export interface ArrowColumn {
  readonly field: Field;
  readonly data: (column: ColumnData, rows: number) => Data;
}

/** @throws SqlError 0A000 for types that no table can have */
export function arrowColumn(name: string, column: TypedColumn): ArrowColumn {
  const cell = cellTypeOf(column);
  const isZoned = (elementOidOf(column.typeOid) ?? column.typeOid) === Oid.timestamptz;
  const type = arrowType(cell, isZoned);
  const isUuid = cell.kind === "scalar" && cell.id === "UUID";
  const metadata = isUuid ? new Map([["ARROW:extension:name", "arrow.uuid"]]) : undefined;
  return {
    field: new Field(name, type, true, metadata),
    data: (data, rows) => arrowData(cell, type, data, rows),
  };
}

function arrowType(cell: CellType, isZoned: boolean): DataType {
  switch (cell.kind) {
    case "decimal":
      return new Decimal(cell.scale, cell.precision, 128);
    case "list":
      return new List(new Field("item", arrowType(cell.element, isZoned), true));
    case "scalar":
      return scalarType(cell.id, isZoned);
  }
}

function scalarType(id: Extract<CellType, { kind: "scalar" }>["id"], isZoned: boolean): DataType {
  switch (id) {
    case "BOOLEAN":
      return new Bool();
    case "SMALLINT":
      return new Int16();
    case "INTEGER":
      return new Int32();
    case "UINTEGER":
      return new Uint32();
    case "BIGINT":
      return new Int64();
    case "FLOAT":
      return new Float32();
    case "DOUBLE":
      return new Float64();
    case "DATE":
      return new DateDay();
    case "TIME":
      return new TimeMicrosecond();
    case "TIMESTAMP":
    case "TIMESTAMPTZ":
      return new TimestampMicrosecond(isZoned ? "UTC" : null);
    case "INTERVAL":
      return new IntervalMonthDayNano();
    case "UUID":
      return new FixedSizeBinary(16);
    case "VARCHAR":
      return new Utf8();
    case "BLOB":
      return new Binary();
  }
}

function arrowData(cell: CellType, type: DataType, column: ColumnData, rows: number): Data {
  const nullBitmap = column.validity;
  const base = { type, length: rows, nullBitmap, nullCount: nullBitmap === undefined ? 0 : -1 };
  if (cell.kind === "list") {
    const offsets = signed(column.offsets);
    const child = column.elements as ColumnData;
    const { children } = type as List;
    const element = (children[0] as Field).type;
    const data = arrowData(cell.element, element, child, offsets[rows] ?? 0);
    return makeData({ ...base, valueOffsets: offsets, child: data } as never);
  }
  if (column.offsets !== undefined) {
    const valueOffsets = signed(column.offsets);
    return makeData({ ...base, valueOffsets, data: column.data } as never);
  }
  return makeData({ ...base, data: cellsOf(cell, column, rows) } as never);
}

function signed(offsets: Uint32Array | undefined): Int32Array {
  if (offsets === undefined) return new Int32Array(1);
  return new Int32Array(offsets.buffer, offsets.byteOffset, offsets.length);
}

/** In Arrow's own widths. */
function cellsOf(cell: CellType, column: ColumnData, rows: number): ArrayBufferView {
  const { data } = column;
  if (cell.kind === "decimal") return widened(data, rows);
  const bytes = data.byteOffset % 8 === 0 ? data : data.slice();
  const { buffer, byteOffset } = bytes;
  switch (cell.kind === "scalar" ? cell.id : "BLOB") {
    case "BOOLEAN":
      return packed(data, rows);
    case "SMALLINT":
      return new Int16Array(buffer, byteOffset, rows);
    case "INTEGER":
    case "DATE":
      return new Int32Array(buffer, byteOffset, rows);
    case "UINTEGER":
      return new Uint32Array(buffer, byteOffset, rows);
    case "FLOAT":
      return new Float32Array(buffer, byteOffset, rows);
    case "DOUBLE":
      return new Float64Array(buffer, byteOffset, rows);
    case "INTERVAL":
      return intervals({ ...column, data: bytes }, rows);
    case "UUID":
      return uuids(data, rows);
    default:
      return new BigInt64Array(buffer, byteOffset, rows);
  }
}

function packed(data: Uint8Array, rows: number): Uint8Array {
  const bits = new Uint8Array((rows + 7) >> 3);
  for (let row = 0; row < rows; row += 1) {
    if (data[row] !== 0) bits[row >> 3] = (bits[row >> 3] as number) | (1 << (row & 7));
  }
  return bits;
}

/** Integers of any width as 128 bits. */
function widened(data: Uint8Array, rows: number): Uint32Array {
  const width = rows === 0 ? 16 : data.length / rows;
  const wide = new Uint8Array(rows * 16);
  for (let row = 0; row < rows; row += 1) {
    const cell = data.subarray(row * width, (row + 1) * width);
    wide.set(cell, row * 16);
    if (((cell[width - 1] as number) & 0x80) !== 0)
      wide.fill(0xff, row * 16 + width, row * 16 + 16);
  }
  return new Uint32Array(wide.buffer);
}

const MICROS_MAX = (2n ** 63n - 1n) / 1000n;

function intervals(column: ColumnData, rows: number): Int32Array {
  const words = new Int32Array(rows * 4);
  new Uint8Array(words.buffer).set(column.data.subarray(0, rows * 16));
  const cells = new BigInt64Array(words.buffer);
  for (let row = 0; row < rows; row += 1) {
    // Anything may lie under a NULL.
    if (isNull(column, row)) continue;
    const micros = cells[row * 2 + 1] as bigint;
    if (micros > MICROS_MAX || micros < -MICROS_MAX) {
      throw new SqlError("22008", "interval out of range", {
        detail: "Arrow's intervals count nanoseconds.",
      });
    }
    cells[row * 2 + 1] = micros * 1000n;
  }
  return words;
}

/** As bytes in their order, from what DuckDB sorts by. */
function uuids(data: Uint8Array, rows: number): Uint8Array {
  const out = data.slice(0, rows * 16);
  for (let row = 0; row < rows; row += 1) {
    const cell = out.subarray(row * 16, row * 16 + 16).reverse();
    cell[0] = (cell[0] as number) ^ 0x80;
  }
  return out;
}
