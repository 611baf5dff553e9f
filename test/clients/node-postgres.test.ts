/** node-postgres as applications use it: parameters, named statements, row limits, binary results. */

import type pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connect, type Target, targets } from "./targets.ts";

describe.each(targets)("node-postgres and %s", (_name, open) => {
  let target: Target;
  let client: pg.Client;

  beforeAll(async () => {
    target = await open();
    client = await connect(target.port);
  });
  afterAll(async () => {
    await client?.end();
    await target?.close();
  });

  test("a query without parameters answers rows, types and a tag", async () => {
    const result = await client.query(
      "SELECT ts, symbol, close, volume FROM nvda ORDER BY ts LIMIT 2",
    );
    expect(result.rows).toEqual([
      { ts: new Date("2024-06-01T00:00:00Z"), symbol: "NVDA", close: 115.22, volume: "7339" },
      { ts: new Date("2024-06-01T01:00:00Z"), symbol: "NVDA", close: 115.55, volume: "6521" },
    ]);
    expect(result.fields.map((field) => field.dataTypeID)).toEqual([1184, 25, 701, 20]);
    expect([result.command, result.rowCount]).toEqual(["SELECT", 2]);
  });

  test("what asyncpg sends when a pool takes a connection back is understood", async () => {
    const reset = "SELECT pg_advisory_unlock_all();\nCLOSE ALL;\nUNLISTEN *;\nRESET ALL;";
    const results: unknown = await client.query(reset);
    expect((results as pg.QueryResult[]).map(({ command }) => command)).toEqual([
      ...["SELECT", "CLOSE", "UNLISTEN", "RESET"],
    ]);
    await expect(client.query("CLOSE nope")).rejects.toMatchObject({
      code: "34000",
      message: 'cursor "nope" does not exist',
    });
  });

  test("parameters take the type of what they are compared with", async () => {
    const result = await client.query(
      "SELECT count(*)::int AS n, max(high) AS high FROM nvda WHERE ts >= $1 AND ts < $2 AND symbol = $3",
      [new Date("2024-06-03T00:00:00Z"), "2024-06-04 00:00:00+00", "NVDA"],
    );
    expect(result.rows[0]?.n).toBe(24);
    expect(result.rows[0]?.high).toBeGreaterThan(100);
  });

  test.each([
    ["int4", 42, 42],
    ["int4", -2147483648, -2147483648],
    ["int8", "9223372036854775807", "9223372036854775807"],
    ["int2", -5, -5],
    ["float8", 0.1, 0.1],
    ["float8", "-Infinity", -Infinity],
    ["bool", true, true],
    ["text", "tide 'and' \"time\" \\ ü 🌊", "tide 'and' \"time\" \\ ü 🌊"],
    ["text", "", ""],
    ["numeric", "12345678901234567890.0123456789", "12345678901234567890.0123456789"],
    ["timestamptz", "2024-02-29 23:59:59.999999+00", new Date("2024-02-29T23:59:59.999Z")],
    ["uuid", "0f8fad5b-d9cb-469f-a165-70867728950e", "0f8fad5b-d9cb-469f-a165-70867728950e"],
    ["text", null, null],
    ["int4[]", [1, null, 3], [1, null, 3]],
    ["text[]", ["a,b", 'q"q', ""], ["a,b", 'q"q', ""]],
  ])("a parameter of type %s comes back: %j", async (type, given, expected) => {
    const result = await client.query(`SELECT $1::${type} AS value`, [given]);
    expect(result.rows).toEqual([{ value: expected }]);
  });

  test.each([
    ["int4", "00000007", "7"],
    ["int8", "ffffffffffffffff", "-1"],
    ["int2", "0102", "258"],
    ["float8", "3ff8000000000000", "1.5"],
    ["float4", "3fc00000", "1.5"],
    ["bool", "01", "true"],
    ["text", "74696465", "tide"],
    ["bytea", "deadbeef", "\\xdeadbeef"],
    ["timestamptz", "00000000000f4240", "2000-01-01 00:00:01+00"],
    ["timestamp", "fffffffffff0bdc0", "1999-12-31 23:59:59"],
    ["date", "00000001", "2000-01-02"],
    ["uuid", "0f8fad5bd9cb469fa16570867728950e", "0f8fad5b-d9cb-469f-a165-70867728950e"],
    ["numeric", "000200004000000104d21388", "-1234.5"],
    ["interval", "00000000002dc6c00000000200000001", "1 mon 2 days 00:00:03"],
    ["int4[]", "000000010000000000000017000000020000000100000004000000010000000400000002", "{1,2}"],
  ])("a binary parameter of type %s is read: %s", async (type, hex, text) => {
    // The driver sends a Buffer as binary, whatever the type.
    const result = await client.query(`SELECT $1::${type}::text AS value`, [
      Buffer.from(hex, "hex"),
    ]);
    expect(result.rows).toEqual([{ value: text }]);
  });

  test("results are read in binary", async () => {
    // Only bytes below 0x80: the driver passes what it received through UTF-8.
    const result = await client.query({
      text: "SELECT count(*)::int AS n, 'tide' AS t, $1::int2 AS i, true AS b, ARRAY[1, 2] AS a FROM nvda WHERE volume < $2",
      values: [258, 7000],
      binary: true,
    } as pg.QueryConfig);
    const expected = (await client.query("SELECT count(*)::int AS n FROM nvda WHERE volume < 7000"))
      .rows[0];
    expect(result.rows).toEqual([{ n: expected?.n, t: "tide", i: 258, b: true, a: [1, 2] }]);
    expect(result.fields.map((field) => field.format)).toEqual(Array(5).fill("binary"));
  });

  test("a named statement is parsed once and bound again", async () => {
    for (const day of [1, 2, 3]) {
      const result = await client.query({
        name: "by-day",
        text: "SELECT count(*)::int AS n FROM nvda WHERE ts >= $1 AND ts < $1::timestamptz + interval '1 day'",
        values: [`2024-06-0${day} 00:00:00+00`],
      });
      expect(result.rows).toEqual([{ n: 24 }]);
    }
  });

  test("a row limit suspends the portal until all rows are out", async () => {
    const config = { text: "SELECT ts FROM nvda ORDER BY ts", rows: 7 };
    const result = await client.query(config as pg.QueryConfig);
    expect(result.rows).toHaveLength(240);
    expect(result.rows.at(-1)).toEqual({ ts: new Date("2024-06-10T23:00:00Z") });
  });

  test("several statements in one query answer one result each", async () => {
    const results = (await client.query(
      "SELECT 1 AS a; SELECT 2 AS b; SELECT count(*) FROM nvda",
    )) as unknown as pg.QueryResult[];
    expect(results.map((result) => Object.values(result.rows[0])[0])).toEqual([1, 2, "240"]);
  });

  test.each([
    ["42P01", "SELECT * FROM no_such_table", []],
    ["42703", "SELECT no_such_column FROM nvda", []],
    ["42601", "SELEC 1", []],
    ["42883", "SELECT no_such_function(1)", []],
    ["22P02", "SELECT $1::int", ["abc"]],
    ["22012", "SELECT 1 / (volume - volume) FROM nvda", []],
    ["22003", "SELECT 2147483647 + length(symbol) FROM nvda", []],
    ["42803", "SELECT ts, count(*) FROM nvda", []],
  ])("SQLSTATE %s for %s, and the connection lives on", async (code, sql, values) => {
    await expect(client.query(sql, values)).rejects.toMatchObject({ code, severity: "ERROR" });
    expect((await client.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
  });

  test("an error names the place in the statement", async () => {
    await expect(client.query("SELECT ts, nope FROM nvda")).rejects.toMatchObject({
      position: "12",
    });
  });

  test("a failed transaction refuses all but its end", async () => {
    await client.query("BEGIN");
    await expect(client.query("SELECT nope")).rejects.toMatchObject({ code: "42703" });
    await expect(client.query("SELECT 1")).rejects.toMatchObject({ code: "25P02" });
    expect((await client.query("COMMIT")).command).toBe("ROLLBACK");
    expect((await client.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
  });

  test("a running statement is cancelled by its process id", async () => {
    const pid = (await client.query("SELECT pg_backend_pid() AS pid")).rows[0]?.pid;
    const other = await connect(target.port);
    // Long, but it ends: a cancel sent before the statement runs is sent again.
    const running = client
      .query("SELECT count(*) FROM generate_series(1, 300000) a, generate_series(1, 30000) b")
      .then(
        () => "finished",
        (error: { readonly code?: string }) => error.code,
      );
    let settled: string | undefined;
    void running.then((outcome) => {
      settled = outcome ?? "none";
    });
    while (settled === undefined) {
      await other.query("SELECT pg_cancel_backend($1)", [pid]);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await other.end();
    expect(await running).toBe("57014");
    expect((await client.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
  });
});
