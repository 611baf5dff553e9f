/**
 * Segments made one, as a version of its own with the same rows and the same coverage:
 *
 * 1. write the merged files beside the others, while everybody goes on;
 * 2. hold what was written against what was read: as many rows, the same buckets;
 * 3. with nobody else removing segments, and none of these named by what the log has decided:
 *    publish. Who finds a segment gone gives up; the files written are removed.
 *
 * The old files stay for who reads an older version. A crash leaves files that no version names.
 */

import { type Coverage, countPairs, overlapOf, unite, unitedCoverage } from "./coverage.ts";
import { corrupt, StoreError } from "./error.ts";
import type { Action } from "./format.ts";
import type { MergeRange } from "./hot-storage.ts";
import type { HotTable } from "./hot-table.ts";
import { liveSegment } from "./item-fold.ts";
import type { StagedSegment } from "./items.ts";
import { cutsOf } from "./merge-cuts.ts";
import type { MergeGroup } from "./merge-plan.ts";
import { newColumns } from "./physical-columns.ts";
import { ORIGINS, type Segment } from "./segment.ts";
import type { Snapshot } from "./snapshot.ts";
import { allOrThrow, isOutcomeUnknown, Staging } from "./staging.ts";
import type { Proposal } from "./table.ts";

export interface MergeOptions {
  /** Runs `publish` while nobody else removes segments; throws when that cannot be had. */
  readonly alone: (publish: () => Promise<Snapshot>) => Promise<Snapshot>;
  readonly signal?: AbortSignal | undefined;
}

export interface Merged {
  readonly version: number;
  readonly removed: readonly Segment[];
  readonly added: readonly StagedSegment[];
}

type Written = StagedSegment & { readonly done: Promise<void> };

/**
 * @throws StoreError "version-taken" when somebody else changed these segments: plan again;
 * "unreadable-coverage", "log-corrupt" when a file does not hold what the log says; and what the
 * ports throw
 */
export async function mergeSegments(
  hot: HotTable,
  groups: readonly MergeGroup[],
  { alone, signal }: MergeOptions,
): Promise<Merged> {
  const { table, files } = hot.attachment;
  // A table that is dropped meanwhile keeps its folder.
  const lease = table.lease();
  const staging = new Staging(table, files, { signal });
  try {
    const added: Written[] = [];
    for (const group of groups) {
      signal?.throwIfAborted();
      added.push(...(await writeMerged(hot, group, lease.snapshot, staging, signal)));
    }
    await allOrThrow(added.map(({ done }) => done));
    const removed = groups.flat();
    const { version } = await alone(async () => {
      const plan = async (head: Snapshot) => proposalOf(hot, head, removed, added, staging);
      return (await table.commit(plan, signal)) ?? table.snapshot;
    });
    return { version, removed, added };
  } catch (cause) {
    // A version may name these files: they must stay.
    if (isOutcomeUnknown(cause)) staging.keepAll();
    throw cause;
  } finally {
    await staging.removeUnused();
    lease.release();
  }
}

/** The rows of a group, in one segment or in a few that lie far apart in time. */
async function writeMerged(
  { table, attachment }: HotTable,
  group: MergeGroup,
  snapshot: Snapshot,
  staging: Staging,
  signal: AbortSignal | undefined,
): Promise<readonly Written[]> {
  const { meta } = snapshot;
  const { index, schema = [] } = meta;
  const coverages: Coverage[] = [];
  for (const segment of group) coverages.push(await table.segmentCoverage(snapshot, segment));
  const coverage = coverages.reduce(unite);
  const sources = await Promise.all(group.map(({ path }) => table.store.localPath(path)));
  const order = [...index.entityColumns, index.column];
  const written: Written[] = [];
  for (const range of rangesOf(coverage, snapshot, group.length)) {
    const { key, path: target } = await staging.newFile();
    await attachment.storage.merge({ sources, target, columns: schema, order, ...range }, signal);
    const staged = await staging.take(meta, key, ORIGINS.merged);
    if (staged !== undefined) written.push(staging.segment(meta, staged));
  }
  requireSame(group, coverage, written);
  return written;
}

function rangesOf(
  coverage: Coverage,
  { meta }: Snapshot,
  sources: number,
): readonly { readonly range?: MergeRange }[] {
  const { column, kind } = meta.index;
  const cuts = cutsOf(coverage, kind);
  // There must be far fewer segments than before.
  if (cuts.length === 0 || 2 * (cuts.length + 1) > sources) return [{}];
  return [undefined, ...cuts].map((from, i) => ({ range: { column, from, before: cuts[i] } }));
}

/** @throws StoreError "log-corrupt" */
function requireSame(group: MergeGroup, before: Coverage, written: readonly Written[]): void {
  const rows = (segments: readonly { readonly rows: number }[]) =>
    segments.reduce((sum, one) => sum + one.rows, 0);
  const after = unitedCoverage(written.map(({ coverage = [] }) => ({ coverage })));
  const pairs = countPairs(before);
  const isSame = countPairs(after) === pairs && (overlapOf(before, after)?.count ?? 0n) === pairs;
  if (isSame && rows(group) === rows(written.map(({ meta }) => meta))) return;
  const paths = group.map(({ path }) => `"${path}"`).join(", ");
  throw corrupt(`segments ${paths} do not hold the rows that it says`);
}

function proposalOf(
  hot: HotTable,
  head: Snapshot,
  removed: readonly Segment[],
  added: readonly Written[],
  staging: Staging,
): Proposal {
  if (hot.isDetached) throw new StoreError("no-table", "table is gone");
  const named = hot.removals();
  for (const { path } of removed) {
    if (liveSegment(head, path) !== undefined && !named.has(path)) continue;
    throw new StoreError("version-taken", `segment "${path}" was replaced by another writer`);
  }
  const columns = newColumns(head, added);
  const actions: readonly Action[] = [
    ...removed.map(({ path }) => ({ kind: "remove-segment", path }) as const),
    ...added.map(({ meta }) => ({ kind: "add-segment", segment: meta }) as const),
  ];
  // What is covered is what was: the table's coverage file stays.
  return {
    actions,
    own: { operation: "OPTIMIZE", ...(columns !== undefined && { columns }) },
    ready: Promise.resolve(),
    onPublished: () => staging.keepSegments(added),
  };
}
