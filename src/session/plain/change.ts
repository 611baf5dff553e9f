/** INSERT, UPDATE and DELETE of an ordinary table. */

import type { ChangePlan } from "../../compile/change-plan.ts";
import type { Execution, Result } from "../execution.ts";
import type { RowSource } from "../row-source.ts";
import { applyChange } from "./apply.ts";
import { applyConflicts } from "./conflicts.ts";
import { drawForRows } from "./draw.ts";
import { relationOf } from "./relation.ts";
import { returningRows } from "./returning.ts";
import { newValueColumns, type Staged, stagedColumn, stagePlan } from "./staged.ts";
import { lockWait, plainWrites } from "./work.ts";

export async function changePlain(plan: ChangePlan, execution: Execution): Promise<Result> {
  const { plain } = execution.services;
  const relation = relationOf(plan.relationOid, execution);
  execution.transaction.markRead();
  const writes = await plainWrites(execution);
  await writes.lock(relation, lockWait(execution));
  writes.beginStatement();
  const { table, rows } = await stagePlan(plan.source, execution);
  const drop = async () => await plain.runAll([`DROP TABLE ${table}`]);
  try {
    const [identity] = plan.identity;
    const staged: Staged = {
      relation,
      table,
      rows,
      identity: identity === undefined ? undefined : stagedColumn(identity),
      newValues: plan.kind === "delete" ? new Map() : newValueColumns(plan),
    };
    await drawForRows(plan.sequences, staged, execution);
    let changed = rows;
    if (plan.onConflict === undefined) {
      const assigned = plan.kind === "update" ? new Set(plan.assigned) : undefined;
      await applyChange({ staged, changed: assigned }, execution, writes);
    } else {
      changed = await applyConflicts(plan, plan.onConflict, staged, execution, writes);
    }
    const tag = tagOf(plan.kind, changed);
    if (plan.returning === undefined) {
      await drop();
      return { kind: "done", tag };
    }
    const returned = await returningRows(plan.returning, table, execution);
    return { kind: "rows", rows: closingWith(returned, drop), tag: () => tag };
  } catch (cause) {
    await drop();
    throw cause;
  }
}

function tagOf(kind: ChangePlan["kind"], rows: number): string {
  return kind === "insert" ? `INSERT 0 ${rows}` : `${kind.toUpperCase()} ${rows}`;
}

function closingWith(rows: RowSource, after: () => Promise<void>): RowSource {
  let isClosed = false;
  return {
    next: () => rows.next(),
    cancel: () => rows.cancel(),
    close: async () => {
      await rows.close();
      if (isClosed) return;
      isClosed = true;
      await after();
    },
  };
}
