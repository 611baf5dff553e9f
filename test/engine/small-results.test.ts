/** A small result comes whole; a large one that was thought small comes in batches all the same. */

import { afterAll, beforeAll, expect, test } from "vitest";
import { Oid } from "../../src/types/oids.ts";
import { drain, INT4, INT8, openEngine, request, type TestEngine } from "./harness.ts";

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
