/**
 * What a statement was prepared for may be defined anew before it runs: between Bind and Execute,
 * or while it waits for the writer of what it changes. It is then prepared again and goes on, as in
 * PostgreSQL, whose plans are checked once all locks are held.
 */

import type { Execution } from "./execution.ts";
import { isTemporary } from "./plain/physical.ts";
import { lockRows } from "./plain/row-locks.ts";
import { lockWait, plainWrites } from "./plain/work.ts";
import { resultTypeChanged, sameFields } from "./prepared.ts";
import type { Prepared, Statement } from "./statement.ts";

/**
 * The execution with its statement as the definitions are now, which stay so if it changes ordinary
 * tables: their lock is held. @throws SqlError 0A000 when the client knows other columns, 40001,
 * 40P01, 55P03, and what analysis says now
 */
export async function withNewestPlan(execution: Execution): Promise<Execution> {
  let newest = execution;
  for (;;) {
    if (!isCurrent(newest)) newest = await prepareAgain(newest);
    await takeLocks(newest.prepared.statement, newest);
    if (isCurrent(newest)) return newest;
  }
}

function isCurrent({ prepared, services }: Execution): boolean {
  return prepared.catalogueNumber === services.preparer.catalogueNumber;
}

async function prepareAgain(execution: Execution): Promise<Execution> {
  const { prepared: before, statements, onReshaped } = execution;
  const prepared = await statements.renewed(before);
  if (sameFields(before.fields, prepared.fields)) return { ...execution, prepared };
  if (onReshaped === undefined) throw resultTypeChanged();
  onReshaped(prepared);
  const formats = (prepared.fields ?? []).map(() => 0 as const);
  return { ...execution, prepared, formats };
}

/** What it waits for before it reads anything. */
async function takeLocks(statement: Statement, execution: Execution): Promise<void> {
  if (statement.kind === "select" && statement.plan.rowLocks !== undefined) {
    await lockRows(statement.plan.rowLocks, execution);
  }
  if (statement.kind !== "change" || execution.transaction.isReadOnly) return;
  const { tables, shadow } = execution.services;
  const { relationOid } = statement.change.plan;
  const relation = shadow.relations().get(relationOid);
  if (tables.relation(relationOid)?.kind !== "ordinary" || relation === undefined) return;
  if (isTemporary(relation)) return;
  await (await plainWrites(execution)).lock(relation, lockWait(execution));
}

/** Whether another definition would give another plan. */
export function isPlanned({ statement }: Prepared): boolean {
  return ["select", "change", "late"].includes(statement.kind);
}
