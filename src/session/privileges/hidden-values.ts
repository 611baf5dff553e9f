/** Errors of constraints show values of rows: only to who may read them. */

import { SqlError } from "../../base/errors.ts";
import type { Execution } from "../execution.ts";
import { hasRight } from "./check.ts";

type Judge = Pick<Execution, "services" | "settings">;

/** The same error, without its DETAIL where that would tell what the role may not SELECT. */
export async function withoutHiddenValues(error: SqlError, judge: Judge): Promise<SqlError> {
  const { sqlState, message, detail, ...fields } = error.fields;
  const isConstraint = sqlState.startsWith("23") && detail !== undefined;
  if (!isConstraint || judge.settings.isSuperuser) return error;
  if (await maySee(error, judge)) return error;
  return new SqlError(sqlState, message, { ...fields, cause: error });
}

async function maySee({ fields }: SqlError, judge: Judge): Promise<boolean> {
  const relations = [...judge.services.shadow.relations().values()];
  const relation = relations.find(
    ({ schema, name }) => schema === fields.schema && name === fields.table,
  );
  if (relation === undefined) return false;
  const constraint = relation.constraints.find(({ name }) => name === fields.constraint);
  // A row that fails is shown whole, of a key its columns.
  const isKey = fields.detail?.startsWith("Key (") === true;
  const columns = isKey ? constraint?.columns : [0];
  const base = { relationOid: relation.oid, roleOid: 0, privileges: "SELECT" };
  return await hasRight({ ...base, columns: columns?.length === 0 ? [0] : columns }, judge);
}
