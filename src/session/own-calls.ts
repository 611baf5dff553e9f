/** Calls of our functions: which table, which arguments by name, and the rows they answer. */

import { assert, SqlError } from "../base/errors.ts";
import type { PlanColumn } from "../compile/plan.ts";
import type { RowsRelation } from "../engine/request.ts";
import { entityKey } from "../table/entities.ts";
import type { Segment } from "../table/segment.ts";
import { type Snapshot, segmentsOf } from "../table/snapshot.ts";
import type { TableView } from "../table/table-view.ts";
import type { SqlValue } from "../types/value.ts";
import {
  type Arguments,
  type CoverageSubject,
  coverageGaps,
  coverageRatio,
  coverageSummary,
} from "./coverage-functions.ts";
import { countRows } from "./row-count.ts";
import type { Services } from "./services.ts";
import type { StatementWorld } from "./statement-world.ts";
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
  services: Services,
  world: StatementWorld,
): Promise<readonly Row[]> {
  const found = services.tables.ownFunction(functionOid);
  assert(found !== undefined, `function ${functionOid} is none of ours`);
  const { name, entry } = found;
  const names = ARGUMENTS[name] ?? [];
  const args: Arguments = Object.fromEntries(
    names.map((argument, index) => [argument, values[index]]),
  );
  const view = world.view(entry);
  const version = args["version"];
  const subject =
    version === null || version === undefined
      ? await coverageNow(entry, view, services)
      : await coverageAt(entry, await snapshotOf(entry, view.snapshot, version));
  return answer(name, subject, args);
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
  version: SqlValue,
): Promise<Snapshot> {
  const number = Number(version);
  if (number < 1 || number > newest.version) {
    throw new SqlError("22023", `version ${number} of "${entry.info.name}" does not exist`, {
      detail: `Versions go from 1 to ${newest.version}.`,
    });
  }
  return await entry.table.at(number);
}

/** With rows that no version has yet. */
async function coverageNow(
  entry: TstableEntry,
  view: TableView,
  services: Services,
): Promise<CoverageSubject> {
  const { hotRows } = view.totals;
  const hasEntities = entry.entityColumns.length > 0;
  return {
    axis: entry.axis,
    entityColumns: entry.entityColumns,
    coverage: await view.coverage(),
    rows: await countRows(entry, view, services),
    rowsByEntity: hasEntities && hotRows === 0 ? rowsByEntity(view.segments()) : undefined,
  };
}

async function coverageAt(entry: TstableEntry, snapshot: Snapshot): Promise<CoverageSubject> {
  const hasEntities = entry.entityColumns.length > 0;
  return {
    axis: entry.axis,
    entityColumns: entry.entityColumns,
    coverage: await entry.table.coverage(snapshot),
    rows: snapshot.totals.rows,
    rowsByEntity: hasEntities ? rowsByEntity(segmentsOf(snapshot)) : undefined,
  };
}

/** Known where every segment holds one entity only. */
function rowsByEntity(segments: readonly Segment[]): ReadonlyMap<string, number> | undefined {
  const rows = new Map<string, number>();
  for (const segment of segments) {
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
