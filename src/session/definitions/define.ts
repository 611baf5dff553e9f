/**
 * The one way by which anything is defined: the embedded PostgreSQL executes it, we judge what has
 * come out, and it is decided at once or, inside of a transaction, with its COMMIT.
 */

import { SqlError } from "../../base/errors.ts";
import type { NewEntry } from "../../catalog/entry.ts";
import { quoteIdentifier } from "../../compile/tokens.ts";
import type { DefinitionStep, ShadowSettings } from "../../postgres/analysis.ts";
import type { DefinitionSource } from "../../postgres/view.ts";
import type { Execution } from "../execution.ts";
import { lockOwner } from "../locks.ts";
import { ownSchema } from "../own-functions.ts";
import { lockWait } from "../plain/work.ts";
import { requireTemporary } from "../privileges/temporary.ts";
import { temporarySchema } from "../temporary.ts";
import { temporaryFirst, temporaryLast } from "../temporary-path.ts";
import { requireWritable } from "../write-rules.ts";
import { combined, type Effects, isUnknown } from "./effects.ts";
import { keptMoments } from "./kept-moments.ts";
import { changeOrdinaryTables } from "./plain-effects.ts";
import { refuseOwnSchemas, refuseUnsupported, temporaryOf } from "./refusals.ts";
import { isTstable, type RelationChange, relationChanges } from "./relation-changes.ts";
import type { Rewrite } from "./rewrite.ts";
import { type Judge, TransactionDefinitions } from "./transaction-definitions.ts";
import { dropsOwnFunctions, tstableEffects } from "./tstable-effects.ts";
import { changeKeys } from "./tstable-keys.ts";

export interface DefinitionRequest {
  /** For messages: `CREATE TABLE`. */
  readonly command: string;
  readonly sources: readonly DefinitionSource[];
  /** Only to learn what it would do; everything is undone. */
  readonly isTried?: true;
  /** DROP ... KEEP FILES. */
  readonly keepsFiles?: boolean;
  /** What else follows; may still refuse. */
  readonly judge?: (
    step: DefinitionStep,
    changes: readonly RelationChange[],
  ) => Promise<readonly Effects[]>;
  /** Rows of ordinary tables are read or go: nobody else may write meanwhile. */
  readonly locksRows?: boolean;
  /** Once the catalogue is locked, before anything is executed. */
  readonly prepare?: (() => Promise<void>) | undefined;
  /** Once the sources were executed: what becomes of the rows of an altered table. */
  readonly rewrite?: () => Rewrite | undefined;
  /** Something follows that must happen with it or not at all. */
  readonly isUndoable?: true;
  /** A temporary table: what becomes of it at COMMIT (OnCommitAction of primnodes.h). */
  readonly temporary?: { readonly onCommit: number };
  /** What it is about is in this schema of temporary objects, which its changes may not show. */
  readonly commentsIn?: string | undefined;
  /** It makes something that is named without a schema. */
  readonly makes?: boolean;
  /** New time-series tables are `judge`'s matter; else they are refused. */
  readonly makesTstables?: true;
}

/** @throws SqlError as PostgreSQL raises it, 0A000, 25006, 55P03, 40P01 */
export async function define(
  request: DefinitionRequest,
  execution: Execution,
): Promise<DefinitionStep> {
  const { transaction, services, signal } = execution;
  requireWritable(request.command, execution);
  if (request.temporary !== undefined) await requireTemporary(execution);
  const isAtOnce = isAlone(execution) && request.isUndoable !== true;
  await lockCatalogue(request, execution);
  await request.prepare?.();
  const { settings, before } = surroundings(request, execution);
  const known = services.shadow.relations();
  const moments = keptMoments(request.sources, known);
  const sources = [...before, ...request.sources, ...moments, dropsOwnFunctions(known)];
  const judge = judgeOf(request, execution);
  if (transaction.definitions !== undefined) {
    return await transaction.definitions.execute(sources, settings, judge);
  }
  if (isAtOnce) {
    return await defineAtOnce(sources, settings, judge, execution);
  }
  const definitions = await TransactionDefinitions.start(services, settings, signal);
  await transaction.beginDefinitions(definitions);
  return await definitions.execute(sources, settings, judge);
}

/** The path that says where something is made, and the schema of temporary objects. */
function surroundings(
  { temporary, makes }: DefinitionRequest,
  { services, settings, processId }: Execution,
): { readonly settings: ShadowSettings; readonly before: readonly DefinitionSource[] } {
  const path = settings.get("search_path") ?? "";
  if (temporary !== undefined) {
    const schema = temporarySchema(processId);
    settings.useTemporarySchema(schema);
    const sql = `CREATE SCHEMA ${schema}`;
    const made = services.shadow.schemas().has(schema) ? [] : [{ sql, isOurs: true }];
    const role = quoteIdentifier(settings.currentUser);
    const grant = `GRANT USAGE, CREATE ON SCHEMA ${schema} TO ${role}`;
    const before = settings.isSuperuser ? made : [...made, { sql: grant, isOurs: true }];
    return { settings: temporaryFirst(settings.shadow, path, schema), before };
  }
  const schema = settings.temporarySchema;
  if (schema === undefined || makes !== true) return { settings: settings.shadow, before: [] };
  return { settings: temporaryLast(settings.shadow, path, schema), before: [] };
}

/** One definition follows the other: whoever defines something holds this lock to the end. */
async function lockCatalogue(
  { locksRows }: DefinitionRequest,
  execution: Execution,
): Promise<void> {
  const { services, transaction, processId } = execution;
  const owner = lockOwner(transaction, processId);
  const wait = lockWait(execution);
  const target = { key: "catalogue", title: "the catalogue" };
  // Before the waits, which may end with an error.
  transaction.hold({
    release: () => {
      services.locks.releaseAll(owner);
      return Promise.resolve();
    },
  });
  await services.locks.acquire(owner, target, "exclusive", wait);
  if (locksRows === true) await services.plain.lock(owner, wait);
}

function isAlone({ transaction, isAlone }: Execution): boolean {
  return !transaction.isExplicit && isAlone && transaction.work === undefined;
}

async function defineAtOnce(
  sources: readonly DefinitionSource[],
  settings: ShadowSettings,
  judge: Judge,
  { services, transaction }: Execution,
): Promise<DefinitionStep> {
  let effects: Effects | undefined;
  try {
    const outcome = await services.definer.define(sources, settings, async (step) => {
      const judged = await judge(step);
      if (judged === "undo") return "undo";
      effects = judged;
      const entry: NewEntry = { ...step.definition, changes: effects.changes };
      const { work } = transaction;
      const { temporary } = effects;
      let isInstalled = false;
      // Before those go on who wait for a lock.
      work?.atEnd((outcome) => {
        if (outcome !== "committed") return;
        judged.install(services.tables);
        isInstalled = true;
      });
      if (temporary !== undefined) await work?.commit();
      else await (work === undefined ? services.journal.append(entry) : work.commit(entry));
      transaction.forgetWork();
      if (!isInstalled) effects.install(services.tables);
      return temporary === undefined ? undefined : { temporary };
    });
    await effects?.finish();
    return outcome;
  } catch (cause) {
    // When nobody knows whether the entry was written, its tables may be there after a restart.
    if (!isUnknown(cause)) await effects?.undo();
    throw cause;
  }
}

function judgeOf(request: DefinitionRequest, execution: Execution): Judge {
  const { services } = execution;
  return async (step) => {
    if (request.isTried || isNothing(step)) return "undo";
    const changes = relationChanges(services.shadow.relations(), step);
    refuseForeign(step, changes, request.makesTstables === true);
    const temporary = temporaryOf(changes, services.shadow.relations()) ?? request.commentsIn;
    const effects = changes.flatMap((change) => {
      const one = tstableEffects(change, services, request.keepsFiles === true);
      return one === undefined ? [] : [one];
    });
    const more = (await request.judge?.(step, changes)) ?? [];
    const keys: Effects[] = [];
    for (const change of changes) {
      const one = await changeKeys(change, execution);
      if (one !== undefined) keys.push(one);
    }
    await changeOrdinaryTables(changes, request.rewrite?.(), execution);
    const all = combined([...effects, ...keys, ...more]);
    return temporary === undefined ? all : { ...all, temporary };
  };
}

/** IF [NOT] EXISTS found nothing to do. */
function isNothing(step: DefinitionStep): boolean {
  const counts = [
    step.relations,
    step.functions,
    step.schemas,
    step.droppedRelationOids,
    step.droppedFunctionOids,
    step.droppedSchemas,
  ];
  if (step.roles !== undefined || counts.some(({ length }) => length > 0)) return false;
  return step.notices.some(({ message }) => message.endsWith(", skipping"));
}

function refuseForeign(
  step: DefinitionStep,
  changes: readonly RelationChange[],
  makesTstables: boolean,
): void {
  const dropped = new Set(step.droppedRelationOids.map(ownSchema));
  refuseOwnSchemas(step.droppedSchemas.filter((name) => !dropped.has(name)));
  for (const change of changes) {
    refuseUnsupported(change);
    const { before, after } = change;
    if (makesTstables || before !== undefined || after === undefined || !isTstable(after)) continue;
    throw new SqlError("0A000", `"${after.name}" cannot become a time-series table this way`, {
      hint: "Use CREATE TSTABLE, or CREATE TABLE ... USING tstable.",
    });
  }
}
