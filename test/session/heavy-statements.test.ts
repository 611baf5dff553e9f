/** Heavy statements take turns; everything else is answered meanwhile. */

import type pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { sleep } from "../../src/base/async.ts";
import { type LocalServer, startLocalServer } from "../support/local-server.ts";
import {
  execute,
  frame,
  int16,
  letters,
  parse,
  query,
  RawClient,
  sync,
  text,
} from "../wire/raw-client.ts";

/** Computes for longer than any test. */
const ENDLESS =
  "SELECT count(*) FROM generate_series(1, 100000) a, generate_series(1, 100000) b," +
  " generate_series(1, 1000) c WHERE a * b % 7 = c";
const HEAVY = "SELECT count(*) FROM generate_series(1, 1000) g";

const WAITING = "Extension/HeavyStatement";

let server: LocalServer;
let first: pg.Client;
let second: pg.Client;
beforeAll(async () => {
  server = await startLocalServer([], { heavyStatements: 1 });
  first = await server.connect();
  second = await server.connect();
  await server.rows("CREATE TSTABLE light (ts timestamp, v int)");
  await server.rows(
    "INSERT INTO light SELECT timestamp '2024-01-01' + g * interval '1 s', g FROM generate_series(1, 10) g",
  );
  await server.rows("CREATE TABLE ordinary (a int)");
  await server.rows("INSERT INTO ordinary SELECT g FROM generate_series(1, 1000) g");
});
afterAll(() => server.stop());

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(5);
}

const pidOf = async (client: pg.Client): Promise<string> =>
  (await client.query("SELECT pg_backend_pid() AS pid")).rows[0].pid;

async function waitEvent(pid: string): Promise<string | null> {
  const [row] = await server.rows(
    "SELECT wait_event_type || '/' || wait_event FROM pg_stat_activity WHERE pid = $1",
    [pid],
  );
  return row?.[0] ?? null;
}

/** `task` runs while the only place is taken. */
async function whileTaken(task: () => Promise<void>): Promise<void> {
  const pid = await pidOf(first);
  const taken = first.query(ENDLESS).then(
    () => "done",
    (error: pg.DatabaseError) => error.code,
  );
  await until(async () => {
    const rows = await server.rows("SELECT query FROM pg_stat_activity WHERE pid = $1", [pid]);
    return rows[0]?.[0] === ENDLESS;
  });
  try {
    await task();
  } finally {
    await server.rows("SELECT pg_cancel_backend($1)", [pid]);
    expect(await taken).toBe("57014");
  }
}

test("a heavy query waits for a place, visibly; what is light does not", async () => {
  const pid = await pidOf(second);
  let answer: Promise<pg.QueryResult> | undefined;
  await whileTaken(async () => {
    answer = second.query(HEAVY);
    await until(async () => (await waitEvent(pid)) === WAITING);
    expect(await server.rows("SELECT 1")).toEqual([["1"]]);
    expect(await server.rows("SELECT count(*), max(v) FROM light")).toEqual([["10", "10"]]);
    expect(await server.rows("SELECT count(*) FROM ordinary")).toEqual([["1000"]]);
    expect(await server.rows("SELECT count(*) FROM ordinary JOIN light ON a = v")).toEqual([
      ["10"],
    ]);
    await server.rows("INSERT INTO light VALUES ('2025-01-01', 11)");
    await server.rows("DELETE FROM light WHERE v = 11");
  });
  expect((await answer)?.rows).toEqual([{ count: "1000" }]);
  expect(await waitEvent(pid)).not.toBe(WAITING);
});

test("who waits can be cancelled, and statement_timeout counts", async () => {
  const pid = await pidOf(second);
  await whileTaken(async () => {
    const refused = second.query(HEAVY).catch((error: pg.DatabaseError) => error.message);
    await until(async () => (await waitEvent(pid)) === WAITING);
    await server.rows("SELECT pg_cancel_backend($1)", [pid]);
    expect(await refused).toBe("canceling statement due to user request");
    for (const sql of [
      HEAVY,
      `COPY (${HEAVY}) TO STDOUT`,
      `INSERT INTO light SELECT timestamp '2026-01-01', g FROM generate_series(1, 9) g`,
    ]) {
      const late = await server.refusal(`SET statement_timeout = 50; ${sql}`);
      expect(late.message).toBe("canceling statement due to statement timeout");
    }
    await server.rows("RESET statement_timeout");
  });
});

test("a query of both kinds of table that waits keeps no commit waiting", async () => {
  const mixed = "SELECT count(*) FROM ordinary, light, generate_series(1, 10000) g";
  const pid = await pidOf(second);
  let answer: Promise<pg.QueryResult> | undefined;
  await whileTaken(async () => {
    answer = second.query(mixed);
    await until(async () => (await waitEvent(pid)) === WAITING);
    await server.client.query("BEGIN");
    await server.rows("INSERT INTO ordinary VALUES (0)");
    await server.rows("INSERT INTO light VALUES ('2025-02-01', 12)");
    await server.client.query("COMMIT");
  });
  // It reads what was committed while it waited.
  expect((await answer)?.rows).toEqual([{ count: String(1001 * 11 * 10_000) }]);
});

test("a client that does not read gives up its place", async () => {
  const raw = await RawClient.ready(server.port);
  raw.socket.pause();
  raw.send(query("SELECT repeat('x', 1000) FROM generate_series(1, 30000) g"));
  expect((await second.query(HEAVY)).rows).toEqual([{ count: "1000" }]);
  raw.socket.resume();
  const answer = await raw.until("Z");
  expect(answer.length).toBe(30_003);
  expect(letters(answer.slice(-2))).toBe("C(SELECT 30000) Z(I)");
  raw.end();
});

test("pages of a suspended portal wait for a place each, and hold none between them", async () => {
  const raw = await RawClient.ready(server.port);
  const bindTo = (portal: string) =>
    frame("B", text(portal), text(""), int16(0), int16(0), int16(0));
  raw.send(query("BEGIN"));
  await raw.until("Z");
  raw.send(
    parse("SELECT repeat('x', 1000) FROM generate_series(1, 3000) g"),
    bindTo("p"),
    execute(10, "p"),
    sync,
  );
  expect(letters(await raw.until("Z"))).toMatch(/^1 2( D){10} s Z\(T\)$/);
  expect((await second.query(HEAVY)).rows).toEqual([{ count: "1000" }]);
  await whileTaken(async () => {
    raw.send(execute(0, "p"), sync);
    await until(async () => {
      const waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'HeavyStatement'";
      return (await server.rows(waiting)).length === 1;
    });
  });
  expect(letters((await raw.until("Z")).slice(-2))).toBe("C(SELECT 2990) Z(T)");
  raw.end();
});

test("FETCH and MOVE of a slow cursor can be cancelled, in a place and before it", async () => {
  const pid = await pidOf(second);
  for (const fetch of ["FETCH 1 FROM c", "MOVE 1 FROM c"]) {
    await second.query("BEGIN");
    await second.query(`DECLARE c CURSOR FOR ${ENDLESS}`);
    const refused = second.query(fetch).catch((error: pg.DatabaseError) => error.code);
    await until(async () => {
      const rows = await server.rows("SELECT query FROM pg_stat_activity WHERE pid = $1", [pid]);
      return rows[0]?.[0] === fetch;
    });
    await server.rows("SELECT pg_cancel_backend($1)", [pid]);
    expect(await refused).toBe("57014");
    await second.query("ROLLBACK");
  }
  await whileTaken(async () => {
    await second.query("BEGIN");
    await second.query(`DECLARE c CURSOR FOR ${HEAVY}`);
    await second.query("SET LOCAL statement_timeout = 50");
    const refused = await second
      .query("FETCH 1 FROM c")
      .catch((error: pg.DatabaseError) => error.code);
    expect(refused).toBe("57014");
    await second.query("ROLLBACK");
  });
});

test("a cursor over an ordinary table shows what was there when it was declared", async () => {
  await second.query("BEGIN");
  await second.query("DECLARE c CURSOR FOR SELECT max(a) FROM ordinary, generate_series(1, 600) g");
  await second.query("INSERT INTO ordinary VALUES (5000)");
  expect((await second.query("FETCH 1 FROM c")).rows).toEqual([{ max: "1000" }]);
  await second.query("ROLLBACK");
});

test("a cancel is answered though the engine cannot stop yet, which keeps its place until then", async () => {
  // Planning, which DuckDB does not interrupt: it takes seconds.
  const conditions = Array.from({ length: 2000 }, (_, i) => `a <> ${i}`).join(" AND ");
  const slow = `SELECT count(*) FROM ordinary WHERE ${conditions}`;
  const pid = await pidOf(first);
  const refused = first.query(slow).then(
    () => "done",
    (error: pg.DatabaseError) => error.code,
  );
  await until(async () => {
    const seen = "SELECT starts_with($2, query) FROM pg_stat_activity WHERE pid = $1";
    return (await server.rows(seen, [pid, slow]))[0]?.[0] === "t";
  });
  await server.rows("SELECT pg_cancel_backend($1)", [pid]);
  // On a busy machine it may have ended before anybody could look.
  expect(["57014", "done"]).toContain(await refused);
  // The session goes on, and the one place comes back.
  expect((await first.query("SELECT 1 AS one")).rows).toEqual([{ one: "1" }]);
  expect((await first.query(HEAVY)).rows).toEqual([{ count: "1000" }]);
  expect((await second.query(HEAVY)).rows).toEqual([{ count: "1000" }]);
});
