/** ORDER BY time LIMIT n over one table: only the segments that can hold the first n rows. */

import type { Segment } from "../table/segment.ts";
import type { SqlValue } from "../types/value.ts";
import type { TstableEntry } from "./tables.ts";

/**
 * Taking segments from the newest, all rows of which are at or above some time, until they have n
 * rows: whatever lies wholly below that time cannot be among the first n. Rows without a time sort
 * before all others, so a table that may have them is read whole.
 */
export function newestSegments(
  segments: readonly Segment[],
  isDescending: boolean,
  limit: SqlValue,
  entry: TstableEntry,
): readonly Segment[] {
  const time = entry.info.columns.find(({ number }) => number === entry.info.timeColumn);
  const rows = limit === null ? Number.POSITIVE_INFINITY : Number(limit);
  if (time?.isNotNull !== true || !Number.isFinite(rows) || segments.length < 2) return segments;
  const nearest = segments.toSorted((a, b) =>
    isDescending ? compare(b.min.raw, a.min.raw) : compare(a.max.raw, b.max.raw),
  );
  let count = 0;
  let bound: bigint | undefined;
  for (const segment of nearest.filter(isOurs)) {
    count += segment.rows;
    bound = isDescending ? segment.min.raw : segment.max.raw;
    if (count >= rows) break;
  }
  if (bound === undefined || count < rows) return segments;
  const edge = bound;
  return segments.filter((segment) =>
    isDescending
      ? segment.max.raw >= edge || !isOurs(segment)
      : segment.min.raw <= edge || !isOurs(segment),
  );
}

/** Other writers keep rows without a time, whatever the table declares, and count them. */
function isOurs({ own }: Segment): boolean {
  return own.buckets !== undefined;
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
