/** A folder as an object store: what it promises, and what it says when the system does not let it. */

import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { StorageError } from "../../src/storage/error.ts";
import { openLocalStore } from "../../src/storage/local-store.ts";
import type { ObjectStore } from "../../src/storage/object-store.ts";

let folder: string;
let store: ObjectStore;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "pgtide-store-"));
  store = openLocalStore(join(folder, "root"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const text = (bytes: Uint8Array | undefined) => bytes && Buffer.from(bytes).toString();
const reasonOf = async (act: Promise<unknown>) =>
  await act.then(
    () => undefined,
    (cause: StorageError) => cause.reason,
  );

test("an object is created once, whoever tries", async () => {
  const tries = await Promise.all(
    ["a", "b", "c", "d"].map((bytes) => store.putIfAbsent("x/y/key", Buffer.from(bytes))),
  );
  expect(tries.filter(Boolean)).toHaveLength(1);
  expect(text(await store.get("x/y/key"))).toBe("abcd"[tries.indexOf(true)]);
  expect(await store.list("x/y")).toEqual(["key"]);
});

test("what is not there is absent, not an error", async () => {
  expect(await store.get("none")).toBeUndefined();
  expect(await store.stat("none/deeper")).toBeUndefined();
  expect(await store.list("none")).toEqual([]);
  await store.delete("none");
  expect(await reasonOf(store.getRange("none", 0, 1))).toBe("not-found");
});

test("ranges are cut at the end, replaced objects have another identity", async () => {
  await store.putFresh("key", Buffer.from("0123456789"));
  expect(text(await store.getRange("key", 7, 99))).toBe("789");
  const before = await store.stat("key");
  await store.replace("key", Buffer.from("0123456789"));
  expect((await store.stat("key"))?.identity).not.toBe(before?.identity);
  await store.replaceTail("key", 4, Buffer.from("x"));
  expect(text(await store.get("key"))).toBe("0123x");
});

test("a file is brought in under a free name only, and can be changed though its source is read-only", async () => {
  const source = join(folder, "source");
  writeFileSync(source, "bytes");
  chmodSync(source, 0o444);
  expect(await store.bringIn(source, "data/copy")).toBe(5);
  await store.replaceTail("data/copy", 0, Buffer.from("other"));
  expect(text(await store.get("data/copy"))).toBe("other");
  await expect(store.bringIn(source, "data/copy")).rejects.toThrow();
  expect(text(await store.get("data/copy"))).toBe("other");
  expect(await reasonOf(store.bringIn(join(folder, "none"), "data/none"))).toBe("not-found");
});

test("publishing happens whole or not at all, and only when everything is ready", async () => {
  const request = (commit: string, ready: Promise<unknown>) => ({
    commitKey: "log/1",
    commit: Buffer.from(commit),
    currentKey: "log/CURRENT",
    current: Buffer.from("1"),
    ready,
  });
  const failed = Promise.reject(new Error("not durable"));
  await expect(store.publish(request("a", failed))).rejects.toThrow("not durable");
  expect(await store.list("log")).toEqual([]);
  expect(await store.publish(request("b", Promise.resolve()))).toBe("published");
  expect(await store.publish(request("c", Promise.resolve()))).toBe("taken");
  expect(text(await store.get("log/1"))).toBe("b");
  expect([...(await store.list("log"))].sort()).toEqual(["1", "CURRENT"]);
});

test("a failed move of CURRENT takes the commit back", async () => {
  mkdirSync(join(folder, "root/log/CURRENT"), { recursive: true });
  const request = {
    commitKey: "log/1",
    commit: Buffer.from("a"),
    currentKey: "log/CURRENT",
    current: Buffer.from("1"),
    ready: Promise.resolve(),
  };
  expect(await reasonOf(store.publish(request))).toBe("io-error");
  expect(readdirSync(join(folder, "root/log"))).toEqual(["CURRENT"]);
});

test("a folder without write permission is said to be one", async (context) => {
  context.skip(process.getuid?.() === 0, "the superuser may write anywhere");
  await store.putFresh("data/x", Buffer.from("x"));
  chmodSync(join(folder, "root/data"), 0o555);
  expect(await reasonOf(store.putFresh("data/y", Buffer.from("y")))).toBe("not-permitted");
  chmodSync(join(folder, "root/data"), 0o755);
});

test("a full disk is said to be one, and leaves no half object", async (context) => {
  const mount = join(folder, "small");
  mkdirSync(mount);
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", mount], { stdio: "ignore" });
  } catch {
    context.skip("mounting a small file system is not permitted here");
  }
  try {
    const small = openLocalStore(join(mount, "root"));
    await small.putFresh("first", Buffer.alloc(1000, 1));
    const large = Buffer.alloc(200_000);
    expect(await reasonOf(small.putFresh("large", large))).toBe("disk-full");
    expect(await reasonOf(small.putIfAbsent("large", large))).toBe("disk-full");
    expect(await reasonOf(small.replace("first", large))).toBe("disk-full");
    const source = join(folder, "source");
    writeFileSync(source, large);
    expect(await reasonOf(small.bringIn(source, "large"))).toBe("disk-full");
    expect(await small.list("")).toEqual(["first"]);
    expect((await small.get("first"))?.length).toBe(1000);
  } finally {
    execFileSync("umount", [mount]);
  }
});

test("deleteAll leaves nothing", async () => {
  await store.putFresh("a/b/c", Buffer.from("x"));
  await store.putFresh("d", Buffer.from("x"));
  await store.deleteAll();
  expect(readdirSync(folder)).toEqual([]);
  await store.putFresh("a/b/c", Buffer.from("again"));
  expect(text(await store.get("a/b/c"))).toBe("again");
});
