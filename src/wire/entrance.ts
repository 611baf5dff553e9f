/** From a connection's first packet to AuthenticationOk: who it is, whether there is a place. */

import type { Socket } from "node:net";
import { SqlError } from "../base/errors.ts";
import { log } from "../base/telemetry.ts";
import { authenticate } from "./authentication.ts";
import type { AuthenticationRequest, Authenticator, Encryption } from "./authenticator.ts";
import type { CancelRegistry } from "./cancel-registry.ts";
import { greet } from "./greeting.ts";
import type { SocketOutput } from "./rows.ts";
import type { SocketInput } from "./socket-input.ts";
import type { Startup } from "./startup.ts";
import type { LoginThrottle } from "./throttle.ts";

export interface EntranceOptions {
  readonly authenticator: Authenticator;
  readonly cancels: CancelRegistry;
  readonly throttle: LoginThrottle;
  readonly admission: Admission;
  /** undefined: the socket is not encrypted. */
  readonly encryption: Encryption | undefined;
  /** What its first bytes have earned it: told so, and sent away. */
  readonly refusal: Error | undefined;
}

/** One client's place among those that may be there at once. */
export interface Admission {
  /** Asked once a client has said who it is. @throws SqlError 53300 */
  enter(): void;
  /** Asked again when it is known: the last places are for superusers. @throws SqlError 53300 */
  confirm(isSuperuser: boolean): void;
  /** Harmless at any time. */
  leave(): void;
}

/** undefined: there is nobody to serve. @throws SqlError FATAL */
export async function enter(
  socket: Socket,
  input: SocketInput,
  output: SocketOutput,
  options: EntranceOptions,
): Promise<Startup | undefined> {
  if (options.refusal !== undefined) throw options.refusal;
  const startup = await greet(input, output, options.cancels);
  if (startup === undefined) return undefined;
  options.admission.enter();
  const { user, database } = startup;
  const { authenticator, encryption, throttle, admission } = options;
  const remoteAddress = socket.remoteAddress ?? "";
  const request: AuthenticationRequest = { user, database, remoteAddress, encryption };
  try {
    if (!(await authenticate(request, authenticator, input, output))) return undefined;
    throttle.succeeded(remoteAddress);
    return startup;
  } catch (cause) {
    if (!(cause instanceof SqlError)) throw cause;
    const { sqlState, message } = cause.fields;
    log("warn", "login.failed", { user, database, address: remoteAddress, sqlState, message });
    // Whoever fails waits for the answer, ever longer, and holds no place meanwhile.
    admission.leave();
    if (sqlState.startsWith("28")) await throttle.failed(remoteAddress, input.closed);
    throw cause;
  }
}
