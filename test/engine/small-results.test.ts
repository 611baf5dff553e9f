/** A small result comes whole; a large one that was thought small comes in batches all the same. */

import { afterAll, beforeAll, expect, test } from "vitest";
import { Oid } from "../../src/types/oids.ts";
import {
  drain,
  INT4,
  INT8,
  openEngine,
  request,
  rowsOf,
  TEXT,
  type TestEngine,
} from "./harness.ts";

let running: TestEngine;
beforeAll(async () => {
  running = await openEngine();
});
afterAll(async () => await running.close());

test("a small result has all its rows, however many there are", async () => {
  for (const rows of [0, 1, 2048, 100_000, 1_000_000]) {
    const sql = `SELECT i FROM range(${rows}) t(i)`;
    const cursor = await running.engine.openCursor(request(sql, [INT8], { isSmall: true }));
    expect(await drain(cursor)).toBe(rows);
    await cursor.close();
  }
});

test("a repeated statement sees what was changed and defined meanwhile", async () => {
  const { engine } = running;
  await engine.run({ statements: [{ sql: "CREATE TABLE t (a INTEGER, b BIGINT)" }] });
  const sql = "SELECT b FROM t WHERE a = CAST($1 AS INTEGER) AND b > 100";
  const count = async () => {
    const parameters = [{ typeOid: Oid.int4, value: 1 }];
    const more = { isSmall: true, isRepeated: true, parameters };
    return await drain(await engine.openCursor(request(sql, [INT8], more)));
  };
  expect(await count()).toBe(0);
  await engine.run({ statements: [{ sql: "INSERT INTO t SELECT 1, i FROM range(101) r(i)" }] });
  expect(await count()).toBe(0);
  await engine.run({ statements: [{ sql: "INSERT INTO t VALUES (1, 101), (1, NULL)" }] });
  expect(await count()).toBe(1);
  await engine.run({ statements: [{ sql: "UPDATE t SET b = 200" }] });
  expect(await count()).toBe(103);
  await engine.run({
    statements: [{ sql: "CREATE OR REPLACE TABLE t AS SELECT 1 a, 500::BIGINT b" }],
  });
  expect(await count()).toBe(1);
  await engine.run({ statements: [{ sql: "DROP TABLE t" }] });
});

test("a small statement that fails, is cancelled or closed early leaves the engine ready", async () => {
  const { engine } = running;
  const failing = await engine.openCursor(
    request("SELECT CAST(x AS INTEGER) FROM (VALUES ('x')) v(x)", [INT4], { isSmall: true }),
  );
  await expect(drain(failing)).rejects.toMatchObject({ fields: { sqlState: "22P02" } });
  await failing.close();
  const endless = "SELECT count(*) FROM range(100000000000) t(i) WHERE hash(i) = 1";
  const cancelled = await engine.openCursor(request(endless, [INT8], { isSmall: true }));
  const answer = drain(cancelled);
  cancelled.cancel();
  await expect(answer).rejects.toThrow();
  const closed = await engine.openCursor(request(endless, [INT8], { isSmall: true }));
  await closed.close();
  expect(
    await drain(await engine.openCursor(request("SELECT 1::BIGINT", [INT8], { isSmall: true }))),
  ).toBe(1);
});

const GUESS = { rowsGuessed: 3000 };

test("a guess of few rows gives the same bytes in the same order, right or wrong", async () => {
  const { engine } = running;
  for (const rows of [0, 1, 2999, 3000, 3001, 5000, 300_000]) {
    const sql =
      `SELECT i, CASE WHEN i % 7 > 0 THEN repeat('x', (i % 40)::INTEGER) END AS t` +
      ` FROM range(${rows}) r(i) ORDER BY i % 11, i`;
    const bytes = async (more: object) => {
      const batches: Uint8Array[] = [];
      const cursor = await engine.openCursor(request(sql, [INT8, TEXT], more));
      expect(await drain(cursor, (_, batch) => batches.push(batch))).toBe(rows);
      return Buffer.concat(batches);
    };
    expect((await bytes(GUESS)).equals(await bytes({}))).toBe(true);
  }
});

test("a guess takes parameters, and counts rows without columns", async () => {
  const { engine } = running;
  const parameters = [{ typeOid: Oid.int8, value: 7n }];
  for (const rows of [100, 100_000]) {
    const sql = `SELECT i FROM range(${rows}) r(i) WHERE i % $1 = 0`;
    const cells = await rowsOf(engine, request(sql, [INT8], { ...GUESS, parameters }));
    expect(cells.length).toBe(Math.ceil(rows / 7));
    const nothing = request(`SELECT i FROM range(${rows}) r(i)`, [INT8], { ...GUESS, formats: [] });
    expect(await drain(await engine.openCursor(nothing))).toBe(rows);
  }
});

test("a row that fails behind the guess fails the statement, as one before it", async () => {
  const { engine } = running;
  for (const at of [10, 2999, 3000, 3001, 50_000]) {
    const sql =
      `SELECT CAST(CASE WHEN i = ${at} THEN 'x' ELSE '1' END AS INTEGER)` +
      " FROM range(100000) r(i)";
    const cursor = await engine.openCursor(request(sql, [INT4], GUESS));
    await expect(drain(cursor)).rejects.toMatchObject({ fields: { sqlState: "22P02" } });
  }
});

test("a guess is cancelled while it is tried and behind it", async () => {
  const { engine } = running;
  const none = "SELECT i FROM range(100000000000) t(i) WHERE hash(i) = 1";
  const tried = await engine.openCursor(request(none, [INT8], GUESS));
  const answer = tried.next();
  tried.cancel();
  await expect(answer).rejects.toMatchObject({ reason: "cancelled" });
  const closed = await engine.openCursor(request(none, [INT8], GUESS));
  await closed.close();
  const endless = "SELECT i FROM range(100000000000) t(i)";
  const streamed = await engine.openCursor(request(endless, [INT8], GUESS));
  expect((await streamed.next())?.rows).toBeGreaterThan(0);
  streamed.cancel();
  await expect(drain(streamed)).rejects.toMatchObject({ reason: "cancelled" });
});
