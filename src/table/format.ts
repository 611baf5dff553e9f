/** The shared format's vocabulary: every path and every object of the log, as values. */

import { StoreError } from "./error.ts";
import type { EntityValue } from "./segment-files.ts";

/** The only version of the format that any reader accepts. */
export const FORMAT_VERSION = 6;

const LOG_FOLDER = "_timeseries_log";
export const CURRENT_KEY = `${LOG_FOLDER}/CURRENT`;
/** Ours alone: names the server that may write a table outside its own folder. */
export const LOCK_KEY = `${LOG_FOLDER}/x_pgtide.lock`;

export function commitKey(version: number): string {
  return `${LOG_FOLDER}/${String(version).padStart(10, "0")}.json`;
}

/** Fresh names only: the reference library trips over a name it wants itself. */
export function dataKey(uuid: string): string {
  return `data/${uuid}.parquet`;
}

export function segmentCoverageKey(id: string, uuid: string): string {
  return `_coverage/segments/${id}-${uuid}.roar`;
}

export function tableCoverageKey(version: number, id: string, uuid: string): string {
  return `_coverage/table/${version}-${id}-${uuid}.roar`;
}

/**
 * A path as the log may hold it: relative, "/" between parts, no empty, "." or ".." parts, no
 * drive.
 */
export function isCanonicalPath(path: string): boolean {
  if (path.includes("\\")) return false;
  return path
    .split("/")
    .every((part) => part !== "" && part !== "." && part !== ".." && !/^[A-Za-z]:/.test(part));
}

export type TimeUnit = "Millis" | "Micros" | "Nanos";
export type BucketUnit = "Seconds" | "Minutes" | "Hours" | "Days";

/** The unit takes part in equality: 60 seconds are not 1 minute. */
export type IndexKind =
  | {
      readonly type: "timestamp";
      readonly unit: BucketUnit;
      readonly count: number;
      readonly timezone: string | undefined;
    }
  | { readonly type: "int64" | "u_int64"; readonly width: bigint };

export interface IndexSpec {
  readonly column: string;
  /** In identity order. */
  readonly entityColumns: readonly string[];
  readonly kind: IndexKind;
}

export type LogicalType =
  | {
      readonly kind:
        | "Bool"
        | "Int32"
        | "Int64"
        | "UInt64"
        | "Float32"
        | "Float64"
        | "Utf8"
        | "Binary"
        | "Int96";
    }
  | { readonly kind: "FixedBinary"; readonly byteWidth: number }
  | {
      readonly kind: "Timestamp";
      readonly unit: TimeUnit;
      readonly timezone: string | undefined;
    }
  | { readonly kind: "Decimal"; readonly precision: number; readonly scale: number }
  | { readonly kind: "Struct"; readonly fields: readonly LogicalField[] }
  | { readonly kind: "List"; readonly element: LogicalField }
  | {
      readonly kind: "Map";
      readonly key: LogicalField;
      readonly value: LogicalField | undefined;
      readonly keysSorted: boolean;
    }
  | { readonly kind: "Other"; readonly text: string };

export interface LogicalField {
  readonly name: string;
  readonly type: LogicalType;
  readonly nullable: boolean;
  /**
   * Our key `x_pg_type`: the PostgreSQL type as the catalogue prints it, such as "numeric(10,2)".
   */
  readonly pgType?: string;
}

export interface TableMeta {
  readonly index: IndexSpec;
  readonly schema: readonly LogicalField[] | undefined;
  readonly createdAt: string;
  /** Keys we do not know, kept when the meta is written again. */
  readonly extra: Readonly<Record<string, unknown>>;
}

export type EntityLayout =
  | { readonly kind: "NotApplicable" }
  | { readonly kind: "Mixed" }
  | { readonly kind: "Single"; readonly entity: readonly EntityValue[] };

/** `raw`: nanoseconds since 1970 for timestamps, else the integer. */
export interface IndexValue {
  readonly type: IndexKind["type"];
  readonly raw: bigint;
}

export interface SegmentMeta {
  readonly path: string;
  readonly layout: EntityLayout;
  /** Inclusive. */
  readonly min: IndexValue;
  readonly max: IndexValue;
  readonly rows: number;
  readonly sizeBytes: number | undefined;
  readonly coveragePath: string | undefined;
  readonly own: OwnSegmentKeys;
}

/** Our key `x_pgtide` of a segment; empty for segments of other writers. */
export interface OwnSegmentKeys {
  /** Name of the file it came from. */
  readonly origin?: string;
  /** Id of its physical columns, spelled out in the first commit that uses it. */
  readonly columns?: string;
  /** All its identities, when they are few. */
  readonly entities?: readonly (readonly EntityValue[])[];
  /** How many identities it holds. */
  readonly identities?: number;
  /** (entity, bucket) pairs. */
  readonly buckets?: number;
}

export type Action =
  | { readonly kind: "add-segment"; readonly segment: SegmentMeta }
  | { readonly kind: "remove-segment"; readonly path: string }
  | { readonly kind: "update-meta"; readonly meta: TableMeta }
  | {
      readonly kind: "update-coverage";
      readonly indexKind: IndexKind;
      readonly coveragePath: string;
    };

export interface Commit {
  readonly version: number;
  /** RFC 3339. */
  readonly timestamp: string;
  readonly actions: readonly Action[];
  readonly own: OwnCommitKeys;
}

/** Our key `x_pgtide` of a commit; empty for commits of other writers. */
export interface OwnCommitKeys {
  /** Id of the write-ahead log of the server that wrote it. */
  readonly wal?: string;
  readonly operation?: string;
  /** What the user wrote about it. */
  readonly message?: string;
  /** By which an append that is sent again is known. */
  readonly idempotencyKey?: string;
  /** A flush: everything that log decided for the table, up to this sequence, is published. */
  readonly upto?: number;
  /** Physical columns by id, in file order. */
  readonly columns?: Readonly<Record<string, readonly PhysicalColumn[]>>;
}

/** A column as a Parquet file holds it; `type` as `parquetTypeName` spells it. */
export interface PhysicalColumn {
  readonly name: string;
  readonly type: string;
}

export function isSameKind(a: IndexKind, b: IndexKind): boolean {
  if (a.type === "timestamp" && b.type === "timestamp") {
    return a.unit === b.unit && a.count === b.count && a.timezone === b.timezone;
  }
  return (
    a.type !== "timestamp" && b.type !== "timestamp" && a.type === b.type && a.width === b.width
  );
}

/** @throws StoreError "bad-definition" when no reader could use an index so defined. */
export function checkIndexSpec(spec: IndexSpec): void {
  const bad = (what: string) => new StoreError("bad-definition", what);
  const { kind, column, entityColumns } = spec;
  if (column === "") throw bad("time column has no name");
  if (entityColumns.some((name) => name === "")) throw bad("entity column has no name");
  if (new Set([column, ...entityColumns]).size !== entityColumns.length + 1) {
    throw bad("time and entity columns must differ from each other");
  }
  const isPositive = kind.type === "timestamp" ? kind.count > 0 : kind.width > 0n;
  if (!isPositive) throw bad("bucket must be longer than zero");
}
