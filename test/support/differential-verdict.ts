/** Whether two results are the same, as the design counts sameness. */

import type { Comparison, Result, Row } from "./differential.ts";
import type { Case } from "./differential-file.ts";

export type Verdict = "equal" | "both-error" | "known" | "refused" | "different";

/** Sums of floats may differ in their last digits: another order of summation. */
const FLOAT_TOLERANCE = 1e-12;
const FLOAT_OIDS: ReadonlySet<number> = new Set([700, 701]);

export function verdictOf(test: Case, comparison: Comparison): Verdict {
  const { postgres, ours } = comparison;
  const isSame = isEqual(comparison);
  if (test.known !== undefined) return isSame ? "different" : "known";
  if (test.refused !== undefined) {
    return ours.kind === "error" && ours.sqlState === test.refused && postgres.kind === "rows"
      ? "refused"
      : "different";
  }
  if (postgres.kind === "error" && ours.kind === "error") {
    return postgres.sqlState === ours.sqlState ? "both-error" : "different";
  }
  return isSame ? "equal" : "different";
}

function isEqual({ postgres, ours, isOrdered, typeOids }: Comparison): boolean {
  if (postgres.kind === "error" || ours.kind === "error") return false;
  if (postgres.rows.length !== ours.rows.length) return false;
  const [left, right] = isOrdered
    ? [postgres.rows, ours.rows]
    : [sorted(postgres.rows), sorted(ours.rows)];
  return left.every((row, index) => rowsEqual(row, right[index] ?? [], typeOids));
}

function sorted(rows: readonly Row[]): readonly Row[] {
  return [...rows].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

function rowsEqual(left: Row, right: Row, typeOids: readonly number[]): boolean {
  return left.every((cell, index) => {
    const other = right[index] ?? null;
    if (cell === other) return true;
    if (cell === null || other === null || !FLOAT_OIDS.has(typeOids[index] ?? 0)) return false;
    const [a, b] = [Number(cell), Number(other)];
    return Math.abs(a - b) <= FLOAT_TOLERANCE * Math.max(Math.abs(a), Math.abs(b));
  });
}

/** For a person: the statement and the first rows that differ. */
export function explain(test: Case, comparison: Comparison): string {
  const { plan, isOrdered } = comparison;
  const [postgres, ours] = [comparison.postgres, comparison.ours].map((result) =>
    result.kind === "rows" && !isOrdered ? { ...result, rows: sorted(result.rows) } : result,
  ) as [Result, Result];
  const sql = plan?.sql.map((piece) => (typeof piece === "number" ? `<${piece}>` : piece)).join("");
  return [
    test.sql,
    `  postgres: ${describe(postgres, ours)}`,
    `  ours:     ${describe(ours, postgres)}`,
    `  sql:      ${sql ?? "-"}`,
  ].join("\n");
}

function describe(result: Result, other: Result): string {
  if (result.kind === "error") return `${result.sqlState} ${result.message}`;
  const theirs = other.kind === "rows" ? other.rows : [];
  const at = result.rows.findIndex(
    (row, index) => JSON.stringify(row) !== JSON.stringify(theirs[index]),
  );
  return `${result.rows.length} rows; row ${at}: ${JSON.stringify(result.rows[at] ?? null)}`;
}
