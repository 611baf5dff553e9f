/** The catalogue journal on a real folder, and after damage. */

import { mkdtemp, readdir, readFile, rename, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Definitions } from "../../src/catalog/definitions.ts";
import type { NewEntry, OwnChange, TstableDefinition } from "../../src/catalog/entry.ts";
import { CatalogError } from "../../src/catalog/error.ts";
import { CatalogJournal } from "../../src/catalog/journal.ts";
import { openLocalStore } from "../../src/storage/local-store.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "pgtide-journal-"));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

const open = async () => await CatalogJournal.open(openLocalStore(folder));

function entry(sql: string, changes: readonly OwnChange[] = []): NewEntry {
  return {
    statements: [{ sql, isOurs: false }],
    settings: { role: "postgres", searchPath: "public", settings: { TimeZone: "UTC" } },
    oidBefore: 65_536,
    oidAfter: 65_540,
    changes,
  };
}

function tstable(oid: number, more: Partial<TstableDefinition> = {}): TstableDefinition {
  return {
    oid,
    directory: `tables/${oid}-m`,
    isExternal: false,
    timeColumn: 1,
    entityColumns: [2],
    bucket: "1 hour",
    overlap: "reject",
    grain: "auto",
    options: {},
    ...more,
  };
}

async function reasonOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  expect(error).toBeInstanceOf(CatalogError);
  return (error as CatalogError).reason;
}

/** Three entries; returns the path of entry `number`. */
async function filled(number: number): Promise<string> {
  const journal = await open();
  for (const sql of ["CREATE TABLE a ()", 'CREATE TABLE "b\n\'\\ é" ()', "DROP TABLE a"]) {
    await journal.append(entry(sql));
  }
  return join(folder, `000000000${number}.json`);
}

test("an empty or missing folder is an empty journal", async () => {
  expect((await open()).entries()).toEqual([]);
  await rm(folder, { recursive: true });
  expect((await open()).entries()).toEqual([]);
});

test("entries come back as they were appended, numbered from 1", async () => {
  await filled(1);
  const entries = (await open()).entries();
  expect(entries.map(({ number }) => number)).toEqual([1, 2, 3]);
  expect(entries[1]).toMatchObject(entry('CREATE TABLE "b\n\'\\ é" ()'));
});

test("appends that are asked for at once get different numbers", async () => {
  const journal = await open();
  const appended = await Promise.all(["a", "b", "c"].map((sql) => journal.append(entry(sql))));
  expect(appended.map(({ number }) => number)).toEqual([1, 2, 3]);
  expect((await open()).entries()).toEqual(appended);
});

test("a number that somebody else has taken is left alone", async () => {
  const ours = await open();
  await (await open()).append(entry("theirs"));
  expect(await reasonOf(ours.append(entry("ours")))).toBe("journal-taken");
  expect((await open()).entries()[0]?.statements[0]?.sql).toBe("theirs");
});

test("a torn last entry was never decided: it is removed, and its number is used again", async () => {
  const path = await filled(3);
  const whole = await readFile(path);
  for (const length of [0, 1, 100, whole.length - 1]) {
    await writeFile(path, whole);
    await truncate(path, length);
    const journal = await open();
    expect(journal.entries()).toHaveLength(2);
    await journal.append(entry("again"));
    expect((await open()).entries()[2]?.statements[0]?.sql).toBe("again");
  }
});

test.each([
  ["a torn entry with later ones", 2, async (path: string) => await truncate(path, 50)],
  ["a missing entry", 2, async (path: string) => await rm(path)],
  ["a changed byte", 3, changeByte],
  ["garbage", 3, async (path: string) => await writeFile(path, '{"hello": 1}\n')],
  [
    "an entry under another number",
    3,
    async (path: string) =>
      await rename(path.replace("3.json", "2.json"), path).then(() =>
        writeFile(path.replace("3.json", "2.json"), "x"),
      ),
  ],
])("%s stops the start", async (_name, number, damage) => {
  const path = await filled(number);
  await damage(path);
  expect(await reasonOf(open())).toBe("journal-corrupt");
});

test("other files in the folder are no entries", async () => {
  await filled(1);
  await writeFile(join(folder, "notes.txt"), "x");
  await writeFile(join(folder, "12.json"), "x");
  expect((await open()).entries()).toHaveLength(3);
  expect(await readdir(folder)).toHaveLength(5);
});

test("definitions are what the changes add up to", async () => {
  const journal = await open();
  const [one, two] = [tstable(1), tstable(2, { isExternal: true, timeZone: "Europe/Berlin" })];
  await journal.append(entry("", [{ kind: "put-tstable", table: one }]));
  await journal.append(entry("", [{ kind: "put-tstable", table: two }]));
  await journal.append(
    entry("", [
      { kind: "drop-tstable", oid: 1 },
      { kind: "put-tstable", table: { ...two, overlap: "allow" } },
    ]),
  );
  const definitions = new Definitions((await open()).entries());
  expect(definitions.tstable(1)).toBeUndefined();
  expect(definitions.tstables()).toEqual([{ ...two, overlap: "allow" }]);
});

async function changeByte(path: string): Promise<void> {
  const bytes = await readFile(path);
  bytes[bytes.indexOf("DROP")] = "d".charCodeAt(0);
  await writeFile(path, bytes);
}
