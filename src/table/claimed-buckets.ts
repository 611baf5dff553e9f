/**
 * Buckets that a transaction has claimed, and what of them is covered. The order is everything:
 * claim, then look. Whoever had claimed them before is visible by then.
 */

import type { Coverage } from "./coverage.ts";
import type { LogicalField } from "./format.ts";
import type { HotTable } from "./hot-table.ts";
import type { PendingItems } from "./pending-items.ts";
import { clearBuckets } from "./replace-buckets.ts";
import type { Segment } from "./segment.ts";
import { allOrThrow, Staging } from "./staging.ts";
import { TableView } from "./table-view.ts";

export interface Claimant {
  readonly own: PendingItems;
  /** Others are told it, to wait for the transaction, which must have locked it. */
  readonly key: string;
}

/**
 * To the end of the transaction.
 * @returns what gives them back again but for a part
 * @throws ReservedError
 */
export function claimBuckets(
  hot: HotTable,
  { own, key }: Claimant,
  coverage: Coverage,
): (part: Coverage) => void {
  const isFirst = !hot.reservations.has(own);
  const giveBack = hot.reservations.claim(coverage, own, key);
  if (isFirst) own.atEnd(() => hot.reservations.release(own));
  return giveBack;
}

/**
 * Of everything decided, with an open transaction's changes on top.
 * @throws StoreError "unreadable-coverage"
 */
export async function coverageNow(hot: HotTable, own: PendingItems): Promise<Coverage> {
  const world = hot.capture();
  world.retain();
  try {
    return await new TableView(world, own.of(hot.tableId)).coverage();
  } finally {
    world.release();
  }
}

export function segmentsNow(hot: HotTable, own: PendingItems): readonly Segment[] {
  return new TableView(hot.capture(), own.of(hot.tableId)).segments();
}

export interface ClearOptions {
  /** What the transaction knows of; throws for others. */
  readonly check: (removed: readonly string[]) => void;
  readonly signal?: AbortSignal;
}

/**
 * Claimed buckets lose their rows, as part of the transaction, which has locked the table's
 * segments and brought into them whatever was hot.
 */
export async function emptyBuckets(
  hot: HotTable,
  own: PendingItems,
  buckets: Coverage,
  { check, signal }: ClearOptions,
): Promise<void> {
  const { table, files } = hot.attachment;
  const staging = new Staging(table, files, { signal });
  try {
    const head = await table.refresh();
    const target = { head, schema: head.meta.schema as readonly LogicalField[] };
    const segments = segmentsNow(hot, own);
    const { removed, added } = await clearBuckets(table, staging, target, segments, buckets);
    await allOrThrow(added.map(({ done }) => done));
    check(removed);
    staging.keepSegments(added);
    own.add(hot, { kind: "segments", tableId: hot.tableId, removed, added });
  } finally {
    await staging.removeUnused();
  }
}
