/** Bounds of the calls that a local store is made of. */

import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { nodeFiles } from "../../src/storage/local-files.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "pgtide-files-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("files written at once are open a few at a time, and all get written", async () => {
  const before = openDescriptors();
  let most = 0;
  const writes = Array.from({ length: 300 }, async (_, index) => {
    await nodeFiles.create(join(folder, `file-${index}`), Buffer.from("x"), true);
    most = Math.max(most, openDescriptors());
  });
  await Promise.all(writes);
  expect(readdirSync(folder)).toHaveLength(300);
  expect(most - before).toBeLessThan(100);
});

test("calls that fail give their place back", async () => {
  const failures = await Promise.allSettled(
    Array.from({ length: 200 }, () => nodeFiles.read(join(folder, "missing"))),
  );
  expect(failures.every((failure) => failure.status === "rejected")).toBe(true);
  await nodeFiles.create(join(folder, "file"), Buffer.from("abc"), false);
  expect(Buffer.from(await nodeFiles.read(join(folder, "file"))).toString()).toBe("abc");
});

function openDescriptors(): number {
  return readdirSync("/proc/self/fd").length;
}
