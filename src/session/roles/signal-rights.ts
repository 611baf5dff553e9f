/** Who may cancel or end whose session. */

import { SqlError } from "../../base/errors.ts";
import type { Execution } from "../execution.ts";
import { hasPrivilegesOf, requireRole, roleByOid } from "./directory.ts";

const WORDS = {
  cancel: {
    message: "permission denied to cancel query",
    superusers: "cancel queries of roles",
    whose: "query is being canceled",
    what: "cancel this query",
  },
  terminate: {
    message: "permission denied to terminate process",
    superusers: "terminate processes of roles",
    whose: "process is being terminated",
    what: "terminate this process",
  },
} as const;

/** @throws SqlError 42501 for a session of somebody else */
export function requireSignalRights(
  pid: number,
  act: keyof typeof WORDS,
  { services, settings }: Execution,
): void {
  const { roles } = settings;
  const oid = services.sessions.roleOf(pid);
  const target = oid === undefined ? undefined : roleByOid(roles, oid);
  if (target === undefined) return;
  const { message, superusers, whose, what } = WORDS[act];
  const role = requireRole(roles, settings.currentRoleOid);
  if (target.isSuperuser && !role.isSuperuser) {
    const detail =
      `Only roles with the SUPERUSER attribute may ${superusers} ` +
      "with the SUPERUSER attribute.";
    throw new SqlError("42501", message, { detail });
  }
  if (hasPrivilegesOf(roles, role, target.name)) return;
  if (hasPrivilegesOf(roles, role, "pg_signal_backend")) return;
  const detail =
    `Only roles with privileges of the role whose ${whose} ` +
    `or with privileges of the "pg_signal_backend" role may ${what}.`;
  throw new SqlError("42501", message, { detail });
}
