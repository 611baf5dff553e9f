/**
 * What pruning may use: comparisons in WHERE and ON whose other side is known before the query
 * runs, carried down to the scans. Only what every useful row satisfies is added; when in doubt,
 * nothing.
 */

import { Oid } from "../types/oids.ts";
import type { Sql } from "./expression.ts";
import type { Expression, OpExpr, ScalarArrayOpExpr } from "./expression-nodes.ts";
import type { Bound, ColumnSource, Scope } from "./generator.ts";
import { literal } from "./literals.ts";
import { convertMoment } from "./moments.ts";
import { movedMoment } from "./moved-moments.ts";
import type { MovedMoment, RelationColumn } from "./plan.ts";
import { scalarOf } from "./scalars.ts";
import { sourcesOf } from "./sources.ts";
import type { JoinItem } from "./tree.ts";

const FLIPPED = { "<": ">", "<=": ">=", "=": "=", ">=": "<=", ">": "<" } as const;
type Operator = keyof typeof FLIPPED;

/** Comparisons in `quals` restrict scans under the relations of `within` (undefined: all). */
export function restrictScans(
  quals: Expression | null,
  scope: Scope,
  within?: ReadonlySet<number>,
): void {
  for (const conjunct of conjuncts(quals)) {
    if (conjunct.tag === "OPEXPR") restrictByComparison(conjunct, scope, within);
    if (conjunct.tag === "SCALARARRAYOPEXPR") restrictByList(conjunct, scope, within);
  }
}

function conjuncts(node: Expression | null): readonly Expression[] {
  if (node === null) return [];
  if (node.tag === "BOOLEXPR" && node.boolop === "and") return node.args.flatMap(conjuncts);
  return [node];
}

/** ON clauses: an outer join's condition says nothing about the rows of its preserved side. */
export function restrictByJoins(item: JoinItem, scope: Scope): void {
  if (item.tag === "FROMEXPR") {
    for (const each of item.fromlist ?? []) restrictByJoins(each, scope);
  }
  if (item.tag !== "JOINEXPR") return;
  restrictByJoins(item.larg, scope);
  restrictByJoins(item.rarg, scope);
  const within = new Set<number>();
  if (item.jointype === 0 || item.jointype === 3) relationsUnder(item.larg, within);
  if (item.jointype === 0 || item.jointype === 1) relationsUnder(item.rarg, within);
  if (within.size > 0) restrictScans(item.quals, scope, within);
}

function relationsUnder(item: JoinItem, into: Set<number>): void {
  if (item.tag === "RANGETBLREF") into.add(item.rtindex);
  if (item.tag === "JOINEXPR") {
    into.add(item.rtindex);
    relationsUnder(item.larg, into);
    relationsUnder(item.rarg, into);
  }
  if (item.tag === "FROMEXPR") for (const each of item.fromlist ?? []) relationsUnder(each, into);
}

function restrictByComparison(
  node: OpExpr,
  scope: Scope,
  within: ReadonlySet<number> | undefined,
): void {
  const name = scope.generator.catalogue.operatorByOid(node.opno)?.name ?? "";
  const [left, right] = node.args;
  if (!(name in FLIPPED) || left === undefined || right === undefined) return;
  const operator = name as Operator;
  if (isColumnFree(right, scope)) restrict(left, operator, right, scope, within);
  else if (isColumnFree(left, scope)) restrict(right, FLIPPED[operator], left, scope, within);
}

function restrict(
  column: Expression,
  operator: Operator,
  bound: Expression,
  scope: Scope,
  within: ReadonlySet<number> | undefined,
): void {
  if (within !== undefined && !isWithin(column, within)) return;
  const sources = sourcesOf(column, scope);
  if (sources.length === 0) return;
  const value = scope.generator.expression(bound, scope);
  if (!value.isConstant) return;
  const moved = movedMoment(bound, scope);
  for (const source of sources) {
    for (const each of source.loosen({ operator, value })) {
      addBound(source, each, scope, each.value === value ? moved : undefined);
    }
  }
}

/** The outermost column reference stands for the relation the whole expression is about. */
function isWithin(node: Expression, within: ReadonlySet<number>): boolean {
  if (node.tag === "VAR") return within.has(node.varno);
  if (node.tag === "RELABELTYPE") return isWithin(node.arg, within);
  if (node.tag !== "FUNCEXPR") return false;
  return (node.args ?? []).every((arg) => arg.tag === "CONST" || isWithin(arg, within));
}

/** `moved`: another way to the bound's value. */
function addBound(
  source: ColumnSource,
  bound: Bound,
  scope: Scope,
  moved: MovedMoment | undefined,
): void {
  const { relation } = source.scan;
  const column = relation?.columns.find((each) => each.number === source.columnNumber);
  if (relation === undefined || column === undefined) return;
  if (relation.timeColumn === column.number) {
    const converted = convertMoment(bound, column.typeOid, scope.generator.calls);
    if (converted === undefined) return;
    const { operator, value } = converted;
    const scalar = scalarOf(value);
    const isMoved = scalar.kind === "sql" && bound.value.shape.typeOid === column.typeOid;
    source.scan.time.push({ operator, bound: isMoved ? { ...scalar, moved } : scalar });
  }
  if (bound.operator !== "=") return;
  if (relation.kind === "ordinary") source.scan.pinned.add(column.number);
  addEntities(source, column, [bound.value]);
}

function addEntities(source: ColumnSource, column: RelationColumn, values: readonly Sql[]): void {
  const { scan } = source;
  if (scan.relation?.entityColumns?.includes(column.number) !== true) return;
  const typed = values.map((value) => entityValue(value, column.typeOid));
  const known = typed.filter((value) => value !== undefined);
  if (known.length !== typed.length) return;
  const anyOf = known.filter((value) => value.constant !== null).map(scalarOf);
  scan.entities.push({ columnNumber: column.number, anyOf });
}

/** In the column's own type, else undefined. */
function entityValue(value: Sql, typeOid: number): Sql | undefined {
  const from = value.shape.typeOid;
  if (from === typeOid) return value;
  if (isText(from) && isText(typeOid)) return { ...value, shape: { ...value.shape, typeOid } };
  const { constant } = value;
  const isInteger = typeof constant === "number" || typeof constant === "bigint";
  if (!isInteger || (typeOid !== Oid.int4 && typeOid !== Oid.int8)) return undefined;
  if (typeOid === Oid.int8) return literal(BigInt(constant), typeOid);
  const number = Number(constant);
  return number === Math.trunc(number) && Math.abs(number) < 2 ** 31
    ? literal(number, typeOid)
    : undefined;
}

function isText(typeOid: number): boolean {
  return typeOid === Oid.text || typeOid === Oid.varchar;
}

function restrictByList(
  node: ScalarArrayOpExpr,
  scope: Scope,
  within: ReadonlySet<number> | undefined,
): void {
  const [column, list] = node.args;
  if (!node.useOr || scope.generator.catalogue.operatorByOid(node.opno)?.name !== "=") return;
  if (within !== undefined && !isWithin(column, within)) return;
  if (!isColumnFree(list, scope)) return;
  const sources = sourcesOf(column, scope).filter((source) => isEntity(source));
  if (sources.length === 0) return;
  const values = listValues(list, scope);
  if (values === undefined) return;
  for (const source of sources) {
    const stored = source.scan.relation?.columns.find((c) => c.number === source.columnNumber);
    if (stored !== undefined) addEntities(source, stored, values);
  }
}

function isEntity(source: ColumnSource): boolean {
  return source.scan.relation?.entityColumns?.includes(source.columnNumber) === true;
}

function listValues(node: Expression, scope: Scope): readonly Sql[] | undefined {
  if (node.tag === "ARRAYEXPR") {
    return (node.elements ?? []).map((each) => scope.generator.expression(each, scope));
  }
  if (node.tag === "RELABELTYPE") return listValues(node.arg, scope);
  if (node.tag !== "CONST") return undefined;
  const array = scope.generator.expression(node, scope);
  const { constant } = array;
  const { representation } = array.shape;
  if (representation.kind !== "array") return undefined;
  if (typeof constant !== "object" || constant === null || !("elements" in constant)) {
    return undefined;
  }
  return constant.elements.map((value) => literal(value, representation.element.typeOid));
}

const COLUMN_TAGS: ReadonlySet<string> = new Set([
  "VAR",
  "SUBLINK",
  "AGGREF",
  "WINDOWFUNC",
  "GROUPINGFUNC",
  "CASETESTEXPR",
]);

/** Nothing in it depends on rows, and it has one value in the whole statement. */
function isColumnFree(node: Expression, scope: Scope): boolean {
  const walk = (value: unknown): boolean => {
    if (Array.isArray(value)) return value.every(walk);
    if (typeof value !== "object" || value === null || value instanceof Uint8Array) return true;
    const { tag } = value as { readonly tag?: string };
    if (tag !== undefined && COLUMN_TAGS.has(tag)) return false;
    if (tag === "PARAM" && (value as { readonly paramkind: number }).paramkind !== 0) return false;
    if (tag === "FUNCEXPR") {
      const { funcid } = value as { readonly funcid: number };
      const entry = scope.generator.catalogue.functionByOid(funcid);
      if (entry?.volatility === "volatile") return false;
    }
    return Object.values(value).every(walk);
  };
  return walk(node);
}
