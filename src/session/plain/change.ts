/** INSERT, UPDATE and DELETE of an ordinary table. */

import type { ChangePlan } from "../../compile/change-plan.ts";
import type { ShadowRelation } from "../../postgres/relation.ts";
import type { RowBlock } from "../../table/row-block.ts";
import type { Execution, Result } from "../execution.ts";
import { returningRows as returningHeld } from "../returning.ts";
import type { RowSource } from "../row-source.ts";
import { applyChange } from "./apply.ts";
import { applyConflicts } from "./conflicts.ts";
import { drawForRows } from "./draw.ts";
import { holdChange } from "./hold-changes.ts";
import { holdRows } from "./hold-rows.ts";
import { holdUpsert } from "./hold-upsert.ts";
import { relationOf } from "./relation.ts";
import { returningRows } from "./returning.ts";
import { newValueColumns, type Staged, stageBlock, stagedColumn, stagePlan } from "./staged.ts";
import { lockRows, plainWrites } from "./work.ts";
import type { PlainWrites } from "./writes.ts";

/** `made`: the rows of an INSERT, where they need no query; sequences have been drawn for them. */
export async function changePlain(
  plan: ChangePlan,
  execution: Execution,
  made?: RowBlock,
): Promise<Result> {
  const relation = relationOf(plan.relationOid, execution);
  execution.transaction.markRead();
  const writes = await plainWrites(execution);
  await lockRows(relation, writes, execution);
  writes.beginStatement();
  const held =
    plan.checks.length > 0 ? undefined : await hold(plan, relation, execution, writes, made);
  if (held !== undefined) return await heldResult(plan, held, execution);
  await writes.settle();
  const { table, rows } = await stage(plan, relation, execution, made);
  let isKept = false;
  const drop = () => {
    if (!isKept) execution.services.plain.dropLater([table]);
  };
  try {
    const [identity] = plan.identity;
    const staged: Staged = {
      relation,
      table,
      rows,
      identity: identity === undefined ? undefined : stagedColumn(identity),
      newValues: plan.kind === "delete" ? new Map() : newValueColumns(plan),
      checks: plan.checks,
    };
    if (made === undefined) await drawForRows(plan.sequences, staged, execution);
    let changed = rows;
    if (plan.onConflict === undefined) {
      const assigned = plan.kind === "update" ? new Set(plan.assigned) : undefined;
      const change = { staged, changed: assigned, mayBeKept: true } as const;
      isKept = await applyChange(change, execution, writes);
    } else {
      changed = await applyConflicts(plan, plan.onConflict, staged, execution, writes);
    }
    if (plan.returning === undefined) {
      drop();
      return { kind: "done", tag: tagOf(plan.kind, changed) };
    }
    const returned = await returningRows(plan.returning, table, execution);
    const tag = (count: number) => tagOf(plan.kind, count);
    return { kind: "rows", rows: closingWith(returned, drop), tag };
  } catch (cause) {
    drop();
    throw cause;
  }
}

/** The rows, where they can wait in memory. */
async function hold(
  plan: ChangePlan,
  relation: ShadowRelation,
  execution: Execution,
  writes: PlainWrites,
  made: RowBlock | undefined,
): Promise<RowBlock | undefined> {
  if (made !== undefined && plan.onConflict === undefined) {
    if (await holdRows(made, relation, execution, writes)) return made;
  }
  if (made !== undefined && plan.onConflict !== undefined) {
    const held = await holdUpsert(plan, made, relation, execution, writes);
    if (held !== undefined) return held;
  }
  return plan.kind === "insert" ? undefined : await holdChange(plan, relation, execution, writes);
}

async function heldResult(plan: ChangePlan, made: RowBlock, execution: Execution): Promise<Result> {
  if (plan.returning === undefined) return { kind: "done", tag: tagOf(plan.kind, made.rows) };
  const rows = await returningHeld(plan, plan.returning, made, execution);
  return { kind: "rows", rows, tag: (count) => tagOf(plan.kind, count) };
}

async function stage(
  { source }: ChangePlan,
  relation: ShadowRelation,
  execution: Execution,
  made: RowBlock | undefined,
): Promise<{ readonly table: string; readonly rows: number }> {
  return made === undefined
    ? await stagePlan(source, execution)
    : await stageBlock(made, relation.columns, execution);
}

function tagOf(kind: ChangePlan["kind"], rows: number): string {
  return kind === "insert" ? `INSERT 0 ${rows}` : `${kind.toUpperCase()} ${rows}`;
}

function closingWith(rows: RowSource, after: () => void): RowSource {
  let isClosed = false;
  return {
    next: () => rows.next(),
    cancel: () => rows.cancel(),
    close: async () => {
      await rows.close();
      if (isClosed) return;
      isClosed = true;
      after();
    },
  };
}
