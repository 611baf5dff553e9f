/**
 * Opens sessions: checks who asks for which database, and applies the settings of the role and of
 * the startup packet.
 */

import { SqlError } from "../base/errors.ts";
import { log } from "../base/telemetry.ts";
import { BOOTSTRAP_ROLE_OID, DATABASE_OID, type ShadowRole } from "../postgres/role.ts";
import { DATABASE } from "./compile-context.ts";
import { askOne } from "./privileges/ask.ts";
import type { SessionHost, SessionPort, StartupRequest } from "./results.ts";
import { becomeRole } from "./roles/become.ts";
import { roleByName, roleByOid } from "./roles/directory.ts";
import type { Services } from "./services.ts";
import { Session } from "./session.ts";
import { Settings } from "./settings.ts";

export class Host implements SessionHost {
  readonly #services: Services;

  constructor(services: Services) {
    this.#services = services;
  }

  /** @throws SqlError FATAL 28000, 53300, 3D000, 42501, 0A000, 42704, 22023 */
  async openSession(request: StartupRequest): Promise<SessionPort> {
    const { sessions } = this.#services;
    const role = this.#roleOf(request.user);
    sessions.enter(request.processId, role.oid);
    try {
      refuseBeyondLimit(role, sessions.countOf(role.oid));
      request.admit(role.isSuperuser);
      return await this.#open(role, request);
    } catch (cause) {
      sessions.remove(request.processId);
      throw cause;
    }
  }

  /** @throws SqlError FATAL 28000 */
  #roleOf(name: string): ShadowRole {
    const role = roleByName(this.#services.definer.roles(), name);
    if (role === undefined) throw fatal("28000", `role "${name}" does not exist`);
    if (!role.canLogin) throw fatal("28000", `role "${name}" is not permitted to log in`);
    return role;
  }

  async #open(role: ShadowRole, request: StartupRequest): Promise<SessionPort> {
    const { shadow } = this.#services;
    if (request.database !== DATABASE) {
      throw fatal("3D000", `database "${request.database}" does not exist`);
    }
    const roles = shadow.roles();
    const defaults = this.#services.server.settingDefaults(shadow.settingDefaults());
    const settings = new Settings(defaults, { loginRoleOid: role.oid, roles });
    if (!role.isSuperuser) await this.#requireConnect(settings);
    await this.#applyKept(role, settings);
    for (const [name, value] of request.settings) {
      await this.#apply(name, value, settings);
    }
    return new Session(this.#services, settings, request);
  }

  async #requireConnect({ shadow }: Settings): Promise<void> {
    const sql = "SELECT pg_catalog.has_database_privilege($1, 'CONNECT')";
    if ((await askOne(this.#services.shadow, sql, [DATABASE], shadow)) === "t") return;
    throw fatal("42501", `permission denied for database "${DATABASE}"`, {
      detail: "User does not have CONNECT privilege.",
    });
  }

  /** ALTER ROLE and ALTER DATABASE ... SET: the more special the later, so that it wins. */
  async #applyKept(role: ShadowRole, settings: Settings): Promise<void> {
    const all = roleByOid(settings.roles, 0)?.settings ?? [];
    const of = (list: ShadowRole["settings"], oid: number) =>
      list.filter(({ databaseOid }) => databaseOid === oid).flatMap(({ values }) => values);
    const kept = [
      ...of(all, 0),
      ...of(all, DATABASE_OID),
      ...of(role.settings, 0),
      ...of(role.settings, DATABASE_OID),
    ];
    for (const text of kept) {
      const equals = text.indexOf("=");
      await this.#applyOne(text.slice(0, equals), text.slice(equals + 1), settings);
    }
  }

  /** They were judged when they were defined; what is no longer right is passed over. */
  async #applyOne(name: string, value: string, settings: Settings): Promise<void> {
    const asSuperuser = { ...settings.shadow, role: superuserName(settings) };
    try {
      if (name.toLowerCase() === "role") return becomeRole(value, settings, "session");
      const checked = await this.#services.settingCheck.check(name, value, asSuperuser);
      settings.set(name, checked, "startup");
    } catch (cause) {
      log("warn", "a setting of a role does not apply", { setting: name, cause });
    }
  }

  async #apply(name: string, value: string, settings: Settings): Promise<void> {
    if (name === "replication") {
      if (["false", "off", "no", "0"].includes(value)) return;
      throw fatal("0A000", "replication is not supported");
    }
    try {
      if (name === "role") return becomeRole(value, settings, "session");
      if (name === "session_authorization") {
        throw new SqlError("42501", `permission denied to set session authorization "${value}"`);
      }
      const checked = await this.#services.settingCheck.check(name, value, settings.shadow);
      settings.set(name, checked, "startup");
    } catch (cause) {
      throw cause instanceof SqlError ? asFatal(cause) : cause;
    }
  }
}

function superuserName({ roles }: Settings): string {
  return roleByOid(roles, BOOTSTRAP_ROLE_OID)?.name ?? "";
}

/** `count` includes the one that asks. @throws SqlError FATAL 53300 */
function refuseBeyondLimit(role: ShadowRole, count: number): void {
  const { connectionLimit, isSuperuser, name } = role;
  if (connectionLimit < 0 || isSuperuser || count <= connectionLimit) return;
  throw fatal("53300", `too many connections for role "${name}"`);
}

function fatal(
  sqlState: string,
  message: string,
  more: { readonly detail?: string } = {},
): SqlError {
  return new SqlError(sqlState, message, { ...more, severity: "FATAL" });
}

function asFatal(error: SqlError): SqlError {
  const { sqlState, message, ...fields } = error.fields;
  return new SqlError(sqlState, message, { ...fields, severity: "FATAL", cause: error });
}
