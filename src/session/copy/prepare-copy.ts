/**
 * COPY from its parsed form to what executes it: `COPY t TO` is analysed as the SELECT it stands
 * for, `COPY (query) TO` by the query's own text, a condition of COPY FROM as that of a SELECT.
 */

import { assert, SqlError } from "../../base/errors.ts";
import type { NodeObject, NodeValue } from "../../compile/node-text.ts";
import { quoteIdentifier } from "../../compile/tokens.ts";
import type { ShadowColumn, ShadowRelation } from "../../postgres/relation.ts";
import type { Statement } from "../statement.ts";
import { copiedColumns } from "./copied-columns.ts";
import {
  type CopyContext,
  type CopyRequest,
  shiftedErrors,
  withoutPosition,
} from "./copy-context.ts";
import { type Name, quotedName, refuseKind, tableName } from "./copy-names.ts";
import type { CopyFrom } from "./copy-statement.ts";
import { fileName, whereText } from "./copy-text.ts";
import { readOptions } from "./options.ts";
import { prepareQuery, prepareTable } from "./prepare-copy-to.ts";

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
    : await prepareTable(name, node["attlist"], { options, file }, context);
}

async function prepareFrom(
  name: Name,
  list: NodeValue | undefined,
  common: CopyRequest,
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

function noPrograms(): SqlError {
  return new SqlError("42501", "permission denied to COPY to or from an external program", {
    detail: "This server never runs programs for its clients.",
    hint:
      "Anyone can COPY to stdout or from stdin. " + "psql's \\copy command also works for anyone.",
  });
}
