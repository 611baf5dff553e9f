/**
 * The order of a subquery's rows, where somebody above depends on it: PostgreSQL feeds
 * `array_agg(x) FROM (SELECT .. ORDER BY ts)` in that order, DuckDB does not over many rows. So the
 * subquery numbers its rows (`rn`) and the aggregate sorts by that number.
 */

import type { Catalogue } from "../types/catalogue.ts";
import { Oid } from "../types/oids.ts";
import { defaultShape } from "./duckdb-types.ts";
import { type SortKey, type Sql, sortKeysText } from "./expression.ts";
import type { Aggref } from "./expression-nodes.ts";
import type { Relation, Scope } from "./generator.ts";
import type { QueryNode } from "./tree.ts";

const SENSITIVE: ReadonlySet<string> = new Set([
  "array_agg",
  "string_agg",
  "json_agg",
  "json_agg_strict",
  "json_object_agg",
  "jsonb_agg",
  "jsonb_agg_strict",
  "jsonb_object_agg",
]);

/** Whether any such aggregate stands in the statement without an ORDER BY of its own. */
export function hasOrderSensitiveAggregate(tree: QueryNode, catalogue: Catalogue): boolean {
  const walk = (value: unknown): boolean => {
    if (Array.isArray(value)) return value.some(walk);
    if (typeof value !== "object" || value === null || value instanceof Uint8Array) return false;
    if ((value as { readonly tag?: string }).tag === "AGGREF") {
      if (isSensitive(value as Aggref, catalogue)) return true;
    }
    return Object.values(value).some(walk);
  };
  return walk(tree);
}

function isSensitive(node: Aggref, catalogue: Catalogue): boolean {
  const isOpen = node.aggorder === null && node.aggdistinct === null;
  return isOpen && SENSITIVE.has(catalogue.functionByOid(node.aggfnoid)?.name ?? "");
}

/**
 * The order in which the query's only relation gives its rows, for an aggregate without its own.
 */
export function inheritedOrder(node: Aggref, scope: Scope): Sql | undefined {
  if (!isSensitive(node, scope.generator.catalogue)) return undefined;
  const text = onlyRelation(scope)?.ordinal;
  if (text === undefined) return undefined;
  return { text, shape: defaultShape(Oid.int8), isConstant: false, mayBeNull: false };
}

/** The order that a SELECT without ORDER BY, grouping and the like keeps of its only relation. */
export function passedOrdinal(scope: Scope): string | undefined {
  const { query } = scope;
  const isPlain =
    !query.hasAggs &&
    !query.hasTargetSRFs &&
    !query.hasWindowFuncs &&
    query.groupClause === null &&
    query.distinctClause === null;
  return isPlain ? onlyRelation(scope)?.ordinal : undefined;
}

function onlyRelation(scope: Scope): Relation | undefined {
  const [item, ...others] = scope.query.jointree?.fromlist ?? [];
  if (item?.tag !== "RANGETBLREF" || others.length > 0) return undefined;
  return scope.relations.get(item.rtindex);
}

export function withOrdinal(relation: Relation, alias: string, hasOrdinal: boolean): Relation {
  return hasOrdinal ? { ...relation, ordinal: `${alias}.rn` } : relation;
}

/** `row_number() OVER (ORDER BY keys) AS rn`. */
export function ordinal(keys: readonly SortKey[]): string {
  return `row_number() OVER (ORDER BY ${sortKeysText(keys)}) AS rn`;
}
