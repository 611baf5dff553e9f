/** Questions about coverage over a range of whole buckets. Pure; ranges are inclusive ordinals. */

import type { BucketRange } from "./buckets.ts";
import type { Coverage } from "./coverage.ts";
import { clip, complement, countBuckets, intersectAll, type Runs, unionAll } from "./runs.ts";

export interface RangeSummary {
  readonly expected: bigint;
  readonly covered: bigint;
  readonly gaps: number;
  /** In buckets; 0 without a gap. */
  readonly maxGap: bigint;
  /** First and last covered bucket inside the range. */
  readonly firstCovered: bigint | undefined;
  readonly lastCovered: bigint | undefined;
}

export function summarize(runs: Runs, range: BucketRange): RangeSummary {
  const inside = clip(runs, range.first, range.last);
  const gaps = complement(runs, range.first, range.last);
  return {
    expected: expectedBuckets(range),
    covered: countBuckets(inside),
    gaps: gaps.length / 2,
    maxGap: longestRun(gaps),
    firstCovered: inside[0],
    lastCovered: inside[inside.length - 1],
  };
}

export function expectedBuckets({ first, last }: BucketRange): bigint {
  return last < first ? 0n : last - first + 1n;
}

/** Exact where a double can be: bigints beyond 2^53 lose digits only in the quotient. */
export function ratio(covered: bigint, expected: bigint): number {
  return Number(covered) / Number(expected);
}

export function gapsInRange(runs: Runs, range: BucketRange): Runs {
  return complement(runs, range.first, range.last);
}

export function longestRun(runs: Runs): bigint {
  let longest = 0n;
  for (let i = 0; i < runs.length; i += 2) {
    const length = (runs[i + 1] as bigint) - (runs[i] as bigint) + 1n;
    if (length > longest) longest = length;
  }
  return longest;
}

/** The latest `length` consecutive covered buckets of which none is after `last`. */
export function lastCoveredWindow(
  runs: Runs,
  last: bigint,
  length: bigint,
): BucketRange | undefined {
  if (length <= 0n) return undefined;
  for (let i = runs.length - 2; i >= 0; i -= 2) {
    const first = runs[i] as bigint;
    const end = (runs[i + 1] as bigint) < last ? (runs[i + 1] as bigint) : last;
    if (end - first + 1n >= length) return { first: end - length + 1n, last: end };
  }
  return undefined;
}

/** First and last bucket that any entity has. */
export function spanOf(coverage: Coverage): BucketRange | undefined {
  let span: BucketRange | undefined;
  for (const { runs } of coverage) {
    const first = runs[0];
    const last = runs[runs.length - 1];
    if (first === undefined || last === undefined) continue;
    span = {
      first: span === undefined || first < span.first ? first : span.first,
      last: span === undefined || last > span.last ? last : span.last,
    };
  }
  return span;
}

/** Buckets that at least one entity has. */
export function anyEntity(coverage: Coverage): Runs {
  return unionAll(coverage.map(({ runs }) => runs));
}

/** Buckets that every entity has. */
export function everyEntity(coverage: Coverage): Runs {
  return intersectAll(coverage.map(({ runs }) => runs));
}
