/** More clients than there are places, silent and impatient ones: the others are still served. */

import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { int32, letters, parse, query, RawClient, startup, sync } from "./raw-client.ts";
import { type Fixture, listen, until } from "./support.ts";

/** `.ci/run long` tries 5,000. */
const ATTEMPTS = Number(process.env["PGTIDE_TEST_CONNECTIONS"] ?? 1500);
const PLACES = 20;
/** Of sockets without a place. */
const OUTSIDERS = 1000;

let fixture: Fixture;
beforeEach(async () => {
  fixture = await listen({ connectionsMax: PLACES });
});
afterEach(() => fixture.listener.stop(0));

async function openSockets(count: number, greet?: Buffer): Promise<Socket[]> {
  const sockets: Socket[] = [];
  while (sockets.length < count) {
    const some = Array.from({ length: Math.min(200, count - sockets.length) }, () =>
      connect(fixture.port, "127.0.0.1"),
    );
    for (const socket of some) socket.on("error", () => undefined).resume();
    await Promise.all(some.map((socket) => once(socket, "connect")));
    if (greet !== undefined) for (const socket of some) socket.write(greet);
    sockets.push(...some);
  }
  return sockets;
}

test("silent connections keep nobody out, neither a login nor a cancel", async () => {
  const client = await RawClient.ready(fixture.port);
  const other = await RawClient.open(fixture.port);
  other.send(startup());
  const key = (await other.until("Z")).find(({ type }) => type === "K")?.body as Buffer;
  other.send(query("wait"));
  // Silent from the start, in the middle of a startup packet, in that of a wish for encryption.
  const silent = [
    ...(await openSockets(ATTEMPTS / 3)),
    ...(await openSockets(ATTEMPTS / 3, startup().subarray(0, 9))),
    ...(await openSockets(ATTEMPTS / 3, Buffer.from("0000", "hex"))),
  ];
  client.send(query("rows 1"));
  expect(letters(await client.until("Z"))).toBe("T D C(SELECT 1) Z(I)");
  const late = await RawClient.ready(fixture.port);
  late.send(query("rows 1"));
  expect(letters(await late.until("Z"))).toBe("T D C(SELECT 1) Z(I)");
  const cancel = await RawClient.open(fixture.port);
  cancel.send(int32(16), int32(0x04d2_162e), key);
  expect(letters(await other.until("Z"))).toBe("E(57014) Z(I)");
  // Who has been silent for longest was sent away.
  await until(() => silent.filter(({ closed }) => !closed).length <= OUTSIDERS);
  expect(silent[0]?.closed).toBe(true);
  expect(silent.at(-1)?.closed).toBe(false);
  for (const socket of silent) socket.destroy();
});

test("each of many that log in at once gets a place or 53300; then all is as before", async () => {
  const clients: RawClient[] = [];
  for (let i = 0; i < ATTEMPTS; i += 1) clients.push(await RawClient.open(fixture.port));
  for (const client of clients) client.send(startup());
  const answers = await Promise.all(clients.map((client) => client.until("Z")));
  const told = answers.map(letters);
  // Who had been there for longest without a word may be sent away without one.
  const dropped = told.filter((text) => text === "").length;
  expect(dropped).toBeLessThanOrEqual(ATTEMPTS - OUTSIDERS);
  expect(told.filter((text) => text.endsWith("K Z(I)")).length).toBe(PLACES);
  const refused = told.filter((text) => text === "E(FATAL 53300)").length;
  expect(refused).toBe(ATTEMPTS - PLACES - dropped);
  for (const client of clients) client.end();
  await until(() => fixture.listener.connectionCount === 0);
  const again = await RawClient.ready(fixture.port);
  again.send(query("rows 1"));
  expect(letters(await again.until("Z"))).toBe("T D C(SELECT 1) Z(I)");
});

test("large messages of all clients share their memory: who finds none is told 53200", async () => {
  await fixture.listener.stop(0);
  const limits = { messageBytesMax: 8_000_000, allMessagesBytesMax: 10_000_000 };
  fixture = await listen({ limits });
  const [first, second, third] = await Promise.all(
    [1, 2, 3].map(() => RawClient.ready(fixture.port)),
  );
  // Its announced memory is taken, though the body does not come.
  const large = query(`rows 1 ${" ".repeat(7_000_000)}`);
  first?.send(large.subarray(0, large.length - 10));
  await until(() => (first?.socket.writableLength ?? 0) === 0);
  const parseLarge = parse(" ".repeat(6_000_000), "s");
  second?.send(large);
  expect(letters((await second?.until("Z")) ?? [])).toBe("E(53200) Z(I)");
  second?.send(parseLarge, large, sync, query("rows 1"));
  expect(letters((await second?.until("Z")) ?? [])).toBe("E(53200) Z(I)");
  expect(letters((await second?.until("Z")) ?? [])).toBe("T D C(SELECT 1) Z(I)");
  third?.send(query(`rows 1 ${" ".repeat(2_000_000)}`));
  expect(letters((await third?.until("Z")) ?? [])).toBe("T D C(SELECT 1) Z(I)");
  // The rest of it comes, or the client goes: the memory is there again.
  first?.send(large.subarray(large.length - 10));
  expect(letters((await first?.until("Z")) ?? [])).toBe("T D C(SELECT 1) Z(I)");
  second?.send(large);
  expect(letters((await second?.until("Z")) ?? [])).toBe("T D C(SELECT 1) Z(I)");
  first?.send(large.subarray(0, 5_000_000));
  await until(() => (first?.socket.writableLength ?? 0) === 0);
  first?.end();
  await until(() => fixture.listener.connectionCount === 2);
  second?.send(large);
  expect(letters((await second?.until("Z")) ?? [])).toBe("T D C(SELECT 1) Z(I)");
});
