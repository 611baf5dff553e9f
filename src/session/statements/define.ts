/** Definitions that PostgreSQL executes as they are written: CREATE TABLE, ALTER, DROP, COMMENT. */

import { SqlError } from "../../base/errors.ts";
import type { NodeObject } from "../../compile/node-text.ts";
import type { QualifiedName } from "../../compile/own-statements.ts";
import type { ShadowRelation } from "../../postgres/relation.ts";
import type { DefinitionStatement } from "../definitions/classify.ts";
import { type DefinitionRequest, define } from "../definitions/define.ts";
import { NO_EFFECTS } from "../definitions/effects.ts";
import { arrangeCommit } from "../definitions/on-commit.ts";
import { rewriteSources } from "../definitions/rewrite.ts";
import { lockRows } from "../definitions/tstable-keys.ts";
import type { Execution, Result } from "../execution.ts";
import { refuseWaiting } from "../plain/check-deferred.ts";
import { isOrdinary } from "../plain/physical.ts";
import { startPosition } from "../plain/sequence-state.ts";
import { knownWrites } from "../plain/work.ts";
import { defineRoles, isRoleStatement } from "../roles/role-statements.ts";
import { isTemporarySchema, temporarySchema, withoutTemporary } from "../temporary.ts";
import { withTemporarySchema } from "../temporary-path.ts";
import { atOwnPositions, createView } from "./create-view.ts";
import { createMaterialized, refreshMaterialized } from "./materialized-views.ts";
import { truncate } from "./truncate.ts";

/** What neither reads nor removes rows. */
const KEEPS_ROWS: ReadonlySet<string> = new Set([
  "CREATESTMT",
  "VIEWSTMT",
  "CREATETABLEASSTMT",
  "CREATESEQSTMT",
  "CREATESCHEMASTMT",
  "ALTERSEQSTMT",
  "COMMENTSTMT",
  "RENAMESTMT",
  "REINDEXSTMT",
]);

/** What makes an object in the first schema of the path. */
const MAKES: ReadonlySet<string> = new Set([
  "CREATESTMT",
  "VIEWSTMT",
  "CREATETABLEASSTMT",
  "CREATESEQSTMT",
]);

export async function defineObjects(
  statement: DefinitionStatement,
  execution: Execution,
): Promise<Result> {
  const { command, isConcurrent, node } = statement;
  if (isConcurrent && execution.transaction.isExplicit) {
    const message = `${command} CONCURRENTLY cannot run inside a transaction block`;
    throw new SqlError("25001", message);
  }
  if (statement.effect === "truncate") return await truncate(statement, execution);
  if (node.tag === "REFRESHMATVIEWSTMT") return await refreshMaterialized(statement, execution);
  if (isRoleStatement(statement)) return await defineRoles(statement, execution);
  const request = requestOf(statement, execution);
  if (node.tag === "CREATETABLEASSTMT") {
    const create = () => createMaterialized(request, statement, execution);
    return await atOwnPositions(statement.insertions, create);
  }
  if (node.tag === "VIEWSTMT") return await createView(request, statement, execution);
  const step = await define(request, execution);
  if (request.temporary !== undefined) {
    await arrangeCommit(request.temporary.onCommit, step, execution);
  }
  return { kind: "done", tag: step.tag, notices: step.notices };
}

function requestOf(statement: DefinitionStatement, execution: Execution): DefinitionRequest {
  const { command, node, usings, effect } = statement;
  const { schema: hidden = "pg_temp", temporary } = temporaryPart(statement, execution);
  const plainText = temporary === undefined ? statement.sql : withoutTemporary(statement);
  const sql = withTemporarySchema({ text: plainText, tokens: statement.tokens }, hidden);
  const locksRows = !KEEPS_ROWS.has(node.tag) && command !== "ALTER VIEW";
  if (effect === "nothing") return { command, sources: [sql], isTried: true };
  const makes = MAKES.has(node.tag);
  const judge = restartsOf(node, execution);
  const commentsIn = commentedSchema(node, execution);
  const prepare = lockOfKeys(node, execution);
  const more = { commentsIn, ...(temporary && { temporary }) };
  const base = { command, locksRows, makes, judge, prepare, ...more };
  const altered = alteredTable(node, execution);
  if (altered === undefined) return { ...base, sources: [sql] };
  if (node.tag === "ALTERTABLESTMT") {
    refuseWaiting(altered, "ALTER TABLE", knownWrites(execution.transaction));
  }
  const settings = execution.settings.shadow;
  return { ...base, ...rewriteSources(sql, altered, usings, settings) };
}

/** CREATE TEMP, or CREATE in pg_temp. */
function temporaryPart(
  { node }: DefinitionStatement,
  { settings, processId }: Execution,
): { readonly schema?: string | undefined; readonly temporary?: { readonly onCommit: number } } {
  const relation = (node["relation"] ?? node["sequence"] ?? node["view"]) as NodeObject | undefined;
  const isTemporary =
    relation?.["relpersistence"] === "t" ||
    relation?.["schemaname"] === "pg_temp" ||
    isTemporarySchema(String(relation?.["schemaname"]));
  if (!MAKES.has(node.tag) || !isTemporary) return { schema: settings.temporarySchema };
  const onCommit = Number(node["oncommit"] ?? 0);
  return { schema: temporarySchema(processId), temporary: { onCommit } };
}

/** Of the temporary object that COMMENT is on: a comment changes no relation. */
function commentedSchema(node: NodeObject, { services, settings }: Execution): string | undefined {
  const schema = settings.temporarySchema;
  if (node.tag !== "COMMENTSTMT" || schema === undefined || !Array.isArray(node["object"])) {
    return undefined;
  }
  const names = node["object"].map(String);
  const isOfPart = PART_OBJECTS.has(Number(node["objtype"]));
  const [name = "", ofSchema] = (isOfPart ? names.slice(0, -1) : names).reverse();
  const found = services.tables.findRelation({ schema: ofSchema, name }, settings);
  if (found?.schema === schema) return schema;
  if (ofSchema !== undefined && ofSchema !== schema) return undefined;
  const all = [...services.shadow.relations().values()].filter((one) => one.schema === schema);
  return all.some(({ indexes }) => indexes.some((index) => index.name === name))
    ? schema
    : undefined;
}

/** ObjectType of parsenodes.h: columns and constraints, named behind their table. */
const PART_OBJECTS: ReadonlySet<number> = new Set([6, 40]);

/** ALTER SEQUENCE ... RESTART, and that of an identity column: values are ours to count. */
function restartsOf(
  node: NodeObject,
  { services }: Execution,
): NonNullable<DefinitionRequest["judge"]> {
  const restarts = JSON.stringify(node).includes('"defname":"restart"');
  return (_, changes) => {
    const moved = changes.flatMap(({ before, after }) =>
      restarts && before && after?.sequence ? [{ oid: after.oid, sequence: after.sequence }] : [],
    );
    const finish = async () => {
      for (const { oid, sequence } of moved) {
        await services.plain.sequences.move(oid, startPosition(sequence));
      }
    };
    return Promise.resolve(moved.length === 0 ? [] : [{ ...NO_EFFECTS, finish }]);
  };
}

/** Of a time-series table whose key or NOT NULL may change. */
function lockOfKeys(node: NodeObject, execution: Execution): (() => Promise<void>) | undefined {
  const names = namesOf(node);
  if (names.length === 0) return undefined;
  return async () => {
    const { tables } = execution.services;
    for (const name of names) {
      const found = tables.findRelation(name, execution.settings);
      const entry = found && tables.byOid(found.oid);
      const indexed = tables.all().filter(({ rowKey }) => rowKey?.name === name.name);
      const meant = node.tag === "DROPSTMT" ? indexed : entry === undefined ? [] : [entry];
      for (const one of meant) await lockRows(one, execution);
    }
  };
}

/** ObjectType of parsenodes.h. */
const INDEX = 20;

/** Tables of ALTER TABLE and CREATE UNIQUE INDEX, indexes of DROP INDEX. */
function namesOf(node: NodeObject): readonly QualifiedName[] {
  if (node.tag === "DROPSTMT" && node["removeType"] === INDEX) {
    const objects = (node["objects"] ?? []) as readonly (readonly unknown[])[];
    return objects.map((one) => ({ schema: undefined, name: String(one.at(-1)) }));
  }
  const isUniqueIndex = node.tag === "INDEXSTMT" && node["unique"] === true;
  const changesRules =
    node.tag === "ALTERTABLESTMT" &&
    (node["cmds"] as readonly NodeObject[]).some(({ subtype }) => RULES.has(Number(subtype)));
  if (!isUniqueIndex && !changesRules) return [];
  const { schemaname, relname } = node["relation"] as NodeObject;
  return [{ schema: schemaname === null ? undefined : String(schemaname), name: String(relname) }];
}

/** AlterTableType of parsenodes.h: NOT NULL set and dropped, indexes and constraints. */
const RULES: ReadonlySet<number> = new Set([4, 5, 16, 21, 22]);

/** The ordinary table that is there and whose rows it may change or check. */
function alteredTable(
  node: NodeObject,
  { services, settings }: Execution,
): ShadowRelation | undefined {
  const isUniqueIndex = node.tag === "INDEXSTMT" && node["unique"] === true;
  if (node.tag !== "ALTERTABLESTMT" && !isUniqueIndex) return undefined;
  const { schemaname, relname } = node["relation"] as NodeObject;
  const schema = schemaname === null ? undefined : String(schemaname);
  const found = services.tables.findRelation({ schema, name: String(relname) }, settings);
  if (found?.view?.isPopulated === false) return undefined;
  return found !== undefined && isOrdinary(found) ? found : undefined;
}
