/** Both ends of a connection, and how it is encrypted, for pg_stat_activity and pg_stat_ssl. */

import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import type { StartupRequest, TlsFacts } from "../session/results.ts";

type ConnectionFacts = Pick<StartupRequest, "remoteAddress" | "localAddress" | "tls">;

export function connectionFacts(socket: Socket): ConnectionFacts {
  return {
    remoteAddress: shown(socket.remoteAddress, socket.remotePort),
    localAddress: shown(socket.localAddress, socket.localPort),
    tls: tlsFacts(socket),
  };
}

/** `127.0.0.1:50123`, `[::1]:50123`. */
function shown(address = "", port = 0): string {
  const host = address.includes(":") ? `[${address}]` : address;
  return `${host}:${port}`;
}

/** undefined: it is not encrypted. */
function tlsFacts(socket: Socket): TlsFacts | undefined {
  if (!(socket instanceof TLSSocket)) return undefined;
  const cipher = socket.getCipher().name;
  const peer = socket.getPeerX509Certificate();
  return {
    version: socket.getProtocol() ?? "",
    cipher,
    bits: /128/.test(cipher) ? 128 : 256,
    clientName: peer && slashed(peer.subject),
    clientSerial: peer && BigInt(`0x${peer.serialNumber}`).toString(),
    issuerName: peer && slashed(peer.issuer),
  };
}

/** `/C=DE/CN=name`. */
function slashed(name: string): string {
  return name
    .split("\n")
    .map((part) => `/${part}`)
    .join("");
}
