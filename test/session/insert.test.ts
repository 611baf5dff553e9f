import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type LocalServer, startLocalServer } from "../support/local-server.ts";

let server: LocalServer;

beforeAll(async () => {
  server = await startLocalServer();
});

afterAll(async () => {
  await server.stop();
});

beforeEach(async () => {
  await server.rows("DROP TSTABLE IF EXISTS m");
  await server.rows(`CREATE TSTABLE m (
    ts timestamptz NOT NULL, device text, v float8 DEFAULT 0.5, n numeric(6,2), note varchar(4),
    made timestamptz DEFAULT now(), tags text[]) ENTITY (device) BUCKET '1 hour'`);
});

const all = () => server.rows("SELECT ts, device, v, n, note, tags FROM m ORDER BY ts, device, v");

describe("INSERT into a time-series table", () => {
  test("stores literals, defaults and what it leaves out", async () => {
    const result = await server.client.query(
      `INSERT INTO m (ts, device, v, n) VALUES ('2024-01-01', 'a', 1.25, 3), ('2024-01-02 03:04:05.5+01', 'it''s', DEFAULT, -2.345)`,
    );
    expect(result.command + result.rowCount).toBe("INSERT2");
    expect(await all()).toEqual([
      ["2024-01-01 00:00:00+00", "a", "1.25", "3.00", null, null],
      ["2024-01-02 02:04:05.5+00", "it's", "0.5", "-2.35", null, null],
    ]);
    expect(await server.rows("SELECT count(*) FROM m WHERE made IS NULL")).toEqual([["0"]]);
  });

  test("stores parameters, one row and many, under one name", async () => {
    const one = { name: "one", text: "INSERT INTO m (ts, device, v) VALUES ($1, $2, $3)" };
    for (const hour of [1, 2, 3]) {
      await server.client.query({ ...one, values: [`2024-01-01 0${hour}:00`, "a", hour] });
    }
    const text = "INSERT INTO m (ts, device, n) VALUES ($1, 'b', $2), ($3, 'b', $4)";
    await server.rows(text, ["2024-01-02", "1.5", "2024-01-03", null]);
    expect((await all()).map((row) => row.slice(0, 4))).toEqual([
      ["2024-01-01 01:00:00+00", "a", "1", null],
      ["2024-01-01 02:00:00+00", "a", "2", null],
      ["2024-01-01 03:00:00+00", "a", "3", null],
      ["2024-01-02 00:00:00+00", "b", "0.5", "1.50"],
      ["2024-01-03 00:00:00+00", "b", "0.5", null],
    ]);
  });

  test("takes 65,535 parameters", async () => {
    const rows = 21_845;
    const cells = Array.from(
      { length: rows },
      (_, i) => `($${i * 3 + 1}, $${i * 3 + 2}, $${i * 3 + 3})`,
    );
    const values = Array.from({ length: rows }, (_, i) => ["2024-01-01", `d${i % 7}`, i]).flat();
    const text = `INSERT INTO m (ts, device, v) VALUES ${cells.join(", ")}`;
    expect((await server.client.query({ text, values })).rowCount).toBe(rows);
    expect(await server.rows("SELECT count(*), sum(v) FROM m")).toEqual([
      [String(rows), String((rows * (rows - 1)) / 2)],
    ]);
  });

  test("stores what a query gives, also of itself", async () => {
    await server.rows(
      `INSERT INTO m (ts, device, v)
       SELECT '2024-01-01'::timestamptz + i * interval '1 hour', 'd' || i % 2, i
       FROM generate_series(0, 9) i`,
    );
    const copied = await server.client.query(
      "INSERT INTO m (ts, device, v) SELECT ts + interval '1 year', device, v * 2 FROM m WHERE v >= 5",
    );
    expect(copied.rowCount).toBe(5);
    expect(await server.rows("SELECT count(*), max(v), max(ts) FROM m")).toEqual([
      ["15", "18", "2025-01-01 09:00:00+00"],
    ]);
  });

  test("stores more rows of a query than memory is kept for", async () => {
    const copied = await server.client.query(
      `INSERT INTO m (ts, device, v, made)
       SELECT '2024-01-01'::timestamptz + i * interval '1 second', 'd' || i % 3, i, NULL
       FROM generate_series(1, 700000) i`,
    );
    expect(copied.rowCount).toBe(700_000);
    expect(await server.rows("SELECT count(*), sum(v), count(DISTINCT device) FROM m")).toEqual([
      ["700000", "245000350000", "3"],
    ]);
    await server.refusal("INSERT INTO m (ts, device, n) SELECT ts, device, v FROM m");
    expect(await server.rows("SELECT count(*) FROM m")).toEqual([["700000"]]);
  });

  test("returns the rows as stored, and expressions over them", async () => {
    expect(
      await server.rows(
        "INSERT INTO m (ts, device, n) VALUES ('2024-01-01', '', 1.005) RETURNING *, n * 2",
      ),
    ).toEqual([
      ["2024-01-01 00:00:00+00", "", "0.5", "1.01", null, expect.any(String), null, "2.02"],
    ]);
    expect(
      await server.rows(
        "INSERT INTO m (ts, device, tags) VALUES ($1, 'a', $2) RETURNING tags, ts",
        ["2024-01-01", ["x", null]],
      ),
    ).toEqual([["{x,NULL}", "2024-01-01 00:00:00+00"]]);
    expect(
      await server.rows(
        "INSERT INTO m (ts, device, v) SELECT '2024-01-01', 'a', x FROM generate_series(1, 3) x RETURNING v + 1",
      ),
    ).toEqual([["2"], ["3"], ["4"]]);
  });

  test("shows rows to the own transaction alone until it commits", async () => {
    const other = await server.connect();
    await server.rows("BEGIN");
    await server.rows("INSERT INTO m (ts, device) VALUES ('2024-01-01', 'a')");
    expect(await server.rows("SELECT count(*) FROM m")).toEqual([["1"]]);
    expect((await other.query("SELECT count(*) FROM m")).rows).toEqual([{ count: "0" }]);
    await server.rows("SAVEPOINT s");
    await server.rows("INSERT INTO m (ts, device) SELECT ts, 'b' FROM m");
    await server.rows("ROLLBACK TO s");
    await server.rows("COMMIT");
    expect((await other.query("SELECT device FROM m")).rows).toEqual([{ device: "a" }]);
    await other.end();
  });

  test("keeps rows over a restart", async () => {
    await server.rows("INSERT INTO m (ts, device) VALUES ('2024-01-01', 'a'), ('2024-01-02', 'b')");
    await server.restart();
    expect(await server.rows("SELECT device FROM m ORDER BY 1")).toEqual([["a"], ["b"]]);
  });
});

describe("INSERT refuses in PostgreSQL's words", () => {
  test.each([
    [
      "a missing value",
      "INSERT INTO m (device, v) VALUES ('a', 1)",
      [
        "23502",
        'null value in column "ts" of relation "m" violates not-null constraint',
        undefined,
      ],
    ],
    [
      "NULL in one of many rows",
      "INSERT INTO m (ts, device) VALUES ('2024-01-01', 'a'), (NULL, 'b')",
      [
        "23502",
        'null value in column "ts" of relation "m" violates not-null constraint',
        undefined,
      ],
    ],
    [
      "a literal that is none of the type, where it stands",
      "INSERT INTO m (ts, v) VALUES ('2024-01-01', 1), ('2024-01-02', 'much')",
      ["22P02", 'invalid input syntax for type double precision: "much"', "64"],
    ],
    [
      "a text that is too long",
      "INSERT INTO m (ts, note) VALUES ('2024-01-01', 'abcde')",
      ["22001", "value too long for type character varying(4)", undefined],
    ],
    [
      "a number with too many digits",
      "INSERT INTO m (ts, n) VALUES ('2024-01-01', 12345.6)",
      ["22003", "numeric field overflow", undefined],
    ],
    [
      "more values than columns",
      "INSERT INTO m (ts) VALUES ('2024-01-01', 1)",
      ["42601", "INSERT has more expressions than target columns", "42"],
    ],
    [
      "rows of different lengths",
      "INSERT INTO m (ts, v) VALUES ('2024-01-01', 1), ('2024-01-01')",
      ["42601", "VALUES lists must all be the same length", "50"],
    ],
    [
      "a column that is not there",
      "INSERT INTO m (ts, w) VALUES ('2024-01-01', 1)",
      ["42703", 'column "w" of relation "m" does not exist', "20"],
    ],
    [
      "a value of another type",
      "INSERT INTO m (ts, v) VALUES ('2024-01-01', true)",
      ["42804", 'column "v" is of type double precision but expression is of type boolean', "45"],
    ],
  ])("%s", async (_, sql, [code, message, position]) => {
    const error = await server.refusal(sql);
    expect([error.code, error.message, error.position]).toEqual([code, message, position]);
    expect(await server.rows("SELECT count(*) FROM m")).toEqual([["0"]]);
  });

  test("with the row that fails in the DETAIL", async () => {
    const error = await server.refusal(
      `INSERT INTO m (ts, device, made, tags) VALUES (NULL, '${"ü".repeat(40)}', '2024-01-01', '{a}')`,
    );
    expect(error.detail).toBe(
      `Failing row contains (null, ${"ü".repeat(32)}..., 0.5, null, null, 2024-01-01 00:00:00+00, {a}).`,
    );
    expect([error.schema, error.table, error.column]).toEqual(["public", "m", "ts"]);
  });

  test("in a read-only transaction", async () => {
    await server.rows("BEGIN READ ONLY");
    const error = await server.refusal("INSERT INTO m (ts) VALUES ('2024-01-01')");
    await server.rows("ROLLBACK");
    expect([error.code, error.message]).toEqual([
      "25006",
      "cannot execute INSERT in a read-only transaction",
    ]);
  });

  test("for catalogues and the views of the store", async () => {
    expect((await server.refusal("INSERT INTO pg_class (relname) VALUES ('x')")).code).toBe(
      "42501",
    );
    expect((await server.refusal("DELETE FROM tstable.segments")).code).toBe("42501");
  });
});
