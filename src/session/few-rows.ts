/** Which results are small: one that stands in memory for a moment needs no stream. */

import type { Plan, Scan } from "../compile/plan.ts";
import type { Execution } from "./execution.ts";
import { isSimple, uniqueIndexes } from "./plain/keys.ts";
import type { BoundPlan } from "./scan-binding.ts";

/** DuckDB plans a stream twice. */
const ROWS_MAX = 10_000;
const GROUPED_ROWS_MAX = 250_000;
const BYTES_MAX = 8 * 2 ** 20;

/** What may give more rows than it reads; a word in a literal only means a stream. */
const MULTIPLIES = /\bJOIN\b|\bRECURSIVE\b|unnest|generate_series|GROUPING SETS|ROLLUP|CUBE/;

/** One scan of few rows gives no more rows than it reads; groups are fewer still. */
export function hasFewRows(
  { scans }: Plan,
  { sql, reports, rowsRelations }: BoundPlan,
  execution: Execution,
): boolean {
  const [scan] = scans;
  if (scan === undefined || scans.length > 1 || rowsRelations.length > 0) return false;
  if (MULTIPLIES.test(sql)) return false;
  const [report] = reports;
  if (report === undefined) return readsByKey(scan, execution);
  const rowsMax = sql.includes("GROUP BY") ? GROUPED_ROWS_MAX : ROWS_MAX;
  return report.rowsRead <= rowsMax && report.bytesRead <= BYTES_MAX;
}

/** A row of an ordinary table by a key of its own. */
export function readsByKey(scan: Scan, { services }: Execution): boolean {
  if (scan.kind !== "table" || scan.filter.pinned === undefined) return false;
  const relation = services.shadow.relations().get(scan.relationOid);
  if (relation === undefined) return false;
  const pinned = new Set(scan.filter.pinned);
  return uniqueIndexes(relation).some(
    (index) => isSimple(index) && index.columns.every((number) => pinned.has(number)),
  );
}

/** The text is that of every execution: it names no private tables, files or versions. */
export function isRepeated({ sql, reports, rowsRelations }: BoundPlan): boolean {
  return reports.length === 0 && rowsRelations.length === 0 && !sql.includes("memory.main.");
}
