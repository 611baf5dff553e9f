/** Why a table refused. Sessions map each reason to a SQLSTATE. */

import { ServerError, type ServerErrorDetails } from "../base/errors.ts";
import type { EntityValue } from "./segment-files.ts";

/**
 * no-table: the folder holds no version. log-corrupt: the log cannot be what any writer wrote.
 * unfinished-commit: another writer's commit stands above CURRENT and does not get published.
 * version-taken: lost too many races. snapshot-gone: a named version is not in the log.
 * extra-column, missing-column, schema-mismatch: the file against the registered schema.
 * flush-failed: rows wait for a flush that cannot publish them, and there is no room for more.
 * unreadable-coverage: neither snapshot nor segment sidecars can be read.
 */
export type StoreReason =
  | "no-table"
  | "table-exists"
  | "table-locked"
  | "bad-definition"
  | "log-corrupt"
  | "unsupported-format"
  | "unsupported"
  | "unfinished-commit"
  | "version-taken"
  | "snapshot-gone"
  | "coverage-overlap"
  | "unreadable-coverage"
  | "schema-mismatch"
  | "extra-column"
  | "missing-column"
  | "null-time"
  | "null-entity"
  | "bad-file"
  | "file-missing"
  | "invalid-range"
  | "flush-failed";

export class StoreError extends ServerError<StoreReason> {}

/**
 * What an overlap error's message and detail are made of; the session prints it in its time zone.
 */
export interface OverlapFacts {
  /** (entity, bucket) pairs of the whole statement that are covered already. */
  readonly count: bigint;
  readonly first: {
    readonly entity: readonly EntityValue[];
    /**
     * The bucket as [min, max] of raw index values, both inclusive (nanoseconds for timestamps).
     */
    readonly min: bigint;
    readonly max: bigint;
    /**
     * Path of the segment that has it; undefined: another file of the same statement has it, or
     * rows or files that no version has yet.
     */
    readonly segment: string | undefined;
    readonly version: number | undefined;
    /**
     * The statement's file that has it a second time, undefined for rows, and the other file when
     * it is one of the same statement.
     */
    readonly file: string | undefined;
    readonly otherFile: string | undefined;
  };
}

export class CoverageOverlapError extends StoreError {
  readonly overlap: OverlapFacts;

  constructor(overlap: OverlapFacts) {
    super("coverage-overlap", `append overlaps ${overlap.count} covered buckets`);
    this.overlap = overlap;
  }
}

export function corrupt(what: string, cause?: unknown): StoreError {
  const details: ServerErrorDetails = cause === undefined ? {} : { cause };
  return new StoreError("log-corrupt", `table log is corrupt: ${what}`, details);
}

/** Another transaction has staged files for the same buckets: what it will do decides. */
export class ReservedError extends Error {
  override readonly name = "ReservedError";
  /** Of the reservation; held until that transaction ends. */
  readonly key: string;

  constructor(key: string) {
    super("buckets are reserved by another transaction");
    this.key = key;
  }
}
