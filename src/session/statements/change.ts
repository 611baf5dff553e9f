/** INSERT, UPDATE and DELETE, by the kind of table that they change. */

import { assert } from "../../base/errors.ts";
import type { Execution, Result } from "../execution.ts";
import { makeRows } from "../insert-rows.ts";
import { changePlain } from "../plain/change.ts";
import type { Change } from "../statement.ts";
import { isTemporarySchema } from "../temporary.ts";
import { notBuilt } from "../utility.ts";
import { requireWritable } from "../write-rules.ts";
import { changeTstable } from "./change-tstable.ts";
import { insertTstable } from "./insert-tstable.ts";

export async function change(given: Change, execution: Execution): Promise<Result> {
  const { plan } = given;
  const command = plan.kind.toUpperCase();
  const info = execution.services.tables.relation(plan.relationOid);
  assert(info !== undefined, "a change was prepared for a table that is not there");
  if (!isTemporarySchema(info.schema)) requireWritable(command, execution);
  if (info.kind === "ordinary") {
    const made = given.rows && (await makeRows(given.rows, info.columns, execution));
    return await changePlain(plan, execution, made);
  }
  if (info.kind !== "tstable") throw notBuilt(`${command} of this relation`);
  if (plan.kind === "insert") return await insertTstable(given, execution);
  return await changeTstable(plan, execution);
}
