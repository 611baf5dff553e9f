/** What listeners are told of the rows and segments that a transaction commits through the log. */

import { log } from "../base/telemetry.ts";
import { type Coverage, NO_COVERAGE, overlapOf, unite, withoutPairs } from "../table/coverage.ts";
import type { NewItem } from "../table/items.ts";
import { notifyCommit, type TableCommit, tellsOf } from "./commit-notice.ts";
import type { Services } from "./services.ts";
import type { TstableEntry } from "./tables.ts";

type NoticeServices = Pick<Services, "intake" | "tables" | "notifications">;

/** Of one table's items: what they bring. */
interface Gain {
  readonly rows: number;
  readonly segments: number;
  readonly min: bigint | undefined;
  readonly max: bigint | undefined;
  /** undefined: some of it only a file knows. */
  readonly coverage: Coverage | undefined;
}

const NOTHING: Gain = {
  rows: 0,
  segments: 0,
  min: undefined,
  max: undefined,
  coverage: NO_COVERAGE,
};

/**
 * Before the commit, as what is newly covered depends on what was there; the answer is called once
 * it is durable, and never throws. undefined: nobody listens.
 */
export async function noticesOf(
  items: readonly NewItem[],
  services: NoticeServices,
  processId: number,
): Promise<(() => void) | undefined> {
  const { tables, notifications } = services;
  const commits: (readonly [TstableEntry, TableCommit])[] = [];
  for (const tableId of new Set(items.map((item) => item.tableId))) {
    const entry = tables.byOid(tableId);
    if (entry === undefined || !tellsOf(notifications, entry)) continue;
    const own = items.filter((item) => item.tableId === tableId);
    commits.push([entry, await commitOfItems(own, tableId, services, processId)]);
  }
  if (commits.length === 0) return undefined;
  return () => {
    try {
      for (const [entry, commit] of commits) notifyCommit(notifications, entry, commit);
    } catch (cause) {
      log("error", "commit not told to its listeners", { cause }); // it has happened all the same
    }
  };
}

async function commitOfItems(
  items: readonly NewItem[],
  tableId: number,
  services: NoticeServices,
  processId: number,
): Promise<TableCommit> {
  const { coverage, ...gain } = items
    .map((item) => gainOf(item, tableId, services))
    .reduce(sum, NOTHING);
  const cells = coverage && (await newlyCovered(coverage, tableId, services));
  return {
    version: undefined,
    operation: operationOf(items),
    ...gain,
    cells: cells && (() => cells),
    processId,
  };
}

function gainOf(item: NewItem, tableId: number, { intake }: NoticeServices): Gain {
  switch (item.kind) {
    case "segments":
      return item.added
        .map(({ meta, coverage }) => ({
          rows: meta.rows,
          segments: 1,
          min: meta.min.raw,
          max: meta.max.raw,
          coverage,
        }))
        .reduce(sum, NOTHING);
    case "rows": {
      const hot = intake.table(tableId);
      const made = hot.item(item, 0);
      if (made.kind !== "rows") return NOTHING;
      const coverage = made.coverage(hot.attachment.keys, hot.table.snapshot.meta.index.kind);
      return { rows: made.rows, segments: 0, ...made.bounds, coverage };
    }
  }
}

function sum(a: Gain, b: Gain): Gain {
  return {
    rows: a.rows + b.rows,
    segments: a.segments + b.segments,
    min: a.min === undefined || (b.min !== undefined && b.min < a.min) ? b.min : a.min,
    max: a.max === undefined || (b.max !== undefined && b.max > a.max) ? b.max : a.max,
    coverage: a.coverage && b.coverage && unite(a.coverage, b.coverage),
  };
}

/** undefined: what was covered before cannot be read. */
async function newlyCovered(
  coverage: Coverage,
  tableId: number,
  { intake }: NoticeServices,
): Promise<Coverage | undefined> {
  const lease = await intake.lease([tableId]);
  try {
    const before = await lease.view(tableId).coverage();
    return withoutPairs(coverage, overlapOf(before, coverage)?.pairs ?? NO_COVERAGE);
  } catch (cause) {
    log("warn", "coverage not known for a notification", { cause });
    return undefined;
  } finally {
    lease.release();
  }
}

function operationOf(items: readonly NewItem[]): string {
  if (items.some(({ kind }) => kind === "rows")) return "INSERT";
  const changes = items.filter((item) => item.kind === "segments");
  const [{ operation } = {}] = changes;
  if (operation !== undefined && changes.every((one) => one.operation === operation)) {
    return operation;
  }
  if (changes.every(({ removed }) => removed.length === 0)) return "APPEND";
  return changes.every(({ added }) => added.length === 0) ? "DELETE" : "REWRITE";
}
