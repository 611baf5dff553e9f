/** INSERT into a time-series table: its rows as a block, checked, and given to the transaction. */

import { SqlError } from "../../base/errors.ts";
import type { ChangePlan } from "../../compile/change-plan.ts";
import type { RowBlock } from "../../table/row-block.ts";
import type { Execution, Result } from "../execution.ts";
import { drawForBlock, makeRows } from "../insert-rows.ts";
import { requireNotNull } from "../not-null.ts";
import { PlanValues } from "../plan-values.ts";
import { returningRows } from "../returning.ts";
import { bindPlan } from "../scan-binding.ts";
import type { Change } from "../statement.ts";
import { insertRows } from "../tstable-writes.ts";
import { notBuilt } from "../utility.ts";
import { cursorRequest, release } from "./select.ts";

/** Rows of one statement that are kept in memory. */
const ROWS_MAX = 1_000_000;

export async function insertTstable({ plan, rows }: Change, execution: Execution): Promise<Result> {
  const { services, settings } = execution;
  const entry = services.tables.requireByOid(plan.relationOid);
  if (plan.onConflict !== undefined) throw notBuilt("ON CONFLICT on a time-series table");
  const source =
    rows === undefined
      ? await computedRows(plan, execution)
      : await makeRows(rows, entry.info.columns, execution);
  const block = targetBlock(plan, source);
  requireNotNull(entry.info, block, settings.text);
  await insertRows(entry, block, execution);
  const tag = `INSERT 0 ${block.rows}`;
  if (plan.returning === undefined) return { kind: "done", tag };
  const returned = await returningRows(plan, plan.returning, source, execution);
  return { kind: "rows", rows: returned, tag: () => tag };
}

/** The columns of the table; rows made here have no others. */
function targetBlock({ newValues }: ChangePlan, { rows, columns }: RowBlock): RowBlock {
  return { rows, columns: newValues.flatMap(({ sourceColumn }) => columns[sourceColumn] ?? []) };
}

async function computedRows(plan: ChangePlan, execution: Execution): Promise<RowBlock> {
  const { source, sequences } = plan;
  execution.transaction.markRead();
  const values = await PlanValues.of(source, execution);
  const bound = await bindPlan(source, values, execution);
  try {
    const formats = source.columns.map(() => 1 as const);
    const request = cursorRequest(source, values, bound, { ...execution, formats });
    const columns = source.columns.map(({ shape }) => shape);
    const { engine } = execution.services;
    const block = await engine.collect(request, columns, ROWS_MAX, execution.signal);
    if (block === undefined) {
      throw new SqlError("54000", `an INSERT of more than ${ROWS_MAX} rows is not supported`, {
        hint: "Use COPY or APPEND PARQUET, or several statements.",
      });
    }
    return await drawForBlock(block, columns, sequences, execution);
  } finally {
    release(bound);
  }
}
