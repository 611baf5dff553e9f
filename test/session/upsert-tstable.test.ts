/** INSERT ... ON CONFLICT DO UPDATE into time-series tables. */

import { afterAll, beforeAll, expect, test } from "vitest";
import { type LocalServer, startLocalServer } from "../support/local-server.ts";

let server: LocalServer;
beforeAll(async () => {
  server = await startLocalServer();
});
afterAll(async () => await server.stop());

let tables = 0;

async function newTable(): Promise<string> {
  tables += 1;
  const name = `u${tables}`;
  await server.client.query(
    `CREATE TSTABLE ${name} (ts timestamptz NOT NULL, device text NOT NULL, v int8, note text,
       PRIMARY KEY (device, ts)) ENTITY (device)`,
  );
  return name;
}

const AT = "'2026-01-01 00:10+00'";
const SET = "ON CONFLICT (device, ts) DO UPDATE SET v = excluded.v";

async function all(name: string): Promise<unknown> {
  return await server.rows(
    `SELECT device, extract(hour FROM ts), v, note FROM ${name} ORDER BY device, ts, v`,
  );
}

test("a hot row is replaced, and stays replaced when it is flushed", async () => {
  const t = await newTable();
  await server.client.query(`INSERT INTO ${t} VALUES (${AT}, 'a', 1, 'x') ${SET}`);
  const { rowCount } = await server.client.query(
    `INSERT INTO ${t} VALUES (${AT}, 'a', 2, 'y'), ('2026-01-01 01:00+00', 'a', 3, 'z') ${SET}`,
  );
  expect(rowCount).toBe(2);
  const expected = [
    ["a", "0", "2", "x"],
    ["a", "1", "3", "z"],
  ];
  expect(await all(t)).toEqual(expected);
  expect(await server.rows(`SELECT count(*) FROM ${t}`)).toEqual([["2"]]);
  await server.client.query("CHECKPOINT");
  expect(await all(t)).toEqual(expected);
});

test("a row of a segment is replaced, others of it stay", async () => {
  const t = await newTable();
  await server.client.query(
    `INSERT INTO ${t} VALUES (${AT}, 'a', 1, 'x'), (${AT}, 'b', 5, 'w') ${SET}`,
  );
  await server.client.query("CHECKPOINT");
  await server.client.query(`INSERT INTO ${t} VALUES (${AT}, 'a', 2, 'y') ${SET}`);
  await server.client.query(`INSERT INTO ${t} VALUES (${AT}, 'a', 7, 'y') ${SET}`);
  const expected = [
    ["a", "0", "7", "x"],
    ["b", "0", "5", "w"],
  ];
  expect(await all(t)).toEqual(expected);
  await server.client.query("CHECKPOINT");
  expect(await all(t)).toEqual(expected);
});

test("SET and WHERE see the row that is there and the one that was given", async () => {
  const t = await newTable();
  const sum = `ON CONFLICT (device, ts) DO UPDATE SET v = ${t}.v + excluded.v WHERE ${t}.v < 5
    RETURNING device, v, old.v AS before`;
  await server.client.query(`INSERT INTO ${t} VALUES (${AT}, 'a', 1), (${AT}, 'b', 5)`);
  expect(
    await server.rows(
      `INSERT INTO ${t} VALUES (${AT}, 'c', 9), (${AT}, 'b', 2), (${AT}, 'a', 2) ${sum}`,
    ),
  ).toEqual([
    ["c", "9", null],
    ["a", "3", "1"],
  ]);
});

test("a row that is hit twice is 21000", async () => {
  const t = await newTable();
  const twice = `INSERT INTO ${t} VALUES (${AT}, 'a', 1), (${AT}, 'a', 2) ${SET}`;
  await expect(server.client.query(twice)).rejects.toMatchObject({ code: "21000" });
  await server.client.query(`INSERT INTO ${t} VALUES (${AT}, 'a', 1)`);
  await expect(server.client.query(twice)).rejects.toMatchObject({ code: "21000" });
  expect(await all(t)).toEqual([["a", "0", "1", null]]);
});

test("a flush in the middle of a transaction leaves one row of each key", async () => {
  const t = await newTable();
  const other = await server.connect();
  await server.client.query(`INSERT INTO ${t} VALUES (${AT}, 'a', 1), (${AT}, 'b', 1)`);
  await server.client.query("BEGIN");
  await server.client.query(`INSERT INTO ${t} VALUES (${AT}, 'a', 2) ${SET}`);
  await other.query("CHECKPOINT");
  await server.client.query("COMMIT");
  const expected = [
    ["a", "0", "2", null],
    ["b", "0", "1", null],
  ];
  expect(await all(t)).toEqual(expected);
  await server.client.query("CHECKPOINT");
  expect(await all(t)).toEqual(expected);
  await other.end();
});

test("a savepoint takes a replacement back", async () => {
  const t = await newTable();
  await server.client.query(`INSERT INTO ${t} VALUES (${AT}, 'a', 1)`);
  await server.client.query("BEGIN");
  await server.client.query(`INSERT INTO ${t} VALUES (${AT}, 'a', 2) ${SET}`);
  await server.client.query("SAVEPOINT s");
  await server.client.query(`INSERT INTO ${t} VALUES (${AT}, 'a', 3) ${SET}`);
  expect(await all(t)).toEqual([["a", "0", "3", null]]);
  await server.client.query("ROLLBACK TO s");
  expect(await all(t)).toEqual([["a", "0", "2", null]]);
  await server.client.query(`UPDATE ${t} SET v = v + 10`);
  expect(await all(t)).toEqual([["a", "0", "12", null]]);
  await server.client.query(`INSERT INTO ${t} VALUES (${AT}, 'a', 4) ${SET}`);
  await server.client.query("COMMIT");
  expect(await all(t)).toEqual([["a", "0", "4", null]]);
});

test("under REPEATABLE READ a row that was changed meanwhile is 40001", async () => {
  const t = await newTable();
  const other = await server.connect();
  await server.client.query(`INSERT INTO ${t} VALUES (${AT}, 'a', 1), (${AT}, 'b', 1)`);
  await server.client.query("BEGIN ISOLATION LEVEL REPEATABLE READ");
  expect(await all(t)).toHaveLength(2);
  await other.query(`INSERT INTO ${t} VALUES (${AT}, 'a', 2) ${SET}`);
  await server.client.query(`INSERT INTO ${t} VALUES (${AT}, 'b', 2) ${SET}`);
  const late = server.client.query(`INSERT INTO ${t} VALUES (${AT}, 'a', 3) ${SET}`);
  await expect(late).rejects.toMatchObject({ code: "40001" });
  await server.client.query("ROLLBACK");
  await other.end();
});

test("a key cannot be changed, and needs to be declared", async () => {
  const t = await newTable();
  await server.client.query(`INSERT INTO ${t} VALUES (${AT}, 'a', 1)`);
  const same = "ON CONFLICT (device, ts) DO UPDATE SET device = excluded.device, v = excluded.v";
  await server.client.query(`INSERT INTO ${t} VALUES (${AT}, 'a', 2) ${same}`);
  const moved = "ON CONFLICT (device, ts) DO UPDATE SET device = 'z'";
  const change = server.client.query(`INSERT INTO ${t} VALUES (${AT}, 'a', 3) ${moved}`);
  await expect(change).rejects.toMatchObject({ code: "0A000" });
  expect(await all(t)).toEqual([["a", "0", "2", null]]);
});
