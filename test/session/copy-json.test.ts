/** COPY TO with FORMAT json, its objects compared with PostgreSQL's row_to_json. */

import { PGlite } from "@electric-sql/pglite";
import { afterAll, beforeAll, expect, test } from "vitest";
import { copyOut } from "../support/copy-client.ts";
import { type LocalServer, startLocalServer } from "../support/local-server.ts";

let server: LocalServer;
let postgres: PGlite;

const SETTINGS =
  "SET TimeZone = 'Asia/Kathmandu'; SET DateStyle = 'German'; SET IntervalStyle = 'iso_8601'";
beforeAll(async () => {
  server = await startLocalServer();
  postgres = await PGlite.create();
  await postgres.exec(SETTINGS);
  for (const one of SETTINGS.split(";")) await server.client.query(one);
});
afterAll(async () => {
  await server.stop();
  await postgres.close();
});

async function copied(sql: string): Promise<string> {
  return Buffer.concat((await copyOut(server.client, sql)).messages).toString();
}

const QUERIES = String.raw`
SELECT 1 AS "a ""b", true AS t, false AS f, NULL::int AS n, 'x' AS x
SELECT 'NaN'::float8 AS a, '-Infinity'::float8 AS b, 1e300::float8 AS c, 1e-7::real AS d, 1.50::numeric AS e, 'NaN'::numeric AS f, -0.5::numeric(5,2) AS g
SELECT E'\b\f\n\r\t\x01\x7f"\\/ä€😀' AS a, ''::text AS b, 'x'::char(3) AS c, '\x00ff'::bytea AS d
SELECT timestamp '2026-01-02 03:04:05.6' AS a, timestamptz '2026-01-02 03:04:05.000001+00' AS b, date '2026-01-02' AS c, time '24:00' AS d
SELECT timestamptz '0044-03-15 12:00+00 BC' AS a, timestamp '0044-03-15 BC' AS b, date '0044-03-15 BC' AS c, timestamptz 'infinity' AS d, timestamp '-infinity' AS e, date 'infinity' AS f
SELECT timestamptz '1850-01-01 00:00+00' AS lmt, interval '1 day 2 hours' AS iv, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid AS u
SELECT ARRAY[1,NULL,3] AS a, ARRAY[[1,2],[3,4]] AS b, '{}'::int[] AS c, '[5:6]={7,8}'::int[] AS d, ARRAY['a"b','NULL',NULL,'{}','c,d'] AS e, ARRAY[true,false] AS f
SELECT ARRAY[timestamptz '2026-01-02', NULL] AS a, ARRAY[date '2026-01-02'] AS b, ARRAY[1.5,'NaN'::numeric] AS c, ARRAY['NaN'::float8] AS d
SELECT '{"a" :  1, "b":[ ]}'::json AS j, '{"b":1,"a":2}'::jsonb AS k, ARRAY['1'::jsonb] AS l, 32767::int2 AS s, 9223372036854775807::int8 AS i
SELECT 1 AS a, 2 AS a
SELECT 1 AS a WHERE false
SELECT i, i::text AS t, CASE WHEN i % 3 = 0 THEN NULL ELSE i / 7.0 END AS v FROM generate_series(1, 5000) AS i ORDER BY i`
  .trim()
  .split("\n");

test.each(QUERIES)("%s", async (sql) => {
  const { rows } = await postgres.query<{ j: string }>(
    `SELECT row_to_json(q)::text AS j FROM (${sql}) AS q`,
  );
  expect(await copied(`COPY (${sql}) TO STDOUT (FORMAT json)`)).toBe(
    rows.map(({ j }) => `${j}\n`).join(""),
  );
});

test("FORCE_ARRAY makes all rows one array, also of none", async () => {
  const all = "COPY (SELECT i FROM generate_series(1, 3) AS i) TO STDOUT";
  expect(await copied(`${all} (FORMAT json, FORCE_ARRAY)`)).toBe(
    '[\n {"i":1}\n,{"i":2}\n,{"i":3}\n]\n',
  );
  const none = "COPY (SELECT 1 AS i WHERE false) TO STDOUT WITH (FORCE_ARRAY true, FORMAT json)";
  expect(await copied(none)).toBe("[\n]\n");
});

test("each row is a message of its own, in the client's encoding", async () => {
  const sql = "COPY (SELECT i, 'ä' AS t FROM generate_series(1, 2) AS i) TO STDOUT";
  const { messages, tag } = await copyOut(
    server.client,
    `${sql} (FORMAT json, ENCODING 'LATIN1', FORCE_ARRAY)`,
  );
  expect(messages.map((message) => message.toString("latin1"))).toEqual([
    "[\n",
    ' {"i":1,"t":"ä"}\n',
    ',{"i":2,"t":"ä"}\n',
    "]\n",
  ]);
  expect(tag).toBe("COPY 2");
});

test.each([
  [
    "COPY (SELECT 1) TO STDOUT (FORMAT json, HEADER)",
    "42601",
    "cannot specify HEADER in JSON mode",
  ],
  [
    "COPY (SELECT 1) TO STDOUT (FORMAT json, DELIMITER ',')",
    "42601",
    "cannot specify DELIMITER in JSON mode",
  ],
  [
    "COPY (SELECT 1) TO STDOUT (FORCE_ARRAY)",
    "22023",
    "COPY FORCE_ARRAY can only be used with JSON mode",
  ],
  ["COPY (SELECT zz) TO STDOUT (FORMAT json)", "42703", 'column "zz" does not exist'],
  ["COPY (SELECT 1) TO STDOUT (FORMAT json, zz)", "42601", 'option "zz" not recognized'],
])("%s is refused", async (sql, code, message) => {
  const error = await server.refusal(sql);
  expect({ code: error.code, message: error.message }).toEqual({ code, message });
  const at = error.position === undefined ? "zz" : sql.slice(Number(error.position) - 1);
  expect(at).toMatch(/^zz/);
});
