/** The segments that can hold the last (or first) row of any entity, from the log's index alone. */

import { isLiveAt, type Segment } from "./segment.ts";
import type { Snapshot } from "./snapshot.ts";

/**
 * Of each entity some row lies at or after the greatest least time of its segments, so a segment
 * that ends before that time cannot hold the entity's last row. A segment stays if it may hold the
 * last row of any of its entities, and so do all whose identities are not known.
 */
export function newestOfEntities(snapshot: Snapshot, isDescending: boolean): readonly Segment[] {
  const { index } = snapshot.history;
  const isLive = (segment: Segment) => isLiveAt(segment, snapshot.version);
  const kept = new Set<Segment>(index.unlisted(undefined, undefined).filter(isLive));
  for (const key of index.keysWhere(() => true)) {
    const segments = index.ofEntity(key, undefined, undefined).filter(isLive);
    for (const segment of reachingTheEdge(segments, isDescending)) kept.add(segment);
  }
  return [...kept].sort((a, b) => (a.min.raw < b.min.raw ? -1 : a.min.raw > b.min.raw ? 1 : 0));
}

function reachingTheEdge(segments: readonly Segment[], isDescending: boolean): Segment[] {
  let edge: bigint | undefined;
  for (const { min, max } of segments) {
    const near = isDescending ? min.raw : max.raw;
    if (edge === undefined || (isDescending ? near > edge : near < edge)) edge = near;
  }
  const limit = edge;
  if (limit === undefined) return [];
  return segments.filter(({ min, max }) => (isDescending ? max.raw >= limit : min.raw <= limit));
}
