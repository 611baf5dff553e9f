/** The result of APPEND PARQUET: its columns, and one row for each file. */

import type { RelationInfo } from "../compile/plan.ts";
import type { AppendResult } from "../table/append.ts";
import type { AppendedFile } from "../table/append-report.ts";
import { computedField, type FieldDescription } from "../types/field.ts";
import { Oid } from "../types/oids.ts";
import type { SqlValue } from "../types/value.ts";
import type { TableCommit } from "./commit-notice.ts";
import { segmentName } from "./store-relations.ts";
import { type TimeAxis, valueOfRaw } from "./time-axis.ts";

/** Name and type; min_time and max_time are of the time column's type. */
const COLUMNS: readonly (readonly [name: string, typeOid: number | "time"])[] = [
  ["file", Oid.text],
  ["action", Oid.text],
  ["segment", Oid.text],
  ["rows", Oid.int8],
  ["rows_skipped", Oid.int8],
  ["bytes", Oid.int8],
  ["min_time", "time"],
  ["max_time", "time"],
  ["entities", Oid.int4],
  ["buckets", Oid.int8],
  ["overlap_buckets", Oid.int8],
  ["version", Oid.int8],
];

export function appendFields(info: RelationInfo): FieldDescription[] {
  const time = info.columns.find(({ number }) => number === info.timeColumn);
  const timeOid = time?.typeOid ?? Oid.timestamptz;
  return COLUMNS.map(([name, type]) => computedField(name, type === "time" ? timeOid : type));
}

/** A cell for each of the columns above. */
export function appendRow(axis: TimeAxis, file: AppendedFile): SqlValue[] {
  return [
    file.file,
    file.action,
    file.segment === undefined ? null : segmentName({ path: file.segment }),
    BigInt(file.rows),
    BigInt(file.rowsSkipped),
    BigInt(file.bytes),
    file.min === undefined ? null : valueOfRaw(axis, file.min),
    file.max === undefined ? null : valueOfRaw(axis, file.max),
    file.entities,
    file.buckets,
    file.overlapBuckets,
    file.version === undefined ? null : BigInt(file.version),
  ];
}

/** What listeners are told; undefined: nothing was published. */
export function commitOf(
  { version, files, cells }: AppendResult,
  operation: string,
  processId: number,
): TableCommit | undefined {
  if (version === undefined) return undefined;
  const added = files.filter((file) => file.segment !== undefined);
  return {
    version,
    operation,
    rows: added.reduce((sum, { rows }) => sum + rows, 0),
    segments: added.length,
    min: extreme(
      added.map(({ min }) => min),
      (a, b) => a < b,
    ),
    max: extreme(
      added.map(({ max }) => max),
      (a, b) => a > b,
    ),
    cells,
    processId,
  };
}

function extreme(
  values: readonly (bigint | undefined)[],
  isBetter: (a: bigint, b: bigint) => boolean,
): bigint | undefined {
  let best: bigint | undefined;
  for (const value of values) {
    if (value !== undefined && (best === undefined || isBetter(value, best))) best = value;
  }
  return best;
}
