/**
 * One session's settings (GUCs): their values by scope, what is reported to the client, and what
 * the embedded PostgreSQL and the encoders need of them. PostgreSQL itself judges and spells the
 * values (session/setting-check.ts); here they are only kept.
 */

import type { ShadowSettings } from "../postgres/analysis.ts";
import { BOOTSTRAP_ROLE_OID, type ShadowRoles } from "../postgres/role.ts";
import type { TextSettings } from "../types/shape.ts";
import { requireRole, roleByOid } from "./roles/directory.ts";
import { effectivePath } from "./temporary-path.ts";
import { textSettings } from "./text-settings.ts";

/** Reported by ParameterStatus, in PostgreSQL's order and spelling (GUC_REPORT). */
const REPORTED = [
  "in_hot_standby",
  "integer_datetimes",
  "TimeZone",
  "IntervalStyle",
  "search_path",
  "is_superuser",
  "application_name",
  "default_transaction_read_only",
  "scram_iterations",
  "DateStyle",
  "standard_conforming_strings",
  "session_authorization",
  "client_encoding",
  "server_version",
  "server_encoding",
] as const;

/** A setting as the server starts with it. `name` in PostgreSQL's spelling. */
export interface SettingDefault {
  readonly name: string;
  readonly value: string;
}

/** Who has logged in, and the roles there are. */
export interface Identity {
  readonly loginRoleOid: number;
  readonly roles: ShadowRoles;
}

const NOBODY: Identity = { loginRoleOid: BOOTSTRAP_ROLE_OID, roles: [] };

/** A checked value; `offsetSeconds` for a TimeZone that is only a fixed offset. */
export interface SettingValue {
  readonly value: string;
  readonly offsetSeconds?: number;
  /** Of a role: it may get another name meanwhile. */
  readonly roleOid?: number;
}

type Values = ReadonlyMap<string, SettingValue>;

export class Settings {
  readonly #defaults: ReadonlyMap<string, SettingDefault>;
  /** What RESET goes back to: given by the client at startup. */
  #startup: Values = new Map();
  #session: Values = new Map();
  #local: Values = new Map();
  /** Session values when the transaction (and each savepoint) began. */
  #marks: { readonly session: Values; readonly local: Values }[] = [];
  readonly #lastReported = new Map<string, string>();
  /** Something may differ from what was last reported. */
  #isReportDue = true;
  /** Values by name as they are asked for, which some are for each message. */
  readonly #values = new Map<string, string>();
  #text: TextSettings | undefined;
  #shadow: ShadowSettings | undefined;
  #temporarySchema: string | undefined;
  #roles: ShadowRoles;
  #isSuperuser: boolean | undefined;
  readonly loginRoleOid: number;
  /** As first spelled, by lower-case name. */
  readonly #custom = new Map<string, string>();

  /** Keys of `defaults` are lower-case names. */
  constructor(defaults: ReadonlyMap<string, SettingDefault>, identity: Identity = NOBODY) {
    this.#defaults = defaults;
    this.loginRoleOid = identity.loginRoleOid;
    this.#roles = identity.roles;
  }

  get roles(): ShadowRoles {
    return this.#roles;
  }

  /** Roles as they are now: one may have got another name or other rights. */
  useRoles(roles: ShadowRoles): void {
    if (this.#roles === roles) return;
    this.#roles = roles;
    this.#changed();
  }

  get sessionRoleOid(): number {
    return this.#find("session_authorization")?.roleOid ?? this.loginRoleOid;
  }

  get currentRoleOid(): number {
    return this.#find("role")?.roleOid ?? this.sessionRoleOid;
  }

  /** The name of session_user. @throws SqlError 42704: the role was dropped */
  get sessionUser(): string {
    return requireRole(this.#roles, this.sessionRoleOid).name;
  }

  /** The name of current_user. @throws SqlError 42704 */
  get currentUser(): string {
    return requireRole(this.#roles, this.currentRoleOid).name;
  }

  get isSuperuser(): boolean {
    this.#isSuperuser ??= roleByOid(this.#roles, this.currentRoleOid)?.isSuperuser === true;
    return this.#isSuperuser;
  }

  /** SHOW's text; undefined for a name nobody has set and PostgreSQL does not know. */
  get(name: string): string | undefined {
    const known = this.#values.get(name);
    if (known !== undefined) return known;
    const value = this.#value(name);
    if (value !== undefined) this.#values.set(name, value);
    return value;
  }

  #value(name: string): string | undefined {
    const key = name.toLowerCase();
    if (key === "is_superuser") return this.isSuperuser ? "on" : "off";
    if (key === "session_authorization") return roleByOid(this.#roles, this.sessionRoleOid)?.name;
    const found = this.#find(key);
    if (key !== "role" || found?.roleOid === undefined) {
      return found?.value ?? (this.#custom.has(key) ? "" : undefined);
    }
    return roleByOid(this.#roles, found.roleOid)?.name ?? found.value;
  }

  /** Of ours: undefined where nobody has set it, or it was reset. */
  chosen(name: string): string | undefined {
    return this.#find(name)?.value;
  }

  /** Of those that have been set: where their values come from, as pg_settings says it. */
  origins(): readonly { readonly name: string; readonly source: "client" | "session" }[] {
    return [...new Map([...this.#session, ...this.#local])].map(([name, value]) => ({
      name,
      source: this.#startup.get(name) === value ? "client" : "session",
    }));
  }

  /** Names with a dot that were set or reset once: known from then on, if only as empty. */
  get custom(): Iterable<string> {
    return this.#custom.keys();
  }

  #know(name: string): void {
    const key = name.toLowerCase();
    if (key.includes(".") && !this.#custom.has(key)) this.#custom.set(key, name);
  }

  /** PostgreSQL's spelling of a name. */
  spelling(name: string): string {
    const key = name.toLowerCase();
    return this.#defaults.get(key)?.name ?? this.#custom.get(key) ?? name;
  }

  set(name: string, value: SettingValue, scope: "startup" | "session" | "local"): void {
    const key = name.toLowerCase();
    this.#know(name);
    if (scope === "local") {
      this.#local = new Map(this.#local).set(key, value);
    } else {
      this.#session = new Map(this.#session).set(key, value);
      this.#local = without(this.#local, key);
    }
    if (scope === "startup") this.#startup = new Map(this.#startup).set(key, value);
    this.#changed();
  }

  /** SET ... TO DEFAULT and RESET. */
  reset(name: string, isLocal = false): void {
    const key = name.toLowerCase();
    this.#know(name);
    const initial = this.#startup.get(key) ?? this.#defaults.get(key);
    if (isLocal && initial !== undefined) {
      this.#local = new Map(this.#local).set(key, initial);
    } else {
      const startup = this.#startup.get(key);
      const rest = without(this.#session, key);
      this.#session = startup === undefined ? rest : new Map(rest).set(key, startup);
      this.#local = without(this.#local, key);
    }
    this.#changed();
  }

  /** RESET ALL; the role and the transaction's own settings are not among them. */
  resetAll(): void {
    const keep = [...this.#session].filter(([key]) => WHO.has(key));
    this.#session = new Map([...this.#startup, ...keep]);
    this.#local = new Map();
    this.#changed();
  }

  /** At BEGIN and at each SAVEPOINT. */
  mark(): void {
    this.#marks.push({ session: this.#session, local: this.#local });
  }

  /** RELEASE: what was set since stays. `depth` is the number of marks to keep. */
  forget(depth: number): void {
    this.#marks.length = Math.min(this.#marks.length, depth);
  }

  /** ROLLBACK [TO]: as it was when mark number `depth` (from 0) was made; the mark stays. */
  restore(depth: number): void {
    const mark = this.#marks[depth];
    if (mark === undefined) return;
    this.forget(depth + 1);
    if (mark.session === this.#session && mark.local === this.#local) return;
    this.#session = mark.session;
    this.#local = mark.local;
    this.#changed();
  }

  /** COMMIT and the end of ROLLBACK. */
  endTransaction(): void {
    this.#marks = [];
    if (this.#local.size === 0) return;
    this.#local = new Map();
    this.#changed();
  }

  reported(): (readonly [string, string])[] {
    const all = REPORTED.map((name) => [name, this.#told(name)] as const);
    for (const [name, value] of all) this.#lastReported.set(name, value);
    this.#isReportDue = false;
    return all;
  }

  #told(name: (typeof REPORTED)[number]): string {
    const value = this.get(name) ?? "";
    const application = this.#startup.get("application_name")?.value;
    return name === "server_version" ? versionFor(application, value) : value;
  }

  /** Reported settings that changed since last told. */
  takeChanged(): (readonly [string, string])[] {
    if (!this.#isReportDue) return [];
    const before = new Map(this.#lastReported);
    return this.reported().filter(([name, value]) => before.get(name) !== value);
  }

  get text(): TextSettings {
    this.#text ??= textSettings(
      (name) => this.get(name) ?? "",
      this.#find("TimeZone")?.offsetSeconds,
    );
    return this.#text;
  }

  /** Where the session has its temporary objects; undefined: it has had none. */
  get temporarySchema(): string | undefined {
    return this.#temporarySchema;
  }

  useTemporarySchema(schema: string): void {
    if (this.#temporarySchema === schema) return;
    this.#temporarySchema = schema;
    this.#changed();
  }

  #effectivePath(): string {
    const path = this.get("search_path") ?? "";
    return this.#temporarySchema === undefined ? path : effectivePath(path, this.#temporarySchema);
  }

  /** Everything that differs from the server's defaults, for an analysis or catalogue query. */
  get shadow(): ShadowSettings {
    this.#shadow ??= {
      role: this.currentUser,
      searchPath: this.#effectivePath(),
      settings: Object.fromEntries(
        [...this.#emptied(), ...this.#session, ...this.#local]
          .filter(([key]) => !NOT_FOR_SHADOW.has(key) && !key.startsWith("transaction_"))
          .map(([key, { value }]) => [this.spelling(key), value]),
      ),
    };
    return this.#shadow;
  }

  /** Below the values: what a plan may say of a name depends on its being known. */
  #emptied(): (readonly [string, SettingValue])[] {
    return [...this.#custom.keys()].map((key) => [key, { value: "" }] as const);
  }

  #find(name: string): SettingValue | undefined {
    const key = name.toLowerCase();
    return this.#local.get(key) ?? this.#session.get(key) ?? this.#defaults.get(key);
  }

  #changed(): void {
    this.#values.clear();
    this.#isSuperuser = undefined;
    this.#text = undefined;
    this.#shadow = undefined;
    this.#isReportDue = true;
  }
}

/**
 * pg_dump refuses a server newer than itself, and asks an older one only for what that had. As of
 * 15 it asks for everything that tables here can have.
 */
function versionFor(application: string | undefined, version: string): string {
  if (application !== "pg_dump" && application !== "pg_dumpall") return version;
  return `15.0 (to pg_dump; in truth ${version})`;
}

const WHO: ReadonlySet<string> = new Set(["role", "session_authorization"]);

/** Ours alone to act on; the embedded PostgreSQL must not. */
const NOT_FOR_SHADOW: ReadonlySet<string> = new Set([
  "search_path",
  "role",
  "session_authorization",
  "is_superuser",
  "client_encoding",
  "client_min_messages",
  "statement_timeout",
  "lock_timeout",
  "idle_in_transaction_session_timeout",
  "idle_session_timeout",
  "transaction_timeout",
]);

function without(values: Values, key: string): Values {
  const rest = new Map(values);
  rest.delete(key);
  return rest;
}
