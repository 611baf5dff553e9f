/** Statements that only the values of their parameters make possible to compute. */

import { afterAll, beforeAll, expect, test } from "vitest";
import { type LocalServer, startLocalServer } from "../support/local-server.ts";

let server: LocalServer;

beforeAll(async () => {
  server = await startLocalServer();
  await server.client.query("CREATE TSTABLE hours (ts timestamptz, v int8)");
  await server.client.query("CREATE TABLE days (id int PRIMARY KEY, name text)");
  await server.client.query(
    "INSERT INTO hours SELECT ts, 1 FROM generate_series('2026-01-01'::timestamptz," +
      " '2026-01-02 23:00', '1 hour') ts",
  );
  await server.client.query("INSERT INTO days VALUES (1, 'a'), (2, 'b')");
});
afterAll(async () => await server.stop());

test("SQLAlchemy's parameters: the field of date_trunc is bound", async () => {
  const text = "SELECT date_trunc($1::varchar, ts) AS t, sum(v) FROM hours GROUP BY 1 ORDER BY 1";
  const ask = async (field: string) => {
    const { rows } = await server.client.query({ name: "trunc", text, values: [field] });
    return rows.length;
  };
  expect([await ask("day"), await ask("hour"), await ask("year")]).toEqual([2, 48, 1]);
  await expect(ask("dag")).rejects.toMatchObject({ code: "22023" });
  expect(await ask("month")).toBe(1);
});

test("widths, zones, formats, decimals and LIMITs of correlated subqueries are bound", async () => {
  const one = async (sql: string, ...values: readonly unknown[]) =>
    (await server.rows(sql, values))[0]?.[0];
  const from = "FROM hours ORDER BY ts DESC LIMIT 1";
  expect(await one(`SELECT time_bucket($1, ts)::text ${from}`, "12 hours")).toBe(
    "2026-01-02 12:00:00+00",
  );
  expect(await one(`SELECT (ts AT TIME ZONE $1)::text ${from}`, "Asia/Tokyo")).toBe(
    "2026-01-03 08:00:00",
  );
  expect(await one(`SELECT date_part($1, ts) ${from}`, "hour")).toBe("23");
  expect(await one(`SELECT round(v::numeric / 3, $1) ${from}`, 2)).toBe("0.33");
  expect(await one(`SELECT date_trunc($1, ts) ${from}`, null)).toBeNull();
  const correlated =
    "SELECT count(*) FROM days d, LATERAL (SELECT v FROM hours WHERE v <= d.id LIMIT $1) h";
  expect(await one(correlated, 3)).toBe("6");
});

test("a change waits for its values, too, and under a changed definition again", async () => {
  const update = {
    name: "update",
    text: "UPDATE days SET name = (SELECT date_trunc($1, max(ts))::text FROM hours) WHERE id = $2",
    values: ["day", "1"],
  };
  await server.client.query(update);
  await server.client.query("ALTER TABLE days ADD COLUMN more int");
  await server.client.query({ ...update, values: ["hour", "2"] });
  expect(await server.rows("SELECT name FROM days ORDER BY id")).toEqual([
    ["2026-01-02 00:00:00+00"],
    ["2026-01-02 23:00:00+00"],
  ]);
});

test("EXECUTE, EXPLAIN and a cursor take the values; what no value helps is refused by Parse", async () => {
  const { client } = server;
  await client.query("PREPARE buckets (text) AS SELECT date_trunc($1, ts) FROM hours GROUP BY 1");
  expect((await client.query("EXECUTE buckets ('day')")).rows).toHaveLength(2);
  const explained = await server.rows("EXPLAIN SELECT date_trunc($1, ts) FROM hours", ["day"]);
  expect(explained.length).toBeGreaterThan(3);
  await client.query("BEGIN");
  await client.query({
    text: "DECLARE c CURSOR FOR SELECT date_trunc($1, ts) AS t FROM hours GROUP BY 1 ORDER BY 1",
    values: ["day"],
  });
  expect((await client.query("FETCH 1 FROM c")).rows).toEqual([{ t: "2026-01-01 00:00:00+00" }]);
  await client.query("COMMIT");
  const hopeless = await server.refusal("PREPARE no (int) AS SELECT xmin FROM hours WHERE v = $1");
  expect(hopeless.code).toBe("0A000");
});

test("a role without rights is refused a statement that waits for its values", async () => {
  const { client } = server;
  await client.query("CREATE ROLE reader");
  await client.query("SET ROLE reader");
  const refused = await server.refusal("SELECT date_trunc($1, ts) FROM hours", ["day"]);
  await client.query("RESET ROLE");
  expect(refused.code).toBe("42501");
  await client.query("GRANT SELECT ON hours TO reader");
  await client.query("SET ROLE reader");
  const rows = await server.rows("SELECT date_trunc($1, ts) FROM hours GROUP BY 1", ["day"]);
  await client.query("RESET ROLE");
  expect(rows).toHaveLength(2);
});
