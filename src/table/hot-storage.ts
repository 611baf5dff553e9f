/**
 * The store's port to a table's rows: relations in memory that the engine can scan, and their way
 * into files. One implementation per table, which knows the columns; `engine` implements it, tests
 * have one of arrays.
 */

import type { LogicalField } from "./format.ts";
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

/** Segments to be one, in the types of the table's registered schema. */
export interface MergeRequest {
  /** Absolute paths. */
  readonly sources: readonly string[];
  /** Absolute; the folder exists, the file does not. Needs not be durable on return. */
  readonly target: string;
  /** All columns of the new file, in order. */
  readonly columns: readonly LogicalField[];
  /** Names of the columns by which its rows are sorted. */
  readonly order: readonly string[];
  /** Only these rows; all others are left out. */
  readonly range?: MergeRange;
}

/** Raw index values, half-open, at starts of buckets; an end left out is open. */
export interface MergeRange {
  readonly column: string;
  readonly from: bigint | undefined;
  readonly before: bigint | undefined;
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
  /** @throws EngineError "bad-file" for files that do not fit the schema */
  merge(request: MergeRequest, signal?: AbortSignal): Promise<void>;
}
