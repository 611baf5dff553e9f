/** COPY with clients that stall, vanish, send too much or too little at a time. */

import { afterEach, beforeEach, expect, test } from "vitest";
import type { FakeCopy } from "./fake-copy.ts";
import { errorFields, frame, int32, letters, query, RawClient, sync } from "./raw-client.ts";
import { type Fixture, listen, until } from "./support.ts";

let fixture: Fixture;
let client: RawClient;
beforeEach(async () => {
  fixture = await listen({ limits: { messageBytesMax: 1_000_000 } });
  client = await RawClient.ready(fixture.port);
});
afterEach(async () => {
  client.end();
  await fixture.listener.stop(0);
});

const data = (content: string) => frame("d", Buffer.from(content));
const done = frame("c");
const OUT = "copy (select generate_series(1, 100000000)) to stdout";

/** A COPY that has begun and waits for data. */
async function copying(statement = "copy t from stdin", by = client): Promise<FakeCopy> {
  by.send(query(statement));
  await by.until("G");
  const session = fixture.host.sessions.at(-1);
  const copy = session?.copies.at(-1);
  if (copy === undefined) throw new Error("no COPY runs");
  return copy;
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

test("a client is read no faster than its data are taken", async () => {
  const copy = await copying("copy slow from stdin");
  const piece = frame("d", Buffer.alloc(64 * 1024, "1"));
  for (let index = 0; index < 800; index += 1) client.send(piece);
  await until(() => copy.writes > 0);
  await turns(2000);
  expect(copy.writes).toBe(1);
  expect(client.socket.writableLength).toBeGreaterThan(20 * 1024 * 1024); // not taken from the client
  copy.release();
  client.send(done);
  expect(letters(await client.until("Z"))).toBe("C(COPY 0) Z(I)");
  expect(copy.receivedBytes).toBe(800 * 64 * 1024);
});

test("a CopyData of any size is taken in pieces", async () => {
  const copy = await copying("copy slow from stdin");
  copy.release();
  const size = 64 * 1024 * 1024;
  client.send(Buffer.from("d"), int32(size + 4));
  for (let sent = 0; sent < size; sent += 1024 * 1024) client.send(Buffer.alloc(1024 * 1024));
  client.send(done);
  expect(letters(await client.until("Z"))).toBe("C(COPY 0) Z(I)");
  expect(copy.receivedBytes).toBe(size);
  expect(copy.writes).toBeGreaterThanOrEqual(256);
});

test("a CopyData longer than PostgreSQL's limit ends the connection", async () => {
  await copying();
  client.send(Buffer.from("d"), int32(0x3fff_ffff + 4));
  expect(await client.rest()).toBe("E(08006) E(FATAL 08P01)");
});

test("many small messages are handed on together", async () => {
  const copy = await copying("copy slow from stdin");
  copy.release();
  client.send(...Array.from({ length: 100_000 }, () => data("1\n")), done);
  expect(letters(await client.until("Z"))).toBe("C(COPY 0) Z(I)");
  expect(copy.receivedBytes).toBe(200_000);
  expect(copy.writes).toBeLessThan(1000);
});

test("a client that leaves in mid-COPY leaves nothing behind", async () => {
  const copy = await copying();
  client.send(data("1\n"));
  await until(() => copy.receivedBytes === 2);
  client.end();
  await until(() => copy.isOver && fixture.host.last.isClosed);
  expect(copy.failure).toBeDefined();
});

test("so does one that leaves while its data wait to be taken", async () => {
  const copy = await copying("copy slow from stdin");
  client.send(data("1\n"), data("2\n"), done);
  await until(() => copy.writes === 1);
  client.end();
  await until(() => copy.isOver && fixture.host.last.isClosed);
  expect(copy.failure).toBeDefined();
});

test("a COPY whose client sends nothing can be cancelled, and is answered at once", async () => {
  await copying();
  fixture.host.last.cancel();
  expect(letters(await client.until("Z"))).toBe("E(57014) Z(I)");
  client.send(data("1\n"), done, query("rows 1"));
  expect(letters(await client.until("Z"))).toBe("T D C(SELECT 1) Z(I)");
});

test("also in the middle of a message, whose rest is then dropped", async () => {
  const copy = await copying();
  const whole = data("1\n2\n3\n");
  for (const cut of [3, 7]) {
    client.send(whole.subarray(0, cut));
    await turns(100);
    fixture.host.last.cancel();
    expect(letters(await client.until("Z"))).toBe("E(57014) Z(I)");
    client.send(whole.subarray(cut), done, query("rows 1"));
    expect(letters(await client.until("Z"))).toBe("T D C(SELECT 1) Z(I)");
    if (cut === 3) await copying();
  }
  expect(copy.receivedBytes).toBe(0);
});

test("after a cancelled COPY of the extended protocol everything up to Sync is dropped", async () => {
  client.send(frame("P", Buffer.from("\0copy t from stdin\0\0\0")));
  client.send(frame("B", Buffer.alloc(8)), frame("E", Buffer.alloc(5)));
  await client.until("G");
  fixture.host.last.cancel();
  expect(letters(await client.until("E"))).toBe("E(57014)");
  client.send(data("1\n"), done, query("rows 1"), sync, query("rows 1"));
  expect(letters(await client.until("Z"))).toBe("Z(I)");
  expect(letters(await client.until("Z"))).toBe("T D C(SELECT 1) Z(I)");
});

test("a CopyFail that is not UTF-8 is an error like another", async () => {
  await copying();
  client.send(frame("f", Buffer.from([0xff, 0])));
  expect(letters(await client.until("Z"))).toBe("E(22021) Z(I)");
});

test("a stop of the server ends a COPY that waits for its client", async () => {
  const copy = await copying();
  await fixture.listener.stop(0);
  expect(copy.failure?.fields.sqlState).toBe("57014");
});

test("a COPY to a client that does not read makes no more rows, and ends with it", async () => {
  client.socket.pause();
  const before = process.memoryUsage().rss;
  client.send(query(OUT));
  await turns(3000);
  expect(process.memoryUsage().rss - before).toBeLessThan(64 * 1024 * 1024);
  client.end();
  await until(() => fixture.host.last.isClosed);
});

test("a COPY to a client can be cancelled between its rows", async () => {
  client.send(query(OUT));
  await client.until("d");
  fixture.host.last.cancel();
  const messages = await client.until("E");
  expect(errorFields(messages.at(-1)?.body ?? Buffer.alloc(0))["C"]).toBe("57014");
  expect(letters(await client.until("Z"))).toBe("Z(I)");
});

test("sixty-four COPYs at once: one that stalls holds up no other", async () => {
  await fixture.listener.stop(0);
  fixture = await listen({ connectionsMax: 100 });
  const clients: RawClient[] = [];
  for (let index = 0; index < 64; index += 1) {
    const one = await RawClient.ready(fixture.port);
    await copying("copy t from stdin", one);
    clients.push(one);
  }
  const [stalled, ...others] = clients as [RawClient, ...RawClient[]];
  stalled.send(data("1\n").subarray(0, 6));
  const lines = Array.from({ length: 50 }, (_, index) => data(`${index}\n`));
  for (const line of lines) for (const one of others) one.send(line);
  for (const one of others) one.send(done);
  for (const one of others) expect(letters(await one.until("Z"))).toBe("C(COPY 50) Z(I)");
  stalled.send(data("1\n").subarray(6), done);
  expect(letters(await stalled.until("Z"))).toBe("C(COPY 1) Z(I)");
  for (const one of clients) one.end();
});
