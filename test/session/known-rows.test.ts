/** SELECT of constants and parameters is answered without an engine, as PostgreSQL answers it. */

import { afterAll, beforeAll, expect, test } from "vitest";
import { type LocalServer, startLocalServer } from "../support/local-server.ts";

let server: LocalServer;

beforeAll(async () => {
  server = await startLocalServer();
});
afterAll(async () => await server.stop());

const CONSTANTS = [
  "1, -2::int2, 9223372036854775807, 4294967295::oid",
  "1.50, -0.0, 1e-20, 'NaN'::numeric, 'Infinity'::numeric, 1e30::numeric(40, 5)",
  "0.1::float4, 1e23::float8, '-0'::float8, 'NaN'::float8, '-Infinity'::float4, 1e-7::float8",
  "'it''s', ''::text, 'ab'::varchar(5), 'ab'::char(4), 'name'::name, NULL, 'ä€'::text",
  "true, false, NULL::bool, '\\x00ff'::bytea",
  "'0001-01-01 BC'::date, 'infinity'::date, '2024-02-29'::date",
  "'24:00'::time, '2024-03-31 02:30:00.000001'::timestamp, '-infinity'::timestamp",
  "'2024-03-31 02:30:00+00'::timestamptz, 'infinity'::timestamptz",
  "'1 year -2 days 03:04:05.6'::interval, '-1 mon'::interval",
  "'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'::uuid, '{\"b\": [1, 2.0], \"a\": null}'::jsonb, '{ }'::json",
];
const SETTINGS = [
  "SET TimeZone = 'Europe/Berlin'; SET bytea_output = escape; SET extra_float_digits = 0",
  "SET DateStyle = 'German, DMY'; SET IntervalStyle = iso_8601; SET TimeZone = '-03:30'",
  "RESET ALL",
];
/** The same rows: PostgreSQL keeps the condition, so it runs there. */
const JUDGED = " WHERE true";

test("constants look as in PostgreSQL, in text and in binary, under every setting", async () => {
  for (const setting of SETTINGS) {
    await server.client.query(setting);
    for (const list of CONSTANTS) {
      for (const binary of [false, true]) {
        const ask = async (text: string) => {
          const config = { text, rowMode: "array" as const, binary };
          return (await server.client.query(config)).rows;
        };
        expect(await ask(`SELECT ${list}`)).toEqual(await ask(`SELECT ${list}${JUDGED}`));
      }
    }
  }
});

test("parameters come back as PostgreSQL shows them", async () => {
  const cases: readonly (readonly [string, string | null])[] = [
    ["int4", " 007 "],
    ["int8", "-9223372036854775808"],
    ["numeric", "1.50e3"],
    ["float4", "1e-45"],
    ["float8", "123456789012345678"],
    ["bool", "yes"],
    ["text", "it's"],
    ["bpchar", "ab  "],
    ["date", "Jan 5, 2024"],
    ["time", "allballs"],
    ["timestamp", "94276-12-31 23:59:59.999999"],
    ["timestamptz", "2024-07-01 12:00 Asia/Kolkata"],
    ["interval", "1 day 25 hours ago"],
    ["uuid", "{a0eebc999c0b4ef8bb6d6bb9bd380a11}"],
    ["jsonb", '{"z": 1, "z": 2}'],
    ["bytea", "\\001a"],
    ["inet", "10.0.0.1/8"],
    ["int4[]", "{1,NULL,3}"],
    ["numeric", null],
  ];
  for (const [type, value] of cases) {
    const text = `SELECT $1::${type}, 'x' AS x`;
    expect(await server.rows(text, [value])).toEqual(await server.rows(text + JUDGED, [value]));
  }
});

test("what cannot be known is computed, and errors stay", async () => {
  expect(await server.rows("SELECT")).toEqual([[]]);
  expect(await server.rows("SELECT 1 LIMIT 0")).toEqual([]);
  expect(await server.rows("SELECT $1::int + 1, $1::int", ["4"])).toEqual([["5", "4"]]);
  expect((await server.refusal("SELECT $1::int", ["x"])).code).toBe("22P02");
  expect((await server.refusal("SELECT 1/0")).code).toBe("22012");
  await server.client.query("CREATE SEQUENCE numbers");
  const next = "SELECT nextval('numbers'), currval('numbers'), 'n' AS n";
  expect(await server.rows(next)).toEqual([["1", "1", "n"]]);
  expect(await server.rows(next)).toEqual([["2", "2", "n"]]);
});

test("now() stands still within a transaction", async () => {
  const client = await server.connect();
  await client.query("BEGIN");
  const first = await client.query("SELECT now() AS at, statement_timestamp() AS now");
  const later = await client.query("SELECT now() AS at, statement_timestamp() > now() AS moved");
  expect(later.rows[0]).toEqual({ at: first.rows[0].at, moved: "t" });
  await client.query("COMMIT");
});

test("it is no query of the embedded PostgreSQL's", async () => {
  expect((await server.rows("EXPLAIN SELECT 1, 'x'"))[0]).not.toEqual(["Catalog Query"]);
  expect((await server.rows("EXPLAIN SELECT 1 WHERE true"))[0]).toEqual(["Catalog Query"]);
});

test("a series of constants is made when the query runs, where it can be stopped", async () => {
  const sum = "SELECT sum(g) FROM generate_series(1, 3000000) g";
  expect(await server.rows(sum)).toEqual([["4500001500000"]]);
  const client = await server.connect();
  await client.query("SET statement_timeout = '500ms'");
  const cross = "SELECT count(*) FROM generate_series(1, 9000000) a, generate_series(1, 9000000) b";
  await expect(client.query(cross)).rejects.toMatchObject({ code: "57014" });
});
