/** A compiled SELECT: bind it to segments, run it, hand out its rows. */

import { isSettledWithin } from "../../base/async.ts";
import type { Plan, Scalar } from "../../compile/plan.ts";
import type { Cursor, CursorRequest } from "../../engine/request.ts";
import type { Execution, Result } from "../execution.ts";
import { expectedRows, isRepeated } from "../few-rows.ts";
import { isHeavy, underGate } from "../heavy-rows.ts";
import type { HeldRows } from "../held-rows.ts";
import { lockRows } from "../plain/row-locks.ts";
import { PlanValues } from "../plan-values.ts";
import { type RowSource, rowsOfValues } from "../row-source.ts";
import { type BoundPlan, bindPlan } from "../scan-binding.ts";
import { readsBothKinds, readsOrdinary, transactionWorld } from "../statement-world.ts";
import { usedParameters } from "../used-parameters.ts";

/** How long the end of a cancelled query is waited for. */
const LINGER_MS = 500;

export async function select(plan: Plan, execution: Execution): Promise<Result> {
  execution.transaction.markRead();
  if (plan.rowLocks !== undefined) await lockRows(plan.rowLocks, execution);
  const rows = await openRows(plan, execution);
  return { kind: "rows", rows, tag: (count) => `SELECT ${count}` };
}

/** The rows of a plan. `held`: as bindPlan takes it. */
export async function openRows(
  plan: Plan,
  execution: Execution,
  held?: HeldRows,
): Promise<RowSource> {
  if (plan.row !== undefined) return await knownRow(plan, plan.row, execution);
  const { cursor, bound } = await openPlan(plan, execution, held);
  return {
    isLines: execution.lines !== undefined,
    next: () => cursor.next(),
    cancel: () => cursor.cancel(),
    close: async () => {
      const closed = cursor.close().finally(() => release(bound));
      if (await isSettledWithin(LINGER_MS, closed)) return await closed;
      // DuckDB does not stop while it plans: the client need not wait for that.
      const leave = execution.heavy.handOver();
      closed.then(leave, leave);
    },
  };
}

async function knownRow(
  plan: Plan,
  row: readonly Scalar[],
  execution: Execution,
): Promise<RowSource> {
  const values = await PlanValues.of(plan, execution);
  try {
    const cells = await values.scalars(row);
    const columns = plan.columns.map(({ shape: { typeOid } }, index) => {
      return { typeOid, format: execution.formats[index] ?? 0 };
    });
    return rowsOfValues([cells], columns, execution.settings.text);
  } finally {
    values.world.release();
  }
}

/**
 * What it reads of both kinds of table is of one moment; under REPEATABLE READ of the transaction's
 * moment. The caller closes and releases.
 */
async function openPlan(
  plan: Plan,
  execution: Execution,
  held: HeldRows | undefined,
): Promise<{ readonly cursor: Cursor; readonly bound: BoundPlan }> {
  const { engine, gate, tables, plain } = execution.services;
  const { keepsOneWorld } = execution.transaction;
  const isMixed = readsBothKinds(plan, tables);
  // What it reads of ordinary tables is what is there when it is opened; of the others its world's.
  const opensAtOnce = readsOrdinary(plan, tables);
  const isKept = keepsOneWorld && opensAtOnce;
  const pinsPlain = isMixed || isKept;
  const open = async () => {
    const values = await PlanValues.of(plan, execution);
    const bound = await bindPlan(plan, values, execution, held);
    try {
      const mustWait = await isHeavy(plan, bound, execution);
      if (mustWait && opensAtOnce && !execution.heavy.isHeld) {
        release(bound);
        return undefined;
      }
      const request = cursorRequest(plan, values, bound, execution);
      const start = () => engine.openCursor(pinsPlain ? { ...request, pinsPlain } : request);
      const cursor = await (mustWait ? underGate(start, execution.heavy, opensAtOnce) : start());
      if (pinsPlain) await cursor.pinned;
      return { cursor, bound };
    } catch (cause) {
      release(bound);
      throw cause;
    }
  };
  if (keepsOneWorld) await transactionWorld(execution);
  const openKept = async () => (isKept ? await plain.gate.shared(open) : await open());
  for (;;) {
    const opened = isMixed ? await gate.shared(openKept) : await openKept();
    if (opened !== undefined) return opened;
    // Outside of the other gates, so that commits pass; then it reads what they have written.
    await execution.heavy.take(execution.signal);
  }
}

export function release(bound: BoundPlan): void {
  bound.world.release();
}

export function cursorRequest(
  plan: Plan,
  values: PlanValues,
  bound: BoundPlan,
  execution: Execution,
): CursorRequest {
  const used = usedParameters(bound.sql, values.parameters);
  return {
    ...used,
    rowsRelations: bound.rowsRelations,
    shapes: plan.shapes,
    formats: execution.formats,
    lines: execution.lines,
    text: execution.settings.text,
    ...expectedRows(plan, bound, execution),
    isRepeated: used.parameters.length > 0 && isRepeated(bound),
  };
}
