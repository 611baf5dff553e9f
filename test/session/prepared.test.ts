/** Prepared statements and portals when the session changes between Parse and Execute. */

import { afterAll, beforeAll, expect, test } from "vitest";
import { type LocalServer, startLocalServer } from "../support/local-server.ts";

let server: LocalServer;

beforeAll(async () => {
  server = await startLocalServer();
  const path = await server.parquet(
    "hours.parquet",
    `SELECT TIMESTAMPTZ '2026-01-01 00:00:00+00' + to_hours(i) AS ts FROM range(48) t(i)`,
  );
  await server.client.query("CREATE TSTABLE hours (ts timestamptz)");
  await server.client.query(`APPEND PARQUET '${path}' INTO hours`);
});
afterAll(async () => await server.stop());

test("a prepared statement computes in the time zone of its execution", async () => {
  const days = {
    name: "days",
    text: "SELECT date_trunc('day', ts), count(*) FROM hours GROUP BY 1",
  };
  await server.client.query("SET TimeZone = 'UTC'");
  expect((await server.client.query(days)).rows).toHaveLength(2);
  await server.client.query("SET TimeZone = 'Asia/Tokyo'");
  const rows = (await server.client.query(days)).rows as { date_trunc: string }[];
  expect(rows.map((row) => row.date_trunc).sort()).toEqual([
    "2026-01-01 00:00:00+09",
    "2026-01-02 00:00:00+09",
    "2026-01-03 00:00:00+09",
  ]);
});

test("a literal keeps the time zone of Parse, as in PostgreSQL", async () => {
  const since = {
    name: "since",
    text: "SELECT count(*) FROM hours WHERE ts >= '2026-01-02 00:00'",
  };
  await server.client.query("SET TimeZone = 'UTC'");
  expect((await server.client.query(since)).rows).toEqual([{ count: "24" }]);
  await server.client.query("SET TimeZone = 'Asia/Tokyo'");
  expect((await server.client.query(since)).rows).toEqual([{ count: "24" }]);
  await server.client.query("RESET TimeZone");
});

test("CREATE TSTABLE ... AS refuses a parameter, and says where an unknown column stands", async () => {
  const text = "CREATE TSTABLE copy AS SELECT ts FROM hours WHERE $1::int = 1";
  expect((await server.refusal(text)).code).toBe("42P02");
  const wrong = "CREATE TSTABLE copy AS SELECT ts, nope FROM hours";
  const error = await server.refusal(wrong);
  expect([error.code, error.position]).toEqual(["42703", String(wrong.indexOf("nope") + 1)]);
});

test("REPEATABLE READ refuses a table made since it began to read", async () => {
  const reader = await server.connect();
  await reader.query("BEGIN ISOLATION LEVEL REPEATABLE READ");
  await reader.query("SELECT count(*) FROM hours");
  await server.client.query("CREATE TSTABLE later (ts timestamptz)");
  expect((await reader.query("SELECT table_name FROM tstable.tables")).rows).toEqual([
    { table_name: "hours" },
  ]);
  await expect(reader.query("SELECT * FROM later")).rejects.toMatchObject({ code: "40001" });
  await reader.query("ROLLBACK");
  expect((await reader.query("SELECT * FROM later")).rows).toEqual([]);
  await server.client.query("DROP TABLE later");
});
