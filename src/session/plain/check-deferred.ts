/**
 * What deferrable constraints have put off, looked at when it is due: by SET CONSTRAINTS, or before
 * COMMIT. The rows are those that the transaction has made and that are still there; of foreign
 * keys also those that point at rows that it has removed.
 */

import { SqlError } from "../../base/errors.ts";
import type { ShadowConstraint, ShadowRelation } from "../../postgres/relation.ts";
import type { Execution } from "../execution.ts";
import { knownWork } from "../work.ts";

import { keyProbes } from "./check-keys.ts";
import { checkReferences } from "./check-references.ts";
import type { PutOff } from "./deferred.ts";
import { pairedKey, type Reference, referencesFrom } from "./foreign-keys.ts";
import {
  baseTable,
  columnList,
  columnName,
  isTemporary,
  privateTable,
  ROW_IDENTITY,
} from "./physical.ts";
import { refuseReferenced } from "./referenced.ts";
import { allRelations } from "./relation.ts";
import { INT8, type Staged } from "./staged.ts";
import { refuseViolations } from "./violations.ts";
import type { PlainWrites } from "./writes.ts";

/** When something may have been put off: it is looked at before COMMIT. */
export function awaitDeferred(writes: PlainWrites, { transaction }: Execution): void {
  if (writes.deferred.isAwaited || writes.deferred.due(true).length === 0) return;
  writes.deferred.isAwaited = true;
  knownWork(transaction)?.beforeCommit(async () => await checkDeferred(writes, true));
}

/** @throws SqlError 23503, 23505 */
export async function checkDeferred(writes: PlainWrites, isAll: boolean): Promise<void> {
  const due = writes.deferred.due(isAll);
  if (due.length === 0) return;
  await writes.settle();
  for (const one of due) await check(one, writes);
  writes.deferred.done(due);
}

async function check({ constraint, execution }: PutOff, writes: PlainWrites): Promise<void> {
  const services = execution.transaction.definitions?.services ?? execution.services;
  // The statement that put it off is over, and so is what could cancel it.
  const now = { ...execution, services, signal: new AbortController().signal };
  const found = [...allRelations(now)].find(({ constraints }) =>
    constraints.some(({ oid }) => oid === constraint.oid),
  );
  if (found === undefined) return;
  const only = { ...found, ...narrowed(found, constraint) };
  const own = await stageOwn(only, writes, now);
  try {
    if (constraint.foreign === null) {
      if (own === undefined) return;
      const probes = await keyProbes(own, undefined, now, writes);
      return await refuseViolations(probes, now);
    }
    if (own !== undefined) await checkReferences(own, undefined, now, writes);
    for (const reference of referencesFrom(only, now)) await checkRemoved(reference, writes, now);
  } finally {
    if (own !== undefined) services.plain.dropLater([own.table]);
  }
}

/** As if there were this one constraint, and nothing to be put off. */
function narrowed(
  { constraints, indexes }: ShadowRelation,
  { oid, indexOid }: ShadowConstraint,
): Pick<ShadowRelation, "constraints" | "indexes"> {
  return {
    constraints: constraints
      .filter((one) => one.oid === oid)
      .map((one) => ({ ...one, isDeferrable: false })),
    indexes: indexes.filter((index) => index.oid === indexOid),
  };
}

/** The transaction's rows of the table, in the order they were made. */
async function stageOwn(
  relation: ShadowRelation,
  writes: PlainWrites,
  { services }: Execution,
): Promise<Staged | undefined> {
  const generation = writes.generation(relation.oid);
  const [rows, gone] = [generation?.ownRows, generation?.goneRows];
  if (rows === undefined) return undefined;
  const table = privateTable(services.plain.privateName());
  const sql =
    `CREATE TABLE ${table} AS SELECT ${ROW_IDENTITY}, ${columnList(relation)} FROM ${rows}` +
    (gone === undefined ? "" : ` ANTI JOIN ${gone} AS g USING (${ROW_IDENTITY})`) +
    ` ORDER BY ${ROW_IDENTITY} DESC`;
  const [made] = await services.engine.run({ statements: [{ sql, shapes: [INT8] }] });
  return {
    relation,
    table,
    rows: Number(made?.rows[0]?.[0] ?? 0),
    identity: ROW_IDENTITY,
    newValues: new Map(relation.columns.map(({ number }) => [number, columnName(number)])),
  };
}

async function checkRemoved(
  reference: Reference,
  writes: PlainWrites,
  execution: Execution,
): Promise<void> {
  const { key, to } = reference;
  if (key.onDelete !== "no action" && key.onUpdate !== "no action") return;
  const generation = writes.generation(to.oid);
  const gone = generation?.goneRows;
  // TRUNCATE has seen to it that nobody points there.
  if (generation?.hasBase !== true || gone === undefined) return;
  const { plain } = execution.services;
  const table = privateTable(plain.privateName());
  const before = pairedKey(to, key.columns, (number) => `r.${columnName(number)}`);
  const old = key.columns.map((number, at) => `r.${columnName(number)} AS o${at + 1}`);
  await plain.runAll([
    `CREATE TABLE ${table} AS SELECT ${before}, ${old.join(", ")} FROM` +
      ` ${baseTable(to.oid, isTemporary(to))} AS r JOIN ${gone} AS g ON r.rowid = g.${ROW_IDENTITY}`,
  ]);
  try {
    const keys = { reference, action: "no action", table, isUpdate: false } as const;
    await refuseReferenced(keys, execution, writes);
  } finally {
    plain.dropLater([table]);
  }
}

/** Before a table is changed as a whole. @throws SqlError 55006 */
export function refuseWaiting(
  { oid, name }: ShadowRelation,
  command: string,
  writes: PlainWrites | undefined,
): void {
  if (writes?.deferred.isWaiting(oid) !== true) return;
  throw new SqlError("55006", `cannot ${command} "${name}" because it has pending trigger events`);
}
