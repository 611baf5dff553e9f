/** Rows of an open transaction written as a segment of its own: its memory stays bounded. */

import type { HotTable } from "./hot-table.ts";
import type { PendingItems } from "./pending-items.ts";
import { ORIGINS } from "./segment.ts";
import { Staging } from "./staging.ts";

/** @throws StoreError, StorageError, and what the ports throw; the rows are then as they were */
export async function writeOwnRows(
  hot: HotTable,
  own: PendingItems,
  signal?: AbortSignal,
): Promise<void> {
  const changes = own.of(hot.tableId);
  if (changes === undefined || changes.rows === 0) return;
  const { table, storage, files } = hot.attachment;
  const { meta } = table.snapshot;
  const staging = new Staging(table, files, { signal });
  try {
    const { key, path } = await staging.newFile();
    await storage.write(await changes.ranges({}), path, signal);
    const staged = await staging.take(meta, key, ORIGINS.transaction);
    const added = staged === undefined ? [] : [staging.segment(meta, staged)];
    for (const { done } of added) await done;
    own.rowsBecome(hot, added);
    staging.keepSegments(added);
  } finally {
    await staging.removeUnused();
  }
}
