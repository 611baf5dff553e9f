/** SET ROLE and SET SESSION AUTHORIZATION: who may become whom. */

import { SqlError } from "../../base/errors.ts";
import type { Settings, SettingValue } from "../settings.ts";
import { canBecome, requireRole, roleByName } from "./directory.ts";

const NONE: SettingValue = { value: "none" };

/** `name` may be "none". @throws SqlError 22023, 42501 */
export function becomeRole(name: string, settings: Settings, scope: "session" | "local"): void {
  if (name === "none") {
    settings.set("role", NONE, scope);
    return;
  }
  const { roles } = settings;
  const role = roleByName(roles, name) ?? unknown(name);
  if (!canBecome(roles, requireRole(roles, settings.sessionRoleOid), role)) {
    throw new SqlError("42501", `permission denied to set role "${name}"`);
  }
  settings.set("role", { value: name, roleOid: role.oid }, scope);
}

/** Only who logged in as a superuser may become anybody. @throws SqlError 22023, 42501 */
export function becomeSession(name: string, settings: Settings, scope: "session" | "local"): void {
  const { roles, loginRoleOid } = settings;
  const role = roleByName(roles, name) ?? unknown(name);
  if (role.oid !== loginRoleOid && !requireRole(roles, loginRoleOid).isSuperuser) {
    throw new SqlError("42501", `permission denied to set session authorization "${name}"`);
  }
  settings.set("session_authorization", { value: name, roleOid: role.oid }, scope);
  settings.set("role", NONE, scope);
}

/** RESET, and SET ... TO DEFAULT: as after login. */
export function becomeLogin(settings: Settings, isLocal: boolean): void {
  settings.reset("session_authorization", isLocal);
  settings.set("role", NONE, isLocal ? "local" : "session");
}

function unknown(name: string): never {
  throw new SqlError("22023", `role "${name}" does not exist`);
}
