/**
 * The bound type: the DuckDB type that a stored column has wherever rows are (segments as bound,
 * row tables, ordinary tables), and how its cells lie in a RowBlock.
 *
 * Cells are DuckDB's own vector memory, little-endian: bool 1 byte; date int32 days since 1970,
 * ±(2^31-1) for infinity; time, timestamp and timestamptz int64 microseconds (since 1970 in UTC),
 * ±(2^63-1) for infinity; interval int32 months, int32 days, int64 microseconds; uuid its 16 bytes
 * from the last to the first, the top bit of the first one inverted (so that order as a signed
 * 128-bit integer is order of uuids); numeric(p,s) as an integer of 10^-s in 2, 4, 8 or 16 bytes by
 * p; free numeric, enum, json and jsonb (canonical) their text.
 */

import { AssertionError, SqlError } from "../base/errors.ts";
import type { CellLayout } from "../table/row-block.ts";
import { duckTypeOf } from "../types/duck-types.ts";
import { numericModifier } from "../types/numeric.ts";
import { Oid, typeNameOf } from "../types/oids.ts";

const FIRST_USER_OID = 16_384;
const DECIMAL_DIGITS_MAX = 38;

export interface TypedColumn {
  readonly typeOid: number;
  readonly typmod: number;
}

/** As SQL: `TIMESTAMP` of UTC for timestamptz, `DECIMAL(p,s)`. @throws SqlError 0A000 */
export function boundType({ typeOid, typmod }: TypedColumn): string {
  if (typeOid === Oid.timestamptz) return "TIMESTAMP";
  if (typeOid >= FIRST_USER_OID) return "VARCHAR";
  if (typeOid === Oid.numeric) return decimalType(typmod) ?? "VARCHAR";
  const type = duckTypeOf(typeOid, typmod);
  if (type !== undefined) return type;
  throw new SqlError("0A000", `columns of type ${typeNameOf(typeOid)} are not supported in tables`);
}

function decimalType(typmod: number): string | undefined {
  const declared = numericModifier(typmod);
  if (declared === undefined || declared.scale < 0) return undefined;
  const precision = Math.max(declared.precision, declared.scale);
  return precision <= DECIMAL_DIGITS_MAX ? `DECIMAL(${precision},${declared.scale})` : undefined;
}

/** A bound type taken apart. */
export type CellType =
  | { readonly kind: "scalar"; readonly id: ScalarType }
  | { readonly kind: "decimal"; readonly precision: number; readonly scale: number }
  | { readonly kind: "list"; readonly element: CellType };

const WIDTHS = {
  BOOLEAN: 1,
  SMALLINT: 2,
  INTEGER: 4,
  UINTEGER: 4,
  BIGINT: 8,
  FLOAT: 4,
  DOUBLE: 8,
  DATE: 4,
  TIME: 8,
  TIMESTAMP: 8,
  TIMESTAMPTZ: 8,
  INTERVAL: 16,
  UUID: 16,
  VARCHAR: undefined,
  BLOB: undefined,
} as const;

export type ScalarType = keyof typeof WIDTHS;

/** @throws SqlError 0A000 for a type that no table can have */
export function cellTypeOf(column: TypedColumn): CellType {
  const text = boundType(column);
  let type = CELL_TYPES.get(text);
  if (type === undefined) {
    type = parseType(text);
    CELL_TYPES.set(text, type);
  }
  return type;
}

/** By the texts of bound types, of which there are not many. */
const CELL_TYPES = new Map<string, CellType>();

function parseType(text: string): CellType {
  if (text.endsWith("[]")) return { kind: "list", element: parseType(text.slice(0, -2)) };
  const [, precision, scale] = /^DECIMAL\((\d+),(\d+)\)$/.exec(text) ?? [];
  if (precision !== undefined) {
    return { kind: "decimal", precision: Number(precision), scale: Number(scale) };
  }
  if (!(text in WIDTHS)) throw new AssertionError(`no layout for DuckDB's type ${text}`);
  return { kind: "scalar", id: text as ScalarType };
}

/** @throws SqlError 0A000 for a type that no table can have */
export function layoutOf(typeOid: number, typmod: number): CellLayout {
  return layoutOfCell(cellTypeOf({ typeOid, typmod }));
}

function layoutOfCell(type: CellType): CellLayout {
  switch (type.kind) {
    case "decimal":
      return { kind: "fixed", width: decimalWidth(type.precision) };
    case "list":
      return { kind: "list", element: layoutOfCell(type.element) };
    case "scalar": {
      const width = WIDTHS[type.id];
      return width === undefined ? { kind: "bytes" } : { kind: "fixed", width };
    }
  }
}

/** Bytes of a DECIMAL, by its digits. */
export function decimalWidth(precision: number): 2 | 4 | 8 | 16 {
  if (precision <= 4) return 2;
  if (precision <= 9) return 4;
  return precision <= 18 ? 8 : 16;
}
