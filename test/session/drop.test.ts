/** DROP beside readers, names that come back, and files that stay. */

import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type LocalServer, startLocalServer } from "../support/local-server.ts";

let server: LocalServer;

beforeAll(async () => {
  server = await startLocalServer();
});
afterAll(async () => await server.stop());

async function make(name: string, rows: number): Promise<void> {
  const path = await server.parquet(
    `${name}.parquet`,
    `SELECT TIMESTAMPTZ '2026-01-01 00:00:00+00' + to_seconds(i) AS ts, i::INTEGER AS v
       FROM range(${rows}) t(i)`,
  );
  await server.client.query(`CREATE TSTABLE ${name} (ts timestamptz, v int)`);
  await server.client.query(`APPEND PARQUET '${path}' INTO ${name}`);
}

function folders(): string[] {
  return readdirSync(join(server.folder, "data", "tables")).filter((name) => !name.startsWith("."));
}

test("who reads when the table is dropped reads on, then its files go", async () => {
  await make("busy", 300_000);
  const reader = await server.connect();
  await reader.query("BEGIN ISOLATION LEVEL REPEATABLE READ");
  await reader.query("SELECT count(*) FROM busy");
  await server.client.query("DROP TABLE busy");
  expect((await server.refusal("SELECT * FROM busy")).code).toBe("42P01");
  expect(folders()).toHaveLength(1);
  await reader.query("COMMIT");
  await expect.poll(folders).toEqual([]);
});

test("a name that is made again is another table, also for what was prepared", async () => {
  await make("again", 10);
  const query = { name: "q", text: "SELECT count(*) FROM again" };
  expect((await server.client.query(query)).rows).toEqual([{ count: "10" }]);
  await server.client.query("DROP TABLE again");
  await expect(server.client.query(query)).rejects.toMatchObject({ code: "42P01" });
  await make("again", 20);
  expect((await server.client.query(query)).rows).toEqual([{ count: "20" }]);
  await server.client.query("DROP TSTABLE again");
});

test("KEEP FILES leaves the folder, also through a restart", async () => {
  await make("kept", 10);
  const [folder] = folders();
  await server.client.query("DROP TSTABLE kept KEEP FILES");
  await server.restart();
  expect(folders()).toEqual([folder]);
  expect(existsSync(join(server.folder, "data", "tables", folder ?? "", "data"))).toBe(true);
});

test("of what does not exist it says so, or with IF EXISTS only notes it", async () => {
  expect((await server.refusal("DROP TABLE nope")).code).toBe("42P01");
  expect((await server.client.query("DROP TABLE IF EXISTS nope")).command).toBe("DROP");
  expect((await server.refusal("DROP TABLE tstable.tables")).code).toBe("2BP01");
});

test("a table that the journal does not name keeps its files, an empty one does not", async () => {
  await make("lost", 10);
  await server.client.query("CREATE TSTABLE undecided (ts timestamptz)");
  const before = folders();
  const catalog = join(server.folder, "data", "catalog");
  await server.restart(() => {
    for (const name of readdirSync(catalog)) rmSync(join(catalog, name));
  });
  expect(folders()).toEqual(before.filter((name) => !name.endsWith("-undecided")));
});
