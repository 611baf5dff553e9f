/**
 * COPY from its parsed form to what executes it: `COPY t TO` is analysed as the SELECT that it stands
 * for, `COPY (query) TO` by the query's own text, a condition of COPY FROM as that of a SELECT.
 */

import { assert, SqlError } from "../../base/errors.ts";
import type { NodeObject, NodeValue } from "../../compile/node-text.ts";
import { type StatementText, splitStatements } from "../../compile/split.ts";
import { quoteIdentifier } from "../../compile/tokens.ts";
import type { Analysis } from "../../postgres/analysis.ts";
import type { ShadowRelation } from "../../postgres/relation.ts";
import type { Prepared, Statement } from "../statement.ts";
import { copiedColumns } from "./copied-columns.ts";
import { fileName, innerQuery, whereText } from "./copy-text.ts";
import { type CopyOptions, readOptions } from "./options.ts";

/** What preparing a COPY asks of the preparer. */
export interface CopyContext {
  readonly statement: StatementText;
  prepare(inner: StatementText): Promise<Prepared>;
  analyse(text: string): Promise<Analysis>;
  /** A relation of the user. */
  find(name: Name): ShadowRelation | undefined;
}

interface Name {
  readonly schema: string | undefined;
  readonly name: string;
}

export async function prepareCopy(node: NodeObject, context: CopyContext): Promise<Statement> {
  const { statement } = context;
  const isFrom = node["is_from"] === true;
  const file = node["filename"] === null ? undefined : fileName(statement);
  if (node["is_program"] === true) throw noPrograms();
  const options = readOptions(node["options"], isFrom ? "from" : "to", statement);
  const name = tableName(node["relation"]);
  if (isFrom) {
    assert(name !== undefined, "COPY FROM has a table");
    return await prepareFrom(name, node["attlist"], { options, file }, context);
  }
  return name === undefined
    ? await prepareQuery({ options, file }, context)
    : await prepareTo(name, node["attlist"], { options, file }, context);
}

interface Common {
  readonly options: CopyOptions;
  readonly file: string | undefined;
}

async function prepareQuery(common: Common, context: CopyContext): Promise<Statement> {
  const inner = innerQuery(context.statement);
  assert(inner !== undefined, "COPY (query) has a query");
  const { statement: query, fields } = await shiftedErrors(
    inner.charactersBefore,
    async () => await context.prepare({ ...inner, charactersBefore: 0 }),
  );
  if (fields === undefined) throw new SqlError("0A000", "COPY query must have a RETURNING clause");
  return { kind: "copy-to", copy: { ...common, query, fields, relation: undefined } };
}

async function prepareTo(
  name: Name,
  list: NodeValue | undefined,
  common: Common,
  context: CopyContext,
): Promise<Statement> {
  const relation = context.find(name);
  if (relation !== undefined) refuseKind(relation, "from");
  const columns =
    relation === undefined
      ? Array.isArray(list)
        ? list.map(String)
        : undefined
      : copiedColumns(relation, list).map((column) => column.name);
  const selected = columns?.map(quoteIdentifier).join(", ") ?? "*";
  const text = `SELECT ${selected} FROM ${quotedName(name)}`;
  const [select] = splitStatements(text);
  assert(select !== undefined, "a SELECT is a statement");
  const { statement: query, fields = [] } = await withoutPosition(
    async () => await context.prepare(select),
  );
  return { kind: "copy-to", copy: { ...common, query, fields, relation: name.name } };
}

async function prepareFrom(
  name: Name,
  list: NodeValue | undefined,
  common: Common,
  context: CopyContext,
): Promise<Statement> {
  const relation = context.find(name);
  if (relation === undefined) {
    // Unknown, or one of the catalogue: PostgreSQL's own words for the INSERT that it stands for.
    await withoutPosition(
      async () => await context.analyse(`INSERT INTO ${quotedName(name)} DEFAULT VALUES`),
    );
    throw new SqlError("42501", `permission denied for table ${name.name}`);
  }
  refuseKind(relation, "to");
  const columns = copiedColumns(relation, list).map(({ number }) => number);
  const condition = whereText(context.statement);
  const where = condition && (await conditionTree(name, condition, context));
  const base = { relationOid: relation.oid, relation: relation.name, columns, where };
  return { kind: "copy-from", copy: { ...common, ...base } };
}

/** @throws SqlError 0A000, and what analysis says */
async function conditionTree(
  name: Name,
  condition: { readonly text: string; readonly charactersBefore: number },
  context: CopyContext,
): Promise<string> {
  const before = `SELECT FROM ${quotedName(name)} WHERE`;
  const { tree } = await shiftedErrors(
    condition.charactersBefore - before.length,
    async () => await context.analyse(before + condition.text),
  );
  if (/\{SUBLINK |:hasSubLinks true/.test(tree)) {
    throw new SqlError("0A000", "cannot use subquery in COPY FROM WHERE condition");
  }
  const from = tree.indexOf(":quals ", tree.indexOf(":jointree {FROMEXPR")) + ":quals ".length;
  return tree.slice(from, endOfNode(tree, from));
}

/** Where the node that begins at `from` ends; a backslash keeps a brace from counting. */
function endOfNode(tree: string, from: number): number {
  let depth = 0;
  for (let at = from; at < tree.length; at += 1) {
    const char = tree[at];
    if (char === "\\") at += 1;
    else if (char === "{") depth += 1;
    else if (char === "}") {
      depth -= 1;
      if (depth === 0) return at + 1;
    }
  }
  return tree.length;
}

const KINDS: Readonly<Record<string, string>> = {
  v: "view",
  m: "materialized view",
  S: "sequence",
  f: "foreign table",
};

function refuseKind({ relkind, name }: ShadowRelation, direction: "from" | "to"): void {
  const kind = KINDS[relkind];
  if (kind === undefined) return;
  const hint =
    direction === "from"
      ? "Try the COPY (SELECT ...) TO variant."
      : "To enable copying to a view, provide an INSTEAD OF INSERT trigger.";
  const hasHint = relkind === "v" || (direction === "from" && relkind !== "S");
  throw new SqlError(
    "42809",
    `cannot copy ${direction} ${kind} "${name}"`,
    hasHint ? { hint } : {},
  );
}

function noPrograms(): SqlError {
  return new SqlError("42501", "permission denied to COPY to or from an external program", {
    detail: "This server never runs programs for its clients.",
    hint:
      "Anyone can COPY to stdout or from stdin. " + "psql's \\copy command also works for anyone.",
  });
}

function tableName(node: NodeValue | undefined): Name | undefined {
  if (node === null || node === undefined || typeof node !== "object" || !("tag" in node)) {
    return undefined;
  }
  const { schemaname, relname } = node as NodeObject;
  return { schema: schemaname === null ? undefined : String(schemaname), name: String(relname) };
}

function quotedName({ schema, name }: Name): string {
  const quoted = quoteIdentifier(name);
  return schema === undefined ? quoted : `${quoteIdentifier(schema)}.${quoted}`;
}

async function withoutPosition<T>(work: () => Promise<T>): Promise<T> {
  return await changedErrors(work, () => undefined);
}

async function shiftedErrors<T>(characters: number, work: () => Promise<T>): Promise<T> {
  return await changedErrors(work, (position) => position + characters);
}

async function changedErrors<T>(
  work: () => Promise<T>,
  place: (position: number) => number | undefined,
): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (!(cause instanceof SqlError)) throw cause;
    const { position: before, sqlState, message, ...fields } = cause.fields;
    const position = before === undefined ? undefined : place(before);
    const all = position === undefined ? fields : { ...fields, position };
    throw new SqlError(sqlState, message, { ...all, cause });
  }
}
