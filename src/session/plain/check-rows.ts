/** NOT NULL and CHECK: rules about one row. */

import { SqlError } from "../../base/errors.ts";
import type { ShadowConstraint } from "../../postgres/relation.ts";
import type { Execution } from "../execution.ts";
import { overRows } from "./over.ts";
import { newValue, type Staged } from "./staged.ts";
import { blame, failingRow, type Probe, type Rule } from "./violations.ts";

const CHECK_RANK = 10_000;

export function stagedSource(staged: Staged) {
  return {
    from: staged.table,
    rowNumber: "rowid",
    column: (columnNumber: number) => newValue(staged, columnNumber),
  };
}

export async function rowProbes(staged: Staged, execution: Execution): Promise<Probe[]> {
  return [...notNullProbes(staged, execution), ...(await checkProbes(staged, execution))];
}

function notNullProbes(staged: Staged, execution: Execution): Probe[] {
  const { relation, table } = staged;
  const required = relation.columns.filter(({ isNotNull }) => isNotNull);
  if (required.length === 0) return [];
  const list = required.map(
    ({ number }) => `min(rowid) FILTER (WHERE ${newValue(staged, number)} IS NULL)`,
  );
  const rules = required.map(
    (column): Rule => ({
      rank: column.number,
      refusal: async (row) => {
        const detail = await failingRow(staged, row, execution);
        return new SqlError(
          "23502",
          `null value in column "${column.name}" of relation "${relation.name}"` +
            " violates not-null constraint",
          blame(relation, { column: column.name, detail }),
        );
      },
    }),
  );
  return [{ sql: `SELECT ${list.join(", ")} FROM ${table}`, rules }];
}

/** PostgreSQL goes through them by name. */
async function checkProbes(staged: Staged, execution: Execution): Promise<Probe[]> {
  const { relation } = staged;
  const checks = relation.constraints
    .filter(({ kind, isEnforced }) => kind === "check" && isEnforced)
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  if (checks.length === 0) return [];
  const expressions = checks.map(({ tree }) => ({ tree: tree ?? "", storedAs: undefined }));
  const over = await overRows(relation, expressions, stagedSource(staged), execution);
  const list = checks.map((_, at) => `min(k0) FILTER (WHERE k${at + 1} = false)`);
  const rules = checks.map((check, at) => checkRule(check, CHECK_RANK + at, staged, execution));
  const sql = `SELECT ${list.join(", ")} FROM (${over.sql})`;
  return [{ sql, parameters: over.parameters, rules }];
}

function checkRule(
  { name }: ShadowConstraint,
  rank: number,
  staged: Staged,
  execution: Execution,
): Rule {
  const { relation } = staged;
  return {
    rank,
    refusal: async (row) =>
      new SqlError(
        "23514",
        `new row for relation "${relation.name}" violates check constraint "${name}"`,
        blame(relation, { constraint: name, detail: await failingRow(staged, row, execution) }),
      ),
  };
}
