/**
 * Where the rows of a merge are better kept apart: one late row must not make a segment that
 * reaches over months, into which every query of those months would have to look.
 */

import { bucketBounds } from "./buckets.ts";
import type { Coverage } from "./coverage.ts";
import type { IndexKind } from "./format.ts";
import { countBuckets, EMPTY, union } from "./runs.ts";

/** A stretch without rows that is so many times as long as all that has rows is a place to cut. */
const WIDE = 8n;
/** Shorter ones, in buckets, do no harm. */
const SHORT = 64n;
const CUTS_MAX = 3;

/** Raw index values at which the next part begins, ascending; none: the rows belong together. */
export function cutsOf(coverage: Coverage, kind: IndexKind): readonly bigint[] {
  const runs = coverage.reduce((all, entity) => union(all, entity.runs), EMPTY);
  const wide = WIDE * countBuckets(runs);
  const least = wide > SHORT ? wide : SHORT;
  const gaps: { readonly buckets: bigint; readonly next: bigint }[] = [];
  for (let i = 2; i < runs.length; i += 2) {
    const next = runs[i] as bigint;
    const buckets = next - (runs[i - 1] as bigint) - 1n;
    if (buckets > least) gaps.push({ buckets, next });
  }
  return gaps
    .sort((a, b) => (a.buckets > b.buckets ? -1 : 1))
    .slice(0, CUTS_MAX)
    .map(({ next }) => bucketBounds(kind, next).min)
    .sort((a, b) => (a < b ? -1 : 1));
}
