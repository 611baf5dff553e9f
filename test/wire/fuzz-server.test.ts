/**
 * Hostile clients of a whole server: messages in any order over statements of all kinds. No answer
 * is an internal error, every connection is in step after Sync or ends with PostgreSQL's code, and
 * nothing is left behind. PGTIDE_TEST_FUZZ_MESSAGES says how many messages; `.ci/run long` a million.
 */

import { afterAll, beforeAll, expect, test } from "vitest";
import { type LocalServer, startLocalServer } from "../support/local-server.ts";
import { randomFrom as random, seedOf } from "../support/random.ts";
import {
  bind,
  close,
  describe,
  errorFields,
  execute,
  flush,
  frame,
  int16,
  type Message,
  parse,
  query,
  RawClient,
  sync,
  text,
} from "./raw-client.ts";

const MESSAGES = Number(process.env["PGTIDE_TEST_FUZZ_MESSAGES"] ?? 1800);
const A_ROUND = 60;
/** How a connection may end: broken messages, or a COPY whose data are other messages. */
const FINAL = ["08P01"];

let server: LocalServer;
beforeAll(async () => {
  server = await startLocalServer();
  await server.rows("CREATE TABLE fuzzed (a int PRIMARY KEY, b text)");
});
afterAll(() => server.stop());

type Random = () => number;

function pick<T>(next: Random, values: readonly T[]): T {
  return values[Math.floor(next() * values.length)] as T;
}

function bytes(next: Random, sizeMax: number): Buffer {
  const size = Math.floor(next() * sizeMax);
  return Buffer.from(Array.from({ length: size }, () => Math.floor(next() * 256)));
}

const NAMES = ["", "a", "b", "c"];
const STATEMENTS = [
  "",
  "select 1",
  "select 1/0",
  "selec",
  "select $1::int + 1, $2",
  "select g, repeat('x', g) from generate_series(1, 50) g",
  "begin",
  "commit",
  "rollback",
  "savepoint s",
  "rollback to s",
  "release s",
  "insert into fuzzed values (1, 'x') on conflict do nothing",
  "insert into fuzzed values ($1, $2) on conflict do nothing",
  "delete from fuzzed where a = 1 returning *",
  "select * from fuzzed order by a",
  "declare a cursor for select * from fuzzed",
  "declare b scroll cursor with hold for select g from generate_series(1, 9) g",
  "fetch 2 from a",
  "fetch backward 1 from b",
  "move absolute 3 b",
  "close all",
  "prepare a as select 5",
  "prepare b(int) as select $1",
  "execute a",
  "execute b(7)",
  "deallocate all",
  "discard all",
  "set timezone = 'Asia/Tokyo'",
  "reset all",
  "show timezone",
  "select set_config('application_name', 'x', false)",
  "select pg_try_advisory_lock(1), pg_advisory_unlock(1)",
  "select relname from pg_class limit 3",
  "copy fuzzed to stdout",
  "select 1; select 2; select 1/0",
];

/** A message whose frame is right; what is inside may be nonsense. */
function message(next: Random): Buffer {
  const [statement, name, other] = [pick(next, STATEMENTS), pick(next, NAMES), pick(next, NAMES)];
  switch (Math.floor(next() * 14)) {
    case 0:
      return query(next() < 0.7 ? statement : `${statement};${pick(next, STATEMENTS)}`);
    case 1:
    case 2:
      return parse(statement, name);
    case 3:
    case 4:
      return bind({
        portal: other,
        statement: name,
        parameters: next() < 0.5 ? [] : [next() < 0.3 ? null : Buffer.from("5"), bytes(next, 5)],
        resultFormats: next() < 0.5 ? [] : [Math.floor(next() * 3)],
      });
    case 5:
      return frame("B", text(other), text(name), bytes(next, 30));
    case 6:
      return describe(pick(next, ["S", "P"]), name);
    case 7:
      return close(pick(next, ["S", "P"]), name);
    case 8:
    case 9:
      return execute(Math.floor(next() * 5) - 1, name);
    case 10:
      return next() < 0.5 ? flush : sync;
    case 11:
      return frame(pick(next, ["d", "c", "f", "F"]), bytes(next, 20));
    case 12:
      return frame(pick(next, ["Q", "P", "B", "D", "C", "E", "H"]), bytes(next, 60));
    default:
      return frame("P", text(name), text(statement), int16(Math.floor(next() * 65536)));
  }
}

/** Cut anywhere, now and then with wrong bytes in it. */
async function round(next: Random): Promise<void> {
  const client = await RawClient.ready(server.port);
  const isBroken = next() < 0.2;
  const all = Array.from({ length: A_ROUND }, () => message(next));
  const end = [sync, query("rollback"), query("select 424242")];
  const stream = Buffer.concat([...all, ...end]);
  if (isBroken) stream[Math.floor(next() * stream.length)] = Math.floor(next() * 256);
  for (let at = 0; at < stream.length; ) {
    const size = 1 + Math.floor(next() * 700);
    client.send(stream.subarray(at, at + size));
    at += size;
  }
  if (isBroken) client.socket.end(); // a wrong length may leave the server waiting for more
  for (;;) {
    const answers = await client.until("Z");
    const last = answers.at(-1);
    for (const one of answers) refuseInternal(one);
    if (last?.type !== "Z") break;
    if (answers.some(({ type, body }) => type === "D" && body.includes("424242"))) break;
  }
  client.end();
}

function refuseInternal({ type, body }: Message): void {
  if (type !== "E") return;
  const fields = errorFields(body);
  const isFatal = fields["S"] === "FATAL";
  if (isFatal) expect(FINAL).toContain(fields["C"]);
  expect([fields["C"], fields["M"]]).not.toEqual(["XX000", "internal error"]);
}

test("hostile messages end their own connection at most, and leave nothing", async () => {
  const next = random(seedOf("fuzz-server"));
  const before = process.memoryUsage().rss;
  for (let sent = 0; sent < MESSAGES; sent += A_ROUND) await round(next);
  const others = "SELECT count(*) FROM pg_stat_activity WHERE pid <> pg_backend_pid()";
  await expect.poll(() => server.rows(others), { timeout: 20_000 }).toEqual([["0"]]);
  expect(await server.rows("SELECT pg_try_advisory_lock(1)")).toEqual([["t"]]);
  expect(await server.rows("INSERT INTO fuzzed VALUES (-1, 'end') RETURNING a")).toEqual([["-1"]]);
  // Far below what one kept session for each round of a million messages would take.
  expect(process.memoryUsage().rss - before).toBeLessThan(700 * 2 ** 20);
}, 7_000_000);
