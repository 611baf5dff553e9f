/** Values of new rows as parameters of DuckDB, and as keys that are compared in memory. */

import { boundType } from "../../engine/bound-types.ts";
import type { EngineParameter } from "../../engine/request.ts";
import type { ShadowColumn } from "../../postgres/relation.ts";
import { Oid } from "../../types/oids.ts";
import type { SqlValue } from "../../types/value.ts";

type Typed = Pick<ShadowColumn, "typeOid" | "typmod">;

/** Types whose values reach their bound type by a plain cast. */
const PASSED: ReadonlySet<number> = new Set([
  Oid.bool,
  Oid.int2,
  Oid.int4,
  Oid.int8,
  Oid.float4,
  Oid.float8,
  Oid.numeric,
  Oid.text,
  Oid.varchar,
  Oid.bpchar,
  Oid.bytea,
  Oid.date,
  Oid.time,
  Oid.timestamp,
  Oid.timestamptz,
  Oid.uuid,
  Oid.json,
  Oid.jsonb,
]);

/** Whose values are equal when their texts are, by the group in which they can be compared. */
const KEY_GROUPS: ReadonlyMap<number, string> = new Map([
  [Oid.bool, "bool"],
  [Oid.int2, "integer"],
  [Oid.int4, "integer"],
  [Oid.int8, "integer"],
  [Oid.text, "text"],
  [Oid.varchar, "text"],
  [Oid.date, "date"],
  [Oid.timestamp, "timestamp"],
  [Oid.timestamptz, "timestamptz"],
  [Oid.uuid, "uuid"],
]);

export function canBePassed({ typeOid }: Pick<ShadowColumn, "typeOid">): boolean {
  return PASSED.has(typeOid);
}

/** undefined: only DuckDB can tell which values are equal. */
export function keyGroup({ typeOid }: Pick<ShadowColumn, "typeOid">): string | undefined {
  return KEY_GROUPS.get(typeOid);
}

/** Instants are microseconds of UTC in either type, and no zone has a say in them. */
export function passedValue({ typeOid }: Typed, value: SqlValue): EngineParameter {
  return { typeOid: typeOid === Oid.timestamptz ? Oid.timestamp : typeOid, value };
}

/** A parameter in the column's bound type. */
export function passedText(column: Typed, number: number): string {
  return `CAST($${number} AS ${boundType(column)})`;
}

/** undefined: one is NULL, which is equal to nothing. */
export function keyText(values: readonly SqlValue[]): string | undefined {
  // No text of PostgreSQL has a NUL in it.
  return values.includes(null) ? undefined : values.map(String).join("\0");
}
