/** SCRAM over the wire. Numbers: the list of edge cases. */

import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { frame, int32, query, RawClient, startup, text } from "./raw-client.ts";
import { type Fixture, listen, withPassword } from "./support.ts";

let fixture: Fixture;
beforeEach(async () => {
  fixture = await listen();
});
afterEach(() => fixture.listener.stop(0));

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
