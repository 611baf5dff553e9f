/** The store's port to Parquet contents: the store stays free of DuckDB, `engine` implements this. */

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
  /** Inclusive; raw: nanoseconds since 1970 for timestamps (exact for every unit), the integer otherwise. undefined: no non-null time. */
  readonly min: bigint | undefined;
  readonly max: bigint | undefined;
  readonly rowsWithoutTime: number;
  /** Rows with a NULL in an entity column. */
  readonly rowsWithoutEntity: number;
  /**
   * Distinct identities, in any order, each with its distinct bucket quotients floor(time / width),
   * ascending, as runs [first, last] inclusive. One entry with no values for a table without entities.
   */
  readonly identities: readonly {
    readonly entity: readonly EntityValue[];
    readonly runs: BigInt64Array | BigUint64Array;
  }[];
}

export interface SegmentFiles {
  /** Reads only the time and entity columns. @throws EngineError "bad-file" when it is no readable Parquet file. */
  inspect(request: InspectRequest, signal?: AbortSignal): Promise<Inspection>;
}
