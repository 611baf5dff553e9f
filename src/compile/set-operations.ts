/**
 * UNION, INTERSECT, EXCEPT: leaves cast to the operation's types and brought to one representation.
 */

import type { Shape } from "../types/shape.ts";
import { sortItem } from "./aggregates.ts";
import { castTo } from "./calls.ts";
import { groupKey, needsKey } from "./comparisons.ts";
import { sortKeysText } from "./expression.ts";
import type { CompiledQuery, OutputColumn, Scope } from "./generator.ts";
import { ordinal } from "./ordinals.ts";
import { columnsOf, outputList } from "./outputs.ts";
import { refuse } from "./refusals.ts";
import { convert, unifyShapes } from "./representations.ts";
import { hasSmallLimit, limitText } from "./sorting.ts";
import type { RangeTableRef, SetOperation } from "./tree.ts";

const WORDS: Readonly<Record<number, string>> = { 1: "UNION", 2: "INTERSECT", 3: "EXCEPT" };

export function setOperationQuery(scope: Scope): CompiledQuery {
  const { query } = scope;
  const root = query.setOperations ?? refuse("a set operation without its tree");
  if (query.limitOption === 1) return refuse("WITH TIES over a set operation");
  const combined = side(root, scope);
  const names = (query.targetList ?? []).map((entry) => entry.resname ?? "?column?");
  const isCut = query.limitCount !== null || query.limitOffset !== null;
  const columns = combined.columns.map((column, index) => ({
    ...column,
    name: names[index] ?? column.name,
    sources: isCut ? [] : column.sources,
  }));
  const alias = `u${scope.generator.nextId()}`;
  const visible = columnsOf(alias, { columns }).map((column) => column.sql);
  const keys = (query.sortClause ?? []).map((clause) => {
    const entry = query.targetList?.find((each) => each.ressortgroupref === clause.tleSortGroupRef);
    const column = entry === undefined ? undefined : visible[entry.resno - 1];
    return column === undefined ? refuse("this ORDER BY") : sortItem(clause, column);
  });
  const limit = limitText(scope);
  const isPlain = keys.length === 0 && limit === "";
  const order = keys.length === 0 ? "" : ` ORDER BY ${sortKeysText(keys)}`;
  const isNumbered = scope.keepsOrder && keys.length > 0;
  const list = isNumbered ? `*, ${ordinal(keys)}` : "*";
  const text = `SELECT ${list} FROM (${combined.text}) AS ${alias}${order}${limit}`;
  return {
    text: isPlain ? combined.text : text,
    columns,
    hidden: combined.hidden,
    isSmall: hasSmallLimit(scope),
    hasOrdinal: isNumbered,
  };
}

function side(node: SetOperation | RangeTableRef, scope: Scope): CompiledQuery {
  if (node.tag === "RANGETBLREF") {
    const entry = scope.query.rtable?.[node.rtindex - 1];
    if (entry?.rtekind !== 1) return refuse("a set operation over something else than queries");
    return scope.generator.query(entry.subquery, scope);
  }
  const types = node.colTypes ?? [];
  const left = typed(side(node.larg, scope), types, scope);
  const right = typed(side(node.rarg, scope), types, scope);
  const shapes = types.map((_, index) => {
    const [a, b] = [left.columns[index]?.shape, right.columns[index]?.shape];
    return a === undefined || b === undefined ? refuse("an uneven set operation") : unified(a, b);
  });
  return combine(node, inShapes(left, shapes, scope), inShapes(right, shapes, scope), scope);
}

function unified(left: Shape, right: Shape): Shape {
  const shape = unifyShapes(stripped(left), stripped(right));
  return shape;
}

/** An output's scale column is a position in its own query. */
function stripped(shape: Shape): Shape {
  const { representation } = shape;
  if (representation.kind !== "decimal-scaled") return shape;
  return { ...shape, representation: { ...representation, scaleColumn: -1 } };
}

/** Leaves are not coerced by the analysis: `SELECT 1 UNION SELECT 2.5` has an int4 leaf. */
function typed(query: CompiledQuery, types: readonly number[], scope: Scope): CompiledQuery {
  if (query.columns.every((column, index) => column.shape.typeOid === types[index])) return query;
  const alias = `u${scope.generator.nextId()}`;
  const values = columnsOf(alias, query).map((column, index) =>
    castTo(column.sql, types[index] ?? column.sql.shape.typeOid, scope.generator),
  );
  return rebuilt(query, values, alias);
}

/** The query with its columns in these shapes, in as many columns as both sides will have. */
export function inShapes(
  query: CompiledQuery,
  shapes: readonly Shape[],
  scope: Scope,
): CompiledQuery {
  const isSame = query.columns.every((column, index) => {
    const wanted = shapes[index];
    return (
      JSON.stringify(stripped(column.shape).representation) ===
      JSON.stringify(wanted?.representation)
    );
  });
  if (isSame) return query;
  const alias = `u${scope.generator.nextId()}`;
  const values = columnsOf(alias, query).map((column, index) =>
    convert(column.sql, shapes[index] ?? column.sql.shape),
  );
  return rebuilt(query, values, alias);
}

function rebuilt(
  query: CompiledQuery,
  values: Parameters<typeof outputList>[0],
  alias: string,
): CompiledQuery {
  const sources = query.columns.map((column, index) =>
    column.shape.typeOid === values[index]?.shape.typeOid ? column.sources : [],
  );
  const list = outputList(
    values,
    query.columns.map((column) => column.name),
    sources,
  );
  const text = `SELECT ${list.text} FROM (${query.text}) AS ${alias}`;
  const { columns, hidden } = list;
  return { text, columns, hidden, isSmall: query.isSmall, hasOrdinal: false };
}

function combine(
  node: SetOperation,
  left: CompiledQuery,
  right: CompiledQuery,
  scope: Scope,
): CompiledQuery {
  const word = WORDS[node.op] ?? refuse("this set operation");
  const columns = left.columns.map((column, index): OutputColumn => {
    const other = right.columns[index];
    return {
      ...column,
      mayBeNull: column.mayBeNull || other?.mayBeNull !== false,
      // Both or none: rows of either side may be what a filter above keeps.
      sources: [...column.sources, ...(other?.sources ?? [])],
    };
  });
  const base = { columns, hidden: left.hidden, isSmall: false, hasOrdinal: false };
  const alias = `u${scope.generator.nextId()}`;
  const visible = columnsOf(alias, { columns }).map((column) => column.sql);
  const isKeyed = visible.some(needsKey);
  if (!isKeyed || (node.op === 1 && node.all)) {
    const all = node.all ? " ALL" : "";
    return { ...base, text: `(${left.text}) ${word}${all} (${right.text})` };
  }
  if (node.op !== 1) return refuse(`${word} over numeric, char(n) or jsonb`);
  const keys = visible.map(groupKey).join(", ");
  const both = `(${left.text}) UNION ALL (${right.text})`;
  return { ...base, text: `SELECT DISTINCT ON (${keys}) * FROM (${both}) AS ${alias}` };
}
