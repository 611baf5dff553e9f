/**
 * What the write-ahead log decides about a table before a version publishes it. An item counts from
 * its sequence on; a table at a sequence is its snapshot, then its items above the snapshot's
 * watermark, in order.
 */

import type { Coverage } from "./coverage.ts";
import type { PhysicalColumn, SegmentMeta } from "./format.ts";
import type { HotRows } from "./hot-rows.ts";
import type { RowBlock } from "./row-block.ts";

/** A durable file with its sidecar that belongs to the table once somebody decides so. */
export interface StagedSegment {
  readonly meta: SegmentMeta;
  readonly columns: readonly PhysicalColumn[];
  /** undefined: only the sidecar knows. */
  readonly coverage: Coverage | undefined;
}

/** Rows, all columns in column order, as the engine stores them. */
export interface NewRows {
  readonly kind: "rows";
  readonly tableId: number;
  readonly schemaVersion: number;
  readonly block: RowBlock;
  /**
   * A row hides one of the same key that came before it, in this item's generation or an earlier
   * one. Only where no key is there twice, and never a row of a segment.
   */
  readonly isReplacing?: boolean;
  /** The same, looked at already; not kept. */
  readonly made?: HotRows;
}

/** Segments out and in. */
export interface NewSegments {
  readonly kind: "segments";
  readonly tableId: number;
  readonly removed: readonly string[];
  readonly added: readonly StagedSegment[];
  /** What listeners are told it was; not kept. */
  readonly operation?: string;
  /** Rows that the transaction had inserted one by one; not kept. */
  readonly isFromRows?: boolean;
  /** Rows go whose keys others bring in the same commit; not kept. */
  readonly keepsKeys?: boolean;
}

export type NewItem = NewRows | NewSegments;

/** Changes of a table's segments, in the order of their sequences. */
export type ChangeItem = NewSegments & { readonly sequence: number };

export type Item = HotRows | ChangeItem;
