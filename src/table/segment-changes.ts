/**
 * Files into a table, and segments replaced by others, while rows and files of it are decided that
 * no version has yet: overlap is checked against all of it.
 */

import { type AppendRequest, type AppendResult, appendFiles, requireSameSchema } from "./append.ts";
import { type AppendedFile, type Decision, newCells, report } from "./append-report.ts";
import { type Claimant, claimBuckets, coverageNow, segmentsNow } from "./claimed-buckets.ts";
import { type Coverage, overlapOf, unitedCoverage } from "./coverage.ts";
import { coverageAfter } from "./coverage-after.ts";
import { decide } from "./decide-files.ts";
import { StoreError } from "./error.ts";
import type { Action } from "./format.ts";
import type { HotTable } from "./hot-table.ts";
import { liveSegment } from "./item-fold.ts";
import type { StagedSegment } from "./items.ts";
import { newColumns } from "./physical-columns.ts";
import { type ClearedBuckets, clearBuckets } from "./replace-buckets.ts";
import type { Snapshot } from "./snapshot.ts";
import { allOrThrow, isOutcomeUnknown, Staging } from "./staging.ts";
import type { Proposal } from "./table.ts";
import { stagedCoverage } from "./table-world.ts";

type FilesRequest = Omit<AppendRequest, "covered">;

/**
 * As a version of its own, for a transaction that does nothing else.
 * @throws ReservedError; as `appendFiles`
 */
export async function appendPublished(
  hot: HotTable,
  claimant: Claimant,
  request: FilesRequest,
  signal?: AbortSignal,
): Promise<AppendResult> {
  const { table, files } = hot.attachment;
  const covered = async (wanted: Coverage) => {
    if (wanted.length > 0) claimBuckets(hot, claimant, wanted);
    return await coverageNow(hot, claimant.own);
  };
  return await appendFiles(table, files, { ...request, covered }, signal);
}

export interface StagedAppend {
  readonly files: readonly AppendedFile[];
  readonly cells: () => Coverage;
}

/** Of "replace", but for a dry run; used where something is covered. */
export interface PendingReplace {
  /** Nobody else removes segments from now on, and everything hot is in one, own rows too. */
  readonly settle: () => Promise<void>;
  /** Throws for other segments than the transaction knows. */
  readonly check: (removed: readonly string[]) => void;
}

/**
 * Into an open transaction: checked and claimed now, the table's when it commits.
 * @throws ReservedError; as `appendFiles`; StoreError "unsupported" for a table without a schema
 */
export async function appendPending(
  hot: HotTable,
  claimant: Claimant,
  request: FilesRequest & { readonly replace?: PendingReplace },
  signal?: AbortSignal,
): Promise<StagedAppend> {
  const { table, files } = hot.attachment;
  const { own } = claimant;
  const { overlap: policy, replace, isDryRun = false, rows } = request;
  const { meta } = await table.refresh();
  if (meta.schema === undefined) {
    throw new StoreError(
      "unsupported",
      "a table without columns gets them outside of a transaction",
    );
  }
  const staging = new Staging(table, files, { widens: request.widens ?? false, signal });
  try {
    const { schema, staged } = await staging.bringAll(meta, request.files);
    const wanted = unitedCoverage(staged.flatMap(([, file]) => file ?? []));
    const isClaiming = policy !== "allow" && !isDryRun && rows === undefined;
    const giveBack = isClaiming ? claimBuckets(hot, claimant, wanted) : undefined;
    const isReplacing =
      replace !== undefined && overlapOf(await coverageNow(hot, own), wanted) !== undefined;
    if (isReplacing) await replace.settle();
    let decisions: readonly Decision[] = [];
    let cleared: ClearedBuckets = { removed: [], added: [] };
    // In the table's queue, where no version comes between; nothing is published.
    await table.commit(async (head) => {
      requireSameSchema(head, schema);
      const covered = await coverageNow(hot, own);
      const deciding = { head, schema, files: staged, policy, covered, rows };
      decisions = await decide(table, staging, deciding);
      const kept = unitedCoverage(decisions.flatMap((one) => one.staged ?? []));
      giveBack?.(kept);
      if (!isReplacing || rows !== undefined) return undefined;
      cleared = await clearBuckets(table, staging, { head, schema }, segmentsNow(hot, own), kept);
      return undefined;
    }, signal);
    if (!isDryRun) {
      const added = decisions
        .flatMap((one) => one.staged ?? [])
        .map((one) => staging.segment(meta, one));
      const all = [...cleared.added, ...added];
      await allOrThrow(all.map(({ done }) => done));
      replace?.check(cleared.removed);
      staging.keepSegments(all);
      const { removed } = cleared;
      own.add(hot, { kind: "segments", tableId: hot.tableId, removed, added: all });
    }
    return {
      files: decisions.map((decision) => report(decision, undefined)),
      cells: () => newCells(decisions),
    };
  } finally {
    await staging.removeUnused();
  }
}

export interface Replacement {
  /** Paths of live segments. */
  readonly removed: readonly string[];
  /** Durable. */
  readonly added: readonly StagedSegment[];
}

/**
 * As a version of its own, called `operation` in the history; coverage is exact afterwards. What
 * names these paths and is not published must have been flushed before.
 * @throws StoreError "version-taken" when a path is no longer live: plan again
 */
export async function replaceSegments(
  hot: HotTable,
  { removed, added }: Replacement,
  operation: string,
  signal?: AbortSignal,
): Promise<Snapshot> {
  const { table, files } = hot.attachment;
  if (removed.length + added.length === 0) return table.snapshot;
  const staging = new Staging(table, files);
  try {
    const plan = async (head: Snapshot): Promise<Proposal> => {
      for (const path of removed) {
        if (liveSegment(head, path) !== undefined) continue;
        throw new StoreError("version-taken", `segment "${path}" was replaced by another writer`);
      }
      const changed = await Promise.all(added.map((one) => stagedCoverage(table, head, one)));
      const coverage = await coverageAfter(table, head, new Set(removed), changed);
      const file = staging.tableCoverage(head.meta, head.version + 1, coverage);
      const columns = newColumns(head, added);
      const { kind: indexKind } = head.meta.index;
      const actions: readonly Action[] = [
        ...removed.map((path) => ({ kind: "remove-segment", path }) as const),
        ...added.map(({ meta }) => ({ kind: "add-segment", segment: meta }) as const),
        { kind: "update-coverage", indexKind, coveragePath: file.key },
      ];
      return {
        actions,
        own: { operation, ...(columns !== undefined && { columns }) },
        ready: file.done,
        coverage,
        onPublished: () => staging.keep([file.key]),
      };
    };
    return (await table.commit(plan, signal)) ?? table.snapshot;
  } catch (cause) {
    // A version may name the coverage file: it must stay.
    if (isOutcomeUnknown(cause)) staging.keepAll();
    throw cause;
  } finally {
    await staging.removeUnused();
  }
}
