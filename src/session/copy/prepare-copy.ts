/**
 * COPY from its parsed form to what executes it: `COPY t TO` is analysed as the SELECT it stands
 * for, `COPY (query) TO` by the query's own text, a condition of COPY FROM as that of a SELECT.
 */

import { assert, SqlError } from "../../base/errors.ts";
import type { NodeObject, NodeValue } from "../../compile/node-text.ts";
import type { RowProgram } from "../../compile/row-program.ts";
import { type StatementText, splitStatements } from "../../compile/split.ts";
import { quoteIdentifier } from "../../compile/tokens.ts";
import type { Analysis } from "../../postgres/analysis.ts";
import type { ShadowColumn, ShadowRelation } from "../../postgres/relation.ts";
import type { Prepared, Statement } from "../statement.ts";
import { copiedColumns } from "./copied-columns.ts";
import type { CopyFrom } from "./copy-statement.ts";
import { fileName, innerQuery, whereText } from "./copy-text.ts";
import { type CopyOptions, readOptions } from "./options.ts";

/** What preparing a COPY asks of the preparer. */
export interface CopyContext {
  readonly statement: StatementText;
  prepare(inner: StatementText): Promise<Prepared>;
  analyse(text: string): Promise<Analysis>;
  /** What makes the rows of an INSERT; undefined: only a query can. */
  program(insert: string): Promise<RowProgram | undefined>;
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
  const copied = copiedColumns(relation, list);
  const columns = copied.map(({ number }) => number);
  refuseTypes(relation, copied);
  const program = await context.program(insertOf(name, copied));
  if (program === undefined) throw noDefault(relation);
  const isWhole = !Array.isArray(list);
  const { defaultText, format } = common.options;
  const mayLack = isWhole && (format === "arrow" || format === "parquet");
  const defaults =
    defaultText === undefined && !mayLack ? undefined : await defaultsOf(name, relation, context);
  if (defaults === undefined && defaultText !== undefined) throw noDefault(relation);
  const condition = whereText(context.statement);
  const where = condition && (await conditionTree(name, condition, context));
  const hasGenerated = relation.columns.some(({ generated }) => generated !== null);
  const base = {
    relationOid: relation.oid,
    relation: relation.name,
    columns,
    hasGenerated,
    where,
    isWhole,
  };
  return { kind: "copy-from", copy: { ...common, ...base, program, defaults } };
}

/** The INSERT that a COPY stands for; as COPY does, it writes identity columns as they come. */
function insertOf(name: Name, columns: readonly ShadowColumn[]): string {
  if (columns.length === 0) return `INSERT INTO ${quotedName(name)} DEFAULT VALUES`;
  const list = columns.map((column) => quoteIdentifier(column.name)).join(", ");
  const values = columns.map((_, index) => `$${index + 1}`).join(", ");
  return `INSERT INTO ${quotedName(name)} (${list}) OVERRIDING SYSTEM VALUE VALUES (${values})`;
}

/** undefined: a default is computed for each row. */
async function defaultsOf(
  name: Name,
  relation: ShadowRelation,
  context: CopyContext,
): Promise<CopyFrom["defaults"]> {
  const program = await context.program(insertOf(name, []));
  if (program === undefined) return undefined;
  const withDefault = relation.columns.filter(
    ({ defaultText, identity, generated }) =>
      generated === null && (defaultText !== null || identity !== null),
  );
  return { program, columnNumbers: withDefault.map(({ number }) => number) };
}

function noDefault({ name }: ShadowRelation): SqlError {
  return new SqlError("0A000", `COPY into "${name}" with these columns is not supported`, {
    hint: "A column's default is computed anew for each row: give its values in the data.",
  });
}

const FIRST_USER_OID = 16_384;

/** Labels of enums and rules of domains are known to PostgreSQL alone. */
function refuseTypes({ name }: ShadowRelation, columns: readonly ShadowColumn[]): void {
  const unknown = columns.find(({ typeOid }) => typeOid >= FIRST_USER_OID);
  if (unknown === undefined) return;
  throw new SqlError("0A000", `COPY into column "${unknown.name}" of "${name}" is not supported`, {
    hint: "Its type is one of your own: use INSERT.",
  });
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
