/**
 * Boolean structure, tests and choices: AND, IS NULL, CASE, COALESCE, GREATEST, IN, record
 * comparison.
 */

import { Oid } from "../types/oids.ts";
import { applyOperator, operatorName } from "./calls.ts";
import { type Comparison, comparable, needsKey, sortKey } from "./comparisons.ts";
import { defaultShape } from "./duckdb-types.ts";
import type { Sql } from "./expression.ts";
import type {
  BoolExpr,
  BooleanTest,
  CaseExpr,
  CoalesceExpr,
  MinMaxExpr,
  NullTest,
  RowCompareExpr,
} from "./expression-nodes.ts";
import type { Generator, Scope } from "./generator.ts";
import { refuse } from "./refusals.ts";
import { unify } from "./representations.ts";

export const BOOLEAN = defaultShape(Oid.bool);

export function booleanExpression(node: BoolExpr, scope: Scope): Sql {
  const args = node.args.map((arg) => scope.generator.expression(arg, scope));
  const isConstant = args.every((arg) => arg.isConstant);
  const mayBeNull = args.some((arg) => arg.mayBeNull);
  const [first] = args;
  const text =
    node.boolop === "not"
      ? `(NOT ${first?.text})`
      : `(${args.map((arg) => arg.text).join(node.boolop === "and" ? " AND " : " OR ")})`;
  return { text, shape: BOOLEAN, isConstant, mayBeNull };
}

export function nullTest(node: NullTest, scope: Scope): Sql {
  const arg = scope.generator.expression(node.arg, scope);
  const test = node.nulltesttype === 0 ? "IS NULL" : "IS NOT NULL";
  const base = { shape: BOOLEAN, isConstant: arg.isConstant, mayBeNull: false } as const;
  if (!node.argisrow) return { ...base, text: `(${arg.text} ${test})` };
  // IS NULL of a record: all fields are; IS NOT NULL: no field is.
  const fields = arg.fields ?? refuse("IS NULL of a record from a subquery");
  if (fields.length === 0) return { ...base, text: "TRUE" };
  return { ...base, text: `(${fields.map((field) => `${field.text} ${test}`).join(" AND ")})` };
}

const BOOLEAN_TESTS = [
  "IS NOT DISTINCT FROM TRUE",
  "IS DISTINCT FROM TRUE",
  "IS NOT DISTINCT FROM FALSE",
  "IS DISTINCT FROM FALSE",
  "IS NULL",
  "IS NOT NULL",
] as const;

export function booleanTest(node: BooleanTest, scope: Scope): Sql {
  const arg = scope.generator.expression(node.arg, scope);
  const text = `(${arg.text} ${BOOLEAN_TESTS[node.booltesttype]})`;
  return { text, shape: BOOLEAN, isConstant: arg.isConstant, mayBeNull: false };
}

export function caseExpression(node: CaseExpr, scope: Scope): Sql {
  const { generator } = scope;
  const test = node.arg === null ? undefined : generator.expression(node.arg, scope);
  const inner = test === undefined ? scope : { ...scope, caseTest: test };
  const conditions = node.args.map((arm) => generator.expression(arm.expr, inner));
  const results = node.args.map((arm) => generator.expression(arm.result, scope));
  const otherwise = node.defresult === null ? [] : [generator.expression(node.defresult, scope)];
  const { items, shape } = unify([...results, ...otherwise]);
  const choose = (pick: (item: Sql) => string | undefined): string => {
    const arms = conditions.map((condition, index) => {
      const item = items[index];
      return `WHEN ${condition.text} THEN ${item === undefined ? "NULL" : pick(item)}`;
    });
    const last = otherwise.length === 0 ? undefined : items.at(-1);
    return `(CASE ${arms.join(" ")}${last === undefined ? "" : ` ELSE ${pick(last)}`} END)`;
  };
  const isConstant = [...conditions, ...items].every((each) => each.isConstant);
  const mayBeNull = otherwise.length === 0 || items.some((item) => item.mayBeNull);
  const base = { text: choose((item) => item.text), shape, isConstant, mayBeNull };
  if (shape.representation.kind !== "decimal-scaled") return base;
  return { ...base, scale: choose((item) => item.scale) };
}

export function coalesce(node: CoalesceExpr, scope: Scope): Sql {
  const args = node.args.map((arg) => scope.generator.expression(arg, scope));
  const { items, shape } = unify(args);
  const isConstant = items.every((item) => item.isConstant);
  const mayBeNull = items.every((item) => item.mayBeNull);
  const text = `coalesce(${items.map((item) => item.text).join(", ")})`;
  const base = { text, shape, isConstant, mayBeNull };
  if (shape.representation.kind !== "decimal-scaled") return base;
  const arms = items.map((item) => `WHEN ${item.text} IS NOT NULL THEN ${item.scale}`);
  return { ...base, scale: `(CASE ${arms.join(" ")} END)` };
}

export function greatestOrLeast(node: MinMaxExpr, scope: Scope): Sql {
  const args = node.args.map((arg) => scope.generator.expression(arg, scope));
  const { items, shape } = unify(args);
  const name = node.op === 0 ? "greatest" : "least";
  const isConstant = items.every((item) => item.isConstant);
  const mayBeNull = items.every((item) => item.mayBeNull);
  // DuckDB's greatest and least of intervals go by their fields: 1 day beats 43 hours.
  if (items.every((item) => !needsKey(item) && item.shape.typeOid !== Oid.interval)) {
    const text = `${name}(${items.map((item) => item.text).join(", ")})`;
    return { text, shape, isConstant, mayBeNull };
  }
  return items.reduce((best, item) => greater(best, item, node.op === 0));
}

/** The first of equal ones, as PostgreSQL keeps it; a NULL never wins. */
function greater(best: Sql, item: Sql, isGreatest: boolean): Sql {
  const operator = isGreatest ? ">" : "<";
  const wins = `${best.text} IS NULL OR ${sortKey(item)} ${operator} ${sortKey(best)}`;
  const choose = (a: string | undefined, b: string | undefined) =>
    `(CASE WHEN ${wins} THEN ${a} ELSE ${b} END)`;
  const { constant: _, scale: __, ...rest } = item;
  const base: Sql = {
    ...rest,
    text: choose(item.text, best.text),
    isConstant: best.isConstant && item.isConstant,
    mayBeNull: best.mayBeNull && item.mayBeNull,
  };
  const isScaled = item.shape.representation.kind === "decimal-scaled";
  return isScaled ? { ...base, scale: choose(item.scale, best.scale) } : base;
}

const ROW_OPERATORS: Readonly<Record<number, Comparison>> = {
  1: "<",
  2: "<=",
  3: "=",
  4: ">=",
  5: ">",
  6: "<>",
};

/** (a, b) < (c, d): by the first field that differs, NULL where a field that matters is NULL. */
export function rowComparison(node: RowCompareExpr, scope: Scope): Sql {
  const { generator } = scope;
  const lefts = node.largs.map((arg) => generator.expression(arg, scope));
  const rights = node.rargs.map((arg) => generator.expression(arg, scope));
  const operator = ROW_OPERATORS[node.cmptype] ?? refuse("this comparison of rows");
  return rowTest(operator, lefts, rights, generator);
}

function rowTest(
  operator: Comparison,
  lefts: readonly Sql[],
  rights: readonly Sql[],
  generator: Generator,
): Sql {
  const pairs = lefts.map((left, index) =>
    comparable(left, rights[index] ?? left, generator.calls.isUtc),
  );
  const shape = BOOLEAN;
  const isConstant = [...lefts, ...rights].every((each) => each.isConstant);
  if (operator === "=" || operator === "<>") {
    const joiner = operator === "=" ? " AND " : " OR ";
    const text = `(${pairs.map(([a, b]) => `${a} ${operator} ${b}`).join(joiner)})`;
    return { text, shape, isConstant, mayBeNull: true };
  }
  const strict = operator.slice(0, 1);
  const arms = pairs.map(([a, b], index) => {
    const isLast = index === pairs.length - 1;
    if (isLast) return `ELSE ${a} ${operator} ${b}`;
    return `WHEN (${a} = ${b}) IS NOT TRUE THEN ${a} ${strict} ${b}`;
  });
  const text = arms.length === 1 ? `(${arms[0]?.slice(5)})` : `(CASE ${arms.join(" ")} END)`;
  return { text, shape, isConstant, mayBeNull: true };
}

/** `left op right` with SQL's `=` and `<>` written natively, other operators by their rule. */
export function operatorTest(opno: number, left: Sql, right: Sql, generator: Generator): Sql {
  const name = operatorName(opno, generator);
  const isPlain = left.shape.representation.kind !== "row";
  if ((name === "=" || name === "<>") && isPlain) {
    const [a, b] = comparable(left, right, generator.calls.isUtc);
    const isConstant = left.isConstant && right.isConstant;
    return { text: `(${a} ${name} ${b})`, shape: BOOLEAN, isConstant, mayBeNull: true };
  }
  return applyOperator(opno, [left, right], Oid.bool, generator);
}
