/** A log keeps its name for ever, and a copy of it gets another. */

import fs from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openLogIdentity } from "../../src/table/log-identity.ts";
import { SimulatedFiles } from "../support/sim-store.ts";
import { temporaryFolder } from "../support/tables.ts";

let folder: ReturnType<typeof temporaryFolder>;

beforeEach(() => {
  folder = temporaryFolder();
  fs.mkdirSync(folder.file("wal"));
});
afterEach(() => folder.remove());

test("the name stays, also when the folder is moved or its file touched", async () => {
  const first = await openLogIdentity(folder.file("wal"));
  expect(first).toMatchObject({ earlier: [], isCopy: false });
  expect(await openLogIdentity(folder.file("wal"))).toEqual(first);
  fs.renameSync(folder.file("wal"), folder.file("moved"));
  fs.utimesSync(join(folder.file("moved"), "id"), 1, 1);
  expect(await openLogIdentity(folder.file("moved"))).toEqual(first);
});

test("a copy has a name of its own and knows the ones before, copies of copies too", async () => {
  const first = await openLogIdentity(folder.file("wal"));
  fs.cpSync(folder.file("wal"), folder.file("b"), { recursive: true, preserveTimestamps: true });
  const second = await openLogIdentity(folder.file("b"));
  expect(second).toMatchObject({ earlier: [first.id], isCopy: true });
  expect(second.id).not.toBe(first.id);
  expect(await openLogIdentity(folder.file("b"))).toEqual({ ...second, isCopy: false });
  fs.cpSync(folder.file("b"), folder.file("c"), { recursive: true, preserveTimestamps: true });
  const third = await openLogIdentity(folder.file("c"));
  expect(third).toMatchObject({ earlier: [second.id, first.id], isCopy: true });
  expect(await openLogIdentity(folder.file("wal"))).toEqual(first);
});

test("a name written before names told of their file is kept", async () => {
  const id = "0d4c2f36-6b0e-4c8c-a7b5-6b1d5c0f1a11";
  fs.writeFileSync(join(folder.file("wal"), "id"), `${id}\n`);
  expect(await openLogIdentity(folder.file("wal"))).toEqual({ id, earlier: [], isCopy: false });
  fs.cpSync(folder.file("wal"), folder.file("b"), { recursive: true });
  expect(await openLogIdentity(folder.file("b"))).toMatchObject({ earlier: [id], isCopy: true });
});

test("a file that names nothing is damage", async () => {
  fs.writeFileSync(join(folder.file("wal"), "id"), "id what\n");
  await expect(openLogIdentity(folder.file("wal"))).rejects.toMatchObject({
    reason: "log-corrupt",
  });
});

test.each([1, 2, 3, 4])(
  "after a crash it has the name it told, or a first one, seed %i",
  async (seed) => {
    for (let crashAfter = 1, isDone = false; !isDone; crashAfter += 1) {
      const files = new SimulatedFiles();
      files.place("/data/wal/.keep", new Uint8Array(0));
      files.arm({ crashAfter });
      const told = await openLogIdentity("/data/wal", files).catch(() => undefined);
      isDone = files.calls < crashAfter;
      files.restart(seed * 100 + crashAfter);
      const found = await openLogIdentity("/data/wal", files);
      if (told !== undefined) expect(found).toEqual(told);
      expect(await openLogIdentity("/data/wal", files)).toEqual(found);
    }
  },
);
