/** CREATE TABLE ... AS and SELECT ... INTO: the table is defined, then filled by an INSERT. */

import { assert, SqlError } from "../../base/errors.ts";
import { splitStatements } from "../../compile/split.ts";
import { quoteIdentifier } from "../../compile/tokens.ts";
import type { FieldDescription } from "../../types/field.ts";
import { typeText } from "../column-types.ts";
import type { CreateAs } from "../definitions/create-as.ts";
import { define } from "../definitions/define.ts";
import { arrangeCommit } from "../definitions/on-commit.ts";
import type { Execution, Result } from "../execution.ts";
import { shifted } from "../prepared.ts";
import { authorize } from "../privileges/authorize.ts";
import type { Prepared } from "../statement.ts";
import { change } from "./change.ts";

export async function createTableAs(create: CreateAs, execution: Execution): Promise<Result> {
  const { command, name, isFilled, isTemporary, onCommit } = create;
  const query = await prepared(create.query, execution).catch((cause: unknown) => {
    throw cause instanceof SqlError ? shifted(cause, create) : cause;
  });
  await authorize(query.statement, execution);
  const exists = create.ifNotExists ? "IF NOT EXISTS " : "";
  const columns = columnList(query.fields ?? [], create.columnNames);
  const sources = [`CREATE TABLE ${exists}${name} (${columns})`];
  const request = {
    command,
    sources,
    isUndoable: true,
    ...(isTemporary && { temporary: { onCommit } }),
  } as const;
  const step = await define(request, execution);
  const { notices } = step;
  if (isTemporary) await arrangeCommit(onCommit, step, execution);
  if (!isFilled || step.relations.length === 0) return { kind: "done", tag: command, notices };
  const { definitions } = execution.transaction;
  assert(definitions !== undefined, "a table is filled in the transaction that makes it");
  const inside = { ...execution, services: definitions.services, formats: [] };
  const [target] = step.relations;
  const qualified = [target?.schema ?? "", target?.name ?? ""].map(quoteIdentifier).join(".");
  const { statement } = await prepared(`INSERT INTO ${qualified} ${create.query}`, inside);
  assert(statement.kind === "change", "an INSERT that changes nothing");
  const result = await change(statement.change, inside);
  assert(result.kind === "done", "an INSERT without RETURNING gives rows");
  return { kind: "done", tag: result.tag.replace("INSERT 0", "SELECT"), notices };
}

async function prepared(text: string, execution: Execution): Promise<Prepared> {
  const { services, settings, signal } = execution;
  const [statement] = splitStatements(text);
  if (statement === undefined) throw new SqlError("42601", "syntax error at end of input");
  const found = await services.preparer.prepare(statement, [], settings, signal);
  // The parameters of Bind are not carried into the query.
  if (found.parameterOids.length > 0) throw new SqlError("42P02", "there is no parameter $1");
  return found;
}

function columnList(fields: readonly FieldDescription[], names: readonly string[]): string {
  if (names.length > fields.length) {
    throw new SqlError("42601", "too many column names were specified");
  }
  return fields
    .map(({ name, typeOid, typmod }, at) => {
      return `${quoteIdentifier(names[at] ?? name)} ${typeText(typeOid, typmod)}`;
    })
    .join(", ");
}
