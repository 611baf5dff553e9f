/** Subqueries in expressions: scalar, EXISTS, IN, ANY, ALL, ARRAY and comparisons with a row. */

import { arrayOidOf, Oid } from "../types/oids.ts";
import type { Shape } from "../types/shape.ts";
import { operatorName } from "./calls.ts";
import { comparable } from "./comparisons.ts";
import { BOOLEAN } from "./conditions.ts";
import { defaultShape, duckdbType } from "./duckdb-types.ts";
import type { Sql } from "./expression.ts";
import type { Expression, SubLink } from "./expression-nodes.ts";
import type { CompiledQuery, Scope } from "./generator.ts";
import { columnsOf } from "./outputs.ts";
import { refuse } from "./refusals.ts";
import { convert } from "./representations.ts";

export function subquery(node: SubLink, scope: Scope): Sql {
  const isArray = node.subLinkType === 6;
  const query = scope.generator.query(node.subselect, scope, isArray);
  const base = { shape: BOOLEAN, isConstant: false } as const;
  switch (node.subLinkType) {
    case 0:
      return { ...base, text: `EXISTS (${query.text})`, mayBeNull: false };
    case 1:
    case 2:
      return { ...base, text: quantified(node, query, scope), mayBeNull: true };
    case 3: {
      const { test, from } = tested(node, query, scope);
      return { ...base, text: `(SELECT ${test.text} FROM ${from})`, mayBeNull: true };
    }
    case 4:
      return scalar(query, scope);
    case 6:
      return arrayOf(query, scope);
    default:
      return refuse("this kind of subquery");
  }
}

/** The test over the subquery's columns, and the subquery under the name it uses. */
function tested(node: SubLink, query: CompiledQuery, scope: Scope) {
  const alias = `s${scope.generator.nextId()}`;
  const columns = columnsOf(alias, query).map((column) => column.sql);
  const testNode = node.testexpr ?? refuse("a comparison with a subquery without its test");
  const test = scope.generator.expression(testNode, { ...scope, sublinkColumns: columns });
  return { test, from: `(${query.text}) AS ${alias}`, columns, alias };
}

function quantified(node: SubLink, query: CompiledQuery, scope: Scope): string {
  const isAny = node.subLinkType === 2;
  const membership = inSubquery(node.testexpr, query, isAny, scope);
  if (membership !== undefined) return membership;
  const { test, from } = tested(node, query, scope);
  const t = test.text;
  return isAny
    ? `(SELECT CASE WHEN bool_or(${t}) THEN TRUE WHEN bool_or((${t}) IS NULL) THEN NULL` +
        ` ELSE FALSE END FROM ${from})`
    : `(SELECT CASE WHEN bool_or(NOT (${t})) THEN FALSE WHEN bool_or((${t}) IS NULL) THEN NULL` +
        ` ELSE TRUE END FROM ${from})`;
}

/** `x = ANY (q)` and `x <> ALL (q)`, which DuckDB joins by hash. */
function inSubquery(
  test: Expression | null,
  query: CompiledQuery,
  isAny: boolean,
  scope: Scope,
): string | undefined {
  if (test?.tag !== "OPEXPR") return undefined;
  const [leftNode, rightNode] = test.args;
  const { generator } = scope;
  if (operatorName(test.opno, generator) !== (isAny ? "=" : "<>")) return undefined;
  const [columnNode] = query.columns;
  if (leftNode === undefined || rightNode === undefined || columnNode === undefined)
    return undefined;
  const alias = `s${generator.nextId()}`;
  const columns = columnsOf(alias, query).map((column) => column.sql);
  const inner: Scope = { ...scope, sublinkColumns: columns };
  const left = generator.expression(leftNode, scope);
  const right = generator.expression(rightNode, inner);
  if (left.shape.representation.kind === "row") return undefined;
  const [a, b] = comparable(left, right, generator.calls.isUtc);
  const isBare = b === columns[0]?.text && query.hidden.length === 0;
  const list = isBare ? query.text : `SELECT ${b} FROM (${query.text}) AS ${alias}`;
  return `(${a} ${isAny ? "IN" : "NOT IN"} (${list}))`;
}

/** A scalar subquery has one column, so a display scale beside the value must go into it. */
function scalar(query: CompiledQuery, scope: Scope): Sql {
  const base = { isConstant: false, mayBeNull: true } as const;
  const alias = `s${scope.generator.nextId()}`;
  const column = columnsOf(alias, query)[0]?.sql ?? refuse("a subquery without columns");
  if (column.shape.representation.kind !== "decimal-scaled") {
    return { ...base, text: `(${query.text})`, shape: column.shape };
  }
  const shape = defaultShape(Oid.numeric);
  const value = convert(column, shape);
  return { ...base, text: `(SELECT ${value.text} FROM (${query.text}) AS ${alias})`, shape };
}

/** In the order of the subquery, which DuckDB's list() alone does not keep over many rows. */
function arrayOf(query: CompiledQuery, scope: Scope): Sql {
  const alias = `s${scope.generator.nextId()}`;
  let column = columnsOf(alias, query)[0]?.sql ?? refuse("a subquery without columns");
  if (column.shape.representation.kind === "decimal-scaled") {
    column = convert(column, defaultShape(Oid.numeric));
  }
  const typeOid = arrayOidOf(column.shape.typeOid) ?? refuse("an array of this type");
  if (column.shape.representation.kind === "array") return refuse("an array of arrays from rows");
  const shape: Shape = {
    typeOid,
    typmod: -1,
    representation: { kind: "array", dimensions: 1, element: column.shape },
  };
  const order = query.hasOrdinal ? ` ORDER BY ${alias}.rn` : "";
  const list = `(SELECT list(${column.text}${order}) FROM (${query.text}) AS ${alias})`;
  const text = `coalesce(${list}, CAST([] AS ${duckdbType(shape)}))`;
  return { text, shape, isConstant: false, mayBeNull: false };
}
