/** A RowBlock back as SqlValues: for checks over few rows, messages and tests. */

import { type ColumnData, isNull, type RowBlock } from "../table/row-block.ts";
import { INTERVAL_INFINITY, INTERVAL_NEG_INFINITY } from "../types/interval.ts";
import { uuidFromHex } from "../types/uuid.ts";
import type { SqlValue } from "../types/value.ts";
import { type CellType, cellTypeOf, decimalWidth, type TypedColumn } from "./bound-types.ts";
import { daysOf, microsOf } from "./moments.ts";

type CellAt = (row: number) => SqlValue;

/** All rows, columns in the block's order. */
export function readBlock(block: RowBlock, columns: readonly TypedColumn[]): SqlValue[][] {
  const readers = blockReaders(block, columns);
  return Array.from({ length: block.rows }, (_, row) => readers.map((cell) => cell(row)));
}

/** One function a column, for whoever looks at some rows only. */
export function blockReaders(
  block: RowBlock,
  columns: readonly TypedColumn[],
): readonly ((row: number) => SqlValue)[] {
  return columns.map((column, i) => cellReader(cellTypeOf(column), block.columns[i] as ColumnData));
}

function cellReader(type: CellType, column: ColumnData): CellAt {
  const present = presentReader(type, column);
  return (row) => (isNull(column, row) ? null : present(row));
}

function presentReader(type: CellType, column: ColumnData): CellAt {
  switch (type.kind) {
    case "decimal":
      return decimalReader(type.precision, type.scale, viewOf(column));
    case "list": {
      const { offsets, elements } = column as Required<ColumnData>;
      const element = cellReader(type.element, elements as ColumnData);
      return (row) => arrayOf(offsets as Uint32Array, row, element);
    }
    case "scalar":
      return scalarReader(type.id, column);
  }
}

function viewOf({ data }: ColumnData): DataView {
  return new DataView(data.buffer, data.byteOffset, data.byteLength);
}

function arrayOf(offsets: Uint32Array, row: number, element: CellAt): SqlValue {
  const from = offsets[row] as number;
  const length = (offsets[row + 1] as number) - from;
  const dimensions = length === 0 ? [] : [{ length, lowerBound: 1 }];
  const elements = Array.from({ length }, (_, i) => element(from + i));
  return { kind: "array", dimensions, elements };
}

function scalarReader(id: Extract<CellType, { kind: "scalar" }>["id"], column: ColumnData): CellAt {
  const view = viewOf(column);
  switch (id) {
    case "BOOLEAN":
      return (row) => view.getUint8(row) !== 0;
    case "SMALLINT":
      return (row) => view.getInt16(row * 2, true);
    case "INTEGER":
      return (row) => view.getInt32(row * 4, true);
    case "UINTEGER":
      return (row) => view.getUint32(row * 4, true);
    case "FLOAT":
      return (row) => view.getFloat32(row * 4, true);
    case "DOUBLE":
      return (row) => view.getFloat64(row * 8, true);
    case "BIGINT":
    case "TIME":
      return (row) => view.getBigInt64(row * 8, true);
    case "DATE":
      return (row) => daysOf(view.getInt32(row * 4, true));
    case "TIMESTAMP":
    case "TIMESTAMPTZ":
      return (row) => microsOf(view.getBigInt64(row * 8, true));
    case "INTERVAL":
      return (row) => intervalAt(view, row);
    case "UUID":
      return (row) => uuidAt(column.data, row);
    case "VARCHAR":
      return (row) => Buffer.from(cellBytes(column, row)).toString("utf8");
    case "BLOB":
      return (row) => cellBytes(column, row).slice();
  }
}

function cellBytes({ data, offsets }: ColumnData, row: number): Uint8Array {
  return data.subarray(offsets?.[row], offsets?.[row + 1]);
}

function intervalAt(view: DataView, row: number): SqlValue {
  const months = view.getInt32(row * 16, true);
  const days = view.getInt32(row * 16 + 4, true);
  const micros = view.getBigInt64(row * 16 + 8, true);
  if (months === INTERVAL_INFINITY.months && days === months) return INTERVAL_INFINITY;
  if (months === INTERVAL_NEG_INFINITY.months && days === months) return INTERVAL_NEG_INFINITY;
  return { kind: "interval", months, days, micros };
}

function uuidAt(data: Uint8Array, row: number): string {
  const bytes = data.slice(row * 16, row * 16 + 16).reverse();
  bytes[0] = (bytes[0] as number) ^ 0x80;
  return uuidFromHex(Buffer.from(bytes).toString("hex"));
}

function decimalReader(precision: number, scale: number, view: DataView): CellAt {
  const width = decimalWidth(precision);
  return (row) => {
    const at = row * width;
    if (width === 2) return pointed(BigInt(view.getInt16(at, true)), scale);
    if (width === 4) return pointed(BigInt(view.getInt32(at, true)), scale);
    if (width === 8) return pointed(view.getBigInt64(at, true), scale);
    const low = view.getBigUint64(at, true);
    return pointed((view.getBigInt64(at + 8, true) << 64n) | low, scale);
  };
}

function pointed(units: bigint, scale: number): string {
  const digits = (units < 0n ? -units : units).toString().padStart(scale + 1, "0");
  const whole = digits.slice(0, digits.length - scale);
  const text = scale === 0 ? whole : `${whole}.${digits.slice(digits.length - scale)}`;
  return units < 0n ? `-${text}` : text;
}
