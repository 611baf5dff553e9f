/**
 * WITH: every query under a name unique in the statement, recursive ones with their columns known
 * first.
 */

import { Oid } from "../types/oids.ts";
import type { Shape } from "../types/shape.ts";
import { defaultShape, duckdbType } from "./duckdb-types.ts";
import type { CompiledQuery, CteRelation, OutputColumn, Scope } from "./generator.ts";
import { outputList } from "./outputs.ts";
import { refuse } from "./refusals.ts";
import { inShapes } from "./set-operations.ts";
import type { CommonTableExpr } from "./tree.ts";

/** `WITH [RECURSIVE] w1 AS (..), ..`, or "". */
export function commonTables(scope: Scope): string {
  const list = scope.query.cteList ?? [];
  if (list.length === 0) return "";
  const parts = list.map((node) => commonTable(node, scope));
  return `WITH ${scope.query.hasRecursive ? "RECURSIVE " : ""}${parts.join(", ")}`;
}

function commonTable(node: CommonTableExpr, scope: Scope): string {
  const sqlName = `w${scope.generator.nextId()}`;
  if (node.cterecursive) return recursiveTable(node, sqlName, scope);
  const { generator } = scope;
  const query = generator.query(node.ctequery, scope, generator.isOrderSensitive);
  // Of a query that is read twice, each reader needs its own rows.
  const isShared = node.cterefcount > 1;
  const columns = query.columns.map((column) => ({
    ...column,
    sources: isShared ? [] : column.sources,
  }));
  scope.ctes.set(node.ctename, { sqlName, columns, hasOrdinal: query.hasOrdinal });
  const how = node.ctematerialized === 1 ? "MATERIALIZED " : "";
  const hint = node.ctematerialized === 2 ? "NOT MATERIALIZED " : how;
  return `${sqlName} AS ${hint}(${query.text})`;
}

/** `first UNION [ALL] step`: both sides in the shapes that the step reads. */
function recursiveTable(node: CommonTableExpr, sqlName: string, scope: Scope): string {
  const { ctequery } = node;
  const operation = ctequery.setOperations;
  const isCut = ctequery.limitCount !== null || ctequery.limitOffset !== null;
  if (operation?.op !== 1 || isCut || ctequery.sortClause !== null || ctequery.cteList !== null) {
    return refuse("this form of a recursive WITH query");
  }
  const shapes = (node.ctecoltypes ?? []).map((typeOid) => recursiveShape(typeOid));
  if (!operation.all && shapes.some((shape) => shape.representation.kind === "numeric-text")) {
    return refuse("UNION over numeric in a recursive WITH query");
  }
  const columns = shapes.map((shape, index): OutputColumn => {
    const name = node.ctecolnames?.[index] ?? "";
    return { name, shape, mayBeNull: true, sources: [] };
  });
  const cte: CteRelation = { sqlName, columns, hasOrdinal: false };
  scope.ctes.set(node.ctename, cte);
  // The sides are one query level below this one, as the tree counts them.
  const inner: Scope = {
    generator: scope.generator,
    id: scope.generator.nextId(),
    query: ctequery,
    keepsOrder: false,
    outer: scope,
    relations: new Map(),
    ctes: new Map(),
  };
  const compiled = [operation.larg, operation.rarg].map((part) => {
    const entry = part.tag === "RANGETBLREF" ? ctequery.rtable?.[part.rtindex - 1] : undefined;
    if (entry?.rtekind !== 1) return refuse("this form of a recursive WITH query");
    const query = scope.generator.query(entry.subquery, inner);
    return plain(inShapes(query, shapes, inner), shapes).text;
  });
  const names = shapes.map((_, index) => `c${index + 1}`).join(", ");
  const word = operation.all ? "UNION ALL" : "UNION";
  return `${sqlName}(${names}) AS (${compiled.map((text) => `(${text})`).join(` ${word} `)})`;
}

/** DuckDB takes the types of the first side; both are cast so that they cannot differ. */
function plain(query: CompiledQuery, shapes: readonly Shape[]): CompiledQuery {
  const values = shapes.map((shape, index) => ({
    text: `CAST(p.c${index + 1} AS ${duckdbType(shape)})`,
    shape,
    isConstant: false,
    mayBeNull: true,
  }));
  const list = outputList(values, []);
  return { ...query, text: `SELECT ${list.text} FROM (${query.text}) AS p` };
}

function recursiveShape(typeOid: number): Shape {
  if (typeOid !== Oid.timestamptz) return defaultShape(typeOid);
  return { typeOid, typmod: -1, representation: { kind: "utc" } };
}
