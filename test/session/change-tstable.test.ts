/** UPDATE and DELETE on time-series tables: exact, all or nothing, coverage as the rows are. */

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type LocalServer, startLocalServer } from "../support/local-server.ts";

let server: LocalServer;
let name = "";
let tables = 0;

beforeAll(async () => {
  server = await startLocalServer();
});
afterAll(async () => await server.stop());

/** Two files: hours 0-9 and 10-19 of devices a and b, one row an hour each. */
beforeEach(async () => {
  tables += 1;
  name = `m${tables}`;
  await server.client.query(
    `CREATE TSTABLE ${name} (ts timestamptz NOT NULL, device text NOT NULL, v float8, n int,
       note text, amount numeric(10,2), tags text[]) ENTITY (device)`,
  );
  for (const from of [0, 10]) {
    const path = await server.parquet(
      `${name}_${from}.parquet`,
      `SELECT TIMESTAMP '2026-01-01' + to_hours(CAST(h AS INTEGER)) AS ts, d AS device,
         CAST(h AS DOUBLE) AS v, CAST(h AS INTEGER) AS n, 'note ' || h AS note,
         CAST(h / 4 AS DECIMAL(10,2)) AS amount, ['t' || h, NULL] AS tags
       FROM range(${from}, ${from + 10}) t(h), (VALUES ('a'), ('b')) d(d) ORDER BY d, h`,
    );
    await server.client.query(`APPEND PARQUET '${path}' INTO ${name}`);
  }
});

async function one(sql: string): Promise<string | null | undefined> {
  return (await server.rows(sql.replaceAll("$T", name)))[0]?.[0];
}

async function count(where = "true"): Promise<number> {
  return Number(await one(`SELECT count(*) FROM $T WHERE ${where}`));
}

async function run(sql: string): Promise<number> {
  return (await server.client.query(sql.replaceAll("$T", name))).rowCount ?? -1;
}

const AT = (hour: number) =>
  `'2026-01-0${1 + Math.floor(hour / 24)} ${String(hour % 24).padStart(2, "0")}:00:00+00'`;

test("DELETE removes the rows named, and coverage what they alone covered", async () => {
  expect(await run(`DELETE FROM $T WHERE device = 'a' AND ts >= ${AT(5)} AND ts < ${AT(12)}`)).toBe(
    7,
  );
  expect(await count()).toBe(33);
  expect(await count(`device = 'a' AND ts >= ${AT(5)} AND ts < ${AT(12)}`)).toBe(0);
  expect(await count(`device = 'b'`)).toBe(20);
  const gaps = `SELECT * FROM coverage_gaps('${name}', ${AT(0)}, ${AT(20)})`;
  const expected = [["a", "2026-01-01 05:00:00+00", "2026-01-01 12:00:00+00", "7", "07:00:00"]];
  expect(await server.rows(gaps)).toEqual(expected);
  await server.restart();
  expect(await count()).toBe(33);
  expect(await server.rows(gaps)).toEqual(expected);
});

test("whole segments go without another file", async () => {
  const folder = join(server.folder, "data", "tables");
  const files = () => {
    const [table] = readdirSync(folder).filter((entry) => entry.endsWith(`-${name}`));
    return readdirSync(join(folder, table as string, "data")).sort();
  };
  const before = files();
  expect(before).toHaveLength(2);
  expect(await run(`DELETE FROM $T WHERE ts < ${AT(10)}`)).toBe(20);
  expect(files()).toEqual(before);
  expect(await count()).toBe(20);
  expect(await run("DELETE FROM $T")).toBe(20);
  expect(await count()).toBe(0);
  expect(await run("DELETE FROM $T")).toBe(0);
  expect(files()).toEqual(before);
});

test("UPDATE changes the values named in the rows named", async () => {
  expect(
    await run(
      "UPDATE $T SET v = v * 10, note = NULL, amount = 1.25, tags = ARRAY['x', n::text] WHERE n % 10 = 3",
    ),
  ).toBe(4);
  const rows = await server.rows(
    `SELECT n, device, v, note, amount, tags FROM ${name} WHERE n IN (3, 4, 13) ORDER BY n, device`,
  );
  expect(rows).toEqual([
    ["3", "a", "30", null, "1.25", "{x,3}"],
    ["3", "b", "30", null, "1.25", "{x,3}"],
    ["4", "a", "4", "note 4", "1.00", "{t4,NULL}"],
    ["4", "b", "4", "note 4", "1.00", "{t4,NULL}"],
    ["13", "a", "130", null, "1.25", "{x,13}"],
    ["13", "b", "130", null, "1.25", "{x,13}"],
  ]);
  expect(await count()).toBe(40);
  await server.restart();
  expect(await count("note IS NULL")).toBe(4);
});

test("UPDATE FROM and DELETE USING join other tables", async () => {
  const factors = "(VALUES ('a', 2::float8), ('c', 5)) AS f(device, factor)";
  const matches = "f.device = $T.device";
  expect(await run(`UPDATE $T SET v = v * f.factor FROM ${factors} WHERE ${matches}`)).toBe(20);
  expect(await one("SELECT sum(v) FROM $T WHERE device = 'a'")).toBe("380");
  expect(await run(`DELETE FROM $T USING ${factors} WHERE ${matches} AND n > 17`)).toBe(2);
  expect(await count()).toBe(38);
});

test("RETURNING gives the rows as they are afterwards, of DELETE as they were", async () => {
  const updated = await server.rows(
    `UPDATE ${name} SET v = -1 WHERE n = 7 RETURNING device, v, ts, amount`,
  );
  expect(updated.sort()).toEqual([
    ["a", "-1", "2026-01-01 07:00:00+00", "1.75"],
    ["b", "-1", "2026-01-01 07:00:00+00", "1.75"],
  ]);
  const deleted = await server.rows(
    `DELETE FROM ${name} WHERE n = 7 AND device = 'a' RETURNING *, v + 1 AS next`,
  );
  expect(deleted).toEqual([
    ["2026-01-01 07:00:00+00", "a", "-1", "7", "note 7", "1.75", "{t7,NULL}", "0"],
  ]);
});

test("time and entity columns cannot be updated, NOT NULL holds", async () => {
  for (const set of ["ts = now()", "device = 'x'"]) {
    const error = await server.refusal(`UPDATE ${name} SET ${set}`);
    expect(error.code).toBe("0A000");
    expect(error.hint).toBe("Delete the rows and insert them anew.");
  }
  expect((await server.refusal(`UPDATE ${name} SET n = 1 / (n - 4)`)).code).toBe("22012");
  expect(await count()).toBe(40);
  expect(await count("n = 1")).toBe(2);
});

test("a block sees its own changes, others do not, and ROLLBACK takes them back", async () => {
  const other = await server.connect();
  const seen = async () => (await other.query(`SELECT count(*) AS c FROM ${name}`)).rows[0]?.c;
  await run("BEGIN");
  await run("DELETE FROM $T WHERE n < 5");
  await run("UPDATE $T SET v = 100 WHERE n = 5");
  await run("SAVEPOINT a");
  await run("DELETE FROM $T WHERE n = 5");
  await run("UPDATE $T SET v = 7 WHERE n = 19");
  expect(await count()).toBe(28);
  await run("ROLLBACK TO a");
  expect(await count()).toBe(30);
  expect(await count("v = 100")).toBe(2);
  expect(await seen()).toBe("40");
  await run("ROLLBACK");
  expect(await count()).toBe(40);
  expect(await count("v = 100")).toBe(0);
  await run("BEGIN");
  await run("DELETE FROM $T WHERE n < 5");
  await run("UPDATE $T SET v = 100 WHERE n = 5");
  await run("COMMIT");
  expect(await seen()).toBe("30");
  await server.restart();
  expect(await count("v = 100")).toBe(2);
  expect(await count()).toBe(30);
});

test("two sessions change one table one after the other", async () => {
  const other = await server.connect();
  await run("BEGIN");
  await run("UPDATE $T SET v = v + 1 WHERE n = 3");
  const waiting = other.query(`UPDATE ${name} SET v = v + 1 WHERE n = 3`);
  await run("SELECT 1");
  await run("COMMIT");
  expect((await waiting).rowCount).toBe(2);
  expect(await one("SELECT v FROM $T WHERE n = 3 AND device = 'a'")).toBe("5");
});

const ROW = "device, v, n) VALUES";

test("rows that no file has yet change as well, once each", async () => {
  await run(`INSERT INTO $T (ts, ${ROW} (${AT(30)}, 'a', 1, 30), (${AT(31)}, 'a', 2, 31)`);
  expect(await run("UPDATE $T SET v = 50 WHERE n >= 30")).toBe(2);
  await run(`INSERT INTO $T (ts, ${ROW} (${AT(32)}, 'a', 3, 32)`);
  expect(await run("DELETE FROM $T WHERE n IN (31, 32)")).toBe(2);
  expect(await server.rows(`SELECT n, v FROM ${name} WHERE n >= 30`)).toEqual([["30", "50"]]);
  await server.restart();
  expect(await server.rows(`SELECT n, v FROM ${name} WHERE n >= 30`)).toEqual([["30", "50"]]);
});

test("rows that the transaction itself inserted change as well, also back to a savepoint", async () => {
  await run("BEGIN");
  await run(`INSERT INTO $T (ts, ${ROW} (${AT(30)}, 'a', 1, 30), (${AT(31)}, 'c', 2, 31)`);
  await run("SAVEPOINT a");
  expect(await run("UPDATE $T SET v = 50 WHERE n IN (3, 30)")).toBe(3);
  await run(`INSERT INTO $T (ts, ${ROW} (${AT(32)}, 'c', 3, 32)`);
  expect(await run("DELETE FROM $T WHERE device = 'c'")).toBe(2);
  expect(await count("device = 'c'")).toBe(0);
  await run("ROLLBACK TO a");
  expect(await count("device = 'c'")).toBe(1);
  expect(await count("v = 50")).toBe(0);
  expect(await run("UPDATE $T SET v = 60 WHERE n IN (3, 30)")).toBe(3);
  await run("COMMIT");
  expect(await count()).toBe(42);
  expect(await count("v = 60")).toBe(3);
  await server.restart();
  expect(await count()).toBe(42);
  expect(await count("v = 60 AND n = 30")).toBe(1);
});

test("rows that a savepoint took back do not come again with later ones", async () => {
  await run("BEGIN");
  await run(`INSERT INTO $T (ts, ${ROW} (${AT(30)}, 'a', 1, 30)`);
  await run("SAVEPOINT a");
  await run(`INSERT INTO $T (ts, ${ROW} (${AT(31)}, 'a', 2, 31)`);
  expect(await count()).toBe(42);
  expect(await run("DELETE FROM $T WHERE n = 30")).toBe(1);
  await run("ROLLBACK TO a");
  await run(`INSERT INTO $T (ts, ${ROW} (${AT(32)}, 'a', 3, 32)`);
  expect(await server.rows(`SELECT n FROM ${name} WHERE n >= 30 ORDER BY 1`)).toEqual([
    ["30"],
    ["32"],
  ]);
  await run("COMMIT");
  expect(await count()).toBe(42);
});

test("an insert of another session during an UPDATE is not lost", async () => {
  const other = await server.connect();
  await run("BEGIN");
  await run("UPDATE $T SET v = -5 WHERE n < 3");
  await other.query(`INSERT INTO ${name} (ts, ${ROW} (${AT(1)}, 'a', 999, 1)`);
  await run("COMMIT");
  expect(await count("v = -5")).toBe(6);
  expect(await count("v = 999")).toBe(1);
  await server.client.query("CHECKPOINT");
  expect(await count()).toBe(41);
});

test("under REPEATABLE READ what another has changed meanwhile is 40001", async () => {
  const other = await server.connect();
  await run("BEGIN ISOLATION LEVEL REPEATABLE READ");
  expect(await count("n = 3")).toBe(2);
  await other.query(`UPDATE ${name} SET v = 99 WHERE n = 3`);
  const error = await server.refusal(`UPDATE ${name} SET v = v + 1 WHERE n = 4`);
  expect(error.code).toBe("40001");
  await run("ROLLBACK");
  expect(await count("v = 99")).toBe(2);
  await run("BEGIN ISOLATION LEVEL REPEATABLE READ");
  expect(await run("UPDATE $T SET v = v + 1 WHERE n = 3")).toBe(2);
  await run("COMMIT");
  expect(await count("v = 100")).toBe(2);
});

test("under REPEATABLE READ rows of segments change, those in memory then do not", async () => {
  const other = await server.connect();
  await other.query(`INSERT INTO ${name} (ts, ${ROW} (${AT(30)}, 'a', 1, 30)`);
  await run("BEGIN ISOLATION LEVEL REPEATABLE READ");
  expect(await count()).toBe(41);
  expect(await run("UPDATE $T SET v = -1 WHERE n = 3")).toBe(2);
  const error = await server.refusal(`DELETE FROM ${name} WHERE n = 30`);
  expect(error.code).toBe("40001");
  await run("ROLLBACK");
  await run("BEGIN ISOLATION LEVEL REPEATABLE READ");
  expect(await run("DELETE FROM $T WHERE n IN (3, 30)")).toBe(3);
  await run("COMMIT");
  expect(await count()).toBe(38);
});

test("an INSERT of a large query becomes segments, all of it or nothing", async () => {
  const select = (rows: number) =>
    `SELECT timestamptz '2027-01-01' + i * interval '1 s', 'd' || i % 10, i, 1000000 / (i - 800000)
     FROM generate_series(1, ${rows}) i`;
  const insert = `INSERT INTO $T (ts, ${ROW.replace(" VALUES", "")}`;
  const error = await server.refusal(`${insert.replace("$T", name)} ${select(900_000)}`);
  expect(error.code).toBe("22012");
  expect(await count()).toBe(40);
  expect(await run(`${insert} ${select(799_999)}`)).toBe(799_999);
  expect(await count()).toBe(800_039);
  expect(await one("SELECT sum(v) FROM $T WHERE ts > '2026-06-01'")).toBe("319999600000");
  await server.client.query("CHECKPOINT");
  const segments = await server.rows(
    `SELECT count(*), sum(rows) FROM tstable.segments WHERE table_name = '${name}'`,
  );
  expect(segments).toEqual([["3", "800039"]]);
});
