/** What sessions tell of the server as a whole: how it was configured, and whom it lets in. */

import type { SettingDefault } from "./settings.ts";

/** A setting whose value is this server's, not the embedded PostgreSQL's. */
export interface ServerSetting {
  /** As SHOW prints it. */
  readonly shown: string;
  /** As pg_settings has it, in the setting's unit. */
  readonly setting: string;
  /** What it is when nobody says otherwise; absent: `setting`. */
  readonly fallback?: string;
  /** pg_settings.source where it is not "default" or "command line". */
  readonly source?: string;
}

export class ServerFacts {
  /** By lower-case name. */
  settings: ReadonlyMap<string, ServerSetting> = new Map();
  /** Rows of pg_hba_file_rules. */
  rules: () => readonly object[] = () => [];
  /** What SIGHUP does. */
  reload: () => void = () => undefined;
  /** ISO 8601. */
  configuredAt = new Date().toISOString();
  #overlaid: ReadonlyMap<string, SettingDefault> | undefined;
  #defaults: ReadonlyMap<string, SettingDefault> | undefined;

  /** The embedded server's defaults with ours in their place. */
  settingDefaults(
    defaults: ReadonlyMap<string, SettingDefault>,
  ): ReadonlyMap<string, SettingDefault> {
    if (this.#overlaid !== undefined && this.#defaults === defaults) return this.#overlaid;
    const all = new Map(defaults);
    for (const [key, { shown }] of this.settings) {
      const name = defaults.get(key)?.name ?? key;
      all.set(key, { ...defaults.get(key), name, value: shown });
    }
    this.#defaults = defaults;
    this.#overlaid = all;
    return all;
  }
}

/** Only who has privileges of pg_read_all_settings may know them. */
export const HIDDEN_SETTINGS: ReadonlySet<string> = new Set([
  "config_file",
  "data_directory",
  "external_pid_file",
  "hba_file",
  "ident_file",
  "ssl_passphrase_command",
  "unix_socket_directories",
]);
