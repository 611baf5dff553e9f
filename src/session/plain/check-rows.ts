/** NOT NULL and CHECK: rules about one row. */

import { SqlError } from "../../base/errors.ts";
import type { ShadowConstraint } from "../../postgres/relation.ts";
import type { Execution } from "../execution.ts";
import { hasRight } from "../privileges/check.ts";
import { overRows } from "./over.ts";
import { newValue, type Staged } from "./staged.ts";
import { blame, failingRow, type Probe, type Rule } from "./violations.ts";

const CHECK_RANK = 10_000;
const VIEW_RANK = 1_000_000;

export function stagedSource(staged: Staged) {
  return {
    from: staged.table,
    rowNumber: "rowid",
    column: (columnNumber: number) => newValue(staged, columnNumber),
  };
}

export async function rowProbes(staged: Staged, execution: Execution): Promise<Probe[]> {
  return [
    ...notNullProbes(staged, execution),
    ...(await checkProbes(staged, execution)),
    ...(await viewProbes(staged, execution)),
  ];
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

/** PostgreSQL asks last, when the row is in the table and its keys. */
async function viewProbes(staged: Staged, execution: Execution): Promise<Probe[]> {
  const { relation, checks = [] } = staged;
  if (checks.length === 0) return [];
  const expressions = checks.map(({ condition, rtindex }) => ({
    tree: condition,
    rtindex,
    storedAs: undefined,
  }));
  const over = await overRows(relation, expressions, stagedSource(staged), execution);
  const list = checks.map((_, at) => `min(k0) FILTER (WHERE k${at + 1} IS NOT TRUE)`);
  const rules = checks.map(
    ({ view }, at): Rule => ({
      rank: VIEW_RANK + at,
      refusal: async (row) => {
        const message = `new row violates check option for view "${view}"`;
        const whole = { relationOid: relation.oid, roleOid: 0, privileges: "SELECT", columns: [0] };
        if (!(await hasRight(whole, execution))) return new SqlError("44000", message);
        const detail = await failingRow(staged, row, execution);
        return new SqlError("44000", message, { detail });
      },
    }),
  );
  const sql = `SELECT ${list.join(", ")} FROM (${over.sql})`;
  return [{ sql, parameters: over.parameters, rules }];
}
