/**
 * The very first bytes of a connection: whether it becomes an encrypted one, by SSLRequest or by a
 * TLS handshake straight away. They are read here, before anything is buffered, because nothing
 * that came in the clear may be taken for a part of what is encrypted (CVE-2021-23214).
 */

import type { Socket } from "node:net";
import { deferred } from "../base/async.ts";
import { log } from "../base/telemetry.ts";
import type { Encryption } from "./authenticator.ts";
import { fatalViolation } from "./frontend.ts";
import { CLIENT_LEFT, type Tls } from "./tls.ts";

export interface Negotiated {
  readonly socket: Socket;
  readonly encryption: Encryption | undefined;
  /** What the client is told in the end, as the last word of this connection. */
  readonly refusal?: Error;
}

const TLS_HANDSHAKE = 0x16;
const PACKET_BYTES = 8;
const SSL_REQUEST = Buffer.from("0000000804d2162f", "hex");
const GSSENC_REQUEST = Buffer.from("0000000804d21630", "hex");
const INJECTED =
  "This could be either a client-software bug " +
  "or evidence of an attempted man-in-the-middle attack.";

/**
 * `tls` undefined: every wish for encryption is refused.
 * @returns undefined when there is nobody to serve; the socket is destroyed then
 */
export async function negotiateEncryption(
  socket: Socket,
  tls: Tls | undefined,
): Promise<Negotiated | undefined> {
  let isSslDone = false;
  let isGssDone = false;
  for (;;) {
    const bytes = await firstBytes(socket);
    const packet = bytes.subarray(0, PACKET_BYTES);
    const isSsl: boolean = packet.equals(SSL_REQUEST) && !isSslDone;
    const isGss: boolean = packet.equals(GSSENC_REQUEST) && !isGssDone;
    if (!isSsl && !isGss) {
      if (bytes.length > 0) socket.unshift(bytes);
      const isDirect = bytes[0] === TLS_HANDSHAKE && !isSslDone && !isGssDone;
      return isDirect ? await direct(socket, tls) : { socket, encryption: undefined };
    }
    const what = isSsl ? "SSL request" : "GSSAPI encryption request";
    const refusal =
      bytes.length === PACKET_BYTES
        ? {}
        : { refusal: fatalViolation(`received unencrypted data after ${what}`, INJECTED) };
    if (isSsl && tls !== undefined) {
      socket.write("S");
      const secured = await handshake(socket, tls);
      return secured && { socket: secured.socket, encryption: secured.encryption, ...refusal };
    }
    socket.write("N");
    if (bytes.length > PACKET_BYTES) return { socket, encryption: undefined, ...refusal };
    // Either may be asked for once more after the other was refused.
    isSslDone = isSsl;
    isGssDone = isGssDone || isGss;
  }
}

/** Without SSLRequest: only for who says by ALPN that it means PostgreSQL. */
async function direct(socket: Socket, tls: Tls | undefined): Promise<Negotiated | undefined> {
  const secured = tls && (await handshake(socket, tls));
  if (secured?.hasProtocol === true) {
    return { socket: secured.socket, encryption: secured.encryption };
  }
  if (secured !== undefined) {
    log("info", "tls.refused", {
      reason: "direct TLS without ALPN",
      address: socket.remoteAddress,
    });
  }
  secured?.socket.destroy();
  socket.destroy();
  return undefined;
}

async function handshake(
  socket: Socket,
  tls: Tls,
): Promise<Awaited<ReturnType<Tls["accept"]>> | undefined> {
  const address = socket.remoteAddress;
  try {
    return await tls.accept(socket);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    // Who only asks whether there is a server leaves so.
    log(reason === CLIENT_LEFT ? "debug" : "info", "tls.failed", { reason, address });
    return undefined;
  }
}

/** All that has come, once it is clear what it is; nothing is put back meanwhile. */
async function firstBytes(socket: Socket): Promise<Buffer> {
  let bytes = Buffer.alloc(0);
  for (;;) {
    const chunk = socket.read() as Buffer | null;
    if (chunk !== null) bytes = Buffer.concat([bytes, chunk]);
    if (bytes.length > 0 && bytes[0] !== 0) return bytes;
    if (bytes.length >= 4 && bytes.readInt32BE(0) !== PACKET_BYTES) return bytes;
    if (bytes.length >= PACKET_BYTES || !(await arrival(socket))) return bytes;
  }
}

/** false: nothing more will come. */
async function arrival(socket: Socket): Promise<boolean> {
  if (socket.readableEnded || socket.destroyed) return false;
  const { promise, resolve } = deferred<boolean>();
  const more = () => resolve(true);
  const gone = () => resolve(false);
  socket.once("readable", more).once("end", gone).once("close", gone);
  try {
    return await promise;
  } finally {
    socket.off("readable", more).off("end", gone).off("close", gone);
  }
}
