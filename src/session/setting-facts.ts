/** Settings as this session has them, where the embedded PostgreSQL has something else. */

import type { Execution } from "./execution.ts";
import { timeoutMs } from "./prepared.ts";
import { hasPrivilegesOf, requireRole } from "./roles/directory.ts";
import { HIDDEN_SETTINGS } from "./server-facts.ts";
import type { Settings } from "./settings.ts";

/** As sql/live-facts.sql reads it; absent: as the embedded server has it. */
interface SettingFact {
  readonly shown?: string | undefined;
  readonly setting?: string;
  readonly source: string;
  readonly boot_val?: string;
  readonly reset_val?: string;
}

/** The session keeps them and does not send them along. */
const KEPT_HERE: readonly string[] = [
  "client_encoding",
  "client_min_messages",
  "idle_in_transaction_session_timeout",
  "idle_session_timeout",
  "is_superuser",
  "lock_timeout",
  "role",
  "search_path",
  "session_authorization",
  "statement_timeout",
  "transaction_timeout",
];

/** By lower-case name. */
export function settingFacts(execution: Execution): Readonly<Record<string, SettingFact>> {
  const { settings, transaction, services } = execution;
  const facts: Record<string, SettingFact> = {};
  const seesAll = maySeeSettings(settings);
  for (const [name, known] of services.server.settings) {
    if (!seesAll && HIDDEN_SETTINGS.has(name)) continue;
    const { shown, setting, fallback = setting, source } = known;
    const from = source ?? (setting === fallback ? "default" : "command line");
    facts[name] = { shown, setting, source: from, boot_val: fallback, reset_val: setting };
  }
  for (const { name, source } of settings.origins()) facts[name] = { source };
  for (const name of settings.custom)
    facts[name] = { shown: settings.get(name), source: "session" };
  for (const name of KEPT_HERE) {
    const shown = settings.get(name) ?? "";
    const source = facts[name]?.source ?? "default";
    facts[name] = { shown, setting: inUnit(name, shown), source };
  }
  const modes = {
    transaction_isolation: transaction.isolation,
    transaction_read_only: transaction.isReadOnly ? "on" : "off",
    transaction_deferrable: transaction.isDeferrable ? "on" : "off",
  };
  for (const [name, shown] of Object.entries(modes)) {
    facts[name] = { shown, setting: shown, source: "override" };
  }
  return facts;
}

/** Some settings tell of files. */
export function maySeeSettings(settings: Settings): boolean {
  const role = requireRole(settings.roles, settings.currentRoleOid);
  return hasPrivilegesOf(settings.roles, role, "pg_read_all_settings");
}

function inUnit(name: string, shown: string): string {
  return name.endsWith("_timeout") ? String(timeoutMs(shown)) : shown;
}
