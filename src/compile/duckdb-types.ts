/**
 * Which DuckDB type carries a shape, and which shape a PostgreSQL type has when nothing says
 * otherwise.
 */

import { unreachable } from "../base/errors.ts";
import { elementOidOf, Oid, typeNameOf } from "../types/oids.ts";
import type { Shape } from "../types/shape.ts";
import { refuse } from "./refusals.ts";

/** OIDs from here on are of types made by users: enums, domains, composites. */
const FIRST_USER_OID = 16_384;

const PLAIN: ReadonlyMap<number, string> = new Map([
  [Oid.bool, "BOOLEAN"],
  [Oid.int2, "SMALLINT"],
  [Oid.int4, "INTEGER"],
  [Oid.int8, "BIGINT"],
  [Oid.float4, "FLOAT"],
  [Oid.float8, "DOUBLE"],
  [Oid.text, "VARCHAR"],
  [Oid.varchar, "VARCHAR"],
  [Oid.bpchar, "VARCHAR"],
  [Oid.char, "VARCHAR"],
  [Oid.name, "VARCHAR"],
  [Oid.unknown, "VARCHAR"],
  [Oid.cstring, "VARCHAR"],
  [Oid.json, "VARCHAR"],
  [Oid.jsonb, "VARCHAR"],
  [Oid.bytea, "BLOB"],
  [Oid.date, "DATE"],
  [Oid.time, "TIME"],
  [Oid.timestamp, "TIMESTAMP"],
  [Oid.timestamptz, "TIMESTAMP WITH TIME ZONE"],
  [Oid.interval, "INTERVAL"],
  [Oid.uuid, "UUID"],
  [Oid.oid, "UINTEGER"],
  [Oid.regclass, "UINTEGER"],
  [Oid.regtype, "UINTEGER"],
  [Oid.regproc, "UINTEGER"],
  [Oid.void, "INTEGER"],
]);

/** @throws SqlError 0A000 for a type that DuckDB cannot carry for us. */
export function duckdbType(shape: Shape): string {
  const { representation } = shape;
  switch (representation.kind) {
    case "plain": {
      const name = PLAIN.get(shape.typeOid);
      if (name !== undefined) return name;
      if (shape.typeOid >= FIRST_USER_OID) return "VARCHAR";
      return refuse(`type ${typeNameOf(shape.typeOid)}`);
    }
    case "utc":
      return "TIMESTAMP";
    case "decimal":
    case "decimal-scaled":
      return `DECIMAL(${representation.precision},${representation.scale})`;
    case "numeric-text":
      return "VARCHAR";
    case "array":
      return duckdbType(representation.element) + "[]".repeat(representation.dimensions);
    case "row": {
      const fields = representation.fields.map(
        (field, index) => `c${index + 1} ${duckdbType(field)}`,
      );
      return `STRUCT(${fields.join(", ")})`;
    }
    default:
      return unreachable(representation);
  }
}

/**
 * How a value of the type looks that comes from no stored column: numeric has no fixed scale there.
 */
export function defaultShape(typeOid: number, typmod = -1): Shape {
  if (typeOid === Oid.numeric) return { typeOid, typmod, representation: { kind: "numeric-text" } };
  const element = elementOidOf(typeOid);
  if (element === undefined) return { typeOid, typmod, representation: { kind: "plain" } };
  const representation = {
    kind: "array",
    dimensions: 1,
    element: defaultShape(element, typmod),
  } as const;
  return { typeOid, typmod, representation };
}

/** How a stored column comes out of a scan: `Scan` in plan.ts says so. */
export function storedShape(typeOid: number, typmod: number): Shape {
  if (typeOid === Oid.timestamptz) return { typeOid, typmod, representation: { kind: "utc" } };
  const declared = typeOid === Oid.numeric ? declaredNumeric(typmod) : undefined;
  if (declared !== undefined && declared.precision <= DECIMAL_DIGITS && declared.scale >= 0) {
    return { typeOid, typmod, representation: storedDecimal(declared.precision, declared.scale) };
  }
  // numeric(p,s)[]; a timestamptz within an array is a TIMESTAMPTZ.
  if (elementOidOf(typeOid) !== Oid.numeric) return defaultShape(typeOid, typmod);
  const element = storedShape(Oid.numeric, typmod);
  return { typeOid, typmod, representation: { kind: "array", dimensions: 1, element } };
}

export const DECIMAL_DIGITS = 38;

/** numeric(p,s) as a typmod; undefined for plain numeric. Scales are 11 bits, signed. */
export function declaredNumeric(
  typmod: number,
): { readonly precision: number; readonly scale: number } | undefined {
  if (typmod < 4) return undefined;
  const packed = typmod - 4;
  const scale = packed & 0x7ff;
  return { precision: packed >> 16, scale: scale >= 1024 ? scale - 2048 : scale };
}

function storedDecimal(precision: number, scale: number) {
  return { kind: "decimal", precision: Math.max(precision, scale), scale } as const;
}
