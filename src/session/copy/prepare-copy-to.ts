/** COPY TO as the query whose rows are copied, with START and FINISH as conditions of it. */

import { assert, SqlError } from "../../base/errors.ts";
import type { NodeValue } from "../../compile/node-text.ts";
import { splitStatements } from "../../compile/split.ts";
import { quoteIdentifier } from "../../compile/tokens.ts";
import type { ShadowRelation } from "../../postgres/relation.ts";
import { quoteLiteral } from "../../postgres/settings-sql.ts";
import type { FieldDescription } from "../../types/field.ts";
import type { Prepared, Statement } from "../statement.ts";
import { chooseTimeColumn } from "../time-column.ts";
import { copiedColumns } from "./copied-columns.ts";
import {
  type CopyContext,
  type CopyRequest,
  shiftedErrors,
  withoutPosition,
} from "./copy-context.ts";
import { type Name, quotedName, refuseKind } from "./copy-names.ts";
import type { CopyTo } from "./copy-statement.ts";
import { innerQuery } from "./copy-text.ts";
import { folderExport } from "./folder/folder-export.ts";
import type { CopyOptions } from "./options.ts";

/** What is copied, in general terms. */
interface Source {
  readonly request: CopyRequest;
  readonly relation: string | undefined;
  readonly relationOid: number;
  readonly prepared: Prepared;
  /** SQL of the rows for which a condition holds. */
  readonly text: (condition: string | undefined) => string;
  readonly timeColumn: string | undefined;
  readonly hasNullTimes: boolean;
}

/** COPY (query) TO. @throws SqlError */
export async function prepareQuery(request: CopyRequest, context: CopyContext): Promise<Statement> {
  const inner = innerQuery(context.statement);
  assert(inner !== undefined, "COPY (query) has a query");
  const { start, finish, incremental } = request.options;
  if (start !== undefined || finish !== undefined || incremental) {
    throw new SqlError("0A000", "COPY (query) TO takes no START, FINISH or INCREMENTAL", {
      hint: "Give the range of time in the query, or copy a table.",
    });
  }
  const prepared = await shiftedErrors(
    inner.charactersBefore,
    async () => await context.prepare({ ...inner, charactersBefore: 0 }),
  );
  if (prepared.fields === undefined) {
    throw new SqlError("0A000", "COPY query must have a RETURNING clause");
  }
  // A comment at the query's end must not swallow what follows.
  const text = () => `SELECT * FROM (${inner.text}\n) AS q`;
  const source = { request, relation: undefined, relationOid: 0, prepared, text };
  return await copied({ ...source, timeColumn: undefined, hasNullTimes: true }, context);
}

/** COPY table TO. @throws SqlError */
export async function prepareTable(
  name: Name,
  list: NodeValue | undefined,
  request: CopyRequest,
  context: CopyContext,
): Promise<Statement> {
  const relation = context.find(name);
  if (relation !== undefined) refuseKind(relation, "from");
  const { options } = request;
  const timeColumn = timeColumnOf(options, relation, name, context);
  const range = [
    ...(options.start === undefined ? [] : [`>= ${quoteLiteral(options.start)}`]),
    ...(options.finish === undefined ? [] : [`< ${quoteLiteral(options.finish)}`]),
  ].map((bound) => `${quoteIdentifier(timeColumn ?? "")} ${bound}`);
  const selected = selectedColumns(relation, list);
  const text = (condition: string | undefined) => {
    const all = condition === undefined ? range : [...range, `(${condition})`];
    const where = all.length === 0 ? "" : ` WHERE ${all.join(" AND ")}`;
    return `SELECT ${selected} FROM ${quotedName(name)}${where}`;
  };
  const prepared = await prepareText(text(undefined), context);
  const { fields = [] } = prepared;
  const relationOid = relation?.oid ?? fields.find(({ tableOid }) => tableOid !== 0)?.tableOid ?? 0;
  const hasNullTimes =
    relation?.columns.find((column) => column.name === timeColumn)?.isNotNull !== true;
  const base = { request, relation: name.name, relationOid, prepared };
  return await copied({ ...base, text, timeColumn, hasNullTimes }, context);
}

function selectedColumns(
  relation: ShadowRelation | undefined,
  list: NodeValue | undefined,
): string {
  if (relation !== undefined) {
    return copiedColumns(relation, list)
      .map(({ name }) => quoteIdentifier(name))
      .join(", ");
  }
  return Array.isArray(list) ? list.map((name) => quoteIdentifier(String(name))).join(", ") : "*";
}

/** Where an option needs it. @throws SqlError 42809, 42P16, 42702 */
function timeColumnOf(
  { start, finish, timeFolders, incremental }: CopyOptions,
  relation: ShadowRelation | undefined,
  { name }: Name,
  context: CopyContext,
): string | undefined {
  if (start === undefined && finish === undefined && timeFolders === undefined) return undefined;
  const known = relation && context.timeColumn(relation.oid);
  if (incremental && known === undefined) {
    throw new SqlError("42809", `"${name}" is not a time-series table`, {
      detail: "INCREMENTAL needs to know what has changed.",
    });
  }
  return known ?? chooseTimeColumn(relation?.columns ?? [], undefined).column.name;
}

async function copied(source: Source, context: CopyContext): Promise<Statement> {
  const { request, relation, relationOid, prepared, text, timeColumn, hasNullTimes } = source;
  const { fields = [], statement } = prepared;
  const base: CopyTo = {
    ...request,
    query: statement,
    fields,
    relation,
    relationOid,
    folder: undefined,
  };
  const { partitionBy, timeFolders } = request.options;
  if (partitionBy === undefined && timeFolders === undefined)
    return { kind: "copy-to", copy: base };
  if (request.file === undefined) {
    throw new SqlError("42601", "COPY TO STDOUT takes no PARTITION_BY or TIME_FOLDERS", {
      hint: "They make folders of files on the server: give the path of a folder.",
    });
  }
  const time = timeFolders === undefined ? undefined : timeField(fields, timeColumn);
  const folder = folderExport(text, fields, time, hasNullTimes, request.options);
  const whole = await prepareText(folder.text(undefined), context);
  return { kind: "copy-to", copy: { ...base, query: whole.statement, folder } };
}

/** @throws SqlError 42703, 42P16, 42702 */
function timeField(
  fields: readonly FieldDescription[],
  timeColumn: string | undefined,
): FieldDescription {
  return chooseTimeColumn(fields, timeColumn).column;
}

async function prepareText(text: string, context: CopyContext): Promise<Prepared> {
  const [select] = splitStatements(text);
  assert(select !== undefined, "a SELECT is a statement");
  return await withoutPosition(async () => await context.prepare(select));
}
