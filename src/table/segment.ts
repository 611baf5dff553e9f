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
