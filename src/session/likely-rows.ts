/**
 * How many rows a scan's bounds let through, were the rows spread evenly over time and entities: a
 * guess, on which no answer may depend.
 */

import type { PruneQuery } from "../table/pruning.ts";
import type { Segment } from "../table/segment.ts";
import type { TableView } from "../table/table-view.ts";

/** `hotRows`: rows that are in no segment and are read. */
export function likelyRows(
  view: TableView,
  segments: readonly Segment[],
  hotRows: number,
  query: PruneQuery,
): number {
  const wanted = wantedIdentities(view, query);
  const known = view.snapshot.history.index.identities;
  let rows = 0;
  for (const segment of segments) {
    const { layout, own, min, max } = segment;
    const identities =
      layout.kind === "Single" ? 1 : (own.identities ?? own.entities?.length ?? known);
    const share = entityShare(wanted, identities) * timeShare(query, min.raw, max.raw);
    rows += Math.max(1, segment.rows * share);
  }
  if (hotRows === 0) return rows;
  const bounds = view.hotBounds();
  const share = bounds === undefined ? 1 : timeShare(query, bounds.min, bounds.max);
  return rows + hotRows * entityShare(wanted, known) * share;
}

/** undefined: nothing is known, as of a part of an identity. */
function wantedIdentities(view: TableView, { entities = [] }: PruneQuery): number | undefined {
  const { entityColumns } = view.snapshot.meta.index;
  const isWhole = new Set(entities.map(({ component }) => component)).size === entityColumns.length;
  if (!isWhole || entityColumns.length === 0) return undefined;
  return entities.reduce((product, { anyOf }) => product * anyOf.length, 1);
}

function entityShare(wanted: number | undefined, identities: number): number {
  return wanted === undefined ? 1 : Math.min(1, wanted / Math.max(1, identities));
}

/** The part of [first, last] that the query's range covers. */
function timeShare({ min, max }: PruneQuery, first: bigint, last: bigint): number {
  const from = min === undefined || min < first ? first : min;
  const until = max === undefined || max > last ? last : max;
  if (from > until) return 0;
  return first === last ? 1 : Number(until - from) / Number(last - first);
}
