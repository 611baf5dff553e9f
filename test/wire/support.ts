/** A listener over fake sessions, and an authenticator with one password. */

import { makeVerifier } from "../../src/session/roles/secret.ts";
import { type Authenticator, trustEverybody } from "../../src/wire/authenticator.ts";
import type { WireLimits } from "../../src/wire/limits.ts";
import { Listener } from "../../src/wire/listener.ts";
import { mockVerifier } from "../../src/wire/scram.ts";
import type { Tls } from "../../src/wire/tls.ts";
import { FakeHost } from "./fake-session.ts";

export interface Fixture {
  readonly host: FakeHost;
  readonly listener: Listener;
  readonly port: number;
}

export async function listen(
  options: {
    readonly authenticator?: Authenticator;
    readonly connectionsMax?: number;
    readonly tls?: Tls;
    readonly limits?: Partial<WireLimits>;
  } = {},
): Promise<Fixture> {
  const host = new FakeHost();
  const listener = await Listener.open({
    hostname: "127.0.0.1",
    port: 0,
    host,
    authenticator: options.authenticator ?? trustEverybody,
    connectionsMax: options.connectionsMax ?? 50,
    limits: options.limits ?? {},
    tls: options.tls,
  });
  return { host, listener, port: listener.port };
}

/** One user with one password; everybody else is unknown. */
export async function withPassword(user: string, password: string): Promise<Authenticator> {
  const verifier = await makeVerifier(password);
  const secret = Buffer.from("always the same");
  return {
    methodFor: (request) => {
      const isKnown = request.user === user;
      const other = isKnown ? verifier : mockVerifier(request.user, secret);
      return Promise.resolve({ kind: "scram", verifier: other, isKnown });
    },
  };
}

/** Waits for something that must become true; the test's own timeout is the limit. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
