/** CREATE TSTABLE from a query: types, order, and that a failure leaves nothing. */

import { readdirSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type LocalServer, startLocalServer } from "../support/local-server.ts";

let server: LocalServer;

beforeAll(async () => {
  server = await startLocalServer();
  await server.client.query("CREATE TSTABLE src (ts timestamptz, k text, n numeric(10,2), u uuid)");
  const path = await server.parquet(
    "src.parquet",
    `SELECT TIMESTAMPTZ '2026-01-01 00:00:00+00' + to_minutes(i) AS ts, 'k' || (i % 3) AS k,
       CAST(i / 4 AS DECIMAL(10,2)) AS n, '00000000-0000-0000-0000-00000000000' || (i % 10) AS u
     FROM range(100) t(i)`,
  );
  await server.client.query(`APPEND PARQUET '${path}' INTO src`);
});
afterAll(async () => await server.stop());

test("the new table has the query's types and rows, through a restart", async () => {
  const made = await server.client.query(
    `CREATE TSTABLE hourly AS
       SELECT time_bucket('1 hour', ts) AS ts, k, sum(n) AS total, avg(n) AS mean, count(*) AS c,
         min(u::text)::uuid AS u, max(n)::numeric(12,3) AS top, interval '90 min' AS i
       FROM src GROUP BY 1, 2 ENTITY (k) BUCKET '1 hour' COMPRESSION zstd(9)`,
  );
  expect(made.command).toBe("SELECT");
  expect(made.rowCount).toBe(6);
  const sql = `SELECT k, ts, total, mean, c, u, top, i FROM hourly ORDER BY k, ts LIMIT 2`;
  const rows = await server.rows(sql);
  expect(rows[0]).toEqual([
    "k0",
    "2026-01-01 00:00:00+00",
    "142.50",
    "7.1250000000000000",
    "20",
    "00000000-0000-0000-0000-000000000000",
    "14.250",
    "01:30:00",
  ]);
  await server.restart();
  expect(await server.rows(sql)).toEqual(rows);
  expect(await server.rows("SELECT coverage_ratio('hourly')")).toEqual([["1"]]);
});

test("a query that fails leaves neither table nor file", async () => {
  const error = await server.refusal("CREATE TSTABLE bad AS SELECT ts, 1 / (n - n) AS x FROM src");
  expect(error.code).toBe("22012");
  expect((await server.refusal("SELECT * FROM bad")).code).toBe("42P01");
  expect(readdirSync(`${server.folder}/data/tables/.staging`)).toEqual([]);
});
