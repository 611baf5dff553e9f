/**
 * DuckDB's column types, and whether one is what a Shape promised. The check stands between two
 * engines: a column of another type would be encoded as wrong data.
 */

import duckdb from "@duckdb/node-bindings";
import { AssertionError } from "../base/errors.ts";
import { elementOidOf, Oid, typeNameOf } from "../types/oids.ts";
import type { Shape } from "../types/shape.ts";

const { Type } = duckdb;

export interface ColumnType {
  readonly id: duckdb.Type;
  /** Of a DECIMAL. */
  readonly scale: number;
  readonly internal: duckdb.Type;
  /** Element type of a LIST, field types of a STRUCT. */
  readonly children: readonly ColumnType[];
}

export function columnTypeOf(logical: duckdb.LogicalType): ColumnType {
  const id = duckdb.get_type_id(logical);
  const plain = { id, scale: 0, internal: id, children: [] };
  if (id === Type.DECIMAL) {
    const scale = duckdb.decimal_scale(logical);
    return { ...plain, scale, internal: duckdb.decimal_internal_type(logical) };
  }
  if (id === Type.LIST) {
    return { ...plain, children: [columnTypeOf(duckdb.list_type_child_type(logical))] };
  }
  if (id === Type.STRUCT) {
    const count = duckdb.struct_type_child_count(logical);
    const children = Array.from({ length: count }, (_, i) =>
      columnTypeOf(duckdb.struct_type_child_type(logical, i)),
    );
    return { ...plain, children };
  }
  return plain;
}

/** DuckDB types that a plain value of a PostgreSQL type may have; VARCHAR for all others. */
const PLAIN: ReadonlyMap<number, readonly duckdb.Type[]> = new Map<number, readonly duckdb.Type[]>([
  [Oid.bool, [Type.BOOLEAN]],
  [Oid.int2, [Type.SMALLINT]],
  [Oid.int4, [Type.INTEGER]],
  [Oid.int8, [Type.BIGINT]],
  [Oid.oid, [Type.UINTEGER, Type.BIGINT]],
  [Oid.xid, [Type.UINTEGER, Type.BIGINT]],
  [Oid.cid, [Type.UINTEGER, Type.BIGINT]],
  [Oid.float4, [Type.FLOAT]],
  [Oid.float8, [Type.DOUBLE]],
  [Oid.bytea, [Type.BLOB]],
  [Oid.date, [Type.DATE]],
  [Oid.time, [Type.TIME]],
  [Oid.timestamp, [Type.TIMESTAMP]],
  [Oid.timestamptz, [Type.TIMESTAMP_TZ]],
  [Oid.interval, [Type.INTERVAL]],
  [Oid.uuid, [Type.UUID]],
  [Oid.void, [Type.INTEGER, Type.VARCHAR]],
]);

/** @throws AssertionError when the column is not what the shape says. */
export function checkColumn(shape: Shape, type: ColumnType, what: string): void {
  if (type.id === Type.SQLNULL) return; // every value is NULL, of whatever type
  if (fits(shape, type, what)) return;
  const promised = `${typeNameOf(shape.typeOid)} (${shape.representation.kind})`;
  throw new AssertionError(`${what} is ${Type[type.id]} in DuckDB, promised was ${promised}`);
}

function fits(shape: Shape, type: ColumnType, what: string): boolean {
  const { representation } = shape;
  switch (representation.kind) {
    case "plain":
      if (shape.typeOid === Oid.numeric || elementOidOf(shape.typeOid) !== undefined) return false;
      return (PLAIN.get(shape.typeOid) ?? [Type.VARCHAR]).includes(type.id);
    case "utc":
      return shape.typeOid === Oid.timestamptz && type.id === Type.TIMESTAMP;
    case "decimal":
      return type.id === Type.DECIMAL && type.scale === representation.scale;
    case "decimal-scaled":
      return type.id === Type.DECIMAL;
    case "numeric-text":
      return type.id === Type.VARCHAR;
    case "array": {
      const [element] = type.children;
      if (type.id !== Type.LIST || element === undefined) return false;
      checkColumn(elementShape(shape), element, `an element of ${what}`);
      return true;
    }
    case "row": {
      const { fields } = representation;
      if (type.id !== Type.STRUCT || type.children.length !== fields.length) return false;
      fields.forEach((field, i) => {
        checkColumn(field, type.children[i] as ColumnType, `field ${i + 1} of ${what}`);
      });
      return true;
    }
  }
}

/** The shape of what DuckDB's LIST holds: an element, or a list again when dimensions remain. */
export function elementShape(shape: Shape): Shape {
  const { representation } = shape;
  if (representation.kind !== "array") throw new AssertionError("no array shape");
  if (representation.dimensions <= 1) return representation.element;
  return {
    ...shape,
    representation: { ...representation, dimensions: representation.dimensions - 1 },
  };
}
