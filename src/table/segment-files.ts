/**
 * The store's port to Parquet contents: the store stays free of DuckDB, `engine` implements this.
 */

import type { LogicalType } from "./format.ts";

/** A component of an entity's identity; the tag is the shared format's. */
export type EntityValue =
  | { readonly type: "utf8"; readonly value: string }
  | { readonly type: "int32"; readonly value: number }
  | { readonly type: "int64"; readonly value: bigint }
  | { readonly type: "uint64"; readonly value: bigint };

export interface InspectRequest {
  /** Absolute path of the staged file. */
  readonly path: string;
  readonly timeColumn: string;
  readonly timeKind: "timestamp" | "int64" | "u_int64";
  readonly entityColumns: readonly string[];
  readonly entityTypes: readonly EntityValue["type"][];
  /** Width of a bucket: seconds for timestamp, units for integers. */
  readonly bucketWidth: bigint;
}

export interface Inspection {
  readonly rows: number;
  /**
   * Inclusive; raw: nanoseconds since 1970 for timestamps (exact for every unit), the integer
   * otherwise. undefined: no non-null time.
   */
  readonly min: bigint | undefined;
  readonly max: bigint | undefined;
  readonly rowsWithoutTime: number;
  /** Rows with a NULL in an entity column. */
  readonly rowsWithoutEntity: number;
  /**
   * Distinct identities, in any order, each with its distinct bucket quotients floor(time / width),
   * ascending, as runs [first, last] inclusive. One entry with no values for a table without
   * entities.
   */
  readonly identities: readonly IdentityBuckets[];
}

export interface IdentityBuckets {
  readonly entity: readonly EntityValue[];
  readonly runs: BigInt64Array | BigUint64Array;
}

/** A new file with the rows of another, its columns in the types of the table's schema. */
export interface RewriteRequest {
  /** Absolute path of a Parquet file. */
  readonly source: string;
  /** Absolute path of the file to write; the folder exists, the file does not. */
  readonly target: string;
  /**
   * All columns of the new file, in order. A missing one is NULL in every row. Others are cast
   * where the source has another type: bounds of a narrower integer or float, milliseconds or
   * nanoseconds to the unit of a timestamp (rounded down), DATE to its midnight, UUID to text.
   * Never by a time zone.
   */
  readonly columns: readonly RewriteColumn[];
  /** Rows to leave out: those of these identities in these buckets. */
  readonly without?: InspectRequest & { readonly identities: readonly IdentityBuckets[] };
}

export interface RewriteColumn {
  readonly name: string;
  readonly type: LogicalType;
  readonly isMissing: boolean;
}

export interface SegmentFiles {
  /**
   * Reads only the time and entity columns. @throws EngineError "bad-file" when it is no readable
   * Parquet file.
   */
  inspect(request: InspectRequest, signal?: AbortSignal): Promise<Inspection>;
  /**
   * Every column OPTIONAL, row order kept, ZSTD. Absent: files that would need it are refused.
   * @throws EngineError "bad-file"
   */
  rewrite?(request: RewriteRequest, signal?: AbortSignal): Promise<void>;
}
