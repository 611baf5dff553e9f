/** Locks that applications name themselves, among the server's own. */

import { afterAll, beforeAll, expect, test } from "vitest";
import { type LocalServer, startLocalServer } from "../support/local-server.ts";

let server: LocalServer;
beforeAll(async () => {
  server = await startLocalServer();
});
afterAll(() => server.stop());

async function failure(query: Promise<unknown>): Promise<string | undefined> {
  return await query.then(
    () => undefined,
    (cause: unknown) => (cause as { readonly code?: string }).code,
  );
}

test("two transactions that wait for each other's: one of them is 40P01, the other goes on", async () => {
  const [a, b] = [await server.connect(), await server.connect()];
  await a.query("BEGIN; SELECT pg_advisory_xact_lock(1)");
  await b.query("BEGIN; SELECT pg_advisory_xact_lock(2)");
  const first = failure(a.query("SELECT pg_advisory_xact_lock(2)"));
  const second = failure(b.query("SELECT pg_advisory_xact_lock(1)").then(() => b.query("COMMIT")));
  const victim = await Promise.race([first, second]);
  expect(victim).toBe("40P01");
  await Promise.all([a.query("ROLLBACK"), b.query("ROLLBACK")]);
  expect([await first, await second].sort()).toEqual(["40P01", undefined]);
});

test("a circle through an ordinary table is found, too", async () => {
  await server.rows("CREATE TABLE circle (a int)");
  const [a, b] = [await server.connect(), await server.connect()];
  await a.query("SELECT pg_advisory_lock(3)");
  await b.query("BEGIN; INSERT INTO circle VALUES (1)");
  const waiting = failure(a.query("INSERT INTO circle VALUES (2)"));
  const code = await failure(b.query("SELECT pg_advisory_lock(3)"));
  await b.query("ROLLBACK");
  expect([code, await waiting].sort()).toEqual(["40P01", undefined]);
});

test("who leaves gives back what it held", async () => {
  const a = await server.connect();
  await a.query("SELECT pg_advisory_lock(4), pg_advisory_lock_shared(5)");
  const waiting = server.rows("SELECT pg_advisory_lock(4), pg_advisory_lock(5)");
  await a.end();
  await waiting;
  expect(await server.rows("SELECT pg_advisory_unlock(4), pg_advisory_unlock(5)")).toEqual([
    ["t", "t"],
  ]);
});

test("calls where they may or may not happen are refused", async () => {
  for (const sql of [
    "SELECT CASE WHEN now() IS NULL THEN pg_try_advisory_lock(1) END",
    "SELECT 1 WHERE pg_try_advisory_lock(1)",
    "SELECT count(*) FROM pg_class WHERE pg_try_advisory_lock(oid::int8)",
    "SELECT coalesce(pg_try_advisory_lock(1), false)",
  ]) {
    expect(await server.refusal(sql)).toMatchObject({ code: "0A000" });
  }
});

test("Kysely's migrations wait for their lock as long as WITH says, and take it once", async () => {
  const locking = (ms: number) =>
    `WITH t AS (SELECT set_config('lock_timeout', '${ms}', true) AS v)
     SELECT pg_advisory_lock(4711) FROM t`;
  await server.rows(locking(60_000));
  const other = await server.connect();
  expect(await failure(other.query(locking(20)))).toBe("55P03");
  const unlock = "SELECT pg_advisory_unlock(4711) FROM (SELECT set_config('a.b', 'x', false)) s";
  expect(await server.rows(unlock)).toEqual([["t"]]);
  await other.query(locking(20));
  expect(await server.rows("SHOW a.b")).toEqual([["x"]]);
  const unread = "WITH t AS (SELECT set_config('a.b', 'y', false)) SELECT 1";
  expect((await server.refusal(unread)).code).toBe("0A000");
});

test("of rows each is called once, with its own values", async () => {
  expect(
    await server.rows(
      "SELECT oid, pg_try_advisory_lock(oid::int8) FROM pg_type WHERE oid IN (16, 23) ORDER BY oid",
    ),
  ).toEqual([
    ["16", "t"],
    ["23", "t"],
  ]);
  const other = await server.connect();
  const { rows } = await other.query(
    "SELECT pg_try_advisory_lock(16) AS a, pg_try_advisory_lock(17) AS b",
  );
  expect(rows).toEqual([{ a: "f", b: "t" }]);
});

test("a transaction that takes too long is ended, idle or not", async () => {
  for (const [last, code] of [
    ["SELECT pg_sleep(60)", "25P04"],
    [undefined, undefined],
  ] as const) {
    const client = await server.connect();
    await client.query("SET transaction_timeout = '1s'");
    const ended = new Promise((resolve) => client.once("end", resolve));
    await client.query("BEGIN");
    if (last !== undefined) expect(await failure(client.query(last))).toBe(code);
    await ended;
  }
});
