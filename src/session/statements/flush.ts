/** FLUSH and CHECKPOINT: rows that only the write-ahead log has become versions of their tables. */

import { SqlError } from "../../base/errors.ts";
import type { Flush } from "../../compile/own-statements.ts";
import type { Execution, Result } from "../execution.ts";

/** What is committed; the transaction's own rows stay its own. */
export async function flush({ table }: Flush, { services, settings }: Execution): Promise<Result> {
  const entry = services.tables.require(table, settings);
  await services.intake.flush(entry.info.oid);
  return { kind: "done", tag: "FLUSH" };
}

/** Every table. @throws SqlError 58030 when some could not be published: their rows stay hot */
export async function checkpoint({ services }: Execution): Promise<Result> {
  const failures: unknown[] = [];
  for (const { info } of services.tables.all()) {
    await services.intake.flush(info.oid).catch((cause: unknown) => failures.push(cause));
  }
  if (failures.length > 0) {
    throw new SqlError("58030", `${failures.length} tables could not be flushed`, {
      hint: "Their rows are safe in the write-ahead log; FLUSH of a table tells what is wrong.",
      cause: failures[0],
    });
  }
  return { kind: "done", tag: "CHECKPOINT" };
}
