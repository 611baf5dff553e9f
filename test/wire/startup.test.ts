/** Startup packets, byte by byte. Numbers: the list of edge cases. */

import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { parseOptions } from "../../src/wire/startup.ts";
import { int32, letters, RawClient, startup, terminate, text } from "./raw-client.ts";
import { type Fixture, listen, until } from "./support.ts";

let fixture: Fixture;
beforeEach(async () => {
  fixture = await listen();
});
afterEach(() => fixture.listener.stop(0));

const SSL_REQUEST = Buffer.from("0000000804d2162f", "hex");
const GSSENC_REQUEST = Buffer.from("0000000804d21630", "hex");

describe("startup", () => {
  test("GSSENCRequest and SSLRequest are refused politely on one socket, then login works (1)", async () => {
    const client = await RawClient.open(fixture.port);
    client.send(GSSENC_REQUEST);
    expect(await client.byte()).toBe("N");
    client.send(SSL_REQUEST);
    expect(await client.byte()).toBe("N");
    client.send(startup());
    expect(letters(await client.until("Z"))).toBe(
      "R S(server_version=18.6) S(client_encoding=UTF8) K Z(I)",
    );
  });

  test("the answer to a plain startup is the manual's, byte for byte (2)", async () => {
    const other = await RawClient.open(fixture.port);
    // Int32 length 20, Int32 196608, "user" NUL "pgtide" NUL NUL
    other.send(Buffer.from("000000150003000075736572007067746964650000", "hex"));
    const messages = await other.until("Z");
    const bytes = messages.map(({ type, body }) => type + body.toString("hex"));
    expect(bytes[0]).toBe("R00000000");
    expect(bytes[1]).toBe(`S${Buffer.from("server_version\0" + "18.6\0").toString("hex")}`);
    expect(bytes[3]).toMatch(/^K0000000[1-9a-f][0-9a-f]{8}$/);
    expect(bytes[4]).toBe("Z49");
    expect(fixture.host.last.request).toMatchObject({ user: "pgtide", database: "pgtide" });
  });

  test("an unknown protocol option is negotiated away, then login goes on (3)", async () => {
    const client = await RawClient.open(fixture.port);
    client.send(startup({ user: "a", "_pq_.foo": "1" }, 0x0003_0000));
    const [first, ...rest] = await client.until("Z");
    expect(first?.type).toBe("v");
    expect(first?.body).toEqual(Buffer.concat([int32(0x0003_0000), int32(1), text("_pq_.foo")]));
    expect(letters(rest)).toMatch(/^R S.* K Z\(I\)$/);
  });

  test("protocol 3.2 is spoken with a long cancel key", async () => {
    const client = await RawClient.open(fixture.port);
    client.send(startup({ user: "a" }, 0x0003_0002));
    const messages = await client.until("Z");
    expect(messages[0]?.type).toBe("R");
    expect(messages.find(({ type }) => type === "K")?.body.length).toBe(4 + 32);
  });

  test("protocol 3.9999 is answered with 3.2, the newest we speak (4)", async () => {
    const client = await RawClient.open(fixture.port);
    client.send(startup({ user: "a", "_pq_.test_protocol_negotiation": "" }, 0x0003_270f));
    const [first] = await client.until("Z");
    const option = text("_pq_.test_protocol_negotiation");
    expect(first?.body).toEqual(Buffer.concat([int32(0x0003_0002), int32(1), option]));
  });

  for (const [name, version] of [
    ["4.0", 0x0004_0000],
    ["1234.9999", 0x04d2_270f],
  ] as const) {
    test(`protocol ${name} is refused (5)`, async () => {
      const client = await RawClient.open(fixture.port);
      client.send(startup({ user: "a" }, version));
      expect(await client.rest()).toBe("E(FATAL 0A000)");
    });
  }

  test("a client of protocol 2.0 is told so in its own way (5)", async () => {
    const client = await RawClient.open(fixture.port);
    client.send(startup({ user: "a" }, 0x0002_0000));
    await client.rest();
    expect(client.unread.toString()).toBe(
      "EFATAL:  unsupported frontend protocol 2.0: server supports 3.0 to 3.2\n\0",
    );
  });

  test("an error of the session comes after AuthenticationOk and is fatal (6)", async () => {
    const client = await RawClient.open(fixture.port);
    client.send(startup({ user: "nobody" }));
    expect(await client.rest()).toBe("R E(FATAL 42704)");
  });

  test("no user is 28000, replication is 0A000 (6)", async () => {
    for (const [parameters, answer] of [
      [{ database: "x" }, "E(FATAL 28000)"],
      [{ user: "" }, "E(FATAL 28000)"],
      [{ user: "a", replication: "database" }, "E(FATAL 0A000)"],
    ] as const) {
      const client = await RawClient.open(fixture.port);
      client.send(startup(parameters));
      expect(await client.rest()).toBe(answer);
    }
  });

  test("parameters reach the session in lower case, those of options first (7, 8)", async () => {
    const client = await RawClient.open(fixture.port);
    client.send(
      startup({
        user: "a",
        database: "d",
        DateStyle: "ISO",
        options: "-c geqo=off -cwork_mem=5MB --statement-timeout=7 -c search_path=a\\ b",
      }),
    );
    await client.until("Z");
    expect(fixture.host.last.request).toMatchObject({
      user: "a",
      database: "d",
      settings: [
        ["geqo", "off"],
        ["work_mem", "5MB"],
        ["statement_timeout", "7"],
        ["search_path", "a b"],
        ["datestyle", "ISO"],
      ],
    });
  });

  test("options that are no settings are refused (8)", () => {
    expect(() => parseOptions("-d 5")).toThrow("invalid command-line argument");
    expect(() => parseOptions("-c")).toThrow("invalid command-line argument");
    expect(() => parseOptions("-c x")).toThrow("-c x requires a value");
    expect(parseOptions("  ")).toEqual([]);
  });

  const packet = (...parts: readonly Uint8Array[]) => {
    const body = Buffer.concat(parts);
    return Buffer.concat([int32(body.length + 4), body]);
  };
  const version = int32(0x0003_0000);

  for (const [name, bytes] of [
    ["no final zero byte", packet(version, text("user"), text("pg"))],
    ["a name without a value", packet(version, text("user"))],
    ["a value without its end", packet(version, text("user"), Buffer.from("pg"))],
    ["bytes after the end", packet(version, text("user"), text("pg"), Buffer.from("\0x"))],
    ["a name that is not UTF-8", packet(version, text("user"), Buffer.from([0xff, 0, 0]))],
  ] as const) {
    test(`${name} ends the connection with an error, and the server lives (9)`, async () => {
      const client = await RawClient.open(fixture.port);
      client.send(bytes);
      expect(await client.rest()).toMatch(/^E\(FATAL (08P01|22021)\)$/);
      await RawClient.ready(fixture.port);
    });
  }

  for (const [name, bytes] of [
    ["a length of 7", Buffer.from("00000007000300", "hex")],
    ["a length of 10,005", Buffer.concat([int32(10_005), version])],
    ["a negative length", Buffer.concat([int32(-1), version])],
    ["a request over HTTP", Buffer.from("GET / HTTP/1.1\r\n\r\n")],
  ] as const) {
    test(`${name} ends the connection without a word, as in PostgreSQL (9)`, async () => {
      const client = await RawClient.open(fixture.port);
      client.send(bytes);
      expect(await client.rest()).toBe("");
      await RawClient.ready(fixture.port);
    });
  }

  test("a TLS hello ends the connection without a word where there is no TLS (9)", async () => {
    const client = await RawClient.open(fixture.port);
    client.send(Buffer.from("16030100f0010000ec0303", "hex"));
    expect(await client.rest()).toBe("");
    await RawClient.ready(fixture.port);
  });

  test("either request for encryption may come again after the other, not twice in a row", async () => {
    const client = await RawClient.open(fixture.port);
    for (const request of [SSL_REQUEST, GSSENC_REQUEST, SSL_REQUEST]) {
      client.send(request);
      expect(await client.byte()).toBe("N");
    }
    client.send(SSL_REQUEST);
    expect(await client.rest()).toBe("E(FATAL 0A000)");
  });

  test("bytes behind a request for encryption are never taken for the client's own words", async () => {
    for (const request of [SSL_REQUEST, GSSENC_REQUEST]) {
      const client = await RawClient.open(fixture.port);
      client.send(request, startup());
      expect(await client.byte()).toBe("N");
      expect(await client.rest()).toBe("E(FATAL 08P01)");
    }
    expect(fixture.host.sessions).toEqual([]);
  });

  test("a client that sends one byte and waits is dropped at the time limit (10)", async () => {
    const hasty = await listen({ limits: { startupTimeoutMs: 30 } });
    const client = await RawClient.open(hasty.port);
    client.send(Buffer.from([0]));
    expect(await client.rest()).toBe("");
    await hasty.listener.stop(0);
  });

  test("a startup packet that arrives byte by byte is understood", async () => {
    const client = await RawClient.open(fixture.port);
    client.socket.setNoDelay(true);
    for (const byte of Buffer.concat([SSL_REQUEST.subarray(0, 8)])) {
      client.send(Buffer.from([byte]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await client.byte()).toBe("N");
    for (const byte of startup({ user: "slow" })) {
      client.send(Buffer.from([byte]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await client.until("Z");
    expect(fixture.host.last.request.user).toBe("slow");
  });

  test("more clients than allowed are told so, and a place that falls free is given again (6)", async () => {
    const small = await listen({ connectionsMax: 1 });
    const first = await RawClient.ready(small.port);
    const second = await RawClient.open(small.port);
    second.send(startup());
    expect(await second.rest()).toBe("E(FATAL 53300)");
    first.send(terminate);
    await first.rest();
    await until(() => small.listener.connectionCount === 0);
    await RawClient.ready(small.port);
    await small.listener.stop(0);
  });
});
