/** The result of OPTIMIZE TSTABLE: its columns, and its one row. */

import { computedField, type FieldDescription } from "../types/field.ts";
import { Oid } from "../types/oids.ts";
import type { SqlValue } from "../types/value.ts";

/** The reference library's names first. */
export interface OptimizeReport {
  readonly starting_version: bigint;
  readonly committed_version: bigint;
  readonly candidate_source_segments: bigint;
  readonly source_segments_replaced: bigint;
  readonly replacement_segments_written: bigint;
  readonly rows_read: bigint;
  readonly rows_written: bigint;
  readonly no_op: boolean;
  readonly bytes_before: bigint;
  readonly bytes_after: bigint;
  readonly elapsed: SqlValue;
}

const COLUMNS: readonly (readonly [keyof OptimizeReport, number])[] = [
  ["starting_version", Oid.int8],
  ["committed_version", Oid.int8],
  ["candidate_source_segments", Oid.int8],
  ["source_segments_replaced", Oid.int8],
  ["replacement_segments_written", Oid.int8],
  ["rows_read", Oid.int8],
  ["rows_written", Oid.int8],
  ["no_op", Oid.bool],
  ["bytes_before", Oid.int8],
  ["bytes_after", Oid.int8],
  ["elapsed", Oid.interval],
];

export const OPTIMIZE_FIELDS: readonly FieldDescription[] = COLUMNS.map(([name, typeOid]) =>
  computedField(name, typeOid),
);

/** A cell for each of the columns above. */
export function optimizeRow(report: OptimizeReport): SqlValue[] {
  return COLUMNS.map(([name]) => report[name]);
}
