/** Vars, parameters and constants: the leaves of expressions. */

import { Oid, typeNameOf } from "../types/oids.ts";
import type { Shape } from "../types/shape.ts";
import { decodeConstant } from "./constants.ts";
import { defaultShape, duckdbType } from "./duckdb-types.ts";
import type { Sql } from "./expression.ts";
import type { ConstNode, ParamNode, VarNode } from "./expression-nodes.ts";
import { type Generator, type RelationColumn, type Scope, scopeAbove } from "./generator.ts";
import { literal } from "./literals.ts";
import type { ParameterSource } from "./plan.ts";
import { refuse } from "./refusals.ts";

const TABLE_OID_ATTRIBUTE = -6;

export function variable(node: VarNode, scope: Scope): Sql {
  const owner = scopeAbove(scope, node.varlevelsup);
  if (node.varattno < 0) return systemColumn(node, owner);
  if (node.varattno === 0) return wholeRow(node, owner);
  const { sql } = columnOf(node, owner);
  const isNulled = node.varnullingrels !== null && node.varnullingrels.length > 0;
  return isNulled && !sql.mayBeNull ? { ...sql, mayBeNull: true } : sql;
}

/** The column that a Var of `owner`'s own range table names. */
function columnOf(node: VarNode, owner: Scope): RelationColumn {
  const column = owner.relations.get(node.varno)?.column(node.varattno, node);
  return column ?? refuse(`a reference to column ${node.varattno} of relation ${node.varno}`);
}

function systemColumn(node: VarNode, owner: Scope): Sql {
  const entry = owner.query.rtable?.[node.varno - 1];
  if (node.varattno === TABLE_OID_ATTRIBUTE && entry?.rtekind === 0) {
    const isNulled = node.varnullingrels !== null && node.varnullingrels.length > 0;
    if (!isNulled) return literal(entry.relid, Oid.oid);
  }
  return refuse("a system column");
}

/** A list of the columns; a function's single column stands for its row. */
function wholeRow(node: VarNode, owner: Scope): Sql {
  if (node.varreturningtype !== 0) return refuse("a whole row of OLD or NEW");
  const columns = owner.relations.get(node.varno)?.columns() ?? refuse("a whole row");
  const only = columns.length === 1 ? columns[0] : undefined;
  if (only !== undefined && only.sql.shape.typeOid === node.vartype) return only.sql;
  if (node.varnullingrels !== null && node.varnullingrels.length > 0) {
    return refuse("a whole row of the nullable side of an outer join");
  }
  // An anonymous row has the names that its place in FROM gives it.
  const given = owner.query.rtable?.[node.varno - 1]?.eref.colnames ?? [];
  const isAnonymous = node.vartype === Oid.record;
  return record(
    columns.map((column) => column.sql),
    node.vartype,
    columns.map(({ name }, index) => (isAnonymous ? (given[index] ?? name) : name)),
  );
}

/** A record from its fields. */
export function record(
  fields: readonly Sql[],
  typeOid: number,
  fieldNames: readonly string[],
): Sql {
  const representation = { kind: "row", fields: fields.map((field) => field.shape) } as const;
  const parts = fields.map((field, index) => `c${index + 1} := ${field.text}`);
  return {
    text: fields.length === 0 ? "NULL" : `struct_pack(${parts.join(", ")})`,
    shape: { typeOid, typmod: -1, representation },
    isConstant: fields.every((field) => field.isConstant),
    mayBeNull: false,
    fields,
    fieldNames,
  };
}

export function constant(node: ConstNode): Sql {
  const { consttype, consttypmod, constvalue } = node;
  if (node.constisnull || constvalue === null) return literal(null, consttype, consttypmod);
  if (isUserType(consttype)) return refuse(`a constant of type ${typeNameOf(consttype)}`);
  return literal(decodeConstant(constvalue, consttype), consttype, consttypmod);
}

function isUserType(typeOid: number): boolean {
  return typeOid >= 16_384;
}

export function parameter(node: ParamNode, scope: Scope): Sql {
  const { paramid, paramtype, paramtypmod } = node;
  if (node.paramkind === 2) {
    const column = scope.sublinkColumns?.[paramid - 1];
    return column ?? refuse("a parameter of a subquery");
  }
  if (node.paramkind === 3) {
    const column = scope.multiColumns?.get(paramid >>> 16)?.[(paramid & 0xffff) - 1];
    return column ?? refuse("a parameter of a subquery");
  }
  if (node.paramkind !== 0) return refuse("a parameter of an executed plan");
  const value = scope.generator.calls.session.parameterValue?.(paramid, paramtype);
  if (value !== undefined) return literal(value, paramtype, paramtypmod);
  return bindParameter(
    scope.generator,
    { kind: "client", index: paramid, typeOid: paramtype },
    defaultShape(paramtype, paramtypmod),
  );
}

/** Where each source stands in a list of parameters. */
const KNOWN = new WeakMap<readonly ParameterSource[], Map<string, number>>();

function keyOf(source: ParameterSource): string {
  return JSON.stringify(source, (_, value: unknown) =>
    typeof value === "bigint" ? `${value}n` : value,
  );
}

/** The `$n` that a piece of SQL is, and nothing else: whatever is made of it is another piece. */
const NUMBERS = new WeakMap<Sql, number>();

/** 1-based; undefined: it is no parameter as it came. */
export function parameterNumber(sql: Sql): number | undefined {
  return NUMBERS.get(sql);
}

/**
 * `CAST($n AS type)`; the same source twice is one parameter. timestamptz comes in representation
 * utc.
 */
export function bindParameter(
  generator: Pick<Generator, "parameters">,
  source: ParameterSource,
  shape: Shape,
): Sql {
  const key = keyOf(source);
  const known = KNOWN.get(generator.parameters) ?? new Map<string, number>();
  KNOWN.set(generator.parameters, known);
  const index = known.get(key) ?? generator.parameters.push(source) - 1;
  known.set(key, index);
  const text = `CAST($${index + 1} AS ${duckdbType(shape)})`;
  // Another execution gives another value of a sequence.
  const base = { isConstant: source.kind !== "sequence", mayBeNull: true };
  const sql = { ...base, ...parameterText(text, shape) };
  NUMBERS.set(sql, index + 1);
  return sql;
}

function parameterText(text: string, shape: Shape): Pick<Sql, "text" | "plainText" | "shape"> {
  if (shape.typeOid !== Oid.timestamptz) return { text, shape };
  return {
    text: `timezone('UTC', ${text})`,
    plainText: text,
    shape: { ...shape, representation: { kind: "utc" } },
  };
}
