/** NotificationResponse: between answers, never inside of one, and at once to an idle client. */

import { afterEach, beforeEach, expect, test } from "vitest";
import {
  bind,
  execute,
  flush,
  int32,
  letters,
  parse,
  query,
  RawClient,
  sync,
  text,
} from "./raw-client.ts";
import { type Fixture, listen, until } from "./support.ts";

let fixture: Fixture;
let client: RawClient;
beforeEach(async () => {
  fixture = await listen();
  client = await RawClient.ready(fixture.port);
});
afterEach(async () => {
  client.end();
  await fixture.listener.stop(0);
});

test("an idle client is told at once: process id, channel and payload", async () => {
  fixture.host.last.notify("one", "é");
  const messages = [await client.next(), await client.next()];
  expect(messages).toEqual([
    { type: "A", body: Buffer.concat([int32(7), text("news"), text("one")]) },
    { type: "A", body: Buffer.concat([int32(7), text("news"), text("é")]) },
  ]);
});

test("what comes while a statement runs is told between its answer and ReadyForQuery", async () => {
  client.send(query("rows 1;finish;rows 1"));
  await until(() => fixture.host.last.calls.length > 0);
  fixture.host.last.notify("one");
  fixture.host.last.releaseFinish();
  expect(letters(await client.until("Z"))).toBe("T D C(SELECT 1) C(FINISH) T D C(SELECT 1) A Z(I)");
  client.send(query("notify a b;set x y"));
  expect(letters(await client.until("Z"))).toBe("C(NOTIFY) C(SET) A S(x=y) Z(I)");
});

test("nothing is told inside a transaction block", async () => {
  client.send(query("begin"));
  await client.until("Z");
  fixture.host.last.notify("one");
  client.send(query("rows 0"));
  expect(letters(await client.until("Z"))).toBe("T C(SELECT 0) Z(T)");
  client.send(query("end"));
  expect(letters(await client.until("Z"))).toBe("C(COMMIT) A Z(I)");
});

test("nothing is told between the messages of a pipeline, but at its Sync", async () => {
  client.send(parse("rows 1"), bind(), flush);
  expect(letters(await client.until("2"))).toBe("1 2");
  fixture.host.last.notify("one");
  client.send(execute(), sync);
  expect(letters(await client.until("Z"))).toBe("D C(SELECT 1) A Z(I)");
});

test("a client that does not read is told what waits when it reads again", async () => {
  client.socket.pause();
  const session = fixture.host.last;
  const payload = "x".repeat(7000);
  let waiting = 0;
  const take = session.takeNotifications.bind(session);
  session.takeNotifications = () => {
    waiting = 0;
    return take();
  };
  for (let sent = 0; sent < 5000; sent += 1) {
    waiting += 1;
    session.notify(payload);
    if (sent % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  expect(waiting).toBeGreaterThan(0); // they wait in the session, which bounds them
  client.socket.resume();
  let heard = 0;
  while (heard < 5000) {
    expect((await client.next())?.type).toBe("A");
    heard += 1;
  }
});
