/** A listener over fake sessions, and an authenticator with one password. */

import type { WireLimits } from "../../src/wire/connection.ts";
import { Listener } from "../../src/wire/listener.ts";
import { type Authenticator, makeVerifier, trustEverybody } from "../../src/wire/password.ts";
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
  });
  return { host, listener, port: listener.port };
}

/** One user with one password; everybody else is unknown. */
export async function withPassword(user: string, password: string): Promise<Authenticator> {
  const verifier = await makeVerifier(password);
  return {
    methodFor: (request) =>
      Promise.resolve({ kind: "scram", verifier: request.user === user ? verifier : undefined }),
  };
}

/** Waits for something that must become true; the test's own timeout is the limit. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
