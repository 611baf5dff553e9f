/**
 * Startup, authentication and cancel requests, byte by byte. Numbers are those of the design's
 * list of edge cases.
 */

import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { parseOptions } from "../../src/wire/startup.ts";
import {
  errorFields,
  frame,
  int32,
  letters,
  query,
  RawClient,
  startup,
  terminate,
  text,
} from "./raw-client.ts";
import { type Fixture, listen, until, withPassword } from "./support.ts";

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
    ["2.0", 0x0002_0000],
    ["1234.9999", 0x04d2_270f],
  ] as const) {
    test(`protocol ${name} is refused (5)`, async () => {
      const client = await RawClient.open(fixture.port);
      client.send(startup({ user: "a" }, version));
      expect(await client.rest()).toBe("E(FATAL 0A000)");
    });
  }

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
    expect(() => parseOptions("-c x")).toThrow("invalid command-line argument");
    expect(parseOptions("  ")).toEqual([]);
  });

  const packet = (...parts: readonly Uint8Array[]) => {
    const body = Buffer.concat(parts);
    return Buffer.concat([int32(body.length + 4), body]);
  };
  const version = int32(0x0003_0000);

  for (const [name, bytes] of [
    ["a length of 7", Buffer.from("00000007000300", "hex")],
    ["a length of 10,001", Buffer.concat([int32(10_001), version])],
    ["a negative length", Buffer.concat([int32(-1), version])],
    ["a request over HTTP", Buffer.from("GET / HTTP/1.1\r\n\r\n")],
    ["a TLS hello without being asked", Buffer.from("16030100f0010000ec0303", "hex")],
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

describe("passwords", () => {
  const initial = (data: string, mechanism = "SCRAM-SHA-256") =>
    frame("p", text(mechanism), int32(Buffer.byteLength(data)), Buffer.from(data));

  let locked: Fixture;
  beforeEach(async () => {
    locked = await listen({ authenticator: await withPassword("postgres", "geheim") });
  });
  afterEach(() => locked.listener.stop(0));

  test("the server offers SCRAM-SHA-256 alone", async () => {
    const client = await RawClient.open(locked.port);
    client.send(startup());
    const message = await client.next();
    expect(message?.body).toEqual(Buffer.concat([int32(10), text("SCRAM-SHA-256"), text("")]));
  });

  test("an unknown user is led through the whole exchange, with the same salt each time (11)", async () => {
    const salts = new Set<string>();
    for (let attempt = 0; attempt < 2; attempt += 1) {
      const client = await RawClient.open(locked.port);
      client.send(startup({ user: "stranger" }));
      await client.next();
      client.send(initial("n,,n=,r=abc"));
      const answer = (await client.next())?.body.toString("utf8", 4) ?? "";
      const nonce = /r=([^,]*)/.exec(answer)?.[1] ?? "";
      salts.add(/s=([^,]*)/.exec(answer)?.[1] ?? "");
      const proof = Buffer.alloc(32).toString("base64");
      client.send(frame("p", Buffer.from(`c=biws,r=${nonce},p=${proof}`)));
      expect(await client.rest()).toBe("E(FATAL 28P01)");
    }
    expect(salts.size).toBe(1);
  });

  test("a nonce that is not the server's is a violation (11)", async () => {
    const client = await RawClient.open(locked.port);
    client.send(startup());
    await client.next();
    client.send(initial("n,,n=,r=abc"));
    await client.next();
    const proof = Buffer.alloc(32).toString("base64");
    client.send(frame("p", Buffer.from(`c=biws,r=other,p=${proof}`)));
    expect(await client.rest()).toBe("E(FATAL 08P01)");
  });

  for (const [name, message, answer] of [
    ["another mechanism", initial("n,,n=,r=abc", "SCRAM-SHA-1"), "08P01"],
    ["no SCRAM at all", initial("hello"), "08P01"],
    ["channel binding", initial("p=tls-unique,,n=,r=abc"), "08P01"],
    ["an authorization identity", initial("n,a=root,n=,r=abc"), "0A000"],
    ["a query before the password", query("select 1"), "08P01"],
    ["a length beyond the message", frame("p", text("SCRAM-SHA-256"), int32(99)), "08P01"],
  ] as const) {
    test(`${name} is refused with ${answer}, without ReadyForQuery (11)`, async () => {
      const client = await RawClient.open(locked.port);
      client.send(startup());
      await client.next();
      client.send(message);
      expect(await client.rest()).toBe(`E(FATAL ${answer})`);
      expect(locked.host.sessions).toEqual([]);
    });
  }

  test("a password message of more than 64 KiB is refused before it is sent (12)", async () => {
    const client = await RawClient.open(locked.port);
    client.send(startup());
    await client.next();
    client.send(Buffer.from("p"), int32(70_000));
    expect(await client.rest()).toBe("E(FATAL 08P01)");
  });
});

describe("cancel requests", () => {
  const cancel = (key: Buffer) =>
    Buffer.concat([int32(8 + key.length), Buffer.from("04d2162e", "hex"), key]);

  async function keyOf(client: RawClient, version: number): Promise<Buffer> {
    client.send(startup({ user: "a" }, version));
    const messages = await client.until("Z");
    return messages.find(({ type }) => type === "K")?.body ?? Buffer.alloc(0);
  }

  for (const version of [0x0003_0000, 0x0003_0002]) {
    test(`the right key ends the statement with 57014, without an answer (13), protocol ${version & 0xffff}`, async () => {
      const client = await RawClient.open(fixture.port);
      const key = await keyOf(client, version);
      client.send(query("wait"));
      await until(() => fixture.host.last.calls.includes("query wait"));
      const other = await RawClient.open(fixture.port);
      other.send(SSL_REQUEST); // psycopg and libpq 17 ask here, too (14)
      expect(await other.byte()).toBe("N");
      other.send(cancel(key));
      expect(await other.rest()).toBe("");
      expect(other.unread.length).toBe(0);
      expect(letters(await client.until("Z"))).toBe("E(57014) Z(I)");
    });
  }

  test("a wrong key does nothing (13)", async () => {
    const client = await RawClient.open(fixture.port);
    const key = await keyOf(client, 0x0003_0000);
    client.send(query("finish"));
    await until(() => fixture.host.last.calls.includes("query finish"));
    const wrong = Buffer.from(key);
    wrong[7] = (wrong[7] as number) ^ 1;
    for (const bytes of [
      wrong,
      key.subarray(0, 6),
      Buffer.concat([int32(9999), key.subarray(4)]),
    ]) {
      const other = await RawClient.open(fixture.port);
      other.send(cancel(bytes));
      await other.rest();
    }
    fixture.host.last.releaseFinish();
    expect(letters(await client.until("Z"))).toBe("C(FINISH) Z(I)");
    expect(fixture.host.last.cancels).toBe(0);
  });

  test("a request that comes while the connection is idle does not touch the next statement (13)", async () => {
    const client = await RawClient.open(fixture.port);
    const key = await keyOf(client, 0x0003_0000);
    const other = await RawClient.open(fixture.port);
    other.send(cancel(key));
    await other.rest();
    client.send(query("rows 1"));
    expect(letters(await client.until("Z"))).toBe("T D C(SELECT 1) Z(I)");
    expect(fixture.host.last.cancels).toBe(0);
  });

  test("process ids are positive, and different while they live (15)", async () => {
    const ids = new Set<number>();
    for (let index = 0; index < 20; index += 1) {
      const key = await keyOf(await RawClient.open(fixture.port), 0x0003_0000);
      ids.add(key.readInt32BE(0));
    }
    expect(ids.size).toBe(20);
    expect(Math.min(...ids)).toBeGreaterThan(0);
  });
});

describe("the end", () => {
  test("Terminate closes without an answer and closes the session (16)", async () => {
    const client = await RawClient.ready(fixture.port);
    client.send(terminate);
    expect(await client.rest()).toBe("");
    await until(() => fixture.host.last.isClosed);
  });

  test("a client that vanishes in mid-statement has it cancelled and its session closed (16)", async () => {
    const client = await RawClient.ready(fixture.port);
    client.send(query("wait"));
    await until(() => fixture.host.last.calls.includes("query wait"));
    client.end();
    await until(() => fixture.host.last.isClosed);
    expect(fixture.host.last.cancels).toBeGreaterThan(0);
  });

  test("a stop sends idle clients away with 57P01 at once (90)", async () => {
    const client = await RawClient.ready(fixture.port);
    const stopped = fixture.listener.stop(60_000);
    const [message] = await client.until("none");
    expect(errorFields(message?.body ?? Buffer.alloc(0))).toMatchObject({
      S: "FATAL",
      V: "FATAL",
      C: "57P01",
      M: "terminating connection due to administrator command",
    });
    await stopped;
    await expect(RawClient.open(fixture.port)).rejects.toThrow();
  });

  test("a stop lets a running statement end first, then says 57P01", async () => {
    const client = await RawClient.ready(fixture.port);
    client.send(query("finish"));
    await until(() => fixture.host.last.calls.includes("query finish"));
    const stopped = fixture.listener.stop(60_000);
    fixture.host.last.releaseFinish();
    expect(await client.rest()).toBe("C(FINISH) Z(I) E(FATAL 57P01)");
    await stopped;
  });

  test("a stop without patience cancels what runs", async () => {
    const client = await RawClient.ready(fixture.port);
    client.send(query("wait"));
    await until(() => fixture.host.last.calls.includes("query wait"));
    await fixture.listener.stop(0);
    expect(await client.rest()).toBe("E(57014) Z(I) E(FATAL 57P01)");
  });

  test("a stop drops clients that never said who they are", async () => {
    const client = await RawClient.open(fixture.port);
    client.send(Buffer.from([0, 0]));
    const rest = client.rest();
    await fixture.listener.stop(60_000);
    expect(await rest).toBe("");
  });
});
