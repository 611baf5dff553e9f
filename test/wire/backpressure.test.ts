/** Memory stays bounded, whoever is slow. */

import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { SocketInput } from "../../src/wire/socket-input.ts";
import { letters, query, RawClient } from "./raw-client.ts";
import { type Fixture, listen, until } from "./support.ts";

let fixture: Fixture;
beforeEach(async () => {
  fixture = await listen();
});
afterEach(() => fixture.listener.stop(0));

const BATCH = 256 * 1024;
const COUNT = 800;

/** Lets everything that can go on without the client go on. */
async function settle(): Promise<void> {
  let before = -1;
  while (before !== fixture.host.last.batchesMade) {
    before = fixture.host.last.batchesMade;
    for (let turn = 0; turn < 500; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }
}

test("rows are made no faster than the client reads them (75)", async () => {
  const client = await RawClient.ready(fixture.port);
  client.socket.pause();
  client.send(query(`batches ${COUNT} ${BATCH}`));
  await until(() => fixture.host.last.batchesMade > 0);
  await settle();
  // The kernel's buffers hold some megabytes; two hundred megabytes were asked for.
  expect(fixture.host.last.batchesMade).toBeLessThan(COUNT / 4);

  let bytes = 0;
  client.socket.removeAllListeners("data");
  client.socket.on("data", (chunk) => {
    bytes += chunk.length;
  });
  client.socket.resume();
  const expected = (BATCH + 11) * COUNT;
  await until(() => bytes > expected);
  expect(fixture.host.last.batchesMade).toBe(COUNT);
});

test("a client that vanishes while it should read frees the statement", async () => {
  const client = await RawClient.ready(fixture.port);
  client.socket.pause();
  client.send(query(`batches ${COUNT} ${BATCH}`));
  await until(() => fixture.host.last.batchesMade > 0);
  await settle();
  client.end();
  await until(() => fixture.host.last.isClosed);
  expect(fixture.host.last.batchesMade).toBeLessThan(COUNT);
});

test("a stop does not wait for a client that does not read", async () => {
  const client = await RawClient.ready(fixture.port);
  client.socket.pause();
  client.send(query(`batches ${COUNT} ${BATCH}`));
  await until(() => fixture.host.last.batchesMade > 0);
  await fixture.listener.stop(0);
  expect(fixture.host.last.isClosed).toBe(true);
});

test("statements that wait in the pipe are answered after the one that runs (75)", async () => {
  const client = await RawClient.ready(fixture.port);
  client.send(query("finish"), ...Array.from({ length: 100 }, () => query("rows 1")));
  await until(() => fixture.host.last.calls.includes("query finish"));
  fixture.host.last.releaseFinish();
  expect(letters(await client.until("Z"))).toBe("C(FINISH) Z(I)");
  for (let index = 0; index < 100; index += 1) {
    expect(letters(await client.until("Z"))).toBe("T D C(SELECT 1) Z(I)");
  }
});

test("a client that sends without end keeps nobody else waiting (75)", async () => {
  const greedy = await RawClient.ready(fixture.port);
  const other = await RawClient.ready(fixture.port);
  const answer = letters(await asked(other));
  const answerBytes = 11 + 26 + 14 + 6; // at least so many for each
  let bytes = 0;
  greedy.socket.removeAllListeners("data");
  greedy.socket.on("data", (chunk) => {
    bytes += chunk.length;
  });
  const count = 50_000;
  const block = Buffer.concat(Array.from({ length: 1000 }, () => query("rows 1")));
  for (let sent = 0; sent < count; sent += 1000) greedy.send(block);
  await until(() => bytes > 0);
  for (let turn = 0; turn < 10; turn += 1) expect(letters(await asked(other))).toBe(answer);
  expect(bytes).toBeLessThan(count * answerBytes);
});

async function asked(client: RawClient) {
  client.send(query("rows 1"));
  return await client.until("Z");
}

async function socketPair(): Promise<{ near: Socket; far: Socket; close: () => void }> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const far = connect(address.port, "127.0.0.1");
  const [near] = (await once(server, "connection")) as [Socket];
  far.on("error", () => undefined);
  near.on("error", () => undefined);
  return {
    near,
    far,
    close: () => {
      far.destroy();
      near.destroy();
      server.close();
    },
  };
}

test("what a client sends ahead is read up to the bound, and nothing of it is lost (75)", async () => {
  const { near, far, close } = await socketPair();
  const bound = 256 * 1024;
  const input = new SocketInput(near, bound);
  const reading = input.read();
  const sent = Buffer.alloc(16 * 1024 * 1024);
  for (let at = 0; at < sent.length; at += 4) sent.writeUInt32BE(at, at);
  far.write(sent);
  await until(() => input.bufferedBytes >= bound);
  for (let turn = 0; turn < 2000; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  expect(input.bufferedBytes).toBeLessThan(bound + 64 * 1024 + 1);

  const sizes = [1, 5, 70_000, 3, 1_000_000, 64 * 1024];
  let at = 0;
  for (let turn = 0; at < sent.length; turn += 1) {
    const size = Math.min(sizes[turn % sizes.length] as number, sent.length - at);
    const taken = await input.take(size);
    if (taken?.equals(sent.subarray(at, at + size)) !== true) throw new Error(`lost at ${at}`);
    at += size;
  }
  close();
  await reading;
  expect(await input.take(1)).toBeUndefined();
});

test("what came before the client left can still be taken", async () => {
  const { near, far, close } = await socketPair();
  const input = new SocketInput(near, 1024);
  const reading = input.read();
  far.end("last words");
  await reading;
  expect(input.closed.aborted).toBe(true);
  expect((await input.take(10))?.toString()).toBe("last words");
  expect(await input.take(1)).toBeUndefined();
  close();
});
