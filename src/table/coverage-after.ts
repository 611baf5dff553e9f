/**
 * Exact coverage after segments went out: what they covered is looked up again in those that stay
 * and reach into the same buckets. Costs what was removed, not what the table has.
 */

import { bucketBounds, bucketOf } from "./buckets.ts";
import { type Coverage, NO_COVERAGE, overlapOf, unite, withoutPairs } from "./coverage.ts";
import type { Segment } from "./segment.ts";
import { type Snapshot, segmentsOf } from "./snapshot.ts";
import type { Table } from "./table.ts";

/** @throws StoreError "unreadable-coverage" */
export async function coverageAfter(
  table: Table,
  snapshot: Snapshot,
  hidden: ReadonlySet<string>,
  added: readonly Coverage[],
): Promise<Coverage> {
  let coverage: Coverage = NO_COVERAGE;
  if (hidden.size < snapshot.totals.segments || hidden.size === 0) {
    coverage = await table.coverage(snapshot);
    if (hidden.size > 0) coverage = await without(table, snapshot, hidden, coverage);
  }
  for (const part of added) coverage = unite(coverage, part);
  return coverage;
}

async function without(
  table: Table,
  snapshot: Snapshot,
  hidden: ReadonlySet<string>,
  coverage: Coverage,
): Promise<Coverage> {
  const removed = segmentsOf(snapshot).filter(({ path }) => hidden.has(path));
  let gone: Coverage = NO_COVERAGE;
  for (const segment of removed) gone = unite(gone, await table.segmentCoverage(snapshot, segment));
  let left = withoutPairs(coverage, gone);
  for (const segment of await neighbours(table, snapshot, removed)) {
    if (hidden.has(segment.path)) continue;
    const shared = overlapOf(await table.segmentCoverage(snapshot, segment), gone);
    if (shared !== undefined) left = unite(left, shared.pairs);
  }
  return left;
}

/** Whatever reaches into a bucket of one of these segments. */
async function neighbours(
  table: Table,
  snapshot: Snapshot,
  removed: readonly Segment[],
): Promise<ReadonlySet<Segment>> {
  const { kind } = snapshot.meta.index;
  const found = new Set<Segment>();
  for (const { min, max, layout } of removed) {
    const entities =
      layout.kind === "Single"
        ? layout.entity.map((value, component) => ({ component, anyOf: [value] }))
        : [];
    const query = {
      min: bucketBounds(kind, bucketOf(kind, min.raw)).min,
      max: bucketBounds(kind, bucketOf(kind, max.raw)).max,
      entities,
    };
    for (const segment of await table.prune(snapshot, query)) found.add(segment);
  }
  return found;
}
