/** INSERT into a time-series table: its rows as a block, checked, and given to the transaction. */

import { SqlError } from "../../base/errors.ts";
import type { ChangePlan } from "../../compile/change-plan.ts";
import type { Plan } from "../../compile/plan.ts";
import { BlockBuilder } from "../../engine/block-builder.ts";
import { joinBlocks, selectRows } from "../../table/join-blocks.ts";
import type { RowBlock } from "../../table/row-block.ts";
import { TstableTarget } from "../copy/tstable-target.ts";
import { coveredNotices } from "../covered-notice.ts";
import type { Execution, Result } from "../execution.ts";
import { heavySteps } from "../heavy-rows.ts";
import { drawForBlock, makeRows } from "../insert-rows.ts";
import { requireNotNull } from "../not-null.ts";
import { PlanValues } from "../plan-values.ts";
import { hasRowKey, type RepeatPolicy, requireEntityKey } from "../repeated-rows.ts";
import { returningRows } from "../returning.ts";
import { bindPlan } from "../scan-binding.ts";
import type { Change } from "../statement.ts";
import type { TstableEntry } from "../tables.ts";
import { insertRows } from "../tstable-writes.ts";
import { notBuilt } from "../utility.ts";
import { cursorRequest, release } from "./select.ts";
import { upsertRows } from "./upsert-tstable.ts";

/** Rows that a statement with RETURNING or DO UPDATE may have. */
const RETURNED_ROWS_MAX = 1_000_000;

export async function insertTstable({ plan, rows }: Change, execution: Execution): Promise<Result> {
  const entry = execution.services.tables.requireByOid(plan.relationOid);
  const onRepeat = repeatPolicy(plan, entry);
  const { returning, onConflict } = plan;
  if (onConflict?.update !== undefined) {
    return await upsert(plan, onConflict.update, rows, entry, execution);
  }
  if (rows === undefined && returning === undefined) {
    const { rows: all, repeats } = await insertStream(plan, entry, onRepeat, execution);
    const notices = onConflict === undefined ? coveredNotices(repeats, execution.settings) : [];
    return { kind: "done", tag: tagOf(all - repeats), notices };
  }
  const source =
    rows === undefined
      ? await computedRows(plan, execution)
      : await makeRows(rows, entry.info.columns, execution);
  const block = targetBlock(plan, source);
  requireNotNull(entry.info, block, execution.settings.text);
  const kept = await insertRows(entry, block, execution, onRepeat);
  const inserted = kept === undefined ? source : selectRows(source, kept);
  const repeats = onConflict === undefined ? source.rows - inserted.rows : 0;
  const notices = coveredNotices(repeats, execution.settings);
  if (returning === undefined) return { kind: "done", tag: tagOf(inserted.rows), notices };
  const returned = await returningRows(plan, returning, inserted, execution);
  return { kind: "rows", rows: returned, tag: tagOf, notices };
}

async function upsert(
  plan: ChangePlan,
  update: Plan,
  rows: Change["rows"],
  entry: TstableEntry,
  execution: Execution,
): Promise<Result> {
  const source =
    rows === undefined
      ? await computedRows(plan, execution)
      : await makeRows(rows, entry.info.columns, execution);
  const shown = await upsertRows(plan, update, entry, source, execution);
  if (plan.returning === undefined) return { kind: "done", tag: tagOf(shown.rows) };
  const returned = await returningRows(plan, plan.returning, shown, execution);
  return { kind: "rows", rows: returned, tag: tagOf };
}

/** With RETURNING, of the rows that an Execute has given, as in PostgreSQL. */
function tagOf(rows: number): string {
  return `INSERT 0 ${rows}`;
}

/**
 * What ON CONFLICT says of rows that are there: by key, and where a table's buckets may not repeat,
 * as by an exclusion constraint, by bucket. @throws SqlError 42P10, 0A000
 */
function repeatPolicy({ onConflict }: ChangePlan, entry: TstableEntry): RepeatPolicy | undefined {
  if (onConflict === undefined) return undefined;
  const { arbiters, constraintOid } = onConflict;
  const { grain } = entry.definition;
  const isTargeted = arbiters !== undefined || constraintOid !== undefined;
  const key = new Set(entry.rowKey?.columns);
  const isKey =
    entry.rowKey !== undefined &&
    (arbiters === undefined ||
      (arbiters.length === key.size && arbiters.every((n) => typeof n === "number" && key.has(n))));
  if (isTargeted && !isKey) {
    throw new SqlError(
      "42P10",
      "there is no unique or exclusion constraint matching the ON CONFLICT specification",
    );
  }
  if (grain === "bucket" && (isTargeted || onConflict.update !== undefined)) {
    throw notBuilt(
      "ON CONFLICT of a key in a table with GRAIN BUCKET",
      "Use ON CONFLICT DO NOTHING, which leaves out rows of covered buckets, or GRAIN ROW.",
    );
  }
  if (onConflict.update !== undefined) requireEntityKey(entry, "ON CONFLICT DO UPDATE");
  return hasRowKey(entry) || grain === "bucket" ? "skip" : undefined;
}

/** The columns of the table; rows made here have no others. */
function targetBlock({ newValues }: ChangePlan, { rows, columns }: RowBlock): RowBlock {
  return { rows, columns: newValues.flatMap(({ sourceColumn }) => columns[sourceColumn] ?? []) };
}

/** However many rows: what is too much for memory becomes segments. */
async function insertStream(
  plan: ChangePlan,
  entry: TstableEntry,
  onRepeat: RepeatPolicy | undefined,
  execution: Execution,
): Promise<{ readonly rows: number; readonly repeats: number }> {
  const target = new TstableTarget(entry, execution, onRepeat);
  let rows = 0;
  try {
    await forEachBlock(plan, execution, async (source) => {
      const block = targetBlock(plan, source);
      requireNotNull(entry.info, block, execution.settings.text);
      rows += block.rows;
      await target.add(block);
    });
    return { rows, repeats: await target.finish() };
  } finally {
    await target.close();
  }
}

async function computedRows(plan: ChangePlan, execution: Execution): Promise<RowBlock> {
  const blocks = [new BlockBuilder(plan.source.columns.map(({ shape }) => shape)).take()];
  let rows = 0;
  await forEachBlock(plan, execution, (block) => {
    rows += block.rows;
    if (rows > RETURNED_ROWS_MAX) {
      throw new SqlError("54000", `more than ${RETURNED_ROWS_MAX} rows in one statement`, {
        detail: "With RETURNING or DO UPDATE they stand in memory.",
        hint: "Use several statements.",
      });
    }
    blocks.push(block);
    return Promise.resolve();
  });
  return joinBlocks(blocks);
}

/** The rows of the plan's source, with what sequences give, in order. */
async function forEachBlock(
  { source, sequences }: ChangePlan,
  execution: Execution,
  take: (block: RowBlock) => Promise<void>,
): Promise<void> {
  execution.transaction.markRead();
  const values = await PlanValues.of(source, execution);
  const bound = await bindPlan(source, values, execution);
  try {
    const formats = source.columns.map(() => 1 as const);
    const request = cursorRequest(source, values, bound, { ...execution, formats });
    const columns = source.columns.map(({ shape }) => shape);
    const { engine } = execution.services;
    const step = await heavySteps(source, bound, execution);
    const cursor = await engine.openBlocks(request, columns, execution.signal);
    try {
      for (;;) {
        const block = await step(() => cursor.next());
        if (block === undefined) return;
        await take(await drawForBlock(block, columns, sequences, execution));
      }
    } finally {
      await cursor.close();
    }
  } finally {
    release(bound);
  }
}
