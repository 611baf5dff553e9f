/** Ordinary tables under several sessions: who sees what, who waits, who must try again. */

import type pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type LocalServer, startLocalServer } from "../support/local-server.ts";

let server: LocalServer;
let one: pg.Client;
let two: pg.Client;
beforeAll(async () => {
  server = await startLocalServer();
  one = await server.connect();
  two = await server.connect();
});
afterAll(async () => {
  await server.stop();
});

async function rows(client: pg.Client, sql: string): Promise<string[]> {
  const result = await client.query({ text: sql, rowMode: "array" });
  return result.rows.map((row) => row.join("|"));
}

async function refused(client: pg.Client, sql: string): Promise<pg.DatabaseError> {
  return await client.query(sql).then(
    () => {
      throw new Error(`no error from: ${sql}`);
    },
    (cause: pg.DatabaseError) => cause,
  );
}

test("changes are seen by others when they are committed, not before", async () => {
  await one.query("CREATE TABLE seen (id int PRIMARY KEY, v text)");
  await one.query("INSERT INTO seen VALUES (1, 'a')");
  await one.query("BEGIN");
  await one.query("INSERT INTO seen VALUES (2, 'b')");
  await one.query("UPDATE seen SET v = 'A' WHERE id = 1");
  expect(await rows(one, "SELECT * FROM seen ORDER BY id")).toEqual(["1|A", "2|b"]);
  expect(await rows(two, "SELECT * FROM seen ORDER BY id")).toEqual(["1|a"]);
  await one.query("COMMIT");
  expect(await rows(two, "SELECT * FROM seen ORDER BY id")).toEqual(["1|A", "2|b"]);
});

test("a second writer waits for the first, and then sees what it did", async () => {
  await one.query("CREATE TABLE counter (n int)");
  await one.query("INSERT INTO counter VALUES (0)");
  await one.query("BEGIN");
  await one.query("UPDATE counter SET n = n + 1");
  const answer = two.query("UPDATE counter SET n = n + 10 RETURNING n");
  await rows(one, "SELECT 1");
  await one.query("COMMIT");
  expect((await answer).rows).toEqual([{ n: "11" }]);
});

test("a wait ends with lock_timeout", async () => {
  await one.query("BEGIN");
  await one.query("UPDATE counter SET n = 0");
  await two.query("SET lock_timeout = '20ms'");
  const error = await refused(two, "UPDATE counter SET n = 5");
  expect([error.code, error.message]).toEqual(["55P03", "canceling statement due to lock timeout"]);
  await two.query("RESET lock_timeout");
  await one.query("ROLLBACK");
});

test("FOR UPDATE keeps others from changing anything, and NOWAIT says so", async () => {
  await one.query("UPDATE counter SET n = 1");
  await one.query("BEGIN");
  expect(await rows(one, "SELECT n FROM counter FOR UPDATE")).toEqual(["1"]);
  const error = await refused(two, "SELECT n FROM counter FOR SHARE NOWAIT");
  expect([error.code, error.message]).toEqual([
    "55P03",
    'could not obtain lock on row in relation "counter"',
  ]);
  const answer = two.query("SELECT n FROM counter FOR UPDATE");
  await rows(one, "SELECT 1");
  await one.query("UPDATE counter SET n = 2");
  await one.query("COMMIT");
  expect((await answer).rows).toEqual([{ n: "2" }]);
});

test("LOCK TABLE keeps others from changing anything, and not from reading", async () => {
  expect((await refused(one, "LOCK TABLE counter")).code).toBe("25P01");
  await one.query("BEGIN");
  await one.query("LOCK TABLE counter IN EXCLUSIVE MODE");
  expect(await rows(two, "SELECT n FROM counter")).toEqual(["2"]);
  await two.query("BEGIN");
  expect((await refused(two, "LOCK counter NOWAIT")).code).toBe("55P03");
  await two.query("ROLLBACK");
  const answer = two.query("UPDATE counter SET n = n + 1");
  await one.query("COMMIT");
  expect((await answer).rowCount).toBe(1);
});

test("REPEATABLE READ reads every table as it was at its first statement", async () => {
  await one.query("CREATE TABLE first (id int, v int)");
  await one.query("CREATE TABLE second (id int)");
  await one.query("INSERT INTO first VALUES (1, 1), (2, 2)");
  await two.query("BEGIN ISOLATION LEVEL REPEATABLE READ");
  expect(await rows(two, "SELECT * FROM first ORDER BY id")).toEqual(["1|1", "2|2"]);
  await one.query("UPDATE first SET v = 10 WHERE id = 1");
  await one.query("INSERT INTO second VALUES (7)");
  await one.query("DELETE FROM first WHERE id = 2");
  await one.query("INSERT INTO first VALUES (3, 3)");
  for (let i = 0; i < 2; i += 1) {
    expect(await rows(two, "SELECT * FROM first ORDER BY id")).toEqual(["1|1", "2|2"]);
    expect(await rows(two, "SELECT count(*) FROM second")).toEqual(["0"]);
  }
  expect(await rows(one, "SELECT * FROM first ORDER BY id")).toEqual(["1|10", "3|3"]);
  await two.query("COMMIT");
  expect(await rows(two, "SELECT * FROM first ORDER BY id")).toEqual(["1|10", "3|3"]);
});

test("REPEATABLE READ does not change what others have changed since", async () => {
  await two.query("BEGIN ISOLATION LEVEL REPEATABLE READ");
  await rows(two, "SELECT * FROM first");
  await one.query("UPDATE first SET v = 11 WHERE id = 1");
  await two.query("SAVEPOINT s");
  const error = await refused(two, "UPDATE first SET v = v + 1 WHERE id = 3");
  expect([error.code, error.message]).toEqual([
    "40001",
    "could not serialize access due to concurrent update",
  ]);
  await two.query("ROLLBACK TO s");
  await two.query("INSERT INTO second VALUES (8)");
  expect(await rows(two, "SELECT id FROM second ORDER BY id")).toEqual(["7", "8"]);
  expect(await rows(two, "SELECT v FROM first WHERE id = 1")).toEqual(["10"]);
  await two.query("COMMIT");
  expect(await rows(one, "SELECT id FROM second ORDER BY id")).toEqual(["7", "8"]);
});

test("SERIALIZABLE fails when what it read has changed", async () => {
  await two.query("BEGIN ISOLATION LEVEL SERIALIZABLE");
  await rows(two, "SELECT sum(v) FROM first");
  await one.query("UPDATE first SET v = 12 WHERE id = 1");
  await two.query("INSERT INTO second VALUES (9)");
  const error = await refused(two, "COMMIT");
  expect(error.code).toBe("40001");
  expect(await rows(two, "SELECT count(*) FROM second WHERE id = 9")).toEqual(["0"]);
});

test("sixteen clients that add to one row lose nothing", async () => {
  await one.query("CREATE TABLE total (id int PRIMARY KEY, n int)");
  await one.query("INSERT INTO total VALUES (1, 0)");
  const clients = await Promise.all(Array.from({ length: 16 }, () => server.connect()));
  await Promise.all(
    clients.map(async (client, at) => {
      for (let i = 0; i < 5; i += 1) {
        await client.query("UPDATE total SET n = n + 1 WHERE id = 1");
        await client.query("INSERT INTO total VALUES ($1, 1)", [100 + at * 10 + i]);
      }
    }),
  );
  for (const client of clients) await client.end();
  expect(await rows(one, "SELECT n FROM total WHERE id = 1")).toEqual(["80"]);
  expect(await rows(one, "SELECT count(*), sum(n) FROM total WHERE id > 1")).toEqual(["80|80"]);
});

test("rows, sequences, rules and folded moments are there after a restart", async () => {
  await one.query("CREATE TABLE kept (id serial PRIMARY KEY, v text NOT NULL)");
  await one.query("INSERT INTO kept (v) VALUES ('a'), ('b')");
  await one.query("DELETE FROM kept WHERE id = 1");
  await one.query("CREATE TABLE moments (day date DEFAULT 'today', word text DEFAULT 'now')");
  await one.query("ALTER TABLE moments ADD made timestamptz(3) DEFAULT 'now'");
  await one.query("CREATE TSTABLE timed (ts timestamptz, made timestamptz DEFAULT 'now')");
  const defaults = `SELECT adrelid, adnum, pg_get_expr(adbin, adrelid) FROM pg_attrdef
    WHERE adrelid IN ('moments'::regclass, 'timed'::regclass) ORDER BY 1, 2`;
  const before = await server.rows(defaults);
  expect(before.length).toBe(4);
  for (const sql of [
    "ALTER TABLE moments ADD CHECK (made < 'tomorrow')",
    "ALTER TABLE moments ADD late bool GENERATED ALWAYS AS (day > 'today') STORED",
  ]) {
    expect((await server.refusal(sql)).code).toBe("0A000");
  }
  await one.query("ALTER TABLE moments ADD CHECK (word IN ('now', 'today'))");
  await server.restart();
  expect(await server.rows(defaults)).toEqual(before);
  expect(await server.rows("SELECT id, v FROM kept")).toEqual([["2", "b"]]);
  expect(await server.rows("INSERT INTO kept (v) VALUES ('c') RETURNING id")).toEqual([["3"]]);
  expect((await server.refusal("INSERT INTO kept (id, v) VALUES (3, 'd')")).code).toBe("23505");
});
