/**
 * UPDATE and DELETE on a time-series table: hot rows become segments first, the statement's source
 * says which rows of which segments change, and those segments are replaced.
 */

import { SqlError } from "../../base/errors.ts";
import type { ChangePlan } from "../../compile/change-plan.ts";
import { ChangedRows } from "../changed-rows.ts";
import type { Execution, Result } from "../execution.ts";
import { heavySteps } from "../heavy-rows.ts";
import { requireSameRules } from "../row-keys.ts";
import type { RowSource } from "../row-source.ts";
import { bindPlan } from "../scan-binding.ts";
import { replaceSegments } from "../segment-changes.ts";
import { lockSegments, requireUnchanged, settledValues } from "../settle-rows.ts";
import type { TstableEntry } from "../tables.ts";
import { workOf } from "../work.ts";
import { cursorRequest, openRows, release } from "./select.ts";

export async function changeTstable(plan: ChangePlan, execution: Execution): Promise<Result> {
  const entry = execution.services.tables.requireByOid(plan.relationOid);
  requireOtherColumns(plan, entry);
  const tag = plan.kind.toUpperCase();
  const rows = await ChangedRows.create(plan, execution);
  let returned: RowSource | undefined;
  try {
    const count = await apply(plan, entry, rows, execution);
    if (plan.returning === undefined) return { kind: "done", tag: `${tag} ${count}` };
    returned = closing(await openRows(plan.returning, execution, rows.held()), rows);
    return { kind: "rows", rows: returned, tag: (shown) => `${tag} ${shown}` };
  } finally {
    if (returned === undefined) await rows.drop();
  }
}

function closing(source: RowSource, rows: ChangedRows): RowSource {
  return {
    next: () => source.next(),
    cancel: () => source.cancel(),
    close: async () => {
      await source.close();
      await rows.drop();
    },
  };
}

/** @throws SqlError 0A000 */
function requireOtherColumns(
  { assigned }: ChangePlan,
  { info, definition, rowKey }: TstableEntry,
): void {
  for (const { number, name } of info.columns) {
    if (!assigned.includes(number)) continue;
    const isTime = number === definition.timeColumn;
    const isEntity = definition.entityColumns.includes(number);
    if (!isTime && !isEntity && rowKey?.columns.includes(number) !== true) continue;
    const what = isTime ? "the time column" : isEntity ? "an entity column" : "in the key";
    throw new SqlError("0A000", `column "${name}" of "${info.name}" cannot be updated`, {
      detail: `It is ${what} of the table.`,
      hint: "Delete the rows and insert them anew.",
    });
  }
}

/** Gives the changes to the transaction. @returns how many rows */
async function apply(
  plan: ChangePlan,
  entry: TstableEntry,
  rows: ChangedRows,
  execution: Execution,
): Promise<number> {
  execution.transaction.markRead();
  const work = await workOf(execution);
  await lockSegments(entry, work, execution);
  requireSameRules(entry, execution);
  const { source } = plan;
  const values = await settledValues(source, entry, work, execution);
  const bound = await bindPlan(source, values, execution);
  try {
    const segments = values.world.view(entry).segments();
    const formats = source.columns.map(() => 1 as const);
    const request = cursorRequest(source, values, bound, { ...execution, formats });
    const step = await heavySteps(source, bound, execution);
    const count = await step(() => rows.find(request, entry, segments));
    if (count === 0) return 0;
    const touched = await rows.bySegment(segments, entry);
    await requireUnchanged(
      touched.map(({ segment }) => segment),
      entry,
      work,
      execution,
    );
    const hot = execution.services.intake.table(entry.info.oid);
    const changes = { relation: rows.relation, touched, values: assignedValues(plan) };
    await replaceSegments(entry, changes, execution, (removed, added) => {
      work.items.add(hot, { kind: "segments", tableId: entry.info.oid, removed, added });
    });
    return count;
  } finally {
    release(bound);
  }
}

/** By column, where its new value stands; undefined: rows go. */
function assignedValues(plan: ChangePlan): ReadonlyMap<number, string> | undefined {
  if (plan.kind === "delete") return undefined;
  const assigned = plan.newValues.filter(({ columnNumber }) =>
    plan.assigned.includes(columnNumber),
  );
  return new Map(
    assigned.map(({ columnNumber, sourceColumn }) => [columnNumber, `c${sourceColumn + 1}`]),
  );
}
