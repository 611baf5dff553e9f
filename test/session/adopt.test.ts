/** CREATE TSTABLE ... FROM: one table at a time over a folder, and folders that go away. */

import { cpSync, existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type LocalServer, startLocalServer } from "../support/local-server.ts";

let server: LocalServer;
let folder: string;
const lock = () => existsSync(join(folder, "_timeseries_log", "x_pgtide.lock"));

beforeAll(async () => {
  server = await startLocalServer();
  folder = join(server.folder, "foreign");
  const path = await server.parquet(
    "f.parquet",
    "SELECT TIMESTAMPTZ '2026-01-01 00:00:00+00' AS ts",
  );
  await server.client.query("CREATE TSTABLE own (ts timestamptz)");
  await server.client.query(`APPEND PARQUET '${path}' INTO own`);
  const tables = join(server.folder, "data", "tables");
  const name = readdirSync(tables).find((each) => each.endsWith("-own")) ?? "";
  cpSync(join(tables, name), folder, { recursive: true });
});
afterAll(async () => await server.stop());

test("a folder that a table has is refused, and stays that table's", async () => {
  await server.client.query(`CREATE TSTABLE one FROM '${folder}'`);
  for (const name of ["one", "two"]) {
    expect((await server.refusal(`CREATE TSTABLE ${name} FROM '${folder}'`)).code).toBe("55006");
    expect(lock()).toBe(true);
  }
  await server.client.query("DROP TABLE one");
  expect(lock()).toBe(false);
});

test("of two at once only one gets it, and a failed one gives it back", async () => {
  const other = await server.connect();
  const create = (name: string) => `CREATE TSTABLE ${name} FROM '${folder}'`;
  const both = await Promise.allSettled([
    server.client.query(create("a")),
    other.query(create("b")),
  ]);
  expect(both.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  await server.client.query("DROP TABLE IF EXISTS a, b");
  expect((await server.refusal(create("own"))).code).toBe("42P07");
  expect(lock()).toBe(false);
  await server.client.query(create("again"));
  expect(await server.rows("SELECT count(*) FROM again")).toEqual([["1"]]);
});

test("a table whose folder is gone does not keep REPEATABLE READ from the others", async () => {
  rmSync(folder, { recursive: true });
  await server.client.query("BEGIN ISOLATION LEVEL REPEATABLE READ");
  expect(await server.rows("SELECT count(*) FROM own")).toEqual([["1"]]);
  expect((await server.refusal("SELECT * FROM again")).code).toBe("XX001");
  await server.client.query("ROLLBACK");
});
