/** Where an overlap is: what the error of a refused append tells. */

import { bucketBounds } from "./buckets.ts";
import { type Overlap, runsOfEntity } from "./coverage.ts";
import type { OverlapFacts } from "./error.ts";
import { clip } from "./runs.ts";
import type { Segment } from "./segment.ts";
import type { Snapshot } from "./snapshot.ts";
import type { StagedFile } from "./stage.ts";
import type { Table } from "./table.ts";

export interface FoundOverlap {
  /** undefined: rows that come from no file. */
  readonly source: string | undefined;
  readonly overlap: Overlap;
  /** Files of the same statement that come before. */
  readonly earlier: readonly StagedFile[];
}

/** `overlaps` in the order of the statement's files, at least one. */
export async function factsOf(
  table: Table,
  head: Snapshot,
  overlaps: readonly FoundOverlap[],
): Promise<OverlapFacts> {
  const [first] = overlaps as [FoundOverlap];
  const { entity, bucket } = first.overlap;
  const segment = await segmentWith(table, head, first.overlap);
  const other = first.earlier.find(
    ({ coverage }) => clip(runsOfEntity(coverage, entity), bucket, bucket).length > 0,
  );
  return {
    count: overlaps.reduce((sum, { overlap }) => sum + overlap.count, 0n),
    first: {
      entity,
      ...bucketBounds(head.meta.index.kind, bucket),
      segment: segment?.path,
      version: segment?.addedIn,
      file: first.source,
      otherFile: segment === undefined ? other?.source : undefined,
    },
  };
}

/** The oldest segment that has the bucket, as far as its sidecar can be read. */
async function segmentWith(
  table: Table,
  head: Snapshot,
  { entity, bucket }: Overlap,
): Promise<Segment | undefined> {
  const bounds = bucketBounds(head.meta.index.kind, bucket);
  const entities = entity.map((value, component) => ({ component, anyOf: [value] }));
  const candidates = await table.prune(head, { ...bounds, entities });
  for (const segment of candidates.toSorted((a, b) => a.addedIn - b.addedIn)) {
    const coverage = await table.segmentCoverage(head, segment).catch(() => undefined);
    if (coverage && clip(runsOfEntity(coverage, entity), bucket, bucket).length > 0) return segment;
  }
  return undefined;
}
