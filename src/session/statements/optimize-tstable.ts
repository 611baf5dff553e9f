/** OPTIMIZE TSTABLE: the small segments of a table become few, in one version. */

import { SqlError } from "../../base/errors.ts";
import type { OptimizeTstable } from "../../compile/own-statements.ts";
import type { SegmentMeta } from "../../table/format.ts";
import { allMerges, MERGE_TARGET } from "../../table/merge-plan.ts";
import { mergeSegments } from "../../table/merge-segments.ts";
import { segmentsOf } from "../../table/snapshot.ts";
import type { SqlValue } from "../../types/value.ts";
import type { Execution, Result } from "../execution.ts";
import { OPTIMIZE_FIELDS, type OptimizeReport, optimizeRow } from "../optimize-report.ts";
import { rowsOfValues } from "../row-source.ts";
import { lockSegments } from "../settle-rows.ts";
import type { TstableEntry } from "../tables.ts";
import { workOf } from "../work.ts";
import { requireWritable } from "../write-rules.ts";

/** @throws SqlError 25001, 25006; StoreError "version-taken" when another program was faster */
export async function optimizeTstable(
  statement: OptimizeTstable,
  execution: Execution,
): Promise<Result> {
  const { services, settings, transaction, isAlone, formats } = execution;
  if (transaction.isExplicit || !isAlone) {
    throw new SqlError("25001", "OPTIMIZE TSTABLE cannot run inside a transaction block");
  }
  requireWritable("OPTIMIZE TSTABLE", execution);
  const entry = services.tables.require(statement.table, settings);
  const report = await optimize(entry, statement, execution);
  const columns = OPTIMIZE_FIELDS.map(({ typeOid }, i) => ({ typeOid, format: formats[i] ?? 0 }));
  const rows = rowsOfValues([optimizeRow(report)], columns, settings.text);
  return { kind: "rows", rows, tag: () => "OPTIMIZE TSTABLE" };
}

/** What changes segments waits until it has ended; whoever reads or inserts does not. */
async function optimize(
  entry: TstableEntry,
  { targetBytes, isDryRun }: OptimizeTstable,
  execution: Execution,
): Promise<OptimizeReport> {
  const { intake } = execution.services;
  const { oid } = entry.info;
  const begin = performance.now();
  await lockSegments(entry, await workOf(execution), execution);
  await intake.flush(oid);
  const snapshot = await entry.table.refresh();
  const share = targetBytes === undefined ? 1 : targetBytes / MERGE_TARGET.bytes;
  const target = { rows: MERGE_TARGET.rows * share, bytes: MERGE_TARGET.bytes * share };
  const groups = allMerges(segmentsOf(snapshot), target);
  const { signal } = execution;
  const merged =
    groups.length === 0 || isDryRun
      ? undefined
      : await mergeSegments(intake.table(oid), groups, { alone: (publish) => publish(), signal });
  const sources = groups.flat();
  const written = merged?.added.map(({ meta }) => meta) ?? [];
  return {
    starting_version: BigInt(snapshot.version),
    committed_version: BigInt(merged?.version ?? snapshot.version),
    candidate_source_segments: BigInt(sources.length),
    source_segments_replaced: BigInt(merged?.removed.length ?? 0),
    replacement_segments_written: BigInt(written.length),
    rows_read: sum(merged?.removed ?? [], ({ rows }) => rows),
    rows_written: sum(written, ({ rows }) => rows),
    no_op: merged === undefined,
    bytes_before: sum(sources, bytesOf),
    bytes_after: sum(merged === undefined ? sources : written, bytesOf),
    elapsed: elapsedSince(begin),
  };
}

function bytesOf({ sizeBytes }: SegmentMeta): number {
  return sizeBytes ?? 0;
}

function sum<T>(all: readonly T[], of: (one: T) => number): bigint {
  return BigInt(all.reduce((total, one) => total + of(one), 0));
}

function elapsedSince(begin: number): SqlValue {
  const micros = BigInt(Math.round((performance.now() - begin) * 1000));
  return { kind: "interval", months: 0, days: 0, micros };
}
