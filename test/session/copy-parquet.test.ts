/** COPY of whole Parquet files, in and out, of clients and on the server. */

import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { copyIn, copyOut } from "../support/copy-client.ts";
import { type LocalServer, startLocalServer } from "../support/local-server.ts";

let server: LocalServer;

beforeAll(async () => {
  server = await startLocalServer();
  await server.rows(
    "CREATE TSTABLE m (ts timestamptz NOT NULL, dev text, kwh float8) TIME COLUMN ts ENTITY (dev) BUCKET '1 hour'",
  );
  await server.rows("CREATE TABLE plain (a int)");
});
afterAll(async () => await server.stop());

/** The file as a client's data; `COPY 3` and the notices, or the error. */
async function send(sql: string, path: string): Promise<string> {
  try {
    const { tag, notices } = await copyIn(server.client, sql, [readFileSync(path)]);
    return [tag, ...notices].join("\n");
  } catch (cause) {
    const { code, message, detail } = cause as pg.DatabaseError;
    return `ERROR:  ${code}: ${message} ${detail ?? ""}`;
  }
}

const file = (name: string, day: number, rows = 6) =>
  server.parquet(
    name,
    `SELECT TIMESTAMP '2026-01-0${day}' + INTERVAL (i) HOUR AS ts, 'a' AS dev, i + 0.5::DOUBLE AS kwh
     FROM range(${rows}) AS r(i)`,
  );

const count = async () => Number((await server.rows("SELECT count(*) FROM m"))[0]?.[0]);
const leftBehind = () => readdirSync(join(server.folder, "data", "cache", "files"));

describe("COPY FROM with FORMAT parquet", () => {
  test("makes a client's file a segment", async () => {
    const path = await file("one.parquet", 1);
    expect(await send("COPY m FROM STDIN (FORMAT parquet)", path)).toBe("COPY 6");
    expect(await server.rows("SELECT count(*), sum(kwh), min(ts) FROM m")).toEqual([
      ["6", "18", "2026-01-01 00:00:00+00"],
    ]);
    expect(leftBehind()).toEqual([]);
  });

  test("refuses what is covered already, or skips it", async () => {
    const again = await file("again.parquet", 1, 8);
    const refused = await send("COPY m FROM STDIN (FORMAT parquet)", again);
    expect(refused).toContain('ERROR:  23P01: append to "m" overlaps 6 covered buckets');
    expect(refused).toContain("File: STDIN");
    const taken = await send("COPY m FROM STDIN (FORMAT parquet, OVERLAP 'skip')", again);
    expect(taken).toBe("COPY 2\n6 rows skipped (already covered)");
    expect(leftBehind()).toEqual([]);
  });

  test("takes a file on the server", async () => {
    const before = await count();
    const path = await file("two.parquet", 2);
    const { rowCount } = await server.client.query(`COPY m FROM '${path}' (FORMAT parquet)`);
    expect([rowCount, await count()]).toEqual([6, before + 6]);
    expect(existsSync(path)).toBe(true);
  });

  test("leaves nothing of what is no Parquet file", async () => {
    const before = await count();
    const whole = readFileSync(await file("whole.parquet", 3));
    const path = join(server.folder, "broken.parquet");
    for (const bytes of [
      Buffer.from("no file"),
      whole.subarray(0, whole.length / 2),
      Buffer.alloc(0),
    ]) {
      writeFileSync(path, bytes);
      expect(await send("COPY m FROM STDIN (FORMAT parquet)", path)).toMatch(
        /^ERROR: {2}22P04: .*STDIN/,
      );
    }
    expect([await count(), leftBehind()]).toEqual([before, []]);
  });

  test("leaves nothing of a file that was cut off anywhere, by any way in", async () => {
    const before = await count();
    await server.rows("CREATE TABLE cut (ts timestamp, dev text, kwh float8)");
    const whole = readFileSync(await file("long.parquet", 4));
    const path = join(server.folder, "cut.parquet");
    const ways = ["COPY m FROM $f (FORMAT parquet)", "COPY cut FROM $f (FORMAT parquet)"];
    for (let length = 0; length < whole.length; length += 1) {
      writeFileSync(path, whole.subarray(0, length));
      // The footer is at the end: every byte of it, and some before.
      if (length % 23 !== 0 && length < whole.length - 40) continue;
      for (const way of [...ways, "APPEND PARQUET $f INTO m"]) {
        const { code } = await server.refusal(way.replace("$f", `'${path}'`));
        expect(code, `${way}, ${length} of ${whole.length} bytes`).toBe("22P04");
      }
    }
    expect([await count(), leftBehind()]).toEqual([before, []]);
    expect(await server.rows("SELECT count(*) FROM cut")).toEqual([["0"]]);
    await server.rows("DROP TABLE cut");
  });

  test.each([
    ["COPY m FROM STDIN (FORMAT arrow, HEADER)", "42601"],
    ["COPY m FROM STDIN (FORMAT parquet, DELIMITER ',')", "42601"],
  ])("%s is refused", async (sql, code) => {
    expect((await server.refusal(sql)).code).toBe(code);
  });
});

describe("COPY FROM with FORMAT parquet, row by row", () => {
  const TYPES = `t bool, i2 int2, i8 int8, f8 float8, d9 numeric(9,3), n numeric, s varchar(5), u uuid,
    by bytea, d date, tm time, ts timestamp, tz timestamptz, ia bigint[], j jsonb`;

  test("into an ordinary table: by name, widened, with defaults", async () => {
    await server.rows(`CREATE TABLE every (id serial, x int DEFAULT 7, ${TYPES})`);
    const path = await server.parquet(
      "every.parquet",
      `SELECT true AS t, -3::TINYINT AS i2, 70000::UINTEGER AS i8, 1.5::FLOAT AS f8,
         -12.25::DECIMAL(6,2) AS d9, 5::UBIGINT AS n, 'abc' AS s,
         '0F8FAD5B-D9CB-469F-A165-70867728950E' AS u, '\\x00\\xFF'::BLOB AS by,
         DATE '2024-02-29' AS d, TIME '23:59:59.5' AS tm, TIMESTAMP '2024-02-29 12:00:00.25' AS ts,
         TIMESTAMPTZ '2024-02-29 12:00:00+00' AS tz, [1, NULL, 0]::INTEGER[] AS ia,
         '{"b":1,"a":[2]}' AS j
       UNION ALL SELECT ${"NULL, ".repeat(14)} NULL`,
    );
    expect(await send("COPY every FROM STDIN (FORMAT parquet)", path)).toBe("COPY 2");
    expect(await server.rows("SELECT * FROM every ORDER BY id")).toEqual([
      ["1", "7", "t", "-3", "70000", "1.5", "-12.250", "5", "abc"].concat(
        "0f8fad5b-d9cb-469f-a165-70867728950e",
        ["\\x00ff", "2024-02-29", "23:59:59.5", "2024-02-29 12:00:00.25"],
        ["2024-02-29 12:00:00+00", "{1,NULL,0}", '{"a": [2], "b": 1}'],
      ),
      ["2", "7", ...Array.from({ length: 15 }, () => null)],
    ]);
    const out = join(server.folder, "every-out.parquet");
    await server.rows(`CREATE TABLE again (LIKE every)`);
    await server.rows(`COPY every TO '${out}' (FORMAT parquet)`);
    await server.rows(`COPY again FROM '${out}' (FORMAT parquet)`);
    expect(await server.rows("SELECT * FROM again ORDER BY id")).toEqual(
      await server.rows("SELECT * FROM every ORDER BY id"),
    );
    expect(leftBehind()).toEqual([]);
  });

  test("into a time-series table by a list of columns and a condition", async () => {
    await server.rows(
      "CREATE TSTABLE r (ts timestamptz NOT NULL, dev text, kwh float8) TIME COLUMN ts",
    );
    const path = await file("listed.parquet", 1);
    expect(
      await send("COPY r (ts, dev, kwh) FROM STDIN (FORMAT parquet) WHERE kwh > 3", path),
    ).toBe("COPY 3");
    const { rowCount } = await server.client.query(
      `COPY r FROM '${path}' (FORMAT parquet) WHERE kwh < 1`,
    );
    expect([rowCount, await server.rows("SELECT count(*), sum(kwh) FROM r")]).toEqual([
      1,
      [["4", "14"]],
    ]);
    expect(await send("COPY r (ts, dev) FROM STDIN (FORMAT parquet)", path)).toContain("42P10");
  });

  test("refuses what may lose something, and rows that break a rule", async () => {
    await server.rows("CREATE TABLE tight (a int NOT NULL, s varchar(2))");
    const outcome = async (select: string) =>
      await send(
        "COPY tight FROM STDIN (FORMAT parquet)",
        await server.parquet("t.parquet", select),
      );
    expect(await outcome("SELECT 1::BIGINT AS a")).toContain(
      '42804: column "a" is of type integer but the file has bigint',
    );
    expect(await outcome("SELECT 1 AS a, 2 AS b")).toContain('42703: column "b" of relation');
    expect(await outcome("SELECT 1 AS a, 'abc' AS s")).toContain("22001: value too long");
    expect(await outcome("SELECT 's' AS s")).toContain("23502");
    expect(
      await outcome("SELECT CASE i WHEN 3 THEN NULL ELSE i END AS a FROM range(4) r(i)"),
    ).toContain("42804");
    expect(
      await outcome(
        "SELECT CAST(CASE i WHEN 3 THEN NULL ELSE i END AS INTEGER) AS a FROM range(4) r(i)",
      ),
    ).toContain("23502");
    expect(await server.rows("SELECT count(*) FROM tight")).toEqual([["0"]]);
    expect(leftBehind()).toEqual([]);
  });

  test("in a transaction block of a time-series table comes and goes with it", async () => {
    const path = await file("block.parquet", 9);
    const before = await count();
    for (const [end, added] of [
      ["ROLLBACK", 0],
      ["COMMIT", 6],
    ] as const) {
      await server.rows("BEGIN");
      expect(await send("COPY m FROM STDIN (FORMAT parquet)", path)).toBe("COPY 6");
      expect(await count()).toBe(before + 6);
      await server.rows(end);
      expect(await count()).toBe(before + added);
    }
  });
});

describe("COPY TO with FORMAT parquet", () => {
  test("comes back as the same rows", async () => {
    const path = join(server.folder, "out.parquet");
    const before = await count();
    const sql = "COPY m TO STDOUT (FORMAT parquet, COMPRESSION 'zstd(9)')";
    const { tag, messages } = await copyOut(server.client, sql);
    expect(tag).toBe(`COPY ${before}`);
    writeFileSync(path, Buffer.concat(messages));
    expect(await send("COPY m FROM STDIN (FORMAT parquet, OVERLAP 'skip')", path)).toBe(
      `COPY 0\n${before} rows skipped (already covered)`,
    );
    const { rowCount } = await server.client.query(
      `COPY (SELECT ts + interval '1 year' AS ts, dev, kwh FROM m) TO '${path}2' (FORMAT parquet)`,
    );
    expect(rowCount).toBe(before);
    await server.rows(`COPY m FROM '${path}2' (FORMAT parquet)`);
    expect(await count()).toBe(before * 2);
    expect(leftBehind()).toEqual([]);
  });
});
