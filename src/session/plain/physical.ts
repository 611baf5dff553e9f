/**
 * Where the rows of ordinary tables are and how their statements look: pure text. A table is
 * `t_<oid>`, a column `c<attnum>` in its bound type; the names of PostgreSQL never reach DuckDB's
 * catalogue.
 */

import { boundType } from "../../engine/bound-types.ts";
import type { ShadowRelation } from "../../postgres/relation.ts";
import { STORE_SCHEMA } from "../store-relations.ts";

/** What a scan that asks for identities calls them. */
export const ROW_IDENTITY = "pgtide_row";

/** Schemas of temporary tables, one a session. */
export const TEMPORARY_SCHEMA = "pg_tide_temp_";

export function isTemporary({ schema }: Pick<ShadowRelation, "schema">): boolean {
  return schema.startsWith(TEMPORARY_SCHEMA);
}

/** A table, or a materialized view, whose rows are kept here. */
export function isOrdinary({ relkind, accessMethod, schema }: ShadowRelation): boolean {
  return (relkind === "r" || relkind === "m") && accessMethod === "heap" && schema !== STORE_SCHEMA;
}

/** Of committed rows. */
export function baseTable(oid: number, isTemporary: boolean): string {
  return `${isTemporary ? "memory" : "plain"}.main.t_${oid}`;
}

/** A private table that other connections of the engine can read. */
export function privateTable(name: string): string {
  return `memory.main.${name}`;
}

export function columnName(columnNumber: number): string {
  return `c${columnNumber}`;
}

export function columnList({ columns }: Pick<ShadowRelation, "columns">): string {
  return columns.map(({ number }) => columnName(number)).join(", ");
}

/** The DuckDB type of a column. */
export function storedType({ columns }: ShadowRelation, columnNumber: number): string {
  const column = columns.find(({ number }) => number === columnNumber);
  return column === undefined ? "INTEGER" : boundType(column);
}

/** `c1 INTEGER, c2 VARCHAR`. @throws SqlError 0A000 for a type that no table can have */
export function columnDefinitions({ columns }: Pick<ShadowRelation, "columns">): string {
  return columns.map((one) => `${columnName(one.number)} ${boundType(one)}`).join(", ");
}

export function createTable(name: string, relation: Pick<ShadowRelation, "columns">): string {
  return `CREATE TABLE ${name} (${columnDefinitions(relation)})`;
}
