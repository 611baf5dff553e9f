/** The entry of compilation for INSERT, UPDATE and DELETE: an analysed statement to a plan. */

import type { ChangePlan } from "./change-plan.ts";
import { type ChangeTarget, changeTarget, viewChecks } from "./change-target.ts";
import { compileOnConflict } from "./changes-conflict.ts";
import { insertSource } from "./changes-insert.ts";
import { compileReturning, returnsOld } from "./changes-returning.ts";
import { updateSource } from "./changes-update.ts";
import type { CompileContext } from "./plan.ts";
import type { QueryNode } from "./tree.ts";

/** @throws SqlError 0A000 by name for everything that we cannot compute as PostgreSQL would */
export function compileChange(tree: QueryNode, context: CompileContext): ChangePlan {
  const target = changeTarget(tree, context);
  const isInsert = tree.commandType === 3;
  const needsOld = returnsOld(tree);
  const source = isInsert ? insertSource(target, needsOld) : updateSource(target, needsOld);
  const returning = compileReturning(target, source);
  const { identity, newValues, oldValues, sequences } = source;
  return {
    kind: isInsert ? "insert" : tree.commandType === 4 ? "delete" : "update",
    relationOid: target.info.oid,
    source: source.finish(),
    identity,
    newValues,
    oldValues,
    sequences,
    assigned: assignedOf(target),
    onConflict: compileOnConflict(target),
    checks: viewChecks(target),
    returning: returning?.plan,
    returningColumns: returning?.columns,
  };
}

function assignedOf({ query }: ChangeTarget): readonly number[] {
  if (query.commandType !== 2) return [];
  return (query.targetList ?? []).filter(({ resjunk }) => !resjunk).map(({ resno }) => resno);
}
