/**
 * What the current role may do. Superusers may do everything. For others the embedded PostgreSQL
 * judges what it executes itself, definitions and catalogue queries; the rest is judged here, each
 * kind of statement by name.
 */

import { SqlError, unreachable } from "../../base/errors.ts";
import type { ChangePlan } from "../../compile/change-plan.ts";
import type { AppendParquet, CreateTstable, OwnStatement } from "../../compile/own-statements.ts";
import type { Analysis } from "../../postgres/analysis.ts";
import type { CopyFrom, CopyTo } from "../copy/copy-statement.ts";
import type { Execution } from "../execution.ts";
import { chosenPolicy } from "../repeated-rows.ts";
import { hasPrivilegesOf, requireRole } from "../roles/directory.ts";
import type { Statement } from "../statement.ts";
import type { TstableEntry } from "../tables.ts";
import { analysesOf } from "./analysed.ts";
import { askRows } from "./ask.ts";
import { type Question, requireRights } from "./check.ts";
import { needsOf } from "./needs.ts";

/** @throws SqlError 42501 */
export async function authorize(statement: Statement, execution: Execution): Promise<void> {
  if (execution.settings.isSuperuser) return await authorizeOwners(statement, execution);
  switch (statement.kind) {
    case "select":
    case "notify-query":
      return await authorizeAnalysed(statement, execution);
    case "change":
      await authorizeAnalysed(statement, execution);
      return await authorizeInsert(statement.change.plan, execution);
    case "copy-from":
      await authorizeAnalysed(statement, execution);
      return await authorizeCopyFrom(statement.copy, execution);
    case "copy-to":
      refuseFile(statement.copy, "to", execution);
      return await authorize(statement.copy.query, execution);
    case "explain":
      return await authorize(statement.query, execution);
    case "lock-table":
      return await authorizeLock(statement, execution);
    case "listen":
      return refuseCommits(statement.channel, execution);
    case "checkpoint":
      return requireMember("pg_checkpoint", execution, {
        message: "permission denied to execute CHECKPOINT command",
        does: "execute this command",
      });
    case "show":
      return await authorizeShow(statement.name, execution);
    case "own":
      return await authorizeOwn(statement.own, execution);
    case "sequence-rows": // its sequences, row by row
    case "effects": // by its functions, which know whose session it is
    case "create-as": // its query, once it is prepared
    case "declare-cursor": // its query
    case "execute-prepared": // what it executes
    case "fetch": // its query, when it was opened
    case "late": // what it becomes
    case "catalog-query":
    case "define":
    case "vacuum": // does nothing
    case "empty":
    case "close":
    case "deallocate":
    case "discard":
    case "listening-channels":
    case "notify":
    case "notify-call":
    case "prepare":
    case "set":
    case "set-constraints":
    case "transaction":
    case "two-phase":
    case "unlisten":
      return;
    default:
      return unreachable(statement);
  }
}

/** What a view reads its owner must be allowed to read, whoever asks. */
async function authorizeOwners(statement: Statement, execution: Execution): Promise<void> {
  if (statement.kind === "copy-to") return await authorizeOwners(statement.copy.query, execution);
  if (statement.kind === "explain") return await authorizeOwners(statement.query, execution);
  if (READS_RELATIONS.has(statement.kind)) await authorizeAnalysed(statement, execution);
}

const READS_RELATIONS: ReadonlySet<string> = new Set<Statement["kind"]>([
  "select",
  "notify-query",
  "change",
  "copy-from",
]);

/** Rights asked of somebody else than the current role, and not of the first superuser. */
const OF_OWNERS = /:checkAsUser (?!0 |10 )/;
const FIRST_SUPERUSER = 10;

/** What is left to ask of a statement. */
function questionsOf(analysis: Analysis, { services, settings }: Execution): readonly Question[] {
  if (settings.isSuperuser) {
    if (!OF_OWNERS.test(analysis.tree)) return [];
    const { needs } = needsOf(analysis);
    return needs.filter(({ roleOid }) => roleOid !== 0 && roleOid !== FIRST_SUPERUSER);
  }
  const { needs, functionOids } = needsOf(analysis);
  const coverage = functionOids.flatMap((oid) => {
    const found = services.tables.ownFunction(oid);
    return found === undefined ? [] : [coverageNeed(found.entry)];
  });
  return [...needs, ...coverage];
}

/** Under which catalogue, and as whom, a statement was found to be allowed. */
const ALLOWED = new WeakMap<object, Set<string>>();

async function authorizeAnalysed(statement: Statement, execution: Execution): Promise<void> {
  const analyses = analysesOf(statement);
  if (analyses === undefined) {
    if (execution.settings.isSuperuser) return;
    throw new SqlError("42501", "permission denied for this statement");
  }
  const { services, settings } = execution;
  const key = `${services.shadow.catalogueNumber} ${settings.currentRoleOid}`;
  for (const analysis of analyses) {
    const allowed = ALLOWED.get(analysis) ?? new Set();
    if (allowed.has(key)) continue;
    await requireRights(questionsOf(analysis, execution), execution);
    ALLOWED.set(analysis, allowed.add(key));
  }
}

/** The function tells of times and entities. */
export function coverageNeed({ info }: TstableEntry): Question {
  const columns = [info.timeColumn, ...(info.entityColumns ?? [])].filter(
    (one) => one !== undefined,
  );
  return { relationOid: info.oid, roleOid: 0, privileges: "SELECT", columns, isNamed: true };
}

function tableNeed(relationOid: number, privileges: string): Question {
  return { relationOid, roleOid: 0, privileges, isNamed: true };
}

async function authorizeInsert(plan: ChangePlan, execution: Execution): Promise<void> {
  if (plan.kind !== "insert") return;
  const entry = execution.services.tables.byOid(plan.relationOid);
  if (entry !== undefined)
    await requireRights(replaceNeeds(entry, undefined, execution), execution);
}

async function authorizeCopyFrom(copy: CopyFrom, execution: Execution): Promise<void> {
  refuseFile(copy, "from", execution);
  const entry = execution.services.tables.byOid(copy.relationOid);
  if (entry === undefined) return;
  await requireRights(replaceNeeds(entry, copy.options.overlap, execution), execution);
}

/** What replaces buckets, or older rows, removes rows. */
function replaceNeeds(
  entry: TstableEntry,
  given: string | undefined,
  execution: Execution,
): readonly Question[] {
  return chosenPolicy(entry, given, execution) === "replace"
    ? [tableNeed(entry.info.oid, "DELETE")]
    : [];
}

function refuseFile(
  { file }: Pick<CopyTo | CopyFrom, "file">,
  direction: "from" | "to",
  execution: Execution,
): void {
  if (file === undefined) return;
  const isFrom = direction === "from";
  requireMember(isFrom ? "pg_read_server_files" : "pg_write_server_files", execution, {
    message: `permission denied to COPY ${isFrom ? "from" : "to"} a file`,
    does: `COPY ${isFrom ? "from" : "to"} a file`,
    hint: "Anyone can COPY to stdout or from stdin. psql's \\copy command also works for anyone.",
  });
}

function requireMember(
  group: string,
  { settings }: Execution,
  words: { readonly message: string; readonly does: string; readonly hint?: string },
): void {
  const { roles } = settings;
  if (hasPrivilegesOf(roles, requireRole(roles, settings.currentRoleOid), group)) return;
  throw new SqlError("42501", words.message, {
    detail: `Only roles with privileges of the "${group}" role may ${words.does}.`,
    ...(words.hint !== undefined && { hint: words.hint }),
  });
}

const ANY_CHANGE = "UPDATE, DELETE, TRUNCATE, MAINTAIN";

async function authorizeLock(
  { tables, mode }: Extract<Statement, { kind: "lock-table" }>,
  execution: Execution,
): Promise<void> {
  const { services, settings, transaction } = execution;
  if (!transaction.isExplicit) return; // refused for that
  const privileges = mode === 1 ? `SELECT, INSERT, ${ANY_CHANGE}` : ANY_CHANGE;
  const questions = tables.flatMap((name) => {
    const found = services.tables.findRelation(name, settings);
    return found === undefined ? [] : [tableNeed(found.oid, privileges)];
  });
  await requireRights(questions, execution);
}

/** They tell of every table: of rows, times and entities. */
function refuseCommits(channel: string, execution: Execution): void {
  if (!channel.startsWith("tstable_commit")) return;
  requireMember("pg_read_all_data", execution, {
    message: `permission denied to listen to "${channel}"`,
    does: "hear of commits",
  });
}

/** Some settings are for superusers to see. */
async function authorizeShow(name: string, { services, settings }: Execution): Promise<void> {
  if (name.toLowerCase() === "all" || settings.get(name) === undefined) return;
  const text = "SELECT current_setting($1, true)";
  await askRows(services.shadow, text, [name], { ...settings.shadow, searchPath: "pg_catalog" });
}

async function authorizeOwn(own: OwnStatement, execution: Execution): Promise<void> {
  const { services, settings } = execution;
  switch (own.kind) {
    case "create-tstable":
      return authorizeCreate(own, execution);
    case "drop-tstable":
      return; // executed as DROP TABLE
    case "append-parquet":
      return await authorizeAppend(own, execution);
    case "flush":
    case "optimize-tstable": {
      const { oid } = services.tables.require(own.table, settings).info;
      return await requireRights([tableNeed(oid, "MAINTAIN")], execution);
    }
    default:
      return unreachable(own);
  }
}

/** Executed as CREATE TABLE; its query is judged once it is prepared. */
function authorizeCreate({ source }: CreateTstable, execution: Execution): void {
  if (source.kind !== "parquet" && source.kind !== "directory") return;
  const groups =
    source.kind === "parquet"
      ? ["pg_read_server_files"]
      : ["pg_read_server_files", "pg_write_server_files"];
  for (const group of groups) {
    requireMember(group, execution, {
      message: "permission denied to make a table of files on the server",
      does: "do so",
    });
  }
}

async function authorizeAppend(own: AppendParquet, execution: Execution): Promise<void> {
  const { services, settings } = execution;
  const entry = services.tables.require(own.table, settings);
  const replaced = replaceNeeds(entry, own.overlap, execution);
  await requireRights([tableNeed(entry.info.oid, "INSERT"), ...replaced], execution);
  requireMember("pg_read_server_files", execution, {
    message: "permission denied to APPEND from a file",
    does: "APPEND from a file",
    hint: "Anyone can COPY from stdin, also with FORMAT parquet.",
  });
}
