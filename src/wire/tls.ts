/** Our side of TLS: certificate, key and authorities as files, read again when told to. */

import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import type { Socket } from "node:net";
import { createServer, type SecureContextOptions, type Server, type TLSSocket } from "node:tls";
import { type Deferred, deferred } from "../base/async.ts";
import { log } from "../base/telemetry.ts";
import type { Encryption, PeerCertificate } from "./authenticator.ts";
import { certificateHash } from "./certificate-hash.ts";

export interface TlsFiles {
  readonly certificate: string;
  readonly key: string;
  /** Certificates of who may vouch for clients; undefined: clients are not asked for any. */
  readonly authorities: string | undefined;
}

/** What new connections are offered; those that are open keep what they have. */
interface Identity {
  readonly context: SecureContextOptions;
  readonly certificateHash: Buffer | undefined;
}

export interface SecureSocket {
  readonly socket: TLSSocket;
  readonly encryption: Encryption;
  /** The client has asked for `postgresql` by ALPN. */
  readonly hasProtocol: boolean;
}

const PROTOCOL = "postgresql";
export const CLIENT_LEFT = "the client left during the handshake";
/** Permissions of everybody. */
const WORLD = 0o007;

export class Tls {
  readonly #files: TlsFiles;
  /** Never listens: it is handed the sockets that want TLS. */
  readonly #server: Server;
  /** Handshakes by the client's address and port. */
  readonly #handshakes = new Map<string, Deferred<TLSSocket>>();
  #identity: Identity;

  /** @throws the system's error, or that of what is not a certificate or does not fit its key */
  constructor(files: TlsFiles) {
    this.#files = files;
    this.#identity = readIdentity(files);
    this.#server = createServer({
      ...this.#identity.context,
      requestCert: this.asksForCertificates,
      rejectUnauthorized: false,
      ALPNProtocols: [PROTOCOL],
      noDelay: true,
    });
    this.#server.on("secureConnection", (socket) => this.#handshake(socket)?.resolve(socket));
    this.#server.on("tlsClientError", (cause, socket) => this.#handshake(socket)?.reject(cause));
  }

  get asksForCertificates(): boolean {
    return this.#files.authorities !== undefined;
  }

  /** @throws as the constructor; then what was in force stays so */
  reload(): void {
    const identity = readIdentity(this.#files);
    this.#server.setSecureContext(identity.context);
    this.#identity = identity;
  }

  /**
   * The server's side of a handshake, over bytes that are buffered in `socket` and those to come.
   * @throws what TLS found wrong, or that the client has left; `socket` is destroyed then
   */
  async accept(socket: Socket): Promise<SecureSocket> {
    const { certificateHash: hash } = this.#identity;
    const key = keyOf(socket);
    const handshake = deferred<TLSSocket>();
    const closed = () => handshake.reject(new Error(CLIENT_LEFT));
    this.#handshakes.set(key, handshake);
    socket.once("close", closed);
    try {
      this.#server.emit("connection", socket);
      const secured = await handshake.promise;
      secured.on("error", () => undefined);
      secured.disableRenegotiation();
      const peer = peerOf(secured);
      const hasProtocol = secured.alpnProtocol === PROTOCOL;
      return { socket: secured, encryption: { certificateHash: hash, peer }, hasProtocol };
    } catch (cause) {
      socket.destroy();
      throw cause;
    } finally {
      socket.off("close", closed);
      this.#handshakes.delete(key);
    }
  }

  #handshake(socket: Socket): Deferred<TLSSocket> | undefined {
    return this.#handshakes.get(keyOf(socket));
  }
}

function keyOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}

function readIdentity({ certificate, key, authorities }: TlsFiles): Identity {
  const cert = readFileSync(certificate);
  const privateKey = readFileSync(key);
  if ((statSync(key).mode & WORLD) !== 0) {
    log("warn", "everybody on this machine may read the private key", { file: key });
  }
  const own = new X509Certificate(cert); // the first of a chain
  if (!own.checkPrivateKey(createPrivateKey(privateKey))) {
    throw new Error(`the key in "${key}" is not that of the certificate in "${certificate}"`);
  }
  const ca = authorities === undefined ? undefined : readFileSync(authorities);
  if (ca !== undefined) new X509Certificate(ca);
  const context = {
    cert,
    key: privateKey,
    ...(ca !== undefined && { ca }),
    minVersion: "TLSv1.2",
    honorCipherOrder: true,
  } as const;
  return { context, certificateHash: certificateHash(own.raw) };
}

/** @throws when it shows a certificate nobody vouches for: PostgreSQL ends such a handshake */
function peerOf(socket: TLSSocket): PeerCertificate | undefined {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return undefined;
  if (!socket.authorized) {
    throw new Error("certificate verify failed", { cause: socket.authorizationError });
  }
  const names = certificate.subject.split("\n");
  const commonName = names.filter((one) => one.startsWith("CN=")).at(-1) ?? "CN=";
  return {
    commonName: commonName.slice("CN=".length),
    distinguishedName: names.reverse().join(","),
  };
}
