/** Rows that hide others in memory, and a server that dies before any of them is in a file. */

import { afterAll, beforeAll, expect, test } from "vitest";
import { TestServer } from "../support/server.ts";
import { connectTo } from "../support/writers.ts";

let server: TestServer;

beforeAll(async () => {
  server = await TestServer.start();
});
afterAll(async () => await server?.dispose());

async function ask(sql: string): Promise<unknown[][]> {
  const client = await connectTo(server.port);
  try {
    return (await client.query({ text: sql, rowMode: "array" })).rows;
  } finally {
    await client.end();
  }
}

test("what an upsert replaced in memory stays replaced after kill -9 and after a flush", async () => {
  await ask(
    `CREATE TSTABLE tide (ts timestamptz, place text, level int, PRIMARY KEY (place, ts))
       ENTITY (place) BUCKET '1 hour'`,
  );
  const upsert = (hour: number, level: number) =>
    ask(
      `INSERT INTO tide VALUES ('2026-01-01 0${hour}:00+00', 'a', ${level})
         ON CONFLICT (place, ts) DO UPDATE SET level = excluded.level + tide.level`,
    );
  const all = () => ask("SELECT extract(hour FROM ts)::int, level FROM tide ORDER BY ts");
  for (const hour of [1, 2, 3]) await upsert(hour, 10);
  await upsert(2, 5);
  await upsert(2, 1);
  const expected = [
    [1, 10],
    [2, 16],
    [3, 10],
  ];
  expect(await all()).toEqual(expected);
  await server.kill();
  await server.start();
  expect(await all()).toEqual(expected);
  await upsert(3, 7);
  await server.kill();
  await server.start();
  await ask("FLUSH tide");
  expect(await all()).toEqual([
    [1, 10],
    [2, 16],
    [3, 17],
  ]);
  await upsert(1, 1);
  await server.kill();
  await server.start();
  expect(await all()).toEqual([
    [1, 11],
    [2, 16],
    [3, 17],
  ]);
  expect(await ask("SELECT sum(covered)::int FROM coverage_summary('tide')")).toEqual([[3]]);
});
