/** Asks another session to stop its statement. */

import { SqlError } from "../../base/errors.ts";
import { Oid } from "../../types/oids.ts";
import type { SqlValue } from "../../types/value.ts";
import type { Execution, Result } from "../execution.ts";
import { hasPrivilegesOf, requireRole, roleByOid } from "../roles/directory.ts";
import { rowsOfValues } from "../row-source.ts";

/** true: it was asked; false, with a warning: there is none. */
export function cancelBackend(
  pid: SqlValue | { readonly parameter: number },
  execution: Execution,
): Result {
  const { services, parameters, formats, settings } = execution;
  const isParameter = typeof pid === "object" && pid !== null && "parameter" in pid;
  const value = isParameter ? (parameters.values[pid.parameter - 1] ?? null) : pid;
  if (value !== null) refuseOthers(Number(value), execution);
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

/** @throws SqlError 42501 for a session of somebody else */
function refuseOthers(pid: number, { services, settings }: Execution): void {
  const { roles } = settings;
  const oid = services.sessions.roleOf(pid);
  const target = oid === undefined ? undefined : roleByOid(roles, oid);
  if (target === undefined) return;
  const role = requireRole(roles, settings.currentRoleOid);
  if (target.isSuperuser && !role.isSuperuser) {
    throw denied(
      "Only roles with the SUPERUSER attribute may cancel queries of roles " +
        "with the SUPERUSER attribute.",
    );
  }
  if (hasPrivilegesOf(roles, role, target.name)) return;
  if (hasPrivilegesOf(roles, role, "pg_signal_backend")) return;
  throw denied(
    "Only roles with privileges of the role whose query is being canceled " +
      'or with privileges of the "pg_signal_backend" role may cancel this query.',
  );
}

function denied(detail: string): SqlError {
  return new SqlError("42501", "permission denied to cancel query", { detail });
}
