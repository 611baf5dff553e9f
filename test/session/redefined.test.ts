/**
 * Statements whose tables are defined anew between their preparation and their run: most often
 * while they wait for the writer who does it.
 */

import type pg from "pg";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { after } from "../../src/base/async.ts";
import { type LocalServer, startLocalServer } from "../support/local-server.ts";
import { bind, execute, flush, parse, query, RawClient, sync } from "../wire/raw-client.ts";

let server: LocalServer;
let writer: pg.Client;
let watcher: pg.Client;
/** Of the session that waits. */
let pid: string;

beforeAll(async () => {
  server = await startLocalServer();
  writer = await server.connect();
  watcher = await server.connect();
  pid = (await server.rows("SELECT pg_backend_pid()"))[0]?.[0] ?? "";
});
afterAll(async () => await server.stop());

beforeEach(async () => {
  await server.client.query(`
    DROP TABLE IF EXISTS t, other;
    CREATE TABLE t (id int PRIMARY KEY, v int);
    INSERT INTO t VALUES (1, 10), (2, 20);
    CREATE TABLE other (id int, w text);
    INSERT INTO other VALUES (7, 'seven')`);
});

/** Runs `statement` while a transaction with `definition` is open; commits once it waits. */
async function during<T>(definition: string, statement: () => Promise<T>): Promise<T> {
  await writer.query("BEGIN");
  await writer.query(definition);
  let isOver = false;
  const answer = statement()
    .then(
      (value) => ({ value }),
      (cause: unknown) => ({ cause }),
    )
    .finally(() => {
      isOver = true;
    });
  const running = `SELECT count(*) AS n FROM pg_stat_activity
    WHERE state = 'active' AND pid = ${pid}`;
  while (!isOver && (await watcher.query(running)).rows[0].n === "0") {
    await new Promise<void>((resolve) => after(5, resolve));
  }
  await writer.query("COMMIT");
  const outcome = await answer;
  if ("cause" in outcome) throw outcome.cause;
  return outcome.value;
}

async function waiting(text: string, values: readonly unknown[] = []): Promise<unknown[]> {
  const { rows } = await server.client.query({ text, values: [...values] });
  return rows;
}

test("a statement that waited for ALTER TABLE goes on with what it made", async () => {
  expect(
    await during("ALTER TABLE t ADD COLUMN c int DEFAULT 5", () =>
      waiting("UPDATE t SET v = v + 1 WHERE id = 1 RETURNING *"),
    ),
  ).toEqual([{ id: "1", v: "11", c: "5" }]);
  await during("ALTER TABLE t ALTER COLUMN v TYPE text", () =>
    waiting("INSERT INTO t VALUES (3, 30), (4, 40)"),
  );
});

test("its rules are those of the new definition, and so are the columns that it locks", async () => {
  await during("ALTER TABLE t ADD CHECK (id < 100)", async () => {
    await expect(waiting("INSERT INTO t VALUES (100, 30)")).rejects.toMatchObject({
      code: "23514",
    });
  });
  expect(
    await during("ALTER TABLE t DROP COLUMN v", () =>
      waiting("SELECT * FROM t WHERE id = 2 FOR UPDATE"),
    ),
  ).toEqual([{ id: "2" }]);
});

test("what is gone by then is refused where it stands", async () => {
  const update = "UPDATE t SET v = 1";
  await expect(during("ALTER TABLE t DROP COLUMN v", () => waiting(update))).rejects.toMatchObject({
    code: "42703",
    position: String(update.indexOf("v") + 1),
  });
  const remove = "DELETE FROM t WHERE id = $1";
  await expect(during("DROP TABLE t", () => waiting(remove, [1]))).rejects.toMatchObject({
    code: "42P01",
    position: "13",
  });
});

test("another table that the statement reads may be defined anew, too", async () => {
  const change = "ALTER TABLE other DROP COLUMN id; ALTER TABLE other ADD COLUMN id int DEFAULT 9";
  await during(`${change}; UPDATE t SET v = 0`, () =>
    waiting("INSERT INTO t SELECT id, length(w) FROM other"),
  );
  expect(await server.rows("SELECT * FROM t WHERE id > 2")).toEqual([["9", "5"]]);
});

test("of a prepared statement the columns of the result must stay", async () => {
  const star = { name: "star", text: "UPDATE t SET v = 5 WHERE id = $1 RETURNING *" };
  const one = { name: "one", text: "UPDATE t SET v = 6 WHERE id = $1 RETURNING id" };
  for (const each of [star, one]) await server.client.query({ ...each, values: [1] });
  const run = async (each: typeof star) =>
    (await server.client.query({ ...each, values: [2] })).rows;
  expect(await during("ALTER TABLE t ADD COLUMN c int", () => run(one))).toEqual([{ id: "2" }]);
  await expect(run(star)).rejects.toMatchObject({
    code: "0A000",
    message: "cached plan must not change result type",
  });
});

test("a parameter keeps the type that it was found to have", async () => {
  const insert = { name: "insert", text: "INSERT INTO t VALUES ($1, $2)" };
  await server.client.query({ ...insert, values: [3, 30] });
  await writer.query("ALTER TABLE t ALTER COLUMN v TYPE text");
  await server.client.query({ ...insert, values: [4, 40] });
  await expect(server.client.query({ ...insert, values: [5, "x"] })).rejects.toMatchObject({
    code: "22P02",
  });
  expect(await server.rows("SELECT v FROM t WHERE id = 4")).toEqual([["40"]]);
});

test("a definition between Bind and Execute is noticed", async () => {
  const client = await RawClient.ready(server.port);
  const begun = async (text: string) => {
    client.send(query("BEGIN"));
    await client.until("Z");
    client.send(parse(text), bind(), flush);
    await client.until("2");
  };
  const ended = async () => {
    client.send(execute(), sync);
    const messages = await client.until("Z");
    client.send(query("ROLLBACK"));
    await client.until("Z");
    return messages.map(({ body }) => body.toString("latin1")).join(" ");
  };
  await begun("SELECT id, w FROM other");
  await writer.query("ALTER TABLE other ALTER COLUMN w TYPE varchar(20)");
  expect(await ended()).toContain("0A000");
  await begun("SELECT id FROM other");
  await writer.query("ALTER TABLE other ADD COLUMN more int");
  expect(await ended()).toContain("SELECT 1");
  await begun("SELECT id FROM other");
  await writer.query("DROP TABLE other");
  expect(await ended()).toContain("42P01");
  client.socket.destroy();
});
