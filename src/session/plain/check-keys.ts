/**
 * UNIQUE and PRIMARY KEY: no two rows with one key once the statement is done. (PostgreSQL looks
 * after each row, so that an UPDATE that passes a key on may fail there and not here.)
 */

import { SqlError } from "../../base/errors.ts";
import type { ShadowIndex } from "../../postgres/relation.ts";
import type { Execution } from "../execution.ts";
import { stagedSource } from "./check-rows.ts";
import { columnsOfKey, existingRows, isSimple, keysOf, keyTrees, uniqueIndexes } from "./keys.ts";
import { overRows } from "./over.ts";
import { type Staged, stagedValues } from "./staged.ts";
import { blame, keyText, type Probe, valuesText } from "./violations.ts";
import type { PlainWrites } from "./writes.ts";

const KEY_RANK = 20_000;

/** `changed`: the columns that an UPDATE may have changed; undefined: rows are new. */
export async function keyProbes(
  staged: Staged,
  changed: ReadonlySet<number> | undefined,
  execution: Execution,
  writes: PlainWrites,
): Promise<Probe[]> {
  const probes: Probe[] = [];
  for (const [at, index] of uniqueIndexes(staged.relation).entries()) {
    const isSame =
      changed !== undefined && isSimple(index) && !index.columns.some((one) => changed.has(one));
    if (isSame) continue;
    const constraint = staged.relation.constraints.find(({ oid }) => oid === index.constraintOid);
    if (constraint !== undefined && writes.deferred.isDeferred(constraint)) {
      writes.deferred.putOff(constraint, undefined, execution);
      continue;
    }
    const sql = await duplicates(staged, index, execution, writes);
    const refusal = async (row: number) => await duplicateKey(staged, index, row, execution);
    probes.push({ sql, rules: [{ rank: KEY_RANK + at, refusal }] });
  }
  return probes;
}

async function duplicates(
  staged: Staged,
  index: ShadowIndex,
  execution: Execution,
  writes: PlainWrites,
): Promise<string> {
  const { relation, table, identity, rows } = staged;
  const updated =
    identity === undefined ? undefined : `SELECT ${identity} AS pgtide_row FROM ${table}`;
  const columns = columnsOfKey(relation, index);
  const others = existingRows(relation, columns, execution, writes, updated);
  const own = await keysOf(relation, index, stagedSource(staged), execution);
  const there = await keysOf(relation, index, others, execution);
  const keys = index.columns.map((_, at) => `k${at + 1}`);
  const within =
    rows < 2
      ? ""
      : " UNION ALL SELECT n FROM (SELECT n, row_number() OVER" +
        ` (PARTITION BY ${keys.join(", ")} ORDER BY n) AS r FROM own) WHERE r > 1`;
  return (
    `WITH own AS (${own}) SELECT min(n) FROM (SELECT own.n FROM own JOIN (${there}) AS there` +
    ` ON ${sameKey(index, "own", "there")}${within})`
  );
}

export function sameKey(index: ShadowIndex, left: string, right: string): string {
  const operator = index.nullsNotDistinct ? "IS NOT DISTINCT FROM" : "=";
  return index.columns
    .map((_, at) => `${left}.k${at + 1} ${operator} ${right}.k${at + 1}`)
    .join(" AND ");
}

async function duplicateKey(
  staged: Staged,
  index: ShadowIndex,
  row: number,
  execution: Execution,
): Promise<SqlError> {
  const { relation } = staged;
  const message = `duplicate key value violates unique constraint "${index.name}"`;
  const columns = index.columns.flatMap(
    (number) => relation.columns.find((candidate) => candidate.number === number) ?? [],
  );
  const constraint = { constraint: index.name };
  if (index.keyText !== null) {
    const shown = await expressionValues(staged, index, row, execution);
    const detail = `Key (${index.keyText})=(${shown}) already exists.`;
    return new SqlError("23505", message, blame(relation, { ...constraint, detail }));
  }
  const values = await stagedValues(staged, row, columns, execution);
  const names = columns.map(({ name }) => name);
  const detail = `Key ${keyText(names, values, columns, execution)} already exists.`;
  return new SqlError("23505", message, blame(relation, { ...constraint, detail }));
}

/** Of a key with expressions, whose values are computed again. */
async function expressionValues(
  staged: Staged,
  index: ShadowIndex,
  row: number,
  execution: Execution,
): Promise<string> {
  const expressions = keyTrees(index).map((tree) => ({ tree, storedAs: undefined }));
  const source = stagedSource(staged);
  const { sql, plan, parameters } = await overRows(staged.relation, expressions, source, execution);
  const shapes = plan.columns.slice(1).map(({ shape }) => shape);
  const names = shapes.map((_, at) => `k${at + 1}`).join(", ");
  const { services, settings, signal } = execution;
  const one = { sql: `SELECT ${names} FROM (${sql}) WHERE k0 = ${row}`, shapes, parameters };
  const timeZone = settings.text.timeZone;
  const [result] = await services.engine.run({ statements: [one], timeZone }, signal);
  return valuesText(result?.rows[0] ?? [], shapes, execution);
}
