/** Whether both sides said the same: cells as text, floats within 1e-12, errors by SQLSTATE. */

import type { Comparison, Row } from "../../support/differential.ts";

const FLOAT_OIDS = new Set([700, 701]);

/** undefined when they agree, else what to show. */
export function sameResult(
  comparison: Comparison,
  sqlState: string | undefined,
): object | undefined {
  const { postgres, ours, typeOids } = comparison;
  if (postgres.kind === "error" || ours.kind === "error") {
    const isSame =
      postgres.kind === "error" &&
      ours.kind === "error" &&
      postgres.sqlState === ours.sqlState &&
      postgres.sqlState === sqlState;
    return isSame
      ? undefined
      : { postgres: brief(postgres), ours: brief(ours), plan: sqlOf(comparison) };
  }
  if (sqlState !== undefined) return { expected: sqlState, postgres: brief(postgres) };
  const [expected, actual] = [ordered(postgres.rows, comparison), ordered(ours.rows, comparison)];
  if (expected.length !== actual.length) {
    return { postgres: expected.length, ours: actual.length, plan: sqlOf(comparison) };
  }
  const cells = expected.flatMap((row, at) =>
    row.flatMap((cell, column) => {
      const other = (actual[at] as Row)[column] ?? null;
      const isFloat = FLOAT_OIDS.has(typeOids[column] ?? 0);
      return isSameCell(cell, other, isFloat)
        ? []
        : [{ row: row[0], column, postgres: cell, ours: other }];
    }),
  );
  return cells.length === 0 ? undefined : { cells: cells.slice(0, 8), plan: sqlOf(comparison) };
}

function sqlOf({ plan }: Comparison): string {
  return (
    plan?.sql.map((piece) => (typeof piece === "string" ? piece : `<${piece}>`)).join("") ?? ""
  );
}

function brief(result: Comparison["ours"]): unknown {
  return result.kind === "error" ? `${result.sqlState} ${result.message}` : result.rows.slice(0, 3);
}

function ordered(rows: readonly Row[], { isOrdered }: Comparison): readonly Row[] {
  if (isOrdered) return rows;
  return [...rows].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

function isSameCell(expected: string | null, actual: string | null, isFloat: boolean): boolean {
  if (expected === actual) return true;
  if (!isFloat || expected === null || actual === null) return false;
  const [a, b] = [Number(expected), Number(actual)];
  return Math.abs(a - b) <= 1e-12 * Math.max(Math.abs(a), Math.abs(b)) + 1e-15;
}
