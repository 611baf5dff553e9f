/**
 * Who must show a password: everybody once one is set; nobody else is let in from beyond loopback.
 */

import { log } from "../base/telemetry.ts";
import { Definitions } from "../catalog/definitions.ts";
import { SUPERUSER } from "../session/compile-context.ts";
import type { Services } from "../session/services.ts";
import {
  type Authenticator,
  makeVerifier,
  parseVerifier,
  trustEverybody,
  verifierText,
} from "../wire/password.ts";
import { type Config, ConfigError } from "./config.ts";

/**
 * `password` (PGTIDE_PASSWORD) becomes the superuser's at the first start that has one.
 * @throws ConfigError when strangers could connect without a password
 */
export async function authenticatorFor(
  config: Config,
  password: string | undefined,
  services: Services,
): Promise<Authenticator> {
  const known = new Definitions(services.journal.entries()).verifier(SUPERUSER);
  const text = known ?? (password === undefined ? undefined : await keep(password, services));
  const verifier = text === undefined ? undefined : parseVerifier(text);
  if (verifier !== undefined) {
    if (known !== undefined && password !== undefined) {
      log("info", "a password is set already; PGTIDE_PASSWORD is not looked at");
    }
    return {
      methodFor: ({ user }) =>
        Promise.resolve({ kind: "scram", verifier: user === SUPERUSER ? verifier : undefined }),
    };
  }
  if (!isLoopback(config.host)) {
    throw new ConfigError(
      `will not listen on ${config.host} without a password: set PGTIDE_PASSWORD`,
    );
  }
  return trustEverybody;
}

async function keep(password: string, services: Services): Promise<string> {
  const verifier = verifierText(await makeVerifier(password));
  const settings = { role: SUPERUSER, searchPath: "public", settings: {} };
  await services.definer.define([], settings, async ({ definition }) => {
    await services.journal.append({
      ...definition,
      changes: [{ kind: "put-verifier", role: SUPERUSER, verifier }],
    });
  });
  return verifier;
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\./.test(host);
}
