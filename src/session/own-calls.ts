/** Calls of our functions: which table, which arguments by name, and the rows they answer. */

import { assert, SqlError } from "../base/errors.ts";
import type { PlanColumn } from "../compile/plan.ts";
import type { RowsRelation } from "../engine/request.ts";
import { entityKey } from "../table/entities.ts";
import { type Snapshot, segmentsOf } from "../table/snapshot.ts";
import type { SqlValue } from "../types/value.ts";
import {
  type Arguments,
  type CoverageSubject,
  coverageGaps,
  coverageRatio,
  coverageSummary,
} from "./coverage-functions.ts";
import type { Execution } from "./execution.ts";
import type { TstableEntry } from "./tables.ts";

type Row = readonly SqlValue[];

/** Argument names in declared order, as coverage-signatures.ts declares them. */
const RANGE = ["relation", "start", "finish", "entity", "across"] as const;
const ARGUMENTS: Readonly<Record<string, readonly string[]>> = {
  coverage_ratio: [...RANGE, "version"],
  coverage_summary: [...RANGE, "version"],
  coverage_gaps: [...RANGE, "min_gap", "include_edges", "version"],
};

/** Rows of a function of ours; a scalar one gives one row of one value. */
export async function callOwnFunction(
  functionOid: number,
  values: readonly SqlValue[],
  execution: Execution,
): Promise<readonly Row[]> {
  const { tables } = execution.services;
  const found = tables.ownFunction(functionOid);
  assert(found !== undefined, `function ${functionOid} is none of ours`);
  const { name, entry } = found;
  const names = ARGUMENTS[name] ?? [];
  const args: Arguments = Object.fromEntries(
    names.map((argument, index) => [argument, values[index]]),
  );
  const lease = await tables.lease(entry, execution.transaction);
  try {
    const snapshot = await snapshotOf(entry, lease.snapshot, args["version"]);
    const subject = await coverageSubject(entry, snapshot);
    return answer(name, subject, args);
  } finally {
    lease.release();
  }
}

function answer(name: string, subject: CoverageSubject, args: Arguments): readonly Row[] {
  switch (name) {
    case "coverage_ratio":
      return [[coverageRatio(subject, args)]];
    case "coverage_summary":
      return coverageSummary(subject, args);
    case "coverage_gaps":
      return coverageGaps(subject, args);
    default:
      throw new SqlError("0A000", `function ${name} is not supported yet`);
  }
}

async function snapshotOf(
  entry: TstableEntry,
  newest: Snapshot,
  version: SqlValue | undefined,
): Promise<Snapshot> {
  if (version === null || version === undefined) return newest;
  const number = Number(version);
  if (number < 1 || number > newest.version) {
    throw new SqlError("22023", `version ${number} of "${entry.info.name}" does not exist`, {
      detail: `Versions go from 1 to ${newest.version}.`,
    });
  }
  return await entry.table.at(number);
}

async function coverageSubject(entry: TstableEntry, snapshot: Snapshot): Promise<CoverageSubject> {
  return {
    axis: entry.axis,
    entityColumns: entry.entityColumns,
    coverage: await entry.table.coverage(snapshot),
    rows: snapshot.totals.rows,
    rowsByEntity: entry.entityColumns.length === 0 ? undefined : rowsByEntity(snapshot),
  };
}

/** Known where every segment holds one entity only. */
function rowsByEntity(snapshot: Snapshot): ReadonlyMap<string, number> | undefined {
  const rows = new Map<string, number>();
  for (const segment of segmentsOf(snapshot)) {
    if (segment.layout.kind !== "Single") return undefined;
    const key = entityKey(segment.layout.entity);
    rows.set(key, (rows.get(key) ?? 0) + segment.rows);
  }
  return rows;
}

/** Columns of a scan whose rows the session supplies. */
export function rowsColumns(columns: readonly PlanColumn[]): RowsRelation["columns"] {
  return columns.map(({ name, shape }) => ({
    name,
    typeOid: shape.typeOid,
    typmod: shape.typmod,
  }));
}
