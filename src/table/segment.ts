/** A segment and the versions in which it counts. */

import type { SegmentMeta } from "./format.ts";

/** A segment of some versions of a table. */
export interface Segment extends SegmentMeta {
  readonly addedIn: number;
  /** When that version was committed, RFC 3339. */
  readonly committedAt: string;
  /** Version that removed it. The only field that ever changes: once, from undefined. */
  removedIn: number | undefined;
}

export function isLiveAt(segment: Segment, version: number): boolean {
  return segment.addedIn <= version && (segment.removedIn ?? Number.POSITIVE_INFINITY) > version;
}

/** Of segments whose rows came without a file of their own, or no longer stand as they came. */
export const ORIGINS = {
  hot: "hot rows",
  transaction: "rows of a transaction",
  rewritten: "rewritten rows",
  merged: "merged rows",
} as const;

/** The file that a user gave keeps its bytes, unless somebody asks for more. */
export function isMadeHere({ path, own: { origin } }: SegmentMeta): boolean {
  if (origin === undefined) return false;
  const isNamed = Object.values<string>(ORIGINS).includes(origin);
  // A COPY writes its rows where they stay.
  return isNamed || path.endsWith(`/${origin}`);
}
