/** Asks another session to stop its statement. */

import { Oid } from "../../types/oids.ts";
import type { SqlValue } from "../../types/value.ts";
import type { Execution, Result } from "../execution.ts";
import { rowsOfValues } from "../row-source.ts";

/** true: it was asked; false, with a warning: there is none. */
export function cancelBackend(
  pid: SqlValue | { readonly parameter: number },
  execution: Execution,
): Result {
  const { services, parameters, formats, settings } = execution;
  const isParameter = typeof pid === "object" && pid !== null && "parameter" in pid;
  const value = isParameter ? (parameters.values[pid.parameter - 1] ?? null) : pid;
  const answer = value === null ? null : services.sessions.cancel(Number(value));
  const columns = [{ typeOid: Oid.bool, format: formats[0] ?? 0 }];
  const message = `PID ${Number(value)} is not a PostgreSQL backend process`;
  return {
    kind: "rows",
    rows: rowsOfValues([[answer]], columns, settings.text),
    tag: (rows) => `SELECT ${rows}`,
    notices: answer === false ? [{ severity: "WARNING", sqlState: "01000", message }] : [],
  };
}
