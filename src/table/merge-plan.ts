/**
 * Which segments are worth being one. Small ones are taken together when there are many of about
 * the same size: whatever is written again is then in a file of at least twice the size, so a row
 * is rewritten a number of times that grows with the logarithm of the table, and the number of
 * small segments stays bounded.
 */

import type { Segment } from "./segment.ts";

/** What a merged segment may hold at most. */
export interface MergeTarget {
  readonly rows: number;
  readonly bytes: number;
}

export interface MergeRules {
  readonly target: MergeTarget;
  /** So many segments of a size are left alone. */
  readonly fewer: number;
}

/** As much as one flush publishes at most. */
export const MERGE_TARGET: MergeTarget = { rows: 2_000_000, bytes: 32 << 20 };

/** In the background. */
export const MERGE_RULES: MergeRules = { target: MERGE_TARGET, fewer: 7 };

/** Segments of one merge: so many are open at a time. */
const SOURCES_MAX = 64;
/** Each size is so many times the one below. */
const STEP = 8;
/** Sizes below this part of the target are taken for one. */
const LEAST = 1 / 4096;
/** A segment of this part of the target is large enough. */
const ENOUGH = 0.5;

/** Segments in the order of time, of one merge. */
export type MergeGroup = readonly Segment[];

/** The cheapest of what should be merged; undefined: nothing. */
export function nextMerge(segments: readonly Segment[], rules: MergeRules): MergeGroup | undefined {
  const small = smallOnes(segments, rules.target);
  for (let size = LEAST; ; size *= STEP) {
    const bound = Math.min(size, ENOUGH);
    const alike = small.filter((one) => one.fill < bound);
    const found = alike.length > rules.fewer ? thriftyGroup(alike, rules.fewer) : undefined;
    if (found !== undefined) return found.map(({ segment }) => segment);
    if (bound === ENOUGH) return undefined;
  }
}

/** All that can be merged, each segment in one group at most: whoever asks for it wants it now. */
export function allMerges(
  segments: readonly Segment[],
  target: MergeTarget,
): readonly MergeGroup[] {
  const small = smallOnes(segments, target);
  const groups: MergeGroup[] = [];
  for (let first = 0; first < small.length; ) {
    const window = windowFrom(small, first, small.length);
    if (window.length > 1) groups.push(window.map(({ segment }) => segment));
    first += window.length;
  }
  return groups;
}

interface Small {
  readonly segment: Segment;
  /** Which part of the target it is. */
  readonly fill: number;
}

/** In the order of time. */
function smallOnes(segments: readonly Segment[], target: MergeTarget): readonly Small[] {
  return segments
    .map((segment) => ({ segment, fill: fillOf(segment, target) }))
    .filter(({ fill }) => fill < ENOUGH)
    .sort((a, b) => byTime(a.segment, b.segment));
}

function fillOf({ rows, sizeBytes = 0 }: Segment, target: MergeTarget): number {
  return Math.max(rows / target.rows, sizeBytes / target.bytes);
}

function byTime(a: Segment, b: Segment): number {
  if (a.min.raw !== b.min.raw) return a.min.raw < b.min.raw ? -1 : 1;
  if (a.max.raw !== b.max.raw) return a.max.raw < b.max.raw ? -1 : 1;
  return a.path < b.path ? -1 : 1;
}

/** Neighbours in time that make one segment, worth writing again. */
function thriftyGroup(alike: readonly Small[], fewer: number): readonly Small[] | undefined {
  for (let first = 0; first + 1 < alike.length; first += 1) {
    const window = windowFrom(alike, first, SOURCES_MAX);
    const sum = sumOf(window);
    const isMany = window.length > fewer || sum >= ENOUGH;
    // Every row gets into a segment of at least twice the size.
    const doubles = sum >= 2 * Math.max(...window.map(({ fill }) => fill));
    if (isMany && doubles) return window;
  }
  return undefined;
}

/** As many as the target takes. */
function windowFrom(alike: readonly Small[], first: number, most: number): readonly Small[] {
  const window: Small[] = [];
  let sum = 0;
  for (let at = first; at < Math.min(first + most, alike.length); at += 1) {
    const one = alike[at] as Small;
    sum += one.fill;
    if (sum > 1) break;
    window.push(one);
  }
  return window;
}

function sumOf(window: readonly Small[]): number {
  return window.reduce((sum, { fill }) => sum + fill, 0);
}
