/** Runs of buckets against plain sets. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bucketOf, bucketsOfRange } from "../../src/table/buckets.ts";
import { lastCoveredWindow, longestRun, summarize } from "../../src/table/coverage-query.ts";
import type { IndexKind } from "../../src/table/format.ts";
import { parseInstant } from "../../src/table/rfc3339.ts";
import {
  clip,
  complement,
  countBuckets,
  intersect,
  type Runs,
  runsOf,
  union,
} from "../../src/table/runs.ts";

const SIGN = 1n << 63n;

function time(unit: "Seconds" | "Minutes" | "Hours" | "Days", count: number): IndexKind {
  return { type: "timestamp", unit, count, timezone: undefined };
}
function at(text: string): bigint {
  const raw = parseInstant(text);
  if (raw === undefined) throw new Error(`bad instant ${text}`);
  return raw;
}
/** Ids to runs. */
describe("runs against plain sets", () => {
  const bucket = fc.bigInt({ min: -9n, max: 9n });
  const pair = fc.tuple(bucket, fc.bigInt({ min: 0n, max: 3n }));
  const set = fc.array(pair, { maxLength: 8 }).map((pairs) => {
    const runs = runsOf(pairs.map(([first, length]) => [first, first + length] as const));
    const plain = new Set<bigint>();
    for (const [first, length] of pairs) {
      for (let at = first; at <= first + length; at += 1n) plain.add(at);
    }
    return { runs, plain };
  });
  const spelled = (runs: Runs) => {
    const out: bigint[] = [];
    for (let i = 0; i < runs.length; i += 2) {
      // Runs must neither touch nor be out of order.
      if (i > 0) expect((runs[i] as bigint) > (runs[i - 1] as bigint) + 1n).toBe(true);
      for (let at = runs[i] as bigint; at <= (runs[i + 1] as bigint); at += 1n) out.push(at);
    }
    return out;
  };
  const range: bigint[] = Array.from({ length: 31 }, (_, i) => BigInt(i - 15));

  test("union, intersection, clip, complement and count are those of sets", () => {
    fc.assert(
      fc.property(set, set, bucket, bucket, (a, b, from, to) => {
        expect(spelled(union(a.runs, b.runs))).toEqual(
          range.filter((x) => a.plain.has(x) || b.plain.has(x)),
        );
        expect(spelled(intersect(a.runs, b.runs))).toEqual(
          range.filter((x) => a.plain.has(x) && b.plain.has(x)),
        );
        expect(spelled(clip(a.runs, from, to))).toEqual(
          range.filter((x) => a.plain.has(x) && x >= from && x <= to),
        );
        expect(spelled(complement(a.runs, from, to))).toEqual(
          range.filter((x) => !a.plain.has(x) && x >= from && x <= to),
        );
        expect(countBuckets(a.runs)).toBe(BigInt(a.plain.size));
      }),
      { numRuns: 2000 },
    );
  });

  test("ratio, gaps and windows of the format's worked example", () => {
    const kind = time("Minutes", 1);
    const covered = runsOf([
      [0n, 1n],
      [3n, 5n],
    ]);
    const asked = (from: string, until: string) => {
      const range = bucketsOfRange(kind, at(from), at(until));
      const { covered: found, expected, maxGap } = summarize(covered, range);
      return [Number(found) / Number(expected), maxGap];
    };
    const day = "1970-01-01T";
    expect(asked(`${day}00:00:00Z`, `${day}00:04:00Z`)).toEqual([0.75, 1n]);
    expect(asked(`${day}00:00:30Z`, `${day}00:01:30Z`)).toEqual([1, 0n]);
    expect(asked(`${day}00:01:59Z`, `${day}00:02:01Z`)).toEqual([0.5, 1n]);
    expect(asked(`${day}00:02:00Z`, `${day}00:03:00Z`)).toEqual([0, 1n]);
    expect(asked("1969-12-31T23:58:00Z", `${day}00:06:00Z`)).toEqual([0.625, 2n]);
    expect(asked("1969-12-31T23:50:00Z", `${day}00:06:00Z`)[1]).toBe(10n);

    const window = (before: string, length: bigint) =>
      lastCoveredWindow(covered, bucketOf(kind, at(before) - 1n), length);
    expect(window(`${day}00:06:00Z`, 3n)).toEqual({ first: 3n, last: 5n });
    expect(window(`${day}00:06:00Z`, 2n)).toEqual({ first: 4n, last: 5n });
    expect(window(`${day}00:06:00Z`, 4n)).toBeUndefined();
    expect(window(`${day}00:05:59Z`, 2n)).toEqual({ first: 4n, last: 5n });
    expect(window(`${day}00:05:00.000000001Z`, 2n)).toEqual({ first: 4n, last: 5n });
    expect(window(`${day}00:05:00Z`, 2n)).toEqual({ first: 3n, last: 4n });
    expect(window(`${day}00:05:00Z`, 3n)).toBeUndefined();
    expect(window(`${day}00:03:00Z`, 2n)).toEqual({ first: 0n, last: 1n });
    expect(window(`${day}00:06:00Z`, 0n)).toBeUndefined();
  });

  test("the whole domain is counted, not walked", () => {
    const all = runsOf([[-SIGN, SIGN - 1n]]);
    expect(countBuckets(all)).toBe(2n * SIGN);
    const holes = complement(runsOf([[0n, 0n]]), -SIGN, SIGN - 1n);
    expect(countBuckets(holes)).toBe(2n * SIGN - 1n);
    expect(longestRun(holes)).toBe(SIGN);
  });
});
