/** Foreign keys, from either side: which constraints are concerned and which columns they pair. */

import { SqlError } from "../../base/errors.ts";
import { storedShape } from "../../compile/duckdb-types.ts";
import type { ForeignKey, ShadowConstraint, ShadowRelation } from "../../postgres/relation.ts";
import type { Execution } from "../execution.ts";
import { comparableKey } from "./keys.ts";
import { allRelations, relationOf } from "./relation.ts";

/** One foreign key: rows of `from` point at rows of `to`. */
export interface Reference {
  readonly constraint: ShadowConstraint;
  readonly key: ForeignKey;
  readonly from: ShadowRelation;
  readonly to: ShadowRelation;
}

export function referencesFrom(from: ShadowRelation, execution: Execution): Reference[] {
  return from.constraints.flatMap((constraint) => {
    const key = constraint.foreign;
    if (key === null || !constraint.isEnforced) return [];
    return [{ constraint, key, from, to: relationOf(key.relationOid, execution) }];
  });
}

export function referencesTo(oid: number, execution: Execution): Reference[] {
  return [...allRelations(execution)].flatMap((relation) =>
    relation.constraints.some(({ foreign }) => foreign?.relationOid === oid)
      ? referencesFrom(relation, execution).filter(({ key }) => key.relationOid === oid)
      : [],
  );
}

/** Columns of the key in rows of `relation`, as k1, k2... comparable between both sides. */
export function pairedKey(
  relation: ShadowRelation,
  columnNumbers: readonly number[],
  column: (columnNumber: number) => string,
): string {
  return columnNumbers
    .map((number, at) => {
      const found = relation.columns.find((candidate) => candidate.number === number);
      const shape = storedShape(found?.typeOid ?? 0, found?.typmod ?? -1);
      return `${comparableKey(column(number), shape)} AS k${at + 1}`;
    })
    .join(", ");
}

/** k1, k2... of two relations of DuckDB. */
export function samePair(columns: readonly number[], left: string, right: string): string {
  return columns.map((_, at) => `${left}.k${at + 1} = ${right}.k${at + 1}`).join(" AND ");
}

export function areAllSet(columns: readonly number[], alias: string): string {
  return columns.map((_, at) => `${alias}.k${at + 1} IS NOT NULL`).join(" AND ");
}

/**
 * `known`: relations as they will be. @throws SqlError 0A000 for a constraint that would not be
 * kept as PostgreSQL keeps it
 */
export function refuseUnkept(
  relation: ShadowRelation,
  known: ReadonlyMap<number, ShadowRelation>,
  execution: Execution,
): void {
  if (relation.columns.length === 0) {
    throw new SqlError("0A000", `table "${relation.name}" without columns is not supported`);
  }
  for (const constraint of relation.constraints) {
    const { name } = constraint;
    if (constraint.kind === "not null" && !constraint.isValidated) {
      throw unkept(name, "NOT NULL and NOT VALID");
    }
    if (constraint.kind === "exclusion") throw unkept(name, "EXCLUDE");
    if (constraint.isTemporal) throw unkept(name, "WITHOUT OVERLAPS or PERIOD");
    if (constraint.foreign !== null) refuseUnkeptReference(relation, constraint, known, execution);
  }
}

function refuseUnkeptReference(
  relation: ShadowRelation,
  { name, foreign, columns }: ShadowConstraint,
  known: ReadonlyMap<number, ShadowRelation>,
  execution: Execution,
): void {
  if (foreign === null) return;
  if (foreign.onDelete === "set default" || foreign.onUpdate === "set default") {
    throw unkept(name, "SET DEFAULT");
  }
  const to = known.get(foreign.relationOid) ?? relationOf(foreign.relationOid, execution);
  if (to.accessMethod === "tstable") throw unkept(name, "a reference to a tstable");
  const shapes = (one: ShadowRelation, numbers: readonly number[]) =>
    numbers.map((number) => {
      const column = one.columns.find((candidate) => candidate.number === number);
      return storedShape(column?.typeOid ?? 0, column?.typmod ?? -1).representation.kind;
    });
  const [left, right] = [shapes(relation, columns), shapes(to, foreign.columns)];
  if (left.some((kind, at) => kind !== right[at])) throw unkept(name, "columns of unlike types");
}

function unkept(constraint: string, what: string): SqlError {
  return new SqlError("0A000", `constraint "${constraint}" with ${what} is not supported`);
}
