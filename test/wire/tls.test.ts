/** TLS over the wire: asked for, straight away, bound to SCRAM, read again. */

import { once } from "node:events";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { type ConnectionOptions, connect, type TLSSocket } from "node:tls";
import pg from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { AuthenticationRequest } from "../../src/wire/authenticator.ts";
import { certificateHash } from "../../src/wire/certificate-hash.ts";
import { Tls } from "../../src/wire/tls.ts";
import {
  type CertificateFiles,
  type CertificateFolder,
  certificateFolder,
  hasOpenssl,
} from "../support/certificates.ts";
import { RawClient, startup } from "./raw-client.ts";
import { type Fixture, listen, withPassword } from "./support.ts";

const SSL_REQUEST = Buffer.from("0000000804d2162f", "hex");

describe.skipIf(!hasOpenssl)("TLS", () => {
  let folder: CertificateFolder;
  let own: CertificateFiles;
  let client: CertificateFiles;
  let tls: Tls;
  let fixture: Fixture;
  const requests: AuthenticationRequest[] = [];

  beforeAll(() => {
    folder = certificateFolder();
    own = folder.make("own", "/CN=localhost");
    client = folder.make("client", "/O=here/CN=ada");
  });
  afterAll(() => folder.dispose());
  beforeEach(async () => {
    requests.length = 0;
    tls = new Tls({ ...own, authorities: client.certificate });
    const authenticator = await withPassword("postgres", "geheim");
    fixture = await listen({
      tls,
      authenticator: {
        methodFor: (request) => {
          requests.push(request);
          return request.user === "free"
            ? Promise.resolve({ kind: "trust" })
            : authenticator.methodFor(request);
        },
      },
    });
  });
  afterEach(() => fixture.listener.stop(0));

  /** After SSLRequest. */
  const secured = async (options: ConnectionOptions = {}): Promise<RawClient> => {
    const plain = await RawClient.open(fixture.port);
    plain.send(SSL_REQUEST);
    expect(await plain.byte()).toBe("S");
    plain.socket.removeAllListeners("data");
    const socket = connect({ socket: plain.socket, rejectUnauthorized: false, ...options });
    await once(socket, "secureConnect");
    return RawClient.over(socket);
  };

  /** A TLS hello as the first bytes. */
  const direct = async (ALPNProtocols: string[] | undefined): Promise<TLSSocket> => {
    const socket = connect({
      port: fixture.port,
      host: "127.0.0.1",
      rejectUnauthorized: false,
      ...(ALPNProtocols && { ALPNProtocols }),
    });
    socket.on("error", () => undefined);
    return socket;
  };

  test("after SSLRequest everything is encrypted, and known to be", async () => {
    const one = await secured();
    one.send(startup({ user: "free" }));
    await one.until("Z");
    expect(requests[0]?.encryption?.certificateHash?.length).toBe(32);
    expect(requests[0]?.remoteAddress).toBe("127.0.0.1");
    expect(requests[0]?.encryption?.peer).toBeUndefined();
  });

  test("what was sent in the clear behind SSLRequest ends the connection, encrypted", async () => {
    const plain = await RawClient.open(fixture.port);
    plain.send(SSL_REQUEST, startup({ user: "free" }));
    expect(await plain.byte()).toBe("S");
    plain.socket.removeAllListeners("data");
    const socket = connect({ socket: plain.socket, rejectUnauthorized: false });
    await once(socket, "secureConnect");
    expect(await RawClient.over(socket).rest()).toBe("E(FATAL 08P01)");
    expect(requests).toEqual([]);
  });

  test("a second SSLRequest inside of TLS is no startup packet", async () => {
    const one = await secured();
    one.send(SSL_REQUEST);
    expect(await one.rest()).toBe("E(FATAL 0A000)");
  });

  test("a direct handshake must name the protocol", async () => {
    const socket = await direct(["postgresql"]);
    await once(socket, "secureConnect");
    expect(socket.alpnProtocol).toBe("postgresql");
    const one = RawClient.over(socket);
    one.send(startup({ user: "free" }));
    await one.until("Z");
    for (const protocols of [undefined, ["h2"]]) {
      const stranger = await direct(protocols);
      await new Promise((resolve) => stranger.once("close", resolve));
    }
    expect(requests.length).toBe(1);
  });

  test("TLS 1.1 and older are refused", async () => {
    const plain = await RawClient.open(fixture.port);
    plain.send(SSL_REQUEST);
    await plain.byte();
    plain.socket.removeAllListeners("data");
    const socket = connect({
      socket: plain.socket,
      rejectUnauthorized: false,
      minVersion: "TLSv1",
      maxVersion: "TLSv1.1",
      ciphers: "DEFAULT@SECLEVEL=0",
    });
    const [cause] = (await once(socket, "error")) as [Error];
    expect(cause.message).toMatch(/version|protocol/i);
  });

  test("a client's certificate is told by its names, and a stranger's ends the handshake", async () => {
    const known = { cert: readFileSync(client.certificate), key: readFileSync(client.key) };
    const one = await secured(known);
    one.send(startup({ user: "free" }));
    await one.until("Z");
    expect(requests[0]?.encryption?.peer).toEqual({
      commonName: "ada",
      distinguishedName: "CN=ada,O=here",
    });
    const other = folder.make("stranger", "/CN=ada");
    const cert = { cert: readFileSync(other.certificate), key: readFileSync(other.key) };
    await expect(secured({ ...cert, maxVersion: "TLSv1.2" })).rejects.toThrow("disconnected");
    expect(requests.length).toBe(1);
  });

  test("a certificate that is read again is for new connections, a bad one for nobody", async () => {
    const copy = { certificate: `${folder.path}/copy.crt`, key: `${folder.path}/copy.key` };
    const put = (from: CertificateFiles) => {
      copyFileSync(from.certificate, copy.certificate);
      copyFileSync(from.key, copy.key);
    };
    put(own);
    const changing = new Tls({ ...copy, authorities: undefined });
    const server = await listen({ tls: changing });
    const shown = async () => {
      const socket = connect({
        port: server.port,
        host: "127.0.0.1",
        rejectUnauthorized: false,
        ALPNProtocols: ["postgresql"],
      });
      await once(socket, "secureConnect");
      const name = socket.getPeerCertificate().subject.CN;
      socket.destroy();
      return name;
    };
    expect(await shown()).toBe("localhost");
    put(folder.make("next", "/CN=next"));
    changing.reload();
    expect(await shown()).toBe("next");
    writeFileSync(copy.certificate, "no certificate");
    expect(() => changing.reload()).toThrow();
    expect(await shown()).toBe("next");
    copyFileSync(own.certificate, copy.certificate);
    expect(() => changing.reload()).toThrow("is not that of the certificate");
    await server.listener.stop(0);
  });

  test("node-postgres binds its SCRAM exchange to the certificate", async () => {
    const login = (password: string, enableChannelBinding: boolean) =>
      new pg.Client({
        host: "127.0.0.1",
        port: fixture.port,
        user: "postgres",
        password,
        ssl: { ca: readFileSync(own.certificate, "utf8") },
        enableChannelBinding,
      } as pg.ClientConfig);
    for (const isBound of [true, false]) {
      const one = login("geheim", isBound);
      await one.connect();
      await one.end();
      await expect(login("falsch", isBound).connect()).rejects.toMatchObject({ code: "28P01" });
    }
  });

  for (const [name, options, bytes] of [
    ["RSA with SHA-384", ["-newkey", "rsa:2048", "-sha384"], 48],
    ["RSA with SHA-1", ["-newkey", "rsa:2048", "-sha1"], 32],
    ["RSA-PSS", ["-newkey", "rsa:2048", "-sha512", "-sigopt", "rsa_padding_mode:pss"], 64],
    ["Ed25519", ["-newkey", "ed25519"], undefined],
  ] as const) {
    test(`the hash for channel binding follows the signature: ${name}`, () => {
      const { certificate } = folder.make("hashed", "/CN=x", options);
      const pem = readFileSync(certificate, "utf8");
      const der = Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ""), "base64");
      expect(certificateHash(der)?.length).toBe(bytes);
    });
  }
});
