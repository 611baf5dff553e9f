/** Rows of INSERT that wait in memory for COMMIT: every rule and every reader knows of them. */

import type pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type LocalServer, startLocalServer } from "../support/local-server.ts";

let server: LocalServer;
let client: pg.Client;
beforeAll(async () => {
  server = await startLocalServer();
  client = await server.connect();
  await client.query("CREATE TABLE parent (a int, b text, PRIMARY KEY (b, a))");
  await client.query(
    "CREATE TABLE child (id serial PRIMARY KEY, a int, b varchar(9)," +
      " up int REFERENCES child, n numeric(6,2) CHECK (n > 0), at timestamptz NOT NULL," +
      " FOREIGN KEY (a, b) REFERENCES parent (a, b))",
  );
});
afterAll(async () => {
  await server.stop();
});

const ADD = "INSERT INTO child (a, b, up, n, at) VALUES ($1, $2, $3, $4, $5) RETURNING id";

async function add(...values: readonly unknown[]): Promise<string> {
  const { rows } = await client.query<{ id: string }>(ADD, [...values]);
  return rows[0]?.id ?? "none";
}

async function codeOf(answer: Promise<unknown>): Promise<string> {
  return await answer.then(
    () => "done",
    (cause: pg.DatabaseError) => `${cause.code} ${cause.detail ?? ""}`,
  );
}

async function rows(sql: string): Promise<string[]> {
  const { rows: found } = await client.query({ text: sql, rowMode: "array" });
  return found.map((row) => row.join("|"));
}

test("keys and references are checked against rows of the same block", async () => {
  await client.query("BEGIN");
  await client.query("INSERT INTO parent VALUES (1, 'x')");
  await client.query("SAVEPOINT s");
  expect(await codeOf(client.query("INSERT INTO parent VALUES (1, 'x')"))).toBe(
    "23505 Key (b, a)=(x, 1) already exists.",
  );
  await client.query("ROLLBACK TO s");
  const first = await add(1, "x", null, "1.50", "2026-01-01 00:00:00+02");
  expect(Number(await add(1, "x", first, "2", "infinity"))).toBe(Number(first) + 1);
  await client.query("SAVEPOINT s");
  expect(await codeOf(add(1, "y", null, 1, "2026-01-01"))).toBe(
    '23503 Key (a, b)=(1, y) is not present in table "parent".',
  );
  await client.query("ROLLBACK TO s");
  await client.query("COMMIT");
  expect(await rows("SELECT up, n, at FROM child ORDER BY id")).toHaveLength(2);
  expect(await rows("SELECT n FROM child WHERE at = '2025-12-31 22:00:00Z'")).toEqual(["1.50"]);
});

test("a row may point at itself, and NULLs point at nothing", async () => {
  await client.query(
    "INSERT INTO child (id, a, b, up, n, at) VALUES (500, NULL, 'none', 500, NULL, now())",
  );
  expect(await rows("SELECT id, up FROM child WHERE up = id")).toEqual(["500|500"]);
});

test("what a row breaks is told as staging tells it", async () => {
  expect(await codeOf(add(null, null, null, "0", "2026-01-01"))).toMatch(/^23514 Failing row/);
  expect(await codeOf(add(null, null, null, "1", null))).toMatch(/^23502 Failing row/);
  expect(await codeOf(client.query("INSERT INTO parent VALUES (7, 'q'), (7, 'q')"))).toBe(
    "23505 Key (b, a)=(q, 7) already exists.",
  );
  expect(await codeOf(add(null, null, 9999, "1", "2026-01-01"))).toBe(
    '23503 Key (up)=(9999) is not present in table "child".',
  );
  expect(await rows("SELECT count(*) FROM parent WHERE a = 7")).toEqual(["0"]);
});

test("statements of every kind see the rows", async () => {
  await client.query("BEGIN");
  await client.query("INSERT INTO parent VALUES (2, 'm')");
  await client.query("INSERT INTO parent VALUES (3, 'm')");
  expect(await rows("SELECT a FROM parent WHERE b = 'm' ORDER BY a")).toEqual(["2", "3"]);
  await client.query("INSERT INTO parent VALUES (4, 'm')");
  await client.query("UPDATE parent SET a = a + 10 WHERE b = 'm' AND a > 2");
  await client.query("INSERT INTO parent VALUES (3, 'm')");
  await client.query("DELETE FROM parent WHERE a = 2");
  const twice = "INSERT INTO parent VALUES (3, 'm'), (5, 'm') ON CONFLICT DO NOTHING";
  expect((await client.query(twice)).rowCount).toBe(1);
  await client.query("COMMIT");
  expect(await rows("SELECT a FROM parent WHERE b = 'm' ORDER BY a")).toEqual([
    "3",
    "5",
    "13",
    "14",
  ]);
});

test("a savepoint takes back rows and their keys", async () => {
  await client.query("BEGIN");
  await client.query("INSERT INTO parent VALUES (1, 's')");
  await client.query("SAVEPOINT a");
  await client.query("INSERT INTO parent VALUES (2, 's')");
  await client.query("ROLLBACK TO a");
  expect(await codeOf(add(2, "s", null, 1, "2026-01-01"))).toMatch(/^23503/);
  await client.query("ROLLBACK TO a");
  await client.query("INSERT INTO parent VALUES (2, 's')");
  await client.query("COMMIT");
  expect(await rows("SELECT a FROM parent WHERE b = 's' ORDER BY a")).toEqual(["1", "2"]);
});

test("definitions in the same block see the rows, and later rows the definitions", async () => {
  await client.query("BEGIN");
  await client.query("CREATE TABLE young (i int, t text)");
  await client.query("INSERT INTO young VALUES (1, 'a')");
  await client.query("INSERT INTO young VALUES (2, 'b')");
  await client.query("ALTER TABLE young ADD COLUMN d int DEFAULT 9");
  await client.query("ALTER TABLE young ADD PRIMARY KEY (i)");
  await client.query("INSERT INTO young VALUES (3, 'c', 1)");
  await client.query("SAVEPOINT s");
  expect(await codeOf(client.query("INSERT INTO young VALUES (2, 'z', 1)"))).toMatch(/^23505/);
  await client.query("ROLLBACK TO s");
  await client.query("INSERT INTO young VALUES (4, 'd', 2)");
  await client.query("COMMIT");
  const all = ["1|a|9", "2|b|9", "3|c|1", "4|d|2"];
  expect(await rows("SELECT * FROM young ORDER BY i")).toEqual(all);
  await client.query("ALTER TABLE young DROP COLUMN t, ADD COLUMN e text");
  await client.query("INSERT INTO young VALUES (5, 3, 'e')");
  expect(await rows("SELECT * FROM young WHERE i > 3 ORDER BY i")).toEqual(["4|2|", "5|3|e"]);
});

test("temporary tables hold rows, too", async () => {
  await client.query("CREATE TEMP TABLE own (i int PRIMARY KEY) ON COMMIT DELETE ROWS");
  await client.query("BEGIN");
  await client.query("INSERT INTO own VALUES (1)");
  expect(await rows("SELECT * FROM own")).toEqual(["1"]);
  await client.query("INSERT INTO own VALUES (2)");
  await client.query("COMMIT");
  expect(await rows("SELECT * FROM own")).toEqual([]);
});

test("every type comes back as it went in", async () => {
  const values: readonly (readonly [string, string])[] = [
    ["bool", "true"],
    ["int2", "-3"],
    ["int8", "9007199254740993"],
    ["float4", "1.5"],
    ["float8", "-Infinity"],
    ["numeric", "123456789012345678901234567890.5000"],
    ["numeric(38,10)", "-0.0000000001"],
    ["char(4)", "ab  "],
    ["bytea", "\\x00ff"],
    ["date", "infinity"],
    ["time", "23:59:59.999999"],
    ["timestamp", "0044-03-15 12:00:00"],
    ["timestamptz", "-infinity"],
    ["uuid", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"],
    ["interval", "1 mon -2 days 03:00:00"],
    ["jsonb", '{"a": [1, null]}'],
    ["text[]", "{a,NULL,c}"],
    ["timestamptz[]", '{"2026-01-01 00:00:00+00"}'],
  ];
  await client.query("SET TimeZone = 'UTC'");
  for (const [type, text] of values) {
    await client.query(`CREATE TABLE typed (i int PRIMARY KEY, v ${type})`);
    await client.query("INSERT INTO typed VALUES (1, $1)", [text]);
    await client.query("BEGIN");
    await client.query("INSERT INTO typed VALUES (2, $1)", [text]);
    await client.query("INSERT INTO typed VALUES (3, $1)", [null]);
    await client.query("COMMIT");
    const found = await rows("SELECT v FROM typed ORDER BY i");
    const shown = await rows(`SELECT '${text}'::${type}`);
    expect([type, ...found]).toEqual([type, shown[0], shown[0], ""]);
    await client.query("DROP TABLE typed");
  }
});
