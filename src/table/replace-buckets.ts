/** What segments have of some buckets goes: dropped whole, or written again without them. */

import { type Coverage, countPairs, overlapOf } from "./coverage.ts";
import type { LogicalField } from "./format.ts";
import type { StagedSegment } from "./items.ts";
import type { Segment } from "./segment.ts";
import type { Snapshot } from "./snapshot.ts";
import type { Staging } from "./staging.ts";
import type { Table } from "./table.ts";

export interface ClearedBuckets {
  readonly removed: readonly string[];
  readonly added: readonly (StagedSegment & { readonly done: Promise<void> })[];
}

/** @throws StoreError "unreadable-coverage", and what the port throws */
export async function clearBuckets(
  table: Table,
  staging: Staging,
  { head, schema }: { readonly head: Snapshot; readonly schema: readonly LogicalField[] },
  segments: readonly Segment[],
  buckets: Coverage,
): Promise<ClearedBuckets> {
  const removed: string[] = [];
  const added: ClearedBuckets["added"][number][] = [];
  if (buckets.length === 0) return { removed, added };
  for (const segment of segments) {
    const coverage = await table.segmentCoverage(head, segment);
    const overlap = overlapOf(buckets, coverage);
    if (overlap === undefined) continue;
    removed.push(segment.path);
    if (overlap.count === countPairs(coverage)) continue;
    const { path: key, sizeBytes } = segment;
    const size = sizeBytes ?? (await table.store.stat(key))?.sizeBytes ?? 0;
    const file = { key, source: key, sizeBytes: size };
    const rest = await staging.without(head.meta, schema, file, overlap.pairs);
    added.push(staging.segment(head.meta, rest));
  }
  return { removed, added };
}
