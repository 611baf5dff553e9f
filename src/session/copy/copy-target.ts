/** What takes the rows of a COPY FROM: one for each kind of table. */

import type { RowBlock } from "../../table/row-block.ts";

/** Where the rows of one COPY go. */
export interface CopyTarget {
  /** Blocks of all of the table's columns, one after the other. */
  add(block: RowBlock): Promise<void>;
  /**
   * All rows are there: they become part of the transaction. Returns how many were left out because
   * the table has their key.
   */
  finish(): Promise<number>;
  /** Always at the end, whatever it was. Never rejects. */
  close(): Promise<void>;
}
