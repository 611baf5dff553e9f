/** Every table the reference library wrote opens here with the answers it gives itself. */

import { expect, test } from "vitest";
import { openLocalStore } from "../../src/storage/local-store.ts";
import { bucketBounds, bucketIdOf, bucketOf, bucketsOfRange } from "../../src/table/buckets.ts";
import type { Coverage } from "../../src/table/coverage.ts";
import {
  anyEntity,
  everyEntity,
  gapsInRange,
  spanOf,
  summarize,
} from "../../src/table/coverage-query.ts";
import type { IndexKind } from "../../src/table/format.ts";
import { formatInstant, parseInstant } from "../../src/table/rfc3339.ts";
import { countBuckets, type Runs } from "../../src/table/runs.ts";
import { encodeSchema } from "../../src/table/schema-json.ts";
import type { Snapshot } from "../../src/table/snapshot.ts";
import { segmentsOf } from "../../src/table/snapshot.ts";
import { openTable, type Table } from "../../src/table/table.ts";
import { expectedOf, fixtureNames, fixturePath } from "../support/fixtures.ts";

const names = fixtureNames();

test("all fixtures are there", () => {
  expect(names).toHaveLength(38);
});

for (const name of names) {
  test(`${name} opens with the version, rows and bounds it was written with`, async () => {
    const expected = expectedOf(name);
    const { snapshot } = await open(name);
    expect(snapshot.version).toBe(expected.version);
    expect(snapshot.totals.segments).toBe(expected.segments);
    expect(snapshot.totals.rows).toBe(expected.rows ?? 0);
    expect(snapshot.meta.index.column).toBe(expected.index_spec.column);
    expect(snapshot.meta.index.entityColumns).toEqual(expected.index_spec.entity_columns);
    const schema = snapshot.meta.schema && encodeSchema(snapshot.meta.schema)["columns"];
    expect(schema ?? null).toEqual(expected.registered_schema);
    expect(summaryOf(snapshot)).toEqual((expected.segment_list ?? []).map(summaryOfExpected));
    if (expected.segments > 0 && expected.rows_with_time > 0) {
      expect(boundsOf(snapshot)).toEqual(
        [expected.min_time, expected.max_time].map((bound) => rawBound(snapshot, bound)),
      );
    }
  });

  test(`${name} has the coverage that its sidecars say`, async () => {
    const expected = expectedOf(name).coverage;
    const table = await open(name);
    const coverage = await table.coverage();
    if (expected === undefined) {
      expect(coverage).toEqual([]);
      return;
    }
    const { kind, entityColumns } = table.snapshot.meta.index;
    const span = spanOf(coverage);
    expect(span && bucketIdOf(span.first)).toBe(BigInt(expected.first_bucket_id));
    expect(span && bucketIdOf(span.last)).toBe(BigInt(expected.last_bucket_id));
    if (span === undefined) return;

    expect(coverage).toHaveLength(expected.entities.length);
    for (const [i, entity] of expected.entities.entries()) {
      const entry = coverage[i];
      if (entry === undefined) continue;
      const identity = Object.fromEntries(
        entityColumns.map((column, at) => [column, comparable(entry.entity[at]?.value)]),
      );
      expect(identity).toEqual(entity.identity === null ? {} : mapValues(entity.identity));
      expect(countBuckets(entry.runs)).toBe(BigInt(entity.covered));
      if (entity.bucket_ids !== null) {
        expect(idsOf(entry.runs)).toEqual(entity.bucket_ids.map(BigInt));
      }
      // Domains too wide to be listed have no span in the fixture.
      if (entity.span !== null) expectRange(entry.runs, kind, span, entity.span);
    }
    if (expected.any?.expected !== undefined)
      expectRange(anyEntity(coverage), kind, span, expected.any);
    if (expected.all?.expected !== undefined)
      expectRange(everyEntity(coverage), kind, span, expected.all);
    expectRanges(coverage, kind, expected.ranges ?? []);
  });
}

async function open(name: string): Promise<Table> {
  return await openTable(openLocalStore(fixturePath(name, "table")), { walId: "nobody" });
}

function summaryOf(snapshot: Snapshot): unknown {
  return segmentsOf(snapshot)
    .map((segment) => ({
      path: segment.path,
      layout: segment.layout.kind,
      min: segment.min,
      max: segment.max,
      rows: segment.rows,
      size: segment.sizeBytes,
    }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

// biome-ignore lint/suspicious/noExplicitAny: JSON of the fixture
function summaryOfExpected(segment: any): unknown {
  const bound = (value: { type: string; value: string | number | bigint }) => ({
    type: value.type,
    raw: typeof value.value === "string" ? parseInstant(value.value) : BigInt(value.value),
  });
  const layout = segment.entity_layout;
  return {
    path: segment.path,
    layout: typeof layout === "string" ? layout : "Single",
    min: bound(segment.index_min),
    max: bound(segment.index_max),
    rows: segment.row_count,
    size: segment.file_size ?? undefined,
  };
}

function boundsOf(snapshot: Snapshot): unknown {
  const segments = segmentsOf(snapshot);
  const [first] = segments;
  let [min, max] = [first?.min.raw ?? 0n, first?.max.raw ?? 0n];
  for (const segment of segments) {
    if (segment.min.raw < min) min = segment.min.raw;
    if (segment.max.raw > max) max = segment.max.raw;
  }
  return [min, max];
}

function rawBound({ meta }: Snapshot, bound: string | number | bigint): bigint | undefined {
  if (meta.index.kind.type !== "timestamp") return BigInt(bound);
  const text = String(bound);
  return parseInstant(/(Z|[+-]\d\d:\d\d)$/.test(text) ? text : `${text}Z`);
}

// biome-ignore lint/suspicious/noExplicitAny: JSON of the fixture
function expectRange(runs: Runs, kind: IndexKind, range: any, expected: any): void {
  const summary = summarize(runs, range);
  expect(summary.expected).toBe(BigInt(expected.expected));
  expect(summary.covered).toBe(BigInt(expected.covered));
  expect(Number(summary.covered) / Number(summary.expected)).toBe(Number(expected.ratio));
  expect(summary.maxGap).toBe(BigInt(expected.max_gap));
  expect(summary.gaps).toBe(expected.gap_count);
  const gaps = gapsInRange(runs, range);
  const listed: unknown[] = [];
  for (let i = 0; i < gaps.length && listed.length < expected.gaps.length; i += 2) {
    const [first, last] = [gaps[i] as bigint, gaps[i + 1] as bigint];
    const start = bucketBounds(kind, first).min;
    const end = bucketBounds(kind, last).max + 1n;
    listed.push([printed(kind, start), printed(kind, end), last - first + 1n]);
  }
  expect(listed).toEqual(
    expected.gaps.map(([start, end, buckets]: (string | number | bigint)[]) => [
      typeof start === "string" ? start : BigInt(start as number),
      typeof end === "string" ? end : BigInt(end as number),
      BigInt(buckets as number),
    ]),
  );
}

// biome-ignore lint/suspicious/noExplicitAny: JSON of the fixture
function expectRanges(coverage: Coverage, kind: IndexKind, ranges: readonly any[]): void {
  const raw = (bound: string | number | bigint) =>
    typeof bound === "string" ? (parseInstant(bound) as bigint) : BigInt(bound);
  for (const { start, finish, entities } of ranges) {
    const range = bucketsOfRange(kind, raw(start), raw(finish));
    expect(range.first).toBe(bucketOf(kind, raw(start)));
    for (const [i, expected] of entities.entries()) {
      const entry = coverage[i];
      expect(entry).toBeDefined();
      if (entry !== undefined) expectRange(entry.runs, kind, range, expected);
    }
  }
}

function printed(kind: IndexKind, raw: bigint): string | bigint {
  return kind.type === "timestamp" ? formatInstant(raw) : raw;
}

function idsOf(runs: Runs): bigint[] {
  const ids: bigint[] = [];
  for (let i = 0; i < runs.length; i += 2) {
    for (let at = runs[i] as bigint; at <= (runs[i + 1] as bigint); at += 1n) {
      ids.push(bucketIdOf(at));
    }
  }
  return ids;
}

function comparable(value: unknown): unknown {
  return typeof value === "number" ? BigInt(value) : value;
}

function mapValues(identity: Record<string, unknown>): unknown {
  return Object.fromEntries(
    Object.entries(identity).map(([column, value]) => [column, comparable(value)]),
  );
}
