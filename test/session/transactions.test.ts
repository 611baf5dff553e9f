/** Transactions around reads, settings in them, and what may not stand inside. */

import type pg from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type LocalServer, startLocalServer } from "../support/local-server.ts";

let server: LocalServer;
let client: pg.Client;

beforeAll(async () => {
  server = await startLocalServer();
  client = server.client;
  await client.query("CREATE TSTABLE t (ts timestamptz, v int)");
  await append(0);
});
afterAll(async () => await server.stop());
beforeEach(async () => {
  await client.query("ROLLBACK");
  await client.query("RESET ALL");
});

async function append(hour: number): Promise<void> {
  const path = await server.parquet(
    `hour-${hour}.parquet`,
    `SELECT TIMESTAMPTZ '2026-01-01 00:00:00+00' + to_hours(${hour}) AS ts, ${hour}::INTEGER AS v`,
  );
  const other = await server.connect();
  await other.query(`APPEND PARQUET '${path}' INTO t`);
}

async function one(sql: string): Promise<string | null | undefined> {
  return (await server.rows(sql))[0]?.[0];
}

async function codeOf(sql: string): Promise<string | undefined> {
  return (await server.refusal(sql)).code;
}

describe("a block", () => {
  test("that failed takes nothing but its end, and COMMIT then says ROLLBACK", async () => {
    await client.query("BEGIN");
    expect(await codeOf("SELECT 1/0")).toBe("22012");
    expect(await codeOf("SELECT 1")).toBe("25P02");
    expect(await codeOf("SHOW timezone")).toBe("25P02");
    expect((await client.query("COMMIT")).command).toBe("ROLLBACK");
    expect(await one("SELECT 1")).toBe("1");
  });

  test("returns from failure to a savepoint, with the settings of that moment", async () => {
    await client.query("BEGIN");
    await client.query("SET timezone = 'Asia/Tokyo'");
    await client.query("SAVEPOINT a");
    await client.query("SET timezone = 'Europe/Paris'");
    expect(await codeOf("SELECT nope")).toBe("42703");
    await client.query("ROLLBACK TO a");
    expect(await one("SHOW timezone")).toBe("Asia/Tokyo");
    expect(await codeOf("ROLLBACK TO b")).toBe("3B001");
    await client.query("ROLLBACK");
    expect(await one("SHOW timezone")).toBe("UTC");
  });

  test("keeps now() and lets go of SET LOCAL at its end", async () => {
    await client.query("BEGIN");
    await client.query("SET LOCAL datestyle = 'German'");
    const first = await one("SELECT now()");
    await client.query("SELECT pg_sleep(0)").catch(() => undefined);
    await client.query("ROLLBACK");
    await client.query("BEGIN");
    const start = await one("SELECT now()");
    expect(await one("SELECT transaction_timestamp()")).toBe(start);
    await client.query("COMMIT");
    expect(first).toMatch(/^\d\d\.\d\d\.\d{4} /);
    expect(await one("SHOW datestyle")).toBe("ISO, MDY");
  });

  test("takes back definitions, those of time-series tables and their files included", async () => {
    await client.query("BEGIN");
    await client.query("CREATE TSTABLE u (ts timestamptz)");
    expect(await one("SELECT count(*) FROM u")).toBe("0");
    await client.query("DROP TABLE t");
    expect(await codeOf("SELECT * FROM t")).toBe("42P01");
    await client.query("ROLLBACK");
    expect(await codeOf("SELECT * FROM u")).toBe("42P01");
    expect(await codeOf("SELECT 1; DROP TABLE t; SELECT 1 / 0")).toBe("22012");
    expect(await one("SELECT count(*) FROM t")).not.toBeNull();
  });
});

describe("isolation", () => {
  test("READ COMMITTED sees appends of others between statements", async () => {
    await client.query("BEGIN");
    const before = Number(await one("SELECT count(*) FROM t"));
    await append(10);
    expect(Number(await one("SELECT count(*) FROM t"))).toBe(before + 1);
    await client.query("COMMIT");
  });

  test("REPEATABLE READ keeps the first statement's world, coverage included", async () => {
    await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ");
    const before = await one("SELECT count(*) FROM t");
    const coverage = await one("SELECT covered FROM coverage_summary('t')");
    await append(20);
    expect(await one("SELECT count(*) FROM t")).toBe(before);
    expect(await one("SELECT covered FROM coverage_summary('t')")).toBe(coverage);
    expect(await codeOf("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")).toBe("25001");
    await client.query("ROLLBACK");
    expect(Number(await one("SELECT count(*) FROM t"))).toBe(Number(before) + 1);
  });

  test("READ ONLY refuses writes with 25006", async () => {
    await client.query("SET default_transaction_read_only = on");
    expect(await codeOf("DROP TABLE t")).toBe("25006");
    expect(await one("SHOW transaction_read_only")).toBe("on");
  });
});

describe("settings", () => {
  test("PostgreSQL judges values and spells them", async () => {
    await client.query("SET datestyle = 'sql, dmy'");
    expect(await one("SHOW datestyle")).toBe("SQL, DMY");
    expect(await one("SELECT ts FROM t ORDER BY ts LIMIT 1")).toBe("01/01/2026 00:00:00 UTC");
    await client.query("SET TIME ZONE INTERVAL '+05:30' HOUR TO MINUTE");
    await client.query("SET datestyle = ISO");
    expect(await one("SELECT ts FROM t ORDER BY ts LIMIT 1")).toBe("2026-01-01 05:30:00+05:30");
    expect(await codeOf("SET datestyle = 'nope'")).toBe("22023");
    expect(await codeOf("SET no_such_setting = 1")).toBe("42704");
    expect(await codeOf("SET server_version = 1")).toBe("55P02");
    await client.query("SET my.own = 'x'");
    expect(await one("SHOW my.own")).toBe("x");
    expect(await one("SELECT current_setting('my.own')")).toBe("x");
  });

  test("a statement that takes too long ends with 57014", async () => {
    const slow =
      "SELECT sum(a.v * b.g) FROM t a, generate_series(1, 15000000) b(g), generate_series(1, 100000) c(g)";
    expect(await codeOf(`SET statement_timeout = '200ms'; ${slow}`)).toBe("57014");
    expect(await one("SELECT 1")).toBe("1");
    expect(await codeOf("SELECT count(*) FROM generate_series(1, 3000000000)")).toBe("54000");
  });
});
