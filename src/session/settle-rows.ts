/**
 * What a change of segments needs before it looks for rows: nobody else changes them, and every row
 * it may see is in one.
 */

import { SqlError } from "../base/errors.ts";
import type { Plan } from "../compile/plan.ts";
import { writeOwnRows } from "../table/pending-segments.ts";
import type { Segment } from "../table/segment.ts";
import type { Execution } from "./execution.ts";
import type { LockTarget } from "./locks.ts";
import { lockWait } from "./plain/work.ts";
import { PlanValues } from "./plan-values.ts";
import { takeOutReplaced } from "./replaced-rows.ts";
import type { TstableEntry } from "./tables.ts";
import type { TransactionWork } from "./work.ts";

/** Rows that other sessions insert meanwhile make another flush necessary. */
const FLUSHES_MAX = 3;

/** Whoever removes segments that are not its own holds it. */
export function segmentLock({ info: { oid, name } }: TstableEntry): LockTarget {
  return { key: `segments of ${oid}`, title: `relation "${name}"`, relationOid: oid };
}

/** To the end of the transaction. */
export async function lockSegments(
  entry: TstableEntry,
  { owner }: TransactionWork,
  execution: Execution,
): Promise<void> {
  const { locks } = execution.services;
  await locks.acquire(owner, segmentLock(entry), "exclusive", lockWait(execution));
}

/** Every row that is there now is in a segment, those of the transaction too. */
export async function settleRows(
  entry: TstableEntry,
  work: TransactionWork,
  execution: Execution,
): Promise<void> {
  const { intake } = execution.services;
  const { oid } = entry.info;
  await intake.flush(oid);
  if (work.items.replacing(true).includes(oid)) {
    if (execution.transaction.keepsOneWorld) throw concurrentChange(entry);
    await takeOutReplaced(entry, work, execution);
  }
  await writeOwnRows(intake.table(oid), work.items, execution.signal);
}

/**
 * The values of a plan in a world in which the table has no rows but those of segments; others
 * that come meanwhile are newer than the statement. Under REPEATABLE READ the world may be older,
 * and rows in it that are in no segment can be read but not changed. The caller releases the world.
 */
export async function settledValues(
  plan: Plan,
  entry: TstableEntry,
  work: TransactionWork,
  execution: Execution,
): Promise<PlanValues> {
  for (let flushes = 1; ; flushes += 1) {
    await settleRows(entry, work, execution);
    const values = await PlanValues.of(plan, execution);
    try {
      const hot = await values.world.view(entry).hot({});
      const isFixed = execution.transaction.keepsOneWorld || flushes === FLUSHES_MAX;
      if (hot.length === 0 || isFixed) return values;
    } catch (cause) {
      values.world.release();
      throw cause;
    }
    values.world.release();
  }
}

/**
 * Under REPEATABLE READ another transaction may have replaced what this one's world shows.
 * @throws SqlError 40001
 */
export async function requireUnchanged(
  segments: readonly Segment[],
  entry: TstableEntry,
  work: TransactionWork,
  { transaction, services }: Execution,
): Promise<void> {
  if (!transaction.keepsOneWorld) return;
  const { oid } = entry.info;
  const lease = await services.intake.lease([oid]);
  try {
    const now = new Set(
      lease
        .view(oid, work.items)
        .segments()
        .map(({ path }) => path),
    );
    if (segments.some(({ path }) => !now.has(path))) throw concurrentChange(entry);
  } finally {
    lease.release();
  }
}

/** Of a REPEATABLE READ transaction. */
export function concurrentChange({ info }: TstableEntry): SqlError {
  return new SqlError("40001", "could not serialize access due to concurrent update", {
    detail: `Rows of "${info.name}" have moved since the transaction began.`,
    hint: "The transaction might succeed if retried.",
  });
}
