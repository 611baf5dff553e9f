/** CREATE and REFRESH MATERIALIZED VIEW: an ordinary table, filled by the view's query. */

import { assert, SqlError } from "../../base/errors.ts";
import { splitStatements } from "../../compile/split.ts";
import { quoteIdentifier } from "../../compile/tokens.ts";
import type { ShadowRelation } from "../../postgres/relation.ts";
import type { DefinitionStatement } from "../definitions/classify.ts";
import { type DefinitionRequest, define } from "../definitions/define.ts";
import { materializedSources, populatedSql, refuseTemporary } from "../definitions/materialized.ts";
import type { Execution, Result } from "../execution.ts";
import { plainWrites } from "../plain/work.ts";
import { requireOwnerRights } from "../privileges/owner.ts";
import type { Statement } from "../statement.ts";
import { change } from "./change.ts";

type Node = DefinitionStatement["node"];

/** `request` executes the statement as it stands. */
export async function createMaterialized(
  request: DefinitionRequest,
  statement: DefinitionStatement,
  execution: Execution,
): Promise<Result> {
  const isFilled = (statement.node["into"] as Node)["skipData"] !== true;
  const sources = materializedSources(statement.sql, statement, isFilled);
  const { tag, notices, relations } = await define(
    { ...request, sources, isUndoable: true },
    execution,
  );
  const made = relations.find(({ relkind }) => relkind === "m");
  if (made === undefined) return { kind: "done", tag, notices };
  const inside = within(execution);
  refuseTemporary(made, inside.services.shadow.relations());
  if (!isFilled) return { kind: "done", tag, notices };
  const rows = await fill(made, inside);
  return { kind: "done", tag: `SELECT ${rows}`, notices };
}

export async function refreshMaterialized(
  { command, node }: DefinitionStatement,
  execution: Execution,
): Promise<Result> {
  const { schemaname, relname } = node["relation"] as Node;
  const names = [schemaname, relname].filter((name) => name !== null).map(String);
  const unfilled = `REFRESH MATERIALIZED VIEW ${names.map(quoteIdentifier).join(".")} WITH NO DATA`;
  const request = { command, sources: [unfilled], locksRows: true } as const;
  // PostgreSQL's word on whether there is such a view, and whose it is.
  const step = await define({ ...request, isTried: true }, execution);
  const [tried] = step.relations.filter(({ relkind }) => relkind === "m");
  const view = tried && within(execution).services.shadow.relations().get(tried.oid);
  assert(view !== undefined, "a refresh without its materialized view");
  const isFilled = node["skipData"] !== true;
  if (node["concurrent"] === true) refuseConcurrent(view, isFilled);
  const done = { kind: "done", tag: command } as const;
  if (!isFilled) {
    await define({ ...request, isUndoable: true }, execution);
    await empty(view, within(execution));
    return done;
  }
  if (view.view?.isPopulated !== true) {
    const sources = [{ sql: populatedSql(view.oid), isOurs: true }];
    await define({ ...request, sources, isUndoable: true }, execution);
  }
  const inside = within(execution);
  await empty(view, inside);
  try {
    await fill(view, inside);
  } catch (cause) {
    throw inWordsOfRefresh(cause, view, node["concurrent"] === true);
  }
  return done;
}

/** As its transaction sees what it has defined. */
function within(execution: Execution): Execution {
  const { definitions } = execution.transaction;
  const services = definitions?.services ?? execution.services;
  return { ...execution, services, formats: [] };
}

async function empty(view: ShadowRelation, execution: Execution): Promise<void> {
  const writes = await plainWrites(execution);
  writes.beginStatement();
  await writes.settle();
  writes.refuseStale(view.oid);
  writes.replace(view);
}

/** @returns how many rows there are */
async function fill(
  { oid, schema, name, view }: ShadowRelation,
  execution: Execution,
): Promise<string> {
  assert(view !== null, "a materialized view without its query");
  const { services, settings, signal } = execution;
  const target = [schema, name].map(quoteIdentifier).join(".");
  const [text] = splitStatements(`INSERT INTO ${target} ${view.text}`);
  assert(text !== undefined, "a materialized view of nothing");
  const { statement } = await services.preparer.prepare(text, [], settings, signal);
  assert(statement.kind === "change", "an INSERT that changes nothing");
  await requireOwnerRights(statement, oid, execution);
  const result = await change(statement.change, execution);
  assert(result.kind === "done", "an INSERT without RETURNING gives rows");
  return result.tag.replace("INSERT 0 ", "");
}

/** @throws SqlError 0A000, 42601, 55000 */
function refuseConcurrent({ schema, name, view, indexes }: ShadowRelation, isFilled: boolean) {
  if (view?.isPopulated !== true) {
    const message = "CONCURRENTLY cannot be used when the materialized view is not populated";
    throw new SqlError("0A000", message);
  }
  if (!isFilled) {
    const message = "CONCURRENTLY and WITH NO DATA options cannot be used together";
    throw new SqlError("42601", message);
  }
  const isUsable = indexes.some(
    (index) => index.isUnique && index.predicate === null && index.expressions === null,
  );
  if (isUsable) return;
  const named = [schema, name].map(shownName).join(".");
  throw new SqlError("55000", `cannot refresh materialized view "${named}" concurrently`, {
    hint:
      "Create a unique index with no WHERE clause on one or more columns" +
      " of the materialized view.",
  });
}

function shownName(name: string): string {
  return /^[a-z_][a-z0-9_$]*$/.test(name) ? name : quoteIdentifier(name);
}

/** PostgreSQL builds the view's indexes anew, or compares its old rows with the new ones. */
function inWordsOfRefresh(cause: unknown, { name }: ShadowRelation, isConcurrent: boolean) {
  if (!(cause instanceof SqlError) || cause.fields.sqlState !== "23505") return cause;
  const { sqlState, constraint = "", detail, schema, table } = cause.fields;
  if (isConcurrent) {
    const what = "contains duplicate rows without any null columns";
    return new SqlError("21000", `new data for materialized view "${name}" ${what}`, { cause });
  }
  const twice = detail?.replace(/ already exists\.$/, " is duplicated.");
  return new SqlError(sqlState, `could not create unique index "${constraint}"`, {
    constraint,
    cause,
    ...(schema !== undefined && { schema }),
    ...(table !== undefined && { table }),
    ...(twice !== undefined && { detail: twice }),
  });
}

/** @throws SqlError 42809 where rows of a materialized view would be changed */
export function refuseMaterialized(statement: Statement, { services }: Execution): void {
  if (statement.kind !== "change") return;
  const target = services.shadow.relations().get(statement.change.plan.relationOid);
  if (target?.relkind !== "m") return;
  throw new SqlError("42809", `cannot change materialized view "${target.name}"`);
}
