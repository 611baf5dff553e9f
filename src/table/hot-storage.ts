/**
 * The store's port to rows in memory: relations that the engine can scan. One implementation per
 * table, which knows the columns; `engine` implements it, tests have one of arrays.
 */

import type { RowBlock } from "./row-block.ts";

export interface HotPart {
  readonly block: RowBlock;
  /** Stands in the column `_seq` of all its rows. */
  readonly sequence: number;
}

/** Rows of a relation with `_seq > after AND _seq <= through`. */
export interface HotRange {
  readonly relation: string;
  readonly after: number;
  readonly through: number;
  /** Of rows with one key, in this range and in those before it, only the last counts. */
  readonly isReplacing?: boolean;
}

export interface HotStorage {
  /** `schemaVersion` is the one that the rows' items name. */
  create(relation: string, schemaVersion: number): Promise<void>;
  /** All of it, or nothing when it throws. Blocks in this order, rows in theirs. */
  append(relation: string, parts: readonly HotPart[]): Promise<void>;
  /** Dropping what is not there is no error. */
  drop(relation: string): Promise<void>;
  /**
   * Writes the rows of all ranges, sorted by identity and time, to a Parquet file whose columns
   * have the types of the table's registered schema. `target` is an absolute path whose folder
   * exists. Needs not be durable on return.
   */
  write(ranges: readonly HotRange[], target: string, signal?: AbortSignal): Promise<void>;
}
