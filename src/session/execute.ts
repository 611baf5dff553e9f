/** The one place where a statement's kind meets its handler. */

import { unreachable } from "../base/errors.ts";
import { copyFrom } from "./copy/copy-from.ts";
import { copyTo } from "./copy/copy-to.ts";
import type { Execution, Result } from "./execution.ts";
import { compiledNow } from "./late-statement.ts";
import { isPlanned, withNewestPlan } from "./newest-plan.ts";
import { authorize } from "./privileges/authorize.ts";
import type { Statement } from "./statement.ts";
import { appendParquet } from "./statements/append-parquet.ts";
import { catalogQuery } from "./statements/catalog-query.ts";
import { change } from "./statements/change.ts";
import { createTableAs } from "./statements/create-as.ts";
import { createTstable } from "./statements/create-tstable.ts";
import { closeCursor, declareCursor, fetchRows } from "./statements/cursors.ts";
import { defineObjects } from "./statements/define.ts";
import { dropTstable } from "./statements/drop-tstable.ts";
import { selectEffects } from "./statements/effects.ts";
import { explain } from "./statements/explain.ts";
import { checkpoint, flush } from "./statements/flush.ts";
import { lockTables } from "./statements/lock-table.ts";
import { refuseMaterialized } from "./statements/materialized-views.ts";
import {
  listen,
  listeningChannels,
  notify,
  notifyByCall,
  notifyByQuery,
  unlisten,
} from "./statements/notify.ts";
import { optimizeTstable } from "./statements/optimize-tstable.ts";
import { deallocate, executeByName, prepareByName } from "./statements/prepared-statements.ts";
import { select } from "./statements/select.ts";
import { selectSequenceRows } from "./statements/sequence-rows.ts";
import { changeSetting, discard, show } from "./statements/set.ts";
import { setConstraints } from "./statements/set-constraints.ts";
import { vacuum } from "./statements/vacuum.ts";
import { twoPhase } from "./two-phase.ts";

/** What PostgreSQL executes without a snapshot; behind the others SET TRANSACTION is too late. */
const NEEDS_NO_SNAPSHOT: ReadonlySet<Statement["kind"]> = new Set([
  "empty",
  "listen",
  "unlisten",
  "notify",
  "transaction",
  "two-phase",
  "lock-table",
  "set",
  "show",
  "set-constraints",
  "checkpoint",
  "discard",
  "deallocate",
  "fetch",
  "execute-prepared",
  "close",
]);

export async function execute(statement: Statement, execution: Execution): Promise<Result> {
  if (!NEEDS_NO_SNAPSHOT.has(statement.kind)) execution.transaction.markRead();
  await authorize(statement, execution);
  const { prepared } = execution;
  // Of a statement within another, as of COPY, the other one is prepared.
  if (prepared.statement !== statement || !isPlanned(prepared)) {
    return await handle(statement, execution);
  }
  const newest = await withNewestPlan(execution);
  const now = newest.prepared.statement;
  if (now !== statement) await authorize(now, newest);
  return await handle(now, newest);
}

async function handle(statement: Statement, execution: Execution): Promise<Result> {
  switch (statement.kind) {
    case "empty":
      return { kind: "done", tag: "" };
    case "select":
      return await select(statement.plan, execution);
    case "change":
      refuseMaterialized(statement, execution);
      return await change(statement.change, execution);
    case "late": {
      const compiled = compiledNow(statement, execution);
      const prepared = { ...execution.prepared, statement: compiled };
      return await execute(compiled, { ...execution, prepared });
    }
    case "catalog-query":
      return await catalogQuery(
        statement.request,
        statement.factsNeeded,
        statement.notices,
        execution,
      );
    case "sequence-rows":
      return await selectSequenceRows(statement, execution);
    case "effects":
      return await selectEffects(statement, execution);
    case "listen":
      return await listen(statement.channel, execution);
    case "unlisten":
      return await unlisten(statement.channel, execution);
    case "notify":
      return await notify(statement.channel, statement.payload, execution);
    case "notify-call":
      return await notifyByCall(statement.calls, execution);
    case "notify-query":
      return await notifyByQuery(statement.plan, execution);
    case "listening-channels":
      return listeningChannels(execution);
    case "transaction":
      return { kind: "done", ...(await execution.transaction.apply(statement.command)) };
    case "two-phase":
      return { kind: "done", ...(await twoPhase(statement.command, execution)) };
    case "lock-table":
      return await lockTables(statement, execution);
    case "set":
      return await changeSetting(statement.change, execution);
    case "show":
      return await show(statement.name, execution);
    case "copy-to":
      return await copyTo(statement.copy, execution, execute);
    case "copy-from":
      return await copyFrom(statement.copy, execution);
    case "explain":
      return await explain(statement.query, statement.isAnalyze, execution);
    case "discard":
      return await discard(statement.target, execution);
    case "deallocate":
      return deallocate(statement.name, execution);
    case "prepare":
      return await prepareByName(statement, execution);
    case "execute-prepared":
      return await executeByName(statement, execution, execute);
    case "declare-cursor":
      return await declareCursor(statement, execution, execute);
    case "fetch":
      return await fetchRows(statement, execution, execute);
    case "close":
      return await closeCursor(statement.name, execution);
    case "set-constraints":
      return await setConstraints(statement.constraints, execution);
    case "vacuum":
      return vacuum(statement.vacuum, execution);
    case "checkpoint":
      return await checkpoint(execution);
    case "define":
      return await defineObjects(statement.definition, execution);
    case "create-as":
      return await createTableAs(statement.create, execution);
    case "own":
      return await executeOwn(statement.own, execution);
    default:
      return unreachable(statement);
  }
}

async function executeOwn(
  own: Extract<Statement, { kind: "own" }>["own"],
  execution: Execution,
): Promise<Result> {
  switch (own.kind) {
    case "create-tstable":
      return await createTstable(own, execution);
    case "drop-tstable":
      return await dropTstable(own, execution);
    case "append-parquet":
      return await appendParquet(own, execution);
    case "flush":
      return await flush(own, execution);
    case "optimize-tstable":
      return await optimizeTstable(own, execution);
    default:
      return unreachable(own);
  }
}
