/**
 * Twenty thousand messages of all kinds of sense: every one is answered or ends its own connection
 * only.
 */

import { afterEach, beforeEach, expect, test } from "vitest";
import { randomFrom as random, seedOf } from "../support/random.ts";
import {
  bind,
  close,
  describe,
  execute,
  flush,
  frame,
  int16,
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
beforeEach(async () => {
  fixture = await listen();
});
afterEach(() => fixture.listener.stop(0));

type Random = () => number;

function pick<T>(next: Random, values: readonly T[]): T {
  return values[Math.floor(next() * values.length)] as T;
}

function bytes(next: Random, sizeMax: number): Buffer {
  return Buffer.from(
    Array.from({ length: Math.floor(next() * sizeMax) }, () => Math.floor(next() * 256)),
  );
}

const STATEMENTS = ["rows 3", "fail", "begin", "end", "", "echo $1", "other", "bug", "set a b"];
const NAMES = ["", "a", "b", "é".repeat(40)];

/** A message whose frame is right; what is inside may be nonsense. */
function message(next: Random): Buffer {
  const statement = pick(next, STATEMENTS);
  const name = pick(next, NAMES);
  switch (Math.floor(next() * 14)) {
    case 0:
      return query(next() < 0.5 ? statement : `${statement};${pick(next, STATEMENTS)}`);
    case 1:
      return parse(statement, name);
    case 2:
      return frame("P", text(name), text(statement), int16(Math.floor(next() * 65536)));
    case 3:
      return bind({
        portal: pick(next, NAMES),
        statement: name,
        parameters: next() < 0.5 ? [] : [next() < 0.3 ? null : bytes(next, 20)],
        resultFormats: next() < 0.5 ? [] : [Math.floor(next() * 3)],
      });
    case 4:
      return frame("B", text(name), text(name), bytes(next, 30));
    case 5:
      return describe(pick(next, ["S", "P"]), name);
    case 6:
      return close(pick(next, ["S", "P"]), name);
    case 7:
      return execute(Math.floor(next() * 5) - 1, name);
    case 8:
      return flush;
    case 9:
    case 10:
      return sync;
    case 11:
      return frame(pick(next, ["d", "c", "f", "F"]), bytes(next, 20));
    case 12:
      return frame(pick(next, ["Q", "P", "B", "D", "C", "E", "H"]), bytes(next, 60));
    default:
      return frame("E", text(name), int32(Math.floor(next() * 2 ** 32) | 0));
  }
}

async function bodies(next: Random): Promise<void> {
  const client = await RawClient.ready(fixture.port);
  const messages = Array.from({ length: 100 }, () => message(next));
  const stream = Buffer.concat([...messages, sync, query("rows 7")]);
  let at = 0;
  while (at < stream.length) {
    const size = 1 + Math.floor(next() * 500);
    client.send(stream.subarray(at, at + size));
    at += size;
  }
  // Whatever came before, after Sync the connection is in step again.
  for (;;) {
    const answer = letters(await client.until("Z"));
    if (answer === "") throw new Error("the connection ended");
    if (answer.startsWith("T D D D D D D D C(SELECT 7) Z")) break;
  }
  client.end();
}

async function garbage(next: Random): Promise<void> {
  const client = await RawClient.open(fixture.port);
  if (next() < 0.8) {
    client.send(Buffer.from("0000000f0003000075736572006100", "hex"), Buffer.alloc(0));
  }
  const messages = Array.from({ length: 100 }, () => message(next));
  const stream = Buffer.concat(messages);
  for (let flips = 0; flips < 5; flips += 1) {
    stream[Math.floor(next() * stream.length)] = Math.floor(next() * 256);
  }
  client.send(stream, bytes(next, 100));
  // A flipped length can leave the server waiting for bytes, so nothing but survival is expected.
  client.socket.end();
  await client.rest();
}

test("frames with any body are answered, and Sync brings the connection back in step", async () => {
  const next = random(seedOf("bodies"));
  for (let round = 0; round < 100; round += 1) await bodies(next);
  await until(() => fixture.host.sessions.every(({ isClosed }) => isClosed));
});

test("streams with flipped bytes end their own connection at most, and release their session", async () => {
  const next = random(seedOf("garbage"));
  for (let round = 0; round < 100; round += 1) await garbage(next);
  await until(() => fixture.host.sessions.every(({ isClosed }) => isClosed));
  const client = await RawClient.ready(fixture.port);
  client.send(query("rows 1"));
  expect(letters(await client.until("Z"))).toBe("T D C(SELECT 1) Z(I)");
});
