/** What an append does with each of its files, by what the table has already. */

import type { Decision } from "./append-report.ts";
import {
  type Coverage,
  countPairs,
  NO_COVERAGE,
  type Overlap,
  overlapOf,
  unite,
  unitedCoverage,
} from "./coverage.ts";
import { CoverageOverlapError } from "./error.ts";
import type { LogicalField } from "./format.ts";
import { type FoundOverlap, factsOf } from "./overlap.ts";
import type { RowLook, RowRepeats } from "./row-look.ts";
import type { Snapshot } from "./snapshot.ts";
import type { StagedFile } from "./stage.ts";
import type { StagedSource, Staging } from "./staging.ts";
import type { Table } from "./table.ts";

export interface DecideRequest {
  readonly head: Snapshot;
  readonly schema: readonly LogicalField[];
  readonly files: readonly StagedSource[];
  readonly policy: "reject" | "skip" | "replace" | "allow";
  readonly covered: Coverage;
  /** The policy is the look's; undefined: it is about buckets. */
  readonly rows: RowLook | undefined;
}

/** @throws CoverageOverlapError, and what the look throws */
export async function decide(
  table: Table,
  staging: Staging,
  request: DecideRequest,
): Promise<readonly Decision[]> {
  if (request.rows !== undefined) {
    return await decideByRow(table, staging, { ...request, rows: request.rows });
  }
  const { head, schema, files, policy, covered } = request;
  let coverage = covered;
  const decisions: Decision[] = [];
  const overlaps: FoundOverlap[] = [];
  for (const [source, original] of files) {
    const overlap = original && overlapOf(coverage, original.coverage);
    const earlier = decisions.flatMap(({ staged }) => staged ?? []);
    const repeats =
      policy === "replace" && original !== undefined
        ? overlapOf(unitedCoverage(earlier), original.coverage)
        : undefined;
    // Files of one statement do not replace each other.
    if (repeats !== undefined) overlaps.push({ source, overlap: repeats, earlier });
    else if (overlap !== undefined && policy === "reject") {
      overlaps.push({ source, overlap, earlier });
    }
    let staged = original;
    if (original !== undefined && overlap !== undefined && policy === "skip") {
      const isAll = overlap.count === countPairs(original.coverage);
      staged = isAll
        ? undefined
        : await staging.without(head.meta, schema, original, overlap.pairs);
    }
    const { count = 0n } = overlap ?? {};
    decisions.push(
      decisionOf(source, original, staged, overlap, policy === "replace" && count > 0n),
    );
    if (staged !== undefined) coverage = unite(coverage, staged.coverage);
  }
  if (overlaps.length > 0) throw new CoverageOverlapError(await factsOf(table, head, overlaps));
  return decisions;
}

function decisionOf(
  source: string,
  original: StagedFile | undefined,
  staged: StagedFile | undefined,
  overlap: Overlap | undefined,
  isReplacing: boolean,
): Decision {
  const { count: overlapBuckets = 0n, pairs: covered = NO_COVERAGE } = overlap ?? {};
  const decision = { source, staged, original, overlapBuckets, covered };
  return isReplacing ? { ...decision, isReplacing } : decision;
}

/** Buckets say where rows may be there; the look says which are. */
async function decideByRow(
  table: Table,
  staging: Staging,
  { head, schema, files, covered, rows }: DecideRequest & { readonly rows: RowLook },
): Promise<readonly Decision[]> {
  const meta = { ...head.meta, schema };
  const all = files.flatMap(([source, file]) => (file === undefined ? [] : [{ source, file }]));
  const repeats = await rows.look(
    await Promise.all(
      all.map(async ({ source, file: { key, coverage, min, max } }) => {
        const path = await table.store.localPath(key);
        const isNear = overlapOf(covered, coverage) !== undefined;
        return { source, path, near: isNear ? { min, max } : undefined };
      }),
    ),
  );
  try {
    const decisions: Decision[] = [];
    let coverage = covered;
    for (const [source, original] of files) {
      const overlap = original && overlapOf(coverage, original.coverage);
      const at = all.findIndex(({ file }) => file === original);
      const staged = original && (await withoutRepeats(staging, meta, original, repeats, at));
      const isReplacing = repeats.isReplacing && overlap !== undefined;
      decisions.push(decisionOf(source, original, staged, overlap, isReplacing));
      if (staged !== undefined) coverage = unite(coverage, staged.coverage);
    }
    return decisions;
  } finally {
    await repeats.close();
  }
}

async function withoutRepeats(
  staging: Staging,
  meta: Snapshot["meta"],
  original: StagedFile,
  repeats: RowRepeats,
  at: number,
): Promise<StagedFile | undefined> {
  const count = repeats.counts[at] ?? 0;
  if (count === 0) return original;
  if (count === original.rows) return undefined;
  const { key, path } = await staging.newFile();
  await repeats.writeWithout(at, path);
  const staged = await staging.take(meta, key, original.source);
  return staged && { ...staged, wasRewritten: true };
}
