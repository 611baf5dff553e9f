/**
 * Opens sessions: checks who asks for which database, and applies the startup packet's settings.
 */

import { SqlError } from "../base/errors.ts";
import { DATABASE, SUPERUSER } from "./compile-context.ts";
import type { SessionHost, SessionPort, StartupRequest } from "./results.ts";
import type { Services } from "./services.ts";
import { Session } from "./session.ts";
import { Settings } from "./settings.ts";

export class Host implements SessionHost {
  readonly #services: Services;

  constructor(services: Services) {
    this.#services = services;
  }

  /** @throws SqlError FATAL 28000, 3D000, 0A000, 42704, 22023 */
  async openSession(request: StartupRequest): Promise<SessionPort> {
    if (request.user !== SUPERUSER) {
      throw fatal(new SqlError("28000", `role "${request.user}" does not exist`));
    }
    if (request.database !== DATABASE) {
      throw fatal(new SqlError("3D000", `database "${request.database}" does not exist`));
    }
    const settings = new Settings(this.#services.shadow.settingDefaults());
    for (const [name, value] of request.settings) {
      await this.#apply(name, value, settings);
    }
    return new Session(this.#services, settings, request);
  }

  async #apply(name: string, value: string, settings: Settings): Promise<void> {
    if (name === "replication") {
      if (["false", "off", "no", "0"].includes(value)) return;
      throw fatal(new SqlError("0A000", "replication is not supported"));
    }
    try {
      const checked = await this.#services.settingCheck.check(name, value, settings.shadow);
      settings.set(name, checked, "startup");
    } catch (cause) {
      throw cause instanceof SqlError ? fatal(cause) : cause;
    }
  }
}

function fatal(error: SqlError): SqlError {
  const { sqlState, message, ...fields } = error.fields;
  return new SqlError(sqlState, message, { ...fields, severity: "FATAL", cause: error });
}
