/** COPY of whole Parquet files, in and out, by a real psql and on the server. */

import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
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

const run = promisify(execFile);

async function psql(command: string): Promise<string> {
  const { host, port } = server.client;
  const args = ["-X", "-h", host, "-p", String(port), "-U", "postgres", "-v", "VERBOSITY=verbose"];
  const { stdout, stderr } = await run("psql", [...args, "-c", command], { timeout: 30_000 }).catch(
    (cause: { stdout: string; stderr: string }) => cause,
  );
  return (stdout + stderr).trim();
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
    expect(await psql(`\\copy m FROM '${path}' (FORMAT parquet)`)).toBe("COPY 6");
    expect(await server.rows("SELECT count(*), sum(kwh), min(ts) FROM m")).toEqual([
      ["6", "18", "2026-01-01 00:00:00+00"],
    ]);
    expect(leftBehind()).toEqual([]);
  });

  test("refuses what is covered already, or skips it", async () => {
    const again = await file("again.parquet", 1, 8);
    const refused = await psql(`\\copy m FROM '${again}' (FORMAT parquet)`);
    expect(refused).toContain('ERROR:  23P01: append to "m" overlaps 6 covered buckets');
    expect(refused).toContain("File: STDIN");
    const taken = await psql(`\\copy m FROM '${again}' (FORMAT parquet, OVERLAP 'skip')`);
    expect(taken.split("\n")).toEqual([
      "COPY 2",
      "NOTICE:  00000: 6 rows skipped (already covered)",
    ]);
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
      expect(await psql(`\\copy m FROM '${path}' (FORMAT parquet)`)).toMatch(
        /^ERROR: {2}22P04: .*STDIN/,
      );
    }
    expect([await count(), leftBehind()]).toEqual([before, []]);
  });

  test.each([
    ["COPY m (ts, dev) FROM STDIN (FORMAT parquet)", "0A000"],
    ["COPY m FROM STDIN (FORMAT parquet) WHERE kwh > 1", "0A000"],
    ["COPY plain FROM STDIN (FORMAT parquet)", "0A000"],
    ["COPY m FROM STDIN (FORMAT arrow)", "0A000"],
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
    expect(await psql(`\\copy m TO '${path}' (FORMAT parquet, COMPRESSION 'zstd(9)')`)).toBe(
      `COPY ${before}`,
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
