/** Values known before the query runs: what pruning, functions of ours and whole rows rest on. */

import { Oid } from "../types/oids.ts";
import type { Sql } from "./expression.ts";
import type { Scalar } from "./plan.ts";
import { hasOneRow } from "./sequence-calls.ts";
import type { QueryNode, TargetEntry } from "./tree.ts";
import { parameterNumber } from "./variables.ts";

export function scalarOf(sql: Sql): Scalar {
  const { typeOid } = sql.shape;
  if (sql.constant !== undefined) return { kind: "constant", value: sql.constant, typeOid };
  const number = parameterNumber(sql);
  if (number !== undefined) return { kind: "parameter", number, typeOid };
  return { kind: "sql", sql: sql.text, shape: sql.shape };
}

/** Types whose values look as PostgreSQL's without its help. */
const SHOWN_TYPES: ReadonlySet<number> = new Set([
  Oid.bool,
  Oid.int2,
  Oid.int4,
  Oid.int8,
  Oid.oid,
  Oid.float4,
  Oid.float8,
  Oid.numeric,
  Oid.text,
  Oid.varchar,
  Oid.bpchar,
  Oid.name,
  Oid.bytea,
  Oid.uuid,
  Oid.json,
  Oid.jsonb,
  Oid.date,
  Oid.time,
  Oid.timestamp,
  Oid.timestamptz,
  Oid.interval,
]);

/**
 * Worth a look, before anything is compiled: its row may be known, and PostgreSQL itself would show
 * nothing else. Abbreviations of zones, which only some DateStyles show, it knows best.
 */
export function mayBeKnownRow(query: QueryNode): boolean {
  const isLeaf = ({ expr }: TargetEntry) => {
    if (expr.tag !== "CONST" && expr.tag !== "PARAM") return false;
    const typeOid = expr.tag === "CONST" ? expr.consttype : expr.paramtype;
    return SHOWN_TYPES.has(typeOid) && typeOid !== Oid.timestamptz;
  };
  return hasOneRow(query) && (query.targetList ?? []).every(isLeaf);
}

/** The only row of a query that reads nothing; undefined: the engine computes it. */
export function knownRow(query: QueryNode, values: readonly Sql[]): readonly Scalar[] | undefined {
  if (!hasOneRow(query) || query.groupClause !== null || query.groupingSets !== null) {
    return undefined;
  }
  const row = values.map(scalarOf);
  const isKnown = row.every((one) => one.kind !== "sql" && SHOWN_TYPES.has(one.typeOid));
  return isKnown ? row : undefined;
}
