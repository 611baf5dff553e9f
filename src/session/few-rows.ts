/** Which results are small: one that stands in memory for a moment needs no stream. */

import type { Plan, Scan } from "../compile/plan.ts";
import type { CursorRequest } from "../engine/request.ts";
import type { Execution } from "./execution.ts";
import { isSimple, uniqueIndexes } from "./plain/keys.ts";
import type { BoundPlan, ScanReport } from "./scan-binding.ts";

/** DuckDB plans a stream twice. */
const ROWS_MAX = 10_000;
const GROUPED_ROWS_MAX = 250_000;
const BYTES_MAX = 8 * 2 ** 20;
/** How much larger than in its file a row may be in memory. */
const GROWTH = 8;
/** A guess may be wrong by so much before it costs anything. */
const MARGIN = 4;

/** What may give more rows than it reads; a word in a literal only means a stream. */
const MULTIPLIES = /\bJOIN\b|\bRECURSIVE\b|unnest|generate_series|GROUPING SETS|ROLLUP|CUBE/;

type Expectation = Pick<CursorRequest, "isSmall" | "rowsGuessed">;

const STREAM: Expectation = { isSmall: false };
const SMALL: Expectation = { isSmall: true };

/** One scan of few rows gives no more rows than it reads; groups are fewer still. */
export function expectedRows(
  { scans, isSmall }: Plan,
  { sql, reports, rowsRelations }: BoundPlan,
  execution: Execution,
): Expectation {
  if (isSmall) return SMALL;
  const [scan] = scans;
  if (scan === undefined || scans.length > 1 || rowsRelations.length > 0) return STREAM;
  if (MULTIPLIES.test(sql)) return STREAM;
  const [report] = reports;
  if (report === undefined) return readsByKey(scan, execution) ? SMALL : STREAM;
  const rowsMax = sql.includes("GROUP BY") ? GROUPED_ROWS_MAX : ROWS_MAX;
  if (report.rowsRead <= rowsMax && report.bytesRead <= BYTES_MAX) return SMALL;
  return guess(report);
}

/** One entity's last minutes in a large segment. */
function guess({ rowsRead, bytesRead, rowsLikely }: ScanReport): Expectation {
  const rowBytes = (bytesRead / rowsRead) * GROWTH;
  const rowsGuessed = Math.floor(Math.min(ROWS_MAX, BYTES_MAX / rowBytes));
  return rowsLikely * MARGIN <= rowsGuessed ? { isSmall: false, rowsGuessed } : STREAM;
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
