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

  test.each([
    ["COPY m (ts, dev) FROM STDIN (FORMAT parquet)", "0A000"],
    ["COPY m FROM STDIN (FORMAT parquet) WHERE kwh > 1", "0A000"],
    ["COPY plain FROM STDIN (FORMAT parquet)", "0A000"],
    ["COPY m FROM STDIN (FORMAT arrow, HEADER)", "42601"],
    ["COPY m FROM STDIN (FORMAT parquet, DELIMITER ',')", "42601"],
    ["COPY m FROM STDIN (FORMAT csv, OVERLAP 'skip')", "0A000"],
  ])("%s is refused", async (sql, code) => {
    expect((await server.refusal(sql)).code).toBe(code);
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
