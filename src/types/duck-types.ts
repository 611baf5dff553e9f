/** Which DuckDB type naturally holds a PostgreSQL type (architecture 4's table). */

import { numericModifier } from "./numeric.ts";
import { elementOidOf, Oid } from "./oids.ts";

const DUCK_TYPES: ReadonlyMap<number, string> = new Map<number, string>([
  [Oid.bool, "BOOLEAN"],
  [Oid.int2, "SMALLINT"],
  [Oid.int4, "INTEGER"],
  [Oid.int8, "BIGINT"],
  [Oid.oid, "UINTEGER"],
  [Oid.float4, "FLOAT"],
  [Oid.float8, "DOUBLE"],
  [Oid.text, "VARCHAR"],
  [Oid.varchar, "VARCHAR"],
  [Oid.bpchar, "VARCHAR"],
  [Oid.name, "VARCHAR"],
  [Oid.char, "VARCHAR"],
  [Oid.json, "VARCHAR"],
  [Oid.jsonb, "VARCHAR"],
  [Oid.uuid, "UUID"],
  [Oid.date, "DATE"],
  [Oid.time, "TIME"],
  [Oid.timestamp, "TIMESTAMP"],
  [Oid.timestamptz, "TIMESTAMPTZ"],
  [Oid.interval, "INTERVAL"],
  [Oid.bytea, "BLOB"],
]);

/**
 * undefined: no such type in DuckDB. Free numeric, and numeric too wide for DECIMAL, is VARCHAR.
 */
export function duckTypeOf(oid: number, typmod: number): string | undefined {
  if (oid === Oid.numeric) {
    const modifier = numericModifier(typmod);
    if (modifier === undefined) return "VARCHAR";
    const { precision, scale } = modifier;
    const isDecimal = precision <= 38 && scale >= 0 && scale <= precision;
    return isDecimal ? `DECIMAL(${precision},${scale})` : "VARCHAR";
  }
  const element = elementOidOf(oid);
  if (element === undefined) return DUCK_TYPES.get(oid);
  const elementType = duckTypeOf(element, typmod);
  return elementType === undefined ? undefined : `${elementType}[]`;
}
