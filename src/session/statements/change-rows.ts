/** INSERT, UPDATE, DELETE: by the kind of table. */

import { SqlError } from "../../base/errors.ts";
import type { ChangePlan } from "../../compile/change-plan.ts";
import type { Execution, Result } from "../execution.ts";
import { changePlain } from "../plain/change.ts";
import { requireWritable } from "../write-rules.ts";

export async function changeRows(plan: ChangePlan, execution: Execution): Promise<Result> {
  requireWritable(plan.kind.toUpperCase(), execution);
  const relation = execution.services.tables.relation(plan.relationOid);
  if (relation?.kind === "ordinary") return await changePlain(plan, execution);
  throw new SqlError("0A000", `${plan.kind.toUpperCase()} on a tstable is not supported yet`, {
    hint: "Load rows with APPEND PARQUET 'file' INTO table.",
  });
}
