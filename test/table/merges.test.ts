/** What is merged and what is left alone: few segments, few rewrites, and no far rows in one file. */

import { describe, expect, test } from "vitest";
import { coverageOf } from "../../src/table/coverage.ts";
import type { IndexKind } from "../../src/table/format.ts";
import { cutsOf } from "../../src/table/merge-cuts.ts";
import { allMerges, MERGE_RULES, MERGE_TARGET, nextMerge } from "../../src/table/merge-plan.ts";
import { runsOf } from "../../src/table/runs.ts";
import type { Segment } from "../../src/table/segment.ts";
import { randomFrom } from "../support/random.ts";

let made = 0;

function segment(min: number, max: number, rows: number): Segment {
  made += 1;
  return {
    path: `data/${made}.parquet`,
    layout: { kind: "NotApplicable" },
    min: { type: "timestamp", raw: BigInt(min) },
    max: { type: "timestamp", raw: BigInt(max) },
    rows,
    sizeBytes: rows * 8,
    coveragePath: undefined,
    own: {},
    addedIn: 1,
    committedAt: "",
    removedIn: undefined,
  };
}

function merged(group: readonly Segment[]): Segment {
  const mins = group.map(({ min }) => Number(min.raw));
  const maxs = group.map(({ max }) => Number(max.raw));
  const rows = group.reduce((sum, one) => sum + one.rows, 0);
  return segment(Math.min(...mins), Math.max(...maxs), rows);
}

describe("a feed", () => {
  // A day of a flush every minute, of some rows, of many, of any number.
  test.each([
    ["few rows", 1440, () => 10],
    ["some rows", 1440, () => 3000],
    ["many rows", 200, () => 300_000],
    ["any number of rows", 1440, () => Math.floor(random() * 100_000)],
  ])("of %s leaves few segments, each row written a few times", (_, flushes, rowsOf) => {
    let live: Segment[] = [];
    let [rows, written, most] = [0, 0, 0];
    for (let i = 0; i < flushes; i += 1) {
      const flushed = segment(i * 60, i * 60 + 59, rowsOf());
      rows += flushed.rows;
      live.push(flushed);
      for (;;) {
        const group = nextMerge(live, MERGE_RULES);
        if (group === undefined) break;
        const one = merged(group);
        expect(one.rows).toBeLessThanOrEqual(MERGE_TARGET.rows);
        expect(one.rows).toBeGreaterThanOrEqual(2 * Math.max(...group.map((s) => s.rows)));
        written += one.rows;
        live = [...live.filter((s) => !group.includes(s)), one];
      }
      const large = live.filter((s) => s.rows >= MERGE_TARGET.rows / 2);
      most = Math.max(most, live.length - large.length);
    }
    expect(live.reduce((sum, s) => sum + s.rows, 0)).toBe(rows);
    expect(most).toBeLessThanOrEqual(5 * (MERGE_RULES.fewer + 1));
    expect(written / rows).toBeLessThan(8);
  });

  test("takes neighbours in time together, whatever the order in which they came", () => {
    const live = Array.from({ length: 24 }, (_, i) => {
      const at = ((i * 7) % 24) * 3600;
      return segment(at, at + 3599, 100_000);
    });
    const group = nextMerge(live, MERGE_RULES) ?? [];
    const starts = group.map(({ min }) => Number(min.raw) / 3600);
    expect(starts).toEqual(starts.map((_, i) => i));
    expect(starts.length).toBeGreaterThan(MERGE_RULES.fewer);
  });

  test("is merged whole by who asks for it, and stays so", () => {
    let live = Array.from({ length: 500 }, (_, i) => segment(i, i, 9000));
    live.push(segment(250, 251, 1_500_000));
    const groups = allMerges(live, MERGE_TARGET);
    expect(groups).toHaveLength(3);
    live = [...live.filter((s) => !groups.flat().includes(s)), ...groups.map(merged)];
    expect(allMerges(live, MERGE_TARGET)).toEqual([]);
  });
});

const random = randomFrom(7);
const HOURS: IndexKind = { type: "timestamp", unit: "Hours", count: 1, timezone: undefined };
const HOUR = 3_600_000_000_000n;

function cuts(...runs: readonly (readonly [number, number])[]): readonly bigint[] {
  const coverage = coverageOf(
    runs.map(([first, last], i) => ({
      entity: [{ type: "utf8", value: String(i) }],
      runs: runsOf([[BigInt(first), BigInt(last)]]),
    })),
  );
  return cutsOf(coverage, HOURS).map((raw) => raw / HOUR);
}

describe("rows far apart in time", () => {
  test("are cut where nothing is, at the start of a bucket", () => {
    expect(cuts([1000, 1009], [3, 3])).toEqual([1000n]);
    expect(cuts([-5000, -5000], [3, 3], [1000, 1009])).toEqual([3n, 1000n]);
  });

  test("are left together where the hole is small beside what is there, or small at all", () => {
    expect(cuts([0, 10], [60, 70])).toEqual([]);
    expect(cuts([0, 499], [4000, 4100])).toEqual([]);
    expect(cuts([0, 499], [9000, 9100])).toEqual([9000n]);
  });

  test("are never cut into more than four, at the widest holes", () => {
    const at = [0, 100, 1000, 3000, 9000, 9100].map((hour) => [hour, hour] as const);
    expect(cuts(...at)).toEqual([1000n, 3000n, 9000n]);
  });
});
