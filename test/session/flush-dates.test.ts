/** Dates and times of day are numbers in the table's files: what they cannot be told from. */

import { afterAll, beforeAll, expect, test } from "vitest";
import { type LocalServer, startLocalServer } from "../support/local-server.ts";

let server: LocalServer;

beforeAll(async () => {
  server = await startLocalServer();
});
afterAll(async () => await server.stop());

test("dates and times of day are the same after a flush, at their ends and in arrays", async () => {
  await server.client.query("CREATE TSTABLE t (ts timestamp, d date, h time, a date[])");
  await server.client.query(`INSERT INTO t VALUES
    ('2024-01-01', 'infinity', '24:00', '{-infinity,2000-01-01,NULL}'),
    ('2024-01-02', '-infinity', '23:59:59.999999', '{}'),
    ('2024-01-03', '4713-01-01 BC', '00:00', '{infinity}'),
    ('2024-01-04', '5874897-12-31', NULL, NULL), ('2024-01-05', NULL, '12:00', '{NULL}')`);
  const read = () => server.rows("SELECT d::text, h::text, a::text FROM t ORDER BY ts");
  const before = await read();
  await server.client.query("FLUSH t");
  expect(await read()).toEqual(before);
  expect(await server.rows("SELECT count(*)::int FROM t WHERE d < '2000-01-01'")).toEqual([["2"]]);
});
