/**
 * A row that takes the place of another of its key, as a transaction does it: a hot one is hidden,
 * one that a flush has moved meanwhile is taken out of its segment before the commit.
 */

import type { StagedSegment } from "../../src/table/items.ts";
import { PendingItems } from "../../src/table/pending-items.ts";
import { Staging } from "../../src/table/staging.ts";
import { type MeterRow, meterBlock, parquetOf, rowsOfParquet } from "../support/hot-rows.ts";
import { TestStore } from "../support/intake.ts";
import {
  A,
  acknowledged,
  deletion,
  deletionInTransaction,
  fresh,
  type Step,
  truncation,
} from "./steps.ts";

class Moved extends Error {}

export const replacing: Step = {
  name: "replace",
  async run(store, model) {
    const hot = store.intake.table(A);
    const mark = hot.replaceMark;
    const old = await newest(store);
    const own = new PendingItems();
    const kwh = fresh();
    const block = meterBlock([{ ...old.row, kwh }]);
    own.add(hot, { kind: "rows", tableId: A, schemaVersion: 1, block, isReplacing: true });
    own.replacesHot(hot, old.isHot ? mark : undefined);
    const change = { name: "replace", adds: { [A]: [kwh] }, removes: { [A]: [old.row.kwh] } };
    let isCommitted = false;
    let isSettled = true;
    try {
      for (;;) {
        if (own.replacing(false).length > 0) await takeOut(store, own, old.row);
        // The transaction does something else: a flush may come now.
        await store.files.create(`/in/${fresh()}`, new Uint8Array(1), false);
        isSettled = false;
        const isDone = await acknowledged(model, change, () => commit(store, own)).then(
          () => true,
          (cause: unknown) => {
            if (!(cause instanceof Moved)) throw cause;
            model.fail(change);
            return false;
          },
        );
        isSettled = true;
        if (isDone) break;
      }
      isCommitted = true;
    } finally {
      if (isSettled) await own.discard(isCommitted);
    }
  },
};

/** Both would hold the lock of the table's segments to their end. */
export function areLocked(one: Step, other: Step): boolean {
  const removing = [deletion, deletionInTransaction, truncation, replacing];
  return (
    (one === replacing && removing.includes(other)) ||
    (other === replacing && removing.includes(one))
  );
}

async function commit(store: TestStore, own: PendingItems): Promise<void> {
  await store.intake.commit(own.items(), {
    isSynced: true,
    beforeSequence: () => {
      if (own.replacing(false).length > 0) throw new Moved("hidden rows have moved");
    },
  });
}

/** The last hot row, or if there is none one of a segment. */
async function newest(
  store: TestStore,
): Promise<{ readonly row: MeterRow; readonly isHot: boolean }> {
  const lease = await store.intake.lease([A]);
  try {
    const view = lease.view(A);
    const hot = store.hotRows(A, await view.hot({})).at(-1);
    if (hot !== undefined) return { row: hot, isHot: true };
    const [segment] = await view.prune({});
    const path = `${TestStore.root(A)}/${segment?.path}`;
    const [row] = await rowsOfParquet(store.files, path);
    if (row === undefined) throw new Error("there is no row to replace");
    return { row, isHot: false };
  } finally {
    lease.release();
  }
}

async function takeOut(store: TestStore, own: PendingItems, old: MeterRow): Promise<void> {
  await store.intake.flush(A);
  const hot = store.intake.table(A);
  const lease = await store.intake.lease([A]);
  const staging = new Staging(hot.table, hot.attachment.files);
  try {
    const view = lease.view(A, own);
    const removed: string[] = [];
    const added: (StagedSegment & { readonly done: Promise<void> })[] = [];
    for (const segment of await view.prune({})) {
      const rows = await rowsOfParquet(store.files, `${TestStore.root(A)}/${segment.path}`);
      const kept = rows.filter((row) => row.device !== old.device || row.micros !== old.micros);
      if (kept.length === rows.length) continue;
      removed.push(segment.path);
      if (kept.length === 0) continue;
      const { key, path } = await staging.newFile();
      await store.files.create(path, parquetOf(kept), false);
      const staged = await staging.take(view.snapshot.meta, key, "without a replaced row");
      if (staged !== undefined) added.push(staging.segment(view.snapshot.meta, staged));
    }
    for (const { done } of added) await done;
    if (removed.length > 0) own.add(hot, { kind: "segments", tableId: A, removed, added });
    staging.keepSegments(added);
    own.replacesNone(hot);
  } finally {
    lease.release();
    await staging.removeUnused();
  }
}
