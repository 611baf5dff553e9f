/** COPY TO into folders of files, whole or what has changed since, and START and FINISH. */

import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { afterAll, beforeAll, expect, test } from "vitest";
import { copyOut } from "../support/copy-client.ts";
import { type LocalServer, startLocalServer } from "../support/local-server.ts";
import { randomFrom, seedOf } from "../support/random.ts";

let server: LocalServer;
beforeAll(async () => {
  server = await startLocalServer();
  await server.rows(`CREATE TSTABLE m (ts timestamptz, dev text, n int, v float8)
    TIME COLUMN ts ENTITY (dev) BUCKET '1 hour'`);
  await server.rows(`INSERT INTO m SELECT timestamptz '2025-12-30' + i * interval '3 hours',
    CASE i % 3 WHEN 0 THEN 'a b' WHEN 1 THEN 'c/ä=' ELSE '' END, i, i / 4.0
    FROM generate_series(1, 40) AS i`);
});
afterAll(async () => {
  await server.stop();
});

function files(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.startsWith("_"))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** All lines of a folder of csv files, each behind its folder. */
function lines(folder: string): string[] {
  return files(folder)
    .flatMap((file) => {
      const path = file.slice(folder.length + 1, file.lastIndexOf("/"));
      return readFileSync(file, "utf8")
        .trimEnd()
        .split("\n")
        .map((line) => `${path} ${line}`);
    })
    .sort();
}

const LOST = "year=2025/month=12/day=31";
const folder = (name: string) => join(server.folder, name);

test("every format holds the rows once, by columns and calendar", async () => {
  const expected = (
    await server.rows(`SELECT 'year=' || extract(year FROM ts)::int || '/month=' ||
      lpad(extract(month FROM ts)::int::text, 2, '0') || ' ' || n FROM m`)
  ).map(([line]) => line);
  for (const format of ["csv", "text"]) {
    const path = folder(`all-${format}`);
    await server.rows(`COPY m (ts, n) TO '${path}' (FORMAT ${format}, TIME_FOLDERS 'year,month')`);
    const found = lines(path).map((line) => line.replace(/ .*[,\t]/, " "));
    expect(found.sort()).toEqual(expected.sort());
  }
  const path = folder("all-json");
  await server.rows(
    `COPY m TO '${path}' (FORMAT json, PARTITION_BY (dev), TIME_FOLDERS 'year', FORCE_ARRAY)`,
  );
  expect(existsSync(join(path, "dev=c%2F%C3%A4%3D/year=2026/data_0.json"))).toBe(true);
  const objects = files(path).flatMap((file) => JSON.parse(readFileSync(file, "utf8")));
  expect(objects.map(({ n }) => n).sort((a, b) => a - b)).toEqual(
    Array.from({ length: 40 }, (_, index) => index + 1),
  );
  expect(Object.keys(objects[0])).toEqual(["ts", "n", "v"]);
});

test("what others read as hive folders comes back", async () => {
  const path = folder("hive");
  const sql = `COPY m TO '${path}' (FORMAT parquet, PARTITION_BY (dev, n), COMPRESSION 'snappy')`;
  expect((await server.client.query(sql)).rowCount).toBe(40);
  const instance = await DuckDBInstance.create();
  const connection = await instance.connect();
  const reader = await connection.runAndReadAll(
    `SELECT dev, n, v FROM read_parquet('${path}/*/*/*.parquet', hive_partitioning = true,
      hive_types = {'dev': VARCHAR, 'n': INT}) ORDER BY n`,
  );
  const ours = await server.rows("SELECT dev, n, v FROM m ORDER BY n");
  expect(reader.getRows().map((row) => row.map(String))).toEqual(ours);
  connection.closeSync();
  instance.closeSync();
});

test("ROW_GROUP_ROWS bounds row groups, to the next 2,048", async () => {
  const path = folder("groups.parquet");
  await server.rows(
    `COPY (SELECT i FROM generate_series(1, 10000) AS i) TO '${path}'
      (FORMAT parquet, ROW_GROUP_ROWS 2000)`,
  );
  const instance = await DuckDBInstance.create();
  const connection = await instance.connect();
  const reader = await connection.runAndReadAll(
    `SELECT max(row_group_num_rows)::INT, count(*)::INT FROM parquet_metadata('${path}')`,
  );
  expect(reader.getRows()).toEqual([[2048, 5]]);
  connection.closeSync();
  instance.closeSync();
});

test("START and FINISH are a half-open range of the time column", async () => {
  const options = "(FORMAT csv, START '2025-12-31 00:00+00', FINISH '2026-01-01 00:00+00')";
  const { messages, tag } = await copyOut(server.client, `COPY m (n) TO STDOUT ${options}`);
  expect(tag).toBe("COPY 8");
  const found = messages.map(String).join("");
  const expected = await server.rows(
    "SELECT n FROM m WHERE ts >= '2025-12-31+00' AND ts < '2026-01-01+00'",
  );
  expect(found.trim().split("\n").sort()).toEqual(expected.map(([n]) => n).sort());
  expect((await server.refusal("COPY m TO STDOUT (START 'soon')")).code).toBe("22007");
});

test.each([
  ["COPY m TO STDOUT (PARTITION_BY (dev))", "42601"],
  ["COPY m TO '@x' (PARTITION_BY (zz))", "42703"],
  ["COPY m TO '@x' (PARTITION_BY (dev, dev))", "42701"],
  ["COPY m TO '@x' (PARTITION_BY (ts, dev, n, v))", "42P16"],
  ["COPY m TO '@x' (FORMAT arrow, PARTITION_BY (dev))", "42601"],
  ["COPY m TO '@x' (TIME_FOLDERS 'month')", "22023"],
  ["COPY m TO '@x' (INCREMENTAL)", "42601"],
  ["COPY (SELECT 1 AS n) TO '@x' (TIME_FOLDERS 'year')", "42P16"],
  ["COPY (SELECT now() AS ts, 1 AS year) TO '@x' (TIME_FOLDERS 'year')", "42701"],
  ["COPY (SELECT 1) TO STDOUT (START '2026-01-01')", "0A000"],
  ["COPY m TO '/etc/x' (PARTITION_BY (dev))", "42501"],
  ["COPY m FROM '@x' (PARTITION_BY (dev))", "42601"],
])("%s is refused and makes nothing", async (sql, code) => {
  expect((await server.refusal(sql.replace("@", `${server.folder}/`))).code).toBe(code);
  expect(existsSync(folder("x"))).toBe(false);
});

test("a folder that fails is not there, and one with files is not touched", async () => {
  const sql = "SELECT i % 3 AS k, 1 / (9000 - i) AS v FROM generate_series(1, 10000) AS i";
  for (const format of ["csv", "parquet"]) {
    const failed = folder("failed");
    await server.refusal(`COPY (${sql}) TO '${failed}' (FORMAT ${format}, PARTITION_BY (k))`);
    expect(readdirSync(server.folder).filter((name) => name.includes("failed"))).toEqual([]);
  }
  const full = folder("full");
  mkdirSync(full);
  writeFileSync(join(full, "mine"), "mine");
  for (const options of ["TIME_FOLDERS 'year'", "TIME_FOLDERS 'year', INCREMENTAL"]) {
    expect((await server.refusal(`COPY m TO '${full}' (${options})`)).code).toBe("58P02");
  }
  expect(readdirSync(full)).toEqual(["mine"]);
});

test("INCREMENTAL writes the days anew that have changed, and those alone", async () => {
  const path = folder("changes");
  const sql = `COPY m TO '${path}' (FORMAT csv, TIME_FOLDERS 'year,month,day', INCREMENTAL)`;
  const rows = async () => (await server.client.query(sql)).rowCount;
  expect(await rows()).toBe(40);
  expect(await rows()).toBe(0);
  await server.rows("INSERT INTO m VALUES ('2026-01-02 23:59:59+00', 'new', 1000, 1)");
  expect(await rows()).toBe(9);
  await server.rows(`DELETE FROM m WHERE ts >= '2025-12-31+00' AND ts < '2026-01-01+00'`);
  await rows();
  expect(existsSync(join(path, LOST, "data_0.csv"))).toBe(false);
  const whole = folder("changes-whole");
  await server.rows(`COPY m TO '${whole}' (FORMAT csv, TIME_FOLDERS 'year,month,day')`);
  expect(lines(path)).toEqual(lines(whole));
  // Other columns: nothing of the earlier export is kept.
  const wider = sql.replace("COPY m", "COPY m (ts, n)");
  expect((await server.client.query(wider)).rowCount).toBe(33);
  expect(lines(path).every((line) => line.split(",").length === 2)).toBe(true);
  expect((await server.client.query(wider)).rowCount).toBe(0);
  expect((await server.refusal("BEGIN").catch(() => undefined)) ?? "begun").toBe("begun");
  expect((await server.refusal(sql)).code).toBe("25001");
  await server.rows("ROLLBACK");
});

test("INCREMENTAL follows no link out of its folder", async () => {
  const path = folder("links");
  const sql = `COPY m TO '${path}' (FORMAT csv, TIME_FOLDERS 'year', INCREMENTAL)`;
  await server.rows(sql);
  mkdirSync(folder("elsewhere"));
  symlinkSync(folder("elsewhere"), join(path, "year=2031"));
  await server.rows("INSERT INTO m VALUES ('2031-01-01', 'new', 1, 1)");
  expect((await server.refusal(sql)).code).toBe("42809");
  expect(readdirSync(folder("elsewhere"))).toEqual([]);
  await server.rows("DELETE FROM m WHERE ts >= '2031-01-01'");
});

test("after any changes an INCREMENTAL export is what a whole one would be", async () => {
  const seed = seedOf("folders");
  const random = randomFrom(seed);
  const pick = (below: number) => Math.floor(random() * below);
  await server.rows(`CREATE TSTABLE r (ts timestamptz, dev text, v int, PRIMARY KEY (dev, ts))
    TIME COLUMN ts ENTITY (dev) BUCKET '1 hour'`);
  const other = await server.connect();
  const path = folder("random");
  const time = () => `timestamptz '2026-01-01+00' + ${pick(24 * 400)} * interval '1 hour'`;
  for (let round = 0; round < 12; round += 1) {
    for (let step = 0; step < 3; step += 1) {
      const action = pick(4);
      const at = time();
      const changes = [
        `INSERT INTO r SELECT ${at} + i * interval '7 hours', 'd' || i % 2, ${round}
          FROM generate_series(1, ${1 + pick(30)}) AS i ON CONFLICT (dev, ts) DO UPDATE SET v = excluded.v`,
        `DELETE FROM r WHERE ts >= ${at} AND ts < ${at} + interval '3 days'`,
        `UPDATE r SET v = v + 1 WHERE ts >= ${at} AND ts < ${at} + interval '2 days'`,
        "FLUSH r",
      ];
      await other.query(changes[action] ?? "");
    }
    const levels = round < 6 ? "year,month,day" : "year,month";
    const options = `FORMAT csv, PARTITION_BY (dev), TIME_FOLDERS '${levels}'`;
    await server.rows(`COPY r TO '${path}' (${options}, INCREMENTAL)`);
    const whole = folder(`random-${round}`);
    await server.rows(`COPY r TO '${whole}' (${options})`);
    expect(lines(path), `seed ${seed}, round ${round}`).toEqual(lines(whole));
  }
});
