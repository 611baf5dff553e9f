/** The referencing side of foreign keys: new rows point at rows that are there. */

import { SqlError } from "../../base/errors.ts";
import type { Execution } from "../execution.ts";
import { stagedSource } from "./check-rows.ts";
import { areAllSet, pairedKey, type Reference, referencesFrom, samePair } from "./foreign-keys.ts";
import { existingRows } from "./keys.ts";
import { type Staged, stagedValues } from "./staged.ts";
import { blame, keyText, type Probe, type Rule, refuseViolations } from "./violations.ts";
import type { PlainWrites } from "./writes.ts";

/** Once the statement is applied. `changed` as keyProbes has it. @throws SqlError 23503 */
export async function checkReferences(
  staged: Staged,
  changed: ReadonlySet<number> | undefined,
  execution: Execution,
  writes: PlainWrites,
): Promise<void> {
  const references = referencesFrom(staged.relation, execution).filter(
    ({ constraint }) => changed === undefined || constraint.columns.some((one) => changed.has(one)),
  );
  const { deferred } = writes;
  const now = references.filter(({ constraint }) => !deferred.isDeferred(constraint));
  for (const { constraint } of references) {
    if (deferred.isDeferred(constraint)) deferred.putOff(constraint, staged.relation, execution);
  }
  // PostgreSQL goes through the constraints one after the other.
  const probes = now.map((each, rank) => probe(staged, each, rank, execution, writes));
  for (const each of probes) await refuseViolations([each], execution);
}

function probe(
  staged: Staged,
  reference: Reference,
  rank: number,
  execution: Execution,
  writes: PlainWrites,
): Probe {
  const { constraint, key, from, to } = reference;
  const source = stagedSource(staged);
  const there = existingRows(to, key.columns, execution, writes);
  const own = `SELECT rowid AS n, ${pairedKey(from, constraint.columns, source.column)} FROM ${staged.table}`;
  const targets = `SELECT ${pairedKey(to, key.columns, there.column)} FROM ${there.from}`;
  const { columns } = constraint;
  const missing =
    `SELECT own.n FROM own ANTI JOIN (${targets}) AS there ON ${samePair(columns, "own", "there")}` +
    ` WHERE ${areAllSet(columns, "own")}`;
  const isFull = key.match === "full" && columns.length > 1;
  const anyNull = columns.map((_, at) => `k${at + 1} IS NULL`).join(" OR ");
  const anySet = columns.map((_, at) => `k${at + 1} IS NOT NULL`).join(" OR ");
  const mixed = isFull
    ? `SELECT min(n) FROM own WHERE (${anyNull}) AND (${anySet})`
    : "CAST(NULL AS BIGINT)";
  const mixedRule: Rule = {
    rank: rank * 2,
    refusal: async () =>
      await Promise.resolve(
        violation(reference, "MATCH FULL does not allow mixing of null and nonnull key values."),
      ),
  };
  const missingRule: Rule = {
    rank: rank * 2 + 1,
    refusal: async (row) => {
      const named = columns.flatMap(
        (number) => from.columns.find((candidate) => candidate.number === number) ?? [],
      );
      const values = await stagedValues(staged, row, named, execution);
      const names = named.map(({ name }) => name);
      const shown = keyText(names, values, named, execution);
      return violation(reference, `Key ${shown} is not present in table "${to.name}".`);
    },
  };
  return {
    sql: `WITH own AS (${own}) SELECT (${mixed}), (SELECT min(n) FROM (${missing}))`,
    rules: [mixedRule, missingRule],
  };
}

function violation({ constraint, from }: Reference, detail: string): SqlError {
  return new SqlError(
    "23503",
    `insert or update on table "${from.name}" violates foreign key constraint` +
      ` "${constraint.name}"`,
    blame(from, { constraint: constraint.name, detail }),
  );
}
