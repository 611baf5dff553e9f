/** A server's tables: its own folders, and those it takes over. */

import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { LOCK_KEY } from "../../src/table/format.ts";
import { folderName, Warehouse } from "../../src/table/warehouse.ts";
import { copyOfTable } from "../support/fixtures.ts";
import { type Folder, METERS, temporaryFolder } from "../support/tables.ts";

let folder: Folder;
let warehouse: Warehouse;

beforeEach(() => {
  folder = temporaryFolder();
  mkdirSync(folder.file("tables"));
  warehouse = new Warehouse(folder.file("tables"), { walId: "one" });
});
afterEach(() => folder.remove());

test("a name of any letters makes a folder that every reader can open", async () => {
  const name = 'we/ird "día" %.x';
  expect(folderName(16384, name)).toMatch(/^16384-[A-Za-z0-9_-]+$/);
  const table = await warehouse.create(folderName(16384, name), METERS);
  expect(await warehouse.list()).toEqual([folderName(16384, name)]);
  expect(await warehouse.open(folderName(16384, name))).toBe(table);
});

test("another start of the same server finds its tables; a dropped one leaves nothing", async () => {
  await warehouse.create("1-a", METERS);
  const again = new Warehouse(folder.file("tables"), { walId: "one" });
  expect((await again.open("1-a")).snapshot.version).toBe(1);
  await again.drop("1-a");
  expect(await again.list()).toEqual([]);
  await expect(again.open("1-a")).rejects.toMatchObject({ reason: "no-table" });
  await again.create("1-a", METERS);
});

test("an adopted table is locked for other servers until it is released, and keeps its files", async () => {
  const copy = copyOfTable("one_entity");
  try {
    const table = await warehouse.adopt(copy.root);
    expect(table.snapshot.totals.rows).toBe(98);
    expect(await warehouse.adopt(copy.root)).toBe(table);
    const other = new Warehouse(folder.file("tables"), { walId: "two" });
    await expect(other.adopt(copy.root)).rejects.toMatchObject({ reason: "table-locked" });
    await warehouse.release(copy.root);
    expect(existsSync(join(copy.root, LOCK_KEY))).toBe(false);
    expect((await other.adopt(copy.root)).snapshot.version).toBe(4);
  } finally {
    copy.remove();
  }
});

test("a folder that holds no table is not adopted and gets no lock", async () => {
  await expect(warehouse.adopt(folder.path)).rejects.toMatchObject({ reason: "no-table" });
  expect(readdirSync(folder.path)).toEqual(["tables"]);
});
