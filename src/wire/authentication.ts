/** The conversation between the startup packet and AuthenticationOk. */

import { randomBytes } from "node:crypto";
import { SqlError, unreachable } from "../base/errors.ts";
import { isMd5Response, isPassword } from "../session/roles/secret.ts";
import { ByteReader } from "../types/bytes.ts";
import type {
  AuthenticationMethod,
  AuthenticationRequest,
  Authenticator,
} from "./authenticator.ts";
import * as backend from "./backend.ts";
import { fatalViolation } from "./frontend.ts";
import type { SocketOutput } from "./rows.ts";
import { SCRAM_MECHANISM, SCRAM_PLUS_MECHANISM, ScramExchange } from "./scram.ts";
import type { SocketInput } from "./socket-input.ts";

/** PG_MAX_AUTH_TOKEN_LENGTH: refused before it is buffered. */
const MESSAGE_MAX = 65_535;

/** The client has gone before it answered. */
class Gone extends Error {}

/**
 * Ends with AuthenticationOk added to the output.
 * @returns false when the client has gone
 * @throws SqlError FATAL 28P01, 28000, 08P01
 */
export async function authenticate(
  request: AuthenticationRequest,
  authenticator: Authenticator,
  input: SocketInput,
  output: SocketOutput,
): Promise<boolean> {
  const method = await authenticator.methodFor(request);
  try {
    const isRight = await converse(method, request, input, output);
    if (!isRight) throw wrongPassword(request.user);
  } catch (cause) {
    if (cause instanceof Gone) return false;
    throw cause;
  }
  if (method.denial !== undefined) throw method.denial;
  output.add(backend.authenticationOk);
  return true;
}

export function wrongPassword(user: string): SqlError {
  const message = `password authentication failed for user "${user}"`;
  return new SqlError("28P01", message, { severity: "FATAL" });
}

async function converse(
  method: AuthenticationMethod,
  request: AuthenticationRequest,
  input: SocketInput,
  output: SocketOutput,
): Promise<boolean> {
  switch (method.kind) {
    case "trust":
      return true;
    case "scram":
      return await scram(method, request, input, output);
    case "md5": {
      const salt = randomBytes(4);
      output.add(backend.authenticationMd5(salt));
      await output.flush();
      return isMd5Response(passwordIn(await readResponse(input)), method.hash, salt);
    }
    case "password": {
      output.add(backend.authenticationCleartext);
      await output.flush();
      const password = passwordIn(await readResponse(input));
      return await isPassword(password, request.user, method.secret);
    }
    default:
      return unreachable(method);
  }
}

async function scram(
  method: Extract<AuthenticationMethod, { kind: "scram" }>,
  { encryption }: AuthenticationRequest,
  input: SocketInput,
  output: SocketOutput,
): Promise<boolean> {
  const certificateHash = encryption?.certificateHash;
  const offered = [SCRAM_MECHANISM];
  if (certificateHash !== undefined) offered.unshift(SCRAM_PLUS_MECHANISM);
  output.add(backend.authenticationSasl(offered));
  await output.flush();
  const initial = initialResponse(await readResponse(input), offered);
  const isBound = initial.mechanism === SCRAM_PLUS_MECHANISM;
  const channel = { certificateHash, isBound };
  const exchange = new ScramExchange(method.verifier, method.isKnown, channel);
  output.add(backend.authenticationSaslContinue(exchange.first(initial.data)));
  await output.flush();
  const last = await readResponse(input);
  const signature = exchange.final(last.toString("utf8"));
  if (signature === undefined) return false;
  output.add(backend.authenticationSaslFinal(signature));
  return true;
}

/** @throws Gone */
async function readResponse(input: SocketInput): Promise<Buffer> {
  const header = await input.take(5);
  if (header === undefined) throw new Gone();
  const type = header.readUInt8(0);
  if (type === 0x58) throw new Gone(); // Terminate: libpq leaves so when it must ask for a password
  if (type !== 0x70) {
    throw fatalViolation(`expected SASL response, got message type ${type}`);
  }
  const size = header.readInt32BE(1) - 4;
  if (size < 0 || size > MESSAGE_MAX) throw fatalViolation("invalid message length");
  const body = await input.take(size);
  if (body === undefined) throw new Gone();
  return body;
}

/** A PasswordMessage. An empty one is a wrong one, whatever the role has. */
function passwordIn(body: Buffer): string {
  if (body.indexOf(0) !== body.length - 1) throw fatalViolation("invalid password packet size");
  if (body.length > 1) return body.toString("utf8", 0, body.length - 1);
  throw new SqlError("28P01", "empty password returned by client", { severity: "FATAL" });
}

/** SASLInitialResponse: the mechanism chosen and the first message. */
function initialResponse(
  body: Buffer,
  offered: readonly string[],
): { readonly mechanism: string; readonly data: string } {
  try {
    const reader = new ByteReader(body);
    const mechanism = reader.cstring();
    if (!offered.includes(mechanism)) {
      throw new SqlError("08P01", "client selected an invalid SASL authentication mechanism");
    }
    const size = reader.int32();
    const data = size === -1 ? new Uint8Array(0) : reader.bytes(size);
    reader.end();
    return { mechanism, data: Buffer.from(data).toString("utf8") };
  } catch (cause) {
    if (!(cause instanceof SqlError)) throw cause;
    throw new SqlError(cause.fields.sqlState, cause.message, { severity: "FATAL", cause });
  }
}
