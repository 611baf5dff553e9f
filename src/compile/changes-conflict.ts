/** ON CONFLICT: by which columns rows clash, and what becomes of the row that is there. */

import type { CopiedColumn, OnConflict } from "./change-plan.ts";
import { type ChangeTarget, SourceColumns, startChange } from "./change-target.ts";
import { multiAssignments } from "./changes-update.ts";
import { storedShape } from "./duckdb-types.ts";
import type { Sql } from "./expression.ts";
import type { Scope } from "./generator.ts";
import type { NodeValue } from "./node-text.ts";
import type { Plan, PlanColumn, RelationColumn } from "./plan.ts";
import { refuse } from "./refusals.ts";
import { heldScan, scanMark } from "./scans.ts";
import { heldRelation, identityColumns, toStored } from "./stored-rows.ts";
import type { OnConflictExpr } from "./tree.ts";

export function compileOnConflict(target: ChangeTarget): OnConflict | undefined {
  const { onConflict } = target.query;
  if (onConflict === null) return undefined;
  const base = {
    arbiters: arbitersOf(onConflict),
    arbiterWhere: onConflict.arbiterWhere as NodeValue,
    constraintOid: onConflict.constraint === 0 ? undefined : onConflict.constraint,
  };
  if (onConflict.action === 1) {
    return { ...base, action: "nothing", update: undefined, copied: undefined, assigned: [] };
  }
  const assigned = (onConflict.onConflictSet ?? [])
    .filter(({ resjunk }) => !resjunk)
    .map(({ resno }) => resno);
  const update = updatePlan(target, onConflict);
  return { ...base, action: "update", update, copied: copiedColumns(target, onConflict), assigned };
}

/** undefined: something is to be computed. */
function copiedColumns(
  { query: { resultRelation }, info: { columns } }: ChangeTarget,
  { onConflictSet, onConflictWhere, exclRelIndex }: OnConflictExpr,
): readonly CopiedColumn[] | undefined {
  if (onConflictWhere !== null) return undefined;
  const copied: CopiedColumn[] = [];
  for (const [index, column] of columns.entries()) {
    const set = onConflictSet?.find(({ resno, resjunk }) => resno === column.number && !resjunk);
    const expr = set?.expr;
    if (expr === undefined) {
      copied.push({ from: "existing", index });
      continue;
    }
    if (expr.tag !== "VAR" || expr.varlevelsup !== 0) return undefined;
    if (expr.varno !== exclRelIndex && expr.varno !== resultRelation) return undefined;
    const from = expr.varno === exclRelIndex ? "excluded" : "existing";
    const at = columns.findIndex(({ number }) => number === expr.varattno);
    const source = columns[at];
    const isAlike = source?.typeOid === column.typeOid && source.typmod === column.typmod;
    if (!isAlike) return undefined;
    copied.push({ from, index: at });
  }
  return copied;
}

function arbitersOf({ arbiterElems }: OnConflictExpr): readonly (number | NodeValue)[] | undefined {
  return arbiterElems?.map(({ expr, infercollid, inferopclass }) => {
    if (infercollid !== 0 || inferopclass !== 0) {
      return refuse("ON CONFLICT with a collation or an operator class");
    }
    return expr.tag === "VAR" ? expr.varattno : (expr as unknown as NodeValue);
  });
}

/** Identity and new values of the rows that are updated, over pairs of old and excluded rows. */
function updatePlan(target: ChangeTarget, node: OnConflictExpr): Plan {
  const { query, info } = target;
  const { scope, finish } = startChange(target, false);
  const { generator } = scope;
  const identity = identityColumns(info.kind);
  const width = info.columns.length;
  const held: PlanColumn[] = [
    ...identity.map(({ shape }) => shape),
    ...[...info.columns, ...info.columns].map((each) => storedShape(each.typeOid, each.typmod)),
  ].map((shape, index) => ({ name: `c${index + 1}`, shape }));
  const number = generator.scans.length;
  generator.scans.push(heldScan(number, "conflicts", held));
  const alias = `r${scope.id}`;
  const nameFrom = (first: number) => (columnNumber: number) =>
    `c${first + info.columns.findIndex((each) => each.number === columnNumber) + 1}`;
  const existing = heldRelation(alias, info.columns, nameFrom(identity.length));
  const excluded = heldRelation(alias, info.columns, nameFrom(identity.length + width));
  scope.relations.set(query.resultRelation, existing);
  scope.relations.set(node.exclRelIndex, excluded);
  const columns = new SourceColumns();
  for (const [index, { shape }] of identity.entries()) {
    const text = `${alias}.c${index + 1}`;
    columns.append({ text, shape, isConstant: false, mayBeNull: false });
  }
  const multi = multiAssignments(node.onConflictSet ?? [], scope);
  const inner = { ...scope, multiColumns: multi.columns };
  for (const column of info.columns) columns.append(newValue(column, node, inner, query));
  const where =
    node.onConflictWhere === null
      ? ""
      : ` WHERE ${generator.expression(node.onConflictWhere, scope).text}`;
  const text = `SELECT ${columns.list} FROM ${scanMark(number)} AS ${alias}${multi.from}${where}`;
  const plan = finish(columns.query(text, false));
  const readsTarget = plan.scans.some(
    (scan) => scan.kind === "table" && scan.relationOid === info.oid,
  );
  if (readsTarget) refuse("a subquery in ON CONFLICT over the changed table");
  return plan;
}

function newValue(
  column: RelationColumn,
  node: OnConflictExpr,
  scope: Scope,
  query: ChangeTarget["query"],
): Sql {
  const set = node.onConflictSet?.find(({ resno, resjunk }) => resno === column.number && !resjunk);
  if (set !== undefined) return toStored(scope.generator.expression(set.expr, scope), column);
  const stored = scope.relations.get(query.resultRelation)?.column(column.number);
  return stored === undefined ? refuse(`column "${column.name}"`) : stored.sql;
}
