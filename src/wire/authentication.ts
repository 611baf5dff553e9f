/** The conversation between the startup packet and AuthenticationOk. */

import { SqlError } from "../base/errors.ts";
import { ByteReader } from "../types/bytes.ts";
import * as backend from "./backend.ts";
import { fatalViolation } from "./frontend.ts";
import type { AuthenticationRequest, Authenticator } from "./password.ts";
import type { SocketOutput } from "./rows.ts";
import { SCRAM_MECHANISM, ScramExchange } from "./scram.ts";
import type { SocketInput } from "./socket-input.ts";

/** PG_MAX_AUTH_TOKEN_LENGTH: refused before it is buffered. */
const MESSAGE_MAX = 65_535;

/**
 * Ends with AuthenticationOk added to the output.
 * @returns false when the client has gone
 * @throws SqlError FATAL 28P01, 08P01
 */
export async function authenticate(
  request: AuthenticationRequest,
  authenticator: Authenticator,
  input: SocketInput,
  output: SocketOutput,
): Promise<boolean> {
  const method = await authenticator.methodFor(request);
  if (method.kind === "scram") {
    const exchange = new ScramExchange(request.user, method.verifier);
    output.add(backend.authenticationSasl([SCRAM_MECHANISM]));
    await output.flush();
    const first = await readResponse(input);
    if (first === undefined) return false;
    output.add(backend.authenticationSaslContinue(exchange.first(initialResponse(first))));
    await output.flush();
    const last = await readResponse(input);
    if (last === undefined) return false;
    const signature = exchange.final(last.toString("utf8"));
    if (signature === undefined) {
      throw new SqlError("28P01", `password authentication failed for user "${request.user}"`, {
        severity: "FATAL",
      });
    }
    output.add(backend.authenticationSaslFinal(signature));
  }
  output.add(backend.authenticationOk);
  return true;
}

async function readResponse(input: SocketInput): Promise<Buffer | undefined> {
  const header = await input.take(5);
  if (header === undefined) return undefined;
  const type = header.readUInt8(0);
  if (type === 0x58) return undefined; // Terminate: libpq leaves so when it must ask for a password
  if (type !== 0x70) {
    throw fatalViolation(`expected SASL response, got message type ${type}`);
  }
  const size = header.readInt32BE(1) - 4;
  if (size < 0 || size > MESSAGE_MAX) throw fatalViolation("invalid message length");
  return await input.take(size);
}

/** SASLInitialResponse: the mechanism chosen and the first message. */
function initialResponse(body: Buffer): string {
  try {
    const reader = new ByteReader(body);
    const mechanism = reader.cstring();
    if (mechanism !== SCRAM_MECHANISM) {
      throw new SqlError("08P01", "client selected an invalid SASL authentication mechanism");
    }
    const size = reader.int32();
    const data = size === -1 ? new Uint8Array(0) : reader.bytes(size);
    reader.end();
    return Buffer.from(data).toString("utf8");
  } catch (cause) {
    if (!(cause instanceof SqlError)) throw cause;
    throw new SqlError(cause.fields.sqlState, cause.message, { severity: "FATAL", cause });
  }
}
