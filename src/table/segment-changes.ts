/**
 * Files into a table, and segments replaced by others, while rows and files of it are decided that
 * no version has yet: overlap is checked against all of it.
 */

import {
  type AppendRequest,
  type AppendResult,
  appendFiles,
  decide,
  requireSameSchema,
} from "./append.ts";
import { type AppendedFile, type Decision, newCells, report } from "./append-report.ts";
import { type Coverage, unite } from "./coverage.ts";
import { coverageAfter } from "./coverage-after.ts";
import { StoreError } from "./error.ts";
import type { Action } from "./format.ts";
import type { HotTable } from "./hot-table.ts";
import { liveSegment } from "./item-fold.ts";
import type { StagedSegment } from "./items.ts";
import type { PendingItems } from "./pending-items.ts";
import { newColumns } from "./physical-columns.ts";
import { type ClearedBuckets, clearBuckets } from "./replace-buckets.ts";
import type { Segment } from "./segment.ts";
import type { Snapshot } from "./snapshot.ts";
import { allOrThrow, isOutcomeUnknown, Staging } from "./staging.ts";
import type { Proposal } from "./table.ts";
import { TableView } from "./table-view.ts";
import { stagedCoverage } from "./table-world.ts";

type FilesRequest = Omit<AppendRequest, "covered" | "checkFree">;

/** As a version of its own. @throws ReservedError; as `appendFiles` */
export async function appendPublished(
  hot: HotTable,
  request: FilesRequest,
  signal?: AbortSignal,
): Promise<AppendResult> {
  const { table, files } = hot.attachment;
  const complete: AppendRequest = {
    ...request,
    covered: async () => await coverageNow(hot, undefined),
    checkFree: (coverage) => hot.reservations.check(coverage),
  };
  return await appendFiles(table, files, complete, signal);
}

/** Of everything decided, with an open transaction's changes on top. */
async function coverageNow(hot: HotTable, own: PendingItems | undefined): Promise<Coverage> {
  const world = hot.capture();
  world.retain();
  try {
    return await new TableView(world, own?.of(hot.tableId)).coverage();
  } finally {
    world.release();
  }
}

function segmentsNow(hot: HotTable, own: PendingItems): readonly Segment[] {
  return new TableView(hot.capture(), own.of(hot.tableId)).segments();
}

export interface StagedAppend {
  readonly files: readonly AppendedFile[];
  readonly cells: () => Coverage;
}

/**
 * Into an open transaction: checked and reserved now, the table's when it commits. Whoever wants
 * the same buckets is told `key`, which the transaction must have locked.
 * @throws ReservedError; as `appendFiles`; StoreError "unsupported" for a table without a schema
 */
export async function appendPending(
  hot: HotTable,
  own: PendingItems,
  request: FilesRequest & {
    readonly key: string;
    /** Of "replace", whose caller has locked the table's segments: throws for others than known. */
    readonly check?: (removed: readonly string[]) => void;
  },
  signal?: AbortSignal,
): Promise<StagedAppend> {
  const { table, files } = hot.attachment;
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
    let decisions: readonly Decision[] = [];
    let cleared: ClearedBuckets = { removed: [], added: [] };
    // In the table's queue, where nothing else is admitted meanwhile; nothing is published.
    await table.commit(async (head) => {
      requireSameSchema(head, schema);
      const covered = await coverageNow(hot, own);
      const policy = request.overlap;
      decisions = await decide(table, staging, { head, schema, files: staged, policy, covered });
      const coverage = decisions.reduce<Coverage>(
        (sum, one) => (one.staged === undefined ? sum : unite(sum, one.staged.coverage)),
        [],
      );
      if (policy === "allow" || request.isDryRun === true || coverage.length === 0)
        return undefined;
      hot.reservations.check(coverage, own);
      own.atEnd(hot.reservations.reserve(coverage, own, request.key));
      if (policy === "replace") {
        const target = { head, schema };
        cleared = await clearBuckets(table, staging, target, segmentsNow(hot, own), coverage);
      }
      return undefined;
    }, signal);
    if (request.isDryRun !== true) {
      const added = decisions
        .flatMap((one) => one.staged ?? [])
        .map((one) => staging.segment(meta, one));
      const all = [...cleared.added, ...added];
      await allOrThrow(all.map(({ done }) => done));
      request.check?.(cleared.removed);
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
