/**
 * coverage_ratio, coverage_summary and coverage_gaps over one table's coverage; no file is read.
 */

import { SqlError } from "../base/errors.ts";
import { type BucketRange, bucketBounds, bucketOf } from "../table/buckets.ts";
import { type Coverage, runsOfEntity } from "../table/coverage.ts";
import {
  anyEntity,
  everyEntity,
  expectedBuckets,
  gapsInRange,
  ratio,
  spanOf,
  summarize,
} from "../table/coverage-query.ts";
import { type Entity, entityKey } from "../table/entities.ts";
import type { Runs } from "../table/runs.ts";
import type { SqlValue } from "../types/value.ts";
import { type EntityColumn, entitySqlValue, parseEntity } from "./entity-argument.ts";
import {
  bucketEnd,
  bucketStart,
  distance,
  rawDistance,
  rawOf,
  type TimeAxis,
} from "./time-axis.ts";

export interface CoverageSubject {
  readonly axis: TimeAxis;
  readonly entityColumns: readonly EntityColumn[];
  readonly coverage: Coverage;
  readonly rows: number;
  /** Rows by entityKey, undefined where segments hold several entities. */
  readonly rowsByEntity: ReadonlyMap<string, number> | undefined;
}

/** Arguments by name; absent ones have their default. */
export type Arguments = Readonly<Record<string, SqlValue | undefined>>;
type Across = "each" | "any" | "all" | "mean";
type Row = readonly SqlValue[];

/** One answer's runs: of an entity, or of several taken together. */
interface Subset {
  readonly entity: Entity | undefined;
  readonly runs: Runs;
}

export function coverageRatio(subject: CoverageSubject, args: Arguments): SqlValue {
  const across = acrossOf(args, "mean");
  if (across === "each") {
    throw new SqlError("22023", "coverage_ratio gives one number, not one for each entity", {
      hint: "Use coverage_summary.",
    });
  }
  const range = rangeOf(subject, args);
  if (range === undefined) return null;
  const expected = expectedBuckets(range);
  if (expected === 0n) return null;
  const subsets = subsetsOf(subject, args, across === "mean" ? "each" : across);
  if (subsets.length === 0) return across === "all" ? null : 0;
  const covered = subsets.reduce((sum, { runs }) => sum + summarize(runs, range).covered, 0n);
  return ratio(covered, expected * BigInt(subsets.length));
}

export function coverageSummary(subject: CoverageSubject, args: Arguments): Row[] {
  const across = acrossOf(args, "each");
  const range = rangeOf(subject, args) ?? { first: 0n, last: -1n };
  const isUnbounded = isNull(args["start"]) && isNull(args["finish"]);
  const subsets = subsetsOf(subject, args, across === "mean" ? "each" : across);
  if (across === "mean") return [meanSummary(subject, subsets, range, isUnbounded)];
  return subsets.map(({ entity, runs }) => {
    const { expected, covered, gaps, maxGap, ...summary } = summarize(runs, range);
    const { firstCovered, lastCovered } = summary;
    return [
      ...entityCells(subject, entity),
      firstCovered === undefined ? null : bucketStart(subject.axis, firstCovered),
      lastCovered === undefined ? null : bucketStart(subject.axis, lastCovered),
      expected,
      covered,
      expected - covered,
      expected === 0n ? null : ratio(covered, expected),
      BigInt(gaps),
      expected === 0n ? null : distance(subject.axis, maxGap),
      isUnbounded ? rowsOf(subject, entity) : null,
    ];
  });
}

/** Cells summed over all entities; gaps have no meaning there. */
function meanSummary(
  subject: CoverageSubject,
  subsets: readonly Subset[],
  range: BucketRange,
  isUnbounded: boolean,
): Row {
  const parts = subsets.map(({ runs }) => summarize(runs, range));
  const expected = parts.reduce((sum, part) => sum + part.expected, 0n);
  const covered = parts.reduce((sum, part) => sum + part.covered, 0n);
  const firsts = parts.flatMap(({ firstCovered }) => firstCovered ?? []);
  const lasts = parts.flatMap(({ lastCovered }) => lastCovered ?? []);
  const least = firsts.reduce<bigint | undefined>(
    (a, b) => (a === undefined || b < a ? b : a),
    undefined,
  );
  const greatest = lasts.reduce<bigint | undefined>(
    (a, b) => (a === undefined || b > a ? b : a),
    undefined,
  );
  return [
    ...entityCells(subject, undefined),
    least === undefined ? null : bucketStart(subject.axis, least),
    greatest === undefined ? null : bucketStart(subject.axis, greatest),
    expected,
    covered,
    expected - covered,
    expected === 0n ? null : ratio(covered, expected),
    null,
    null,
    isUnbounded ? BigInt(subject.rows) : null,
  ];
}

export function coverageGaps(subject: CoverageSubject, args: Arguments): Row[] {
  const across = acrossOf(args, "each");
  if (across === "mean") throw new SqlError("22023", "coverage_gaps has no mean over entities");
  const range = rangeOf(subject, args);
  if (range === undefined) return [];
  const minGap = isNull(args["min_gap"]) ? undefined : rawDistance(args["min_gap"] ?? null);
  const includeEdges = args["include_edges"] !== false;
  return subsetsOf(subject, args, across).flatMap(({ entity, runs }) =>
    gapRows(subject, entity, gapsInRange(runs, range), range, minGap, includeEdges),
  );
}

function gapRows(
  subject: CoverageSubject,
  entity: Entity | undefined,
  gaps: Runs,
  range: BucketRange,
  minGap: bigint | undefined,
  includeEdges: boolean,
): Row[] {
  const rows: Row[] = [];
  for (let at = 0; at < gaps.length; at += 2) {
    const first = gaps[at] ?? 0n;
    const last = gaps[at + 1] ?? 0n;
    if (!includeEdges && (first === range.first || last === range.last)) continue;
    const buckets = last - first + 1n;
    const length = distance(subject.axis, buckets);
    if (minGap !== undefined && rawDistance(length) < minGap) continue;
    const { axis } = subject;
    rows.push([
      ...entityCells(subject, entity),
      bucketStart(axis, first),
      bucketEnd(axis, last),
      buckets,
      length,
    ]);
  }
  return rows;
}

/** The buckets asked about; undefined where the table has none and a bound was left to it. */
function rangeOf(subject: CoverageSubject, args: Arguments): BucketRange | undefined {
  const { kind } = subject.axis;
  const start = isNull(args["start"]) ? undefined : rawOf(subject.axis, args["start"] ?? null);
  const finish = isNull(args["finish"]) ? undefined : rawOf(subject.axis, args["finish"] ?? null);
  if (start !== undefined && finish !== undefined && start > finish) {
    throw new SqlError("22023", "range start must not be after its finish");
  }
  const span = start === undefined || finish === undefined ? spanOf(subject.coverage) : undefined;
  const from = start ?? (span && bucketBounds(kind, span.first).min);
  const until = finish ?? (span && bucketBounds(kind, span.last).max + 1n);
  if (from === undefined || until === undefined) return undefined;
  // Crossing only because a bound was filled in: an empty range, no error.
  if (from >= until) return { first: 0n, last: -1n };
  return { first: bucketOf(kind, from), last: bucketOf(kind, until - 1n) };
}

function subsetsOf(
  subject: CoverageSubject,
  args: Arguments,
  across: "each" | "any" | "all",
): Subset[] {
  const { coverage, entityColumns } = subject;
  const asked = args["entity"];
  if (!isNull(asked)) {
    const entity = parseEntity(String(asked), entityColumns);
    return [{ entity, runs: runsOfEntity(coverage, entity) }];
  }
  if (entityColumns.length === 0) {
    return [{ entity: undefined, runs: anyEntity(coverage) }];
  }
  switch (across) {
    case "each":
      return coverage.map(({ entity, runs }) => ({ entity, runs }));
    case "any":
      return [{ entity: undefined, runs: anyEntity(coverage) }];
    case "all":
      return coverage.length === 0 ? [] : [{ entity: undefined, runs: everyEntity(coverage) }];
  }
}

function acrossOf(args: Arguments, fallback: Across): Across {
  const value = isNull(args["across"]) ? fallback : args["across"];
  const across = (["each", "any", "all", "mean"] as const).find((word) => word === value);
  if (across === undefined) {
    throw new SqlError("22023", `unknown value for across: "${String(value)}"`, {
      hint: "Available values: each, any, all, mean.",
    });
  }
  return across;
}

function entityCells(subject: CoverageSubject, entity: Entity | undefined): SqlValue[] {
  return subject.entityColumns.map((column, index) => {
    const component = entity?.[index];
    return component === undefined ? null : entitySqlValue(component, column.typeOid);
  });
}

function rowsOf(subject: CoverageSubject, entity: Entity | undefined): SqlValue {
  if (entity === undefined) return BigInt(subject.rows);
  const rows = subject.rowsByEntity?.get(entityKey(entity));
  return rows === undefined ? null : BigInt(rows);
}

function isNull(value: SqlValue | undefined): value is null | undefined {
  return value === null || value === undefined;
}
