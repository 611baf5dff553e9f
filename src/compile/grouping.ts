/**
 * GROUP BY, grouping sets and GROUPING(): keys for DuckDB, and what grouped columns mean above
 * them.
 */

import { Oid } from "../types/oids.ts";
import { groupKey, needsKey } from "./comparisons.ts";
import { dependentColumns } from "./dependent-columns.ts";
import { defaultShape } from "./duckdb-types.ts";
import type { Sql } from "./expression.ts";
import type { Expression, GroupingFunc } from "./expression-nodes.ts";
import type { Relation, RelationColumn, Scope } from "./generator.ts";
import { refuse } from "./refusals.ts";
import { sourcesOf } from "./sources.ts";
import type { GroupingSet } from "./tree.ts";

const GROUP_RTE = 9;
/** CUBE of more columns than this is a mistake rather than a query. */
const SETS_MAX = 4096;

/**
 * The GROUP BY clause, "" without one. From here on Vars of the group relation are grouped values.
 */
export function groupClause(scope: Scope): string {
  const { query, generator } = scope;
  const clauses = query.groupClause ?? [];
  const hasSets = query.groupingSets !== null;
  const index = (query.rtable ?? []).findIndex((entry) => entry.rtekind === GROUP_RTE);
  const expressions = query.rtable?.[index]?.groupexprs ?? [];
  const raw = expressions.map((each) => generator.expression(each, scope));
  for (const key of raw) {
    if (key.text.includes("(SELECT ")) return refuse("a subquery in GROUP BY");
    if (key.isSet === true) return refuse("a set-returning function in GROUP BY");
  }
  if (index !== -1) {
    const columns = raw.map((key, at) => groupedColumn(key, expressions[at], scope, hasSets));
    scope.relations.set(index + 1, relationOf(columns));
  }
  const keyOf = (ref: number): string => {
    const at = groupAttribute(ref, index + 1, scope);
    const key = raw[at - 1] ?? refuse("this GROUP BY");
    return groupKey(key);
  };
  if (query.groupingSets !== null && query.constraintDeps !== null) {
    return refuse("a column that depends on the grouped primary key, with grouping sets");
  }
  if (query.groupingSets !== null) return setsText(query.groupingSets, keyOf, query.groupDistinct);
  const keys = [
    ...new Set([
      ...clauses.map((clause) => keyOf(clause.tleSortGroupRef)),
      ...dependentKeys(scope, index + 1),
    ]),
  ];
  return keys.length === 0 ? "" : ` GROUP BY ${keys.join(", ")}`;
}

/** Of columns that a grouped primary key decides. */
function dependentKeys(scope: Scope, groupIndex: number): string[] {
  const { query, generator } = scope;
  if (query.constraintDeps === null) return [];
  return dependentColumns(query, groupIndex).flatMap((node) => {
    const { text, scale } = generator.expression(node, scope);
    return scale === undefined ? [text] : [text, scale];
  });
}

function groupAttribute(ref: number, groupIndex: number, scope: Scope): number {
  const entry = scope.query.targetList?.find((each) => each.ressortgroupref === ref);
  if (entry?.expr.tag === "VAR" && entry.expr.varno === groupIndex) return entry.expr.varattno;
  return refuse("this GROUP BY");
}

function groupedColumn(
  key: Sql,
  node: Expression | undefined,
  scope: Scope,
  hasSets: boolean,
): RelationColumn {
  const sources = node === undefined || hasSets ? [] : sourcesOf(node, scope);
  if (!needsKey(key)) {
    const { constant: _, ...rest } = key;
    const sql = hasSets ? { ...rest, mayBeNull: true, isConstant: false } : key;
    return { name: "", sql, sources };
  }
  // The key is not the value, so any of the group's values stands for them.
  const pick = (text: string) =>
    hasSets
      ? `(CASE WHEN grouping(${groupKey(key)}) = 0 THEN any_value(${text}) END)`
      : `any_value(${text})`;
  const { constant: _, plainText: __, ...rest } = key;
  const sql: Sql = { ...rest, text: pick(key.text), isConstant: false, mayBeNull: true };
  const scaled = key.scale === undefined ? sql : { ...sql, scale: pick(key.scale) };
  return { name: "", sql: scaled, sources };
}

export function relationOf(columns: readonly RelationColumn[]): Relation {
  return { column: (attribute) => columns[attribute - 1], columns: () => columns };
}

/** Written out as one GROUPING SETS list: nesting and products are PostgreSQL's, not DuckDB's. */
function setsText(
  sets: readonly GroupingSet[],
  keyOf: (ref: number) => string,
  isDistinct: boolean,
): string {
  let product: readonly (readonly number[])[] = [[]];
  for (const set of sets) {
    product = product.flatMap((left) => expand(set).map((right) => [...left, ...right]));
    if (product.length > SETS_MAX) return refuse("more than 4096 grouping sets");
  }
  let lists = product.map((refs) => {
    const keys = [...new Set(refs.map(keyOf))];
    return `(${keys.join(", ")})`;
  });
  if (isDistinct) lists = [...new Set(lists)];
  return ` GROUP BY GROUPING SETS (${lists.join(", ")})`;
}

/** The lists of grouped refs that one element stands for. */
function expand(set: GroupingSet): readonly (readonly number[])[] {
  const content = set.content ?? [];
  const refs = content.filter((each) => typeof each === "number");
  const nested = content.filter((each) => typeof each !== "number");
  switch (set.kind) {
    case 0:
      return [[]];
    case 1:
      return [refs];
    case 2: {
      const parts = nested.map((each) => expand(each)[0] ?? []);
      return Array.from({ length: parts.length + 1 }, (_, index) =>
        parts.slice(0, parts.length - index).flat(),
      );
    }
    case 3: {
      const parts = nested.map((each) => expand(each)[0] ?? []);
      if (parts.length > 12) return refuse("CUBE of more than 12 elements");
      const count = 1 << parts.length;
      return Array.from({ length: count }, (_, index) => {
        const mask = count - 1 - index;
        return parts.filter((_part, at) => ((mask >> (parts.length - 1 - at)) & 1) === 1).flat();
      });
    }
    default:
      return nested.flatMap(expand);
  }
}

export function groupingCall(node: GroupingFunc, scope: Scope): Sql {
  if (node.agglevelsup > 0) return refuse("GROUPING of an outer query");
  const { query, generator } = scope;
  const index = (query.rtable ?? []).findIndex((entry) => entry.rtekind === GROUP_RTE);
  const expressions = query.rtable?.[index]?.groupexprs ?? [];
  const keys = (node.refs ?? []).map((ref) => {
    const key = expressions[groupAttribute(ref, index + 1, scope) - 1];
    return key === undefined ? refuse("this GROUPING") : groupKey(generator.expression(key, scope));
  });
  const shape = defaultShape(Oid.int4);
  const text = `CAST(grouping(${keys.join(", ")}) AS INTEGER)`;
  return { text, shape, isConstant: false, mayBeNull: false };
}
