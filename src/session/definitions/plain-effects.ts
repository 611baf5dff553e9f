/** What a definition does to the rows of ordinary tables, kept as the transaction's own changes. */

import { SqlError } from "../../base/errors.ts";
import { compileChange } from "../../compile/changes.ts";
import type { Plan } from "../../compile/plan.ts";
import { readQuery } from "../../compile/tree.ts";
import type { ShadowRelation } from "../../postgres/relation.ts";
import type { ShadowView } from "../../postgres/view.ts";
import { compileContext } from "../compile-context.ts";
import type { Execution } from "../execution.ts";
import { applyChange } from "../plain/apply.ts";
import { refuseWaiting } from "../plain/check-deferred.ts";
import { drawForRows } from "../plain/draw.ts";
import { refuseUnkept } from "../plain/foreign-keys.ts";
import { isOrdinary } from "../plain/physical.ts";
import { newValueColumns, type Staged, stagePlan } from "../plain/staged.ts";
import { knownWrites, plainWrites } from "../plain/work.ts";
import type { PlainWrites } from "../plain/writes.ts";
import type { RelationChange } from "./relation-changes.ts";
import { isChecked, type Rewrite } from "./rewrite.ts";

/** @throws SqlError 23502, 23503, 23505, 23514, and what an expression over a row raises */
export async function changeOrdinaryTables(
  changes: readonly RelationChange[],
  rewrite: Rewrite | undefined,
  execution: Execution,
): Promise<void> {
  const made = changes.filter(({ before, after }) => !before && after && isOrdinary(after));
  const dropped = changes.filter(({ before, after }) => before && !after && isOrdinary(before));
  const known = new Map(changes.flatMap(({ after }) => (after ? [[after.oid, after]] : [])));
  for (const relation of known.values()) {
    if (isOrdinary(relation)) refuseUnkept(relation, known, execution);
  }
  const written = knownWrites(execution.transaction);
  for (const { before } of dropped) if (before) refuseWaiting(before, "DROP TABLE", written);
  // Rows that wait in memory do so with the keys and columns of before.
  await written?.settle();
  if (made.length + dropped.length === 0 && rewrite === undefined) return;
  const writes = await plainWrites(execution);
  writes.beginStatement();
  for (const { after } of made) if (after !== undefined) writes.create(after);
  for (const { before } of dropped) if (before !== undefined) writes.drop(before);
  if (rewrite !== undefined) await rewriteRows(rewrite, changes, writes, execution);
}

async function rewriteRows(
  rewrite: Rewrite,
  changes: readonly RelationChange[],
  writes: PlainWrites,
  execution: Execution,
): Promise<void> {
  const { analysis, before, after, scratch } = rewrite;
  writes.refuseStale(before.oid);
  const copy = { ...scratch, schema: before.schema };
  const afterwards = seeing([...changes.flatMap((one) => one.after ?? []), copy], execution);
  const context = compileContext(execution.settings, afterwards.services.tables);
  const plan = compileChange(readQuery(analysis.tree), context);
  const { table, rows } = await stagePlan(readingBefore(plan.source, rewrite), execution);
  try {
    const newValues = newValueColumns(plan);
    const relation = withNewRules(before, after);
    const staged: Staged = { relation, table, rows, identity: undefined, newValues };
    await drawForRows(plan.sequences, staged, afterwards);
    writes.replace(after);
    await applyChange({ staged, changed: undefined }, afterwards, writes);
  } catch (cause) {
    throw inWordsOfAlter(cause, after);
  } finally {
    await execution.services.plain.runAll([`DROP TABLE ${table}`]);
  }
}

/** Rows that kept a rule are not asked again; those older than a NOT VALID one never were. */
function withNewRules(before: ShadowRelation, after: ShadowRelation): ShadowRelation {
  const rules = new Set(before.constraints.filter(isChecked).map(({ oid }) => oid));
  const indexes = new Set(before.indexes.map(({ oid }) => oid));
  return {
    ...after,
    constraints: after.constraints
      .filter((one) => isChecked(one) && !rules.has(one.oid))
      .map((one) => ({ ...one, isDeferrable: false })),
    indexes: after.indexes.filter(({ oid }) => !indexes.has(oid)),
  };
}

/** The same execution when these relations are defined already. */
function seeing(relations: readonly ShadowRelation[], execution: Execution): Execution {
  const { services } = execution;
  const known = new Map(services.shadow.relations());
  for (const relation of relations) known.set(relation.oid, relation);
  const shadow: ShadowView = {
    catalogueNumber: services.shadow.catalogueNumber,
    analyse: async (request, signal) => await services.shadow.analyse(request, signal),
    catalogQuery: async (request, signal) => await services.shadow.catalogQuery(request, signal),
    relations: () => known,
    functions: () => services.shadow.functions(),
    schemas: () => services.shadow.schemas(),
    roles: () => services.shadow.roles(),
    settingDefaults: () => services.shadow.settingDefaults(),
  };
  return {
    ...execution,
    services: { ...services, shadow, tables: services.tables.within(shadow) },
  };
}

/** The scan of the scratch table is one of the table itself, which is still as it was. */
function readingBefore(plan: Plan, { scratch, before }: Rewrite): Plan {
  const numbers = new Map(
    scratch.columns.map(({ number }, at) => [number, before.columns[at]?.number ?? number]),
  );
  const scans = plan.scans.map((scan) =>
    scan.kind === "table" && scan.relationOid === scratch.oid
      ? {
          ...scan,
          relationOid: before.oid,
          columnNumbers: scan.columnNumbers.map((number) => numbers.get(number) ?? number),
        }
      : scan,
  );
  return { ...plan, scans };
}

/** A row that was there before the rule is complained of otherwise than a new one. */
function inWordsOfAlter(cause: unknown, { name, schema, indexes }: ShadowRelation): unknown {
  if (!(cause instanceof SqlError)) return cause;
  const { sqlState, column, constraint, detail } = cause.fields;
  const of = { schema, table: name, cause };
  switch (sqlState) {
    case "23502": {
      const message = `column "${column}" of relation "${name}" contains null values`;
      return new SqlError(sqlState, message, { ...of, ...(column && { column }) });
    }
    case "23514": {
      const message = `check constraint "${constraint}" of relation "${name}" is violated by some row`;
      return new SqlError(sqlState, message, { ...of, ...(constraint && { constraint }) });
    }
    case "23505": {
      if (!indexes.some((index) => index.name === constraint)) return cause;
      const message = `could not create unique index "${constraint}"`;
      const twice = detail?.replace(/ already exists\.$/, " is duplicated.");
      return new SqlError(sqlState, message, {
        ...of,
        ...(constraint && { constraint }),
        ...(twice && { detail: twice }),
      });
    }
    default:
      return cause;
  }
}
