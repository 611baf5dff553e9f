/** The engine as a whole: its life, its lock, its small calls, its functions. */

import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { Engine, type EngineOptions } from "../../src/engine/remote.ts";
import { Oid } from "../../src/types/oids.ts";
import {
  drain,
  INT4,
  INT8,
  ISO,
  openEngine,
  request,
  shape,
  TEXT,
  type TestEngine,
  textsOf,
} from "./harness.ts";

let running: TestEngine;
const folder = mkdtempSync(join(tmpdir(), "pgtide-life-"));
beforeAll(async () => {
  running = await openEngine();
});
afterAll(async () => {
  await running.close();
  rmSync(folder, { recursive: true, force: true });
});
afterEach(() => {
  vi.restoreAllMocks();
});

function options(more: Partial<EngineOptions> = {}): EngineOptions {
  return {
    memoryLimitBytes: 2 ** 28,
    threads: 1,
    tempDirectory: join(folder, "spill"),
    allowedDirectories: [folder],
    ...more,
  };
}

test("a folder is served by one engine at a time, and free again after it", async () => {
  const lockFile = join(folder, "LOCK");
  const first = await Engine.open(options({ lockFile }));
  expect(existsSync(lockFile)).toBe(true);
  const { spawnSync } = await import("node:child_process");
  const second = spawnSync(process.execPath, ["--input-type=module", "-e", SECOND_SERVER], {
    env: { ...process.env, REMOTE: remoteUrl(), OPTIONS: JSON.stringify(options({ lockFile })) },
  });
  expect(second.stdout.toString()).toBe("folder-locked");
  await first.close();
  const third = await Engine.open(options({ lockFile }));
  await third.close();
});

function remoteUrl(): string {
  return new URL("../../dist/engine/remote.js", import.meta.url).href;
}

const SECOND_SERVER = `
const { Engine } = await import(process.env.REMOTE);
try {
  const engine = await Engine.open(JSON.parse(process.env.OPTIONS));
  await engine.close();
  process.stdout.write("opened");
} catch (error) {
  process.stdout.write(String(error.reason));
}`;

test("closing ends what is under way with a reason, and later calls too", async () => {
  const engine = await Engine.open(options());
  const cursor = await engine.openCursor(request("SELECT i FROM range(1000000000) t(i)", [INT8]));
  await cursor.next();
  const reading = drain(cursor);
  const ended = expect(reading).rejects.toMatchObject({
    reason: expect.stringMatching(/cancelled|engine-stopped/),
  });
  await engine.close();
  await ended;
  await engine.close();
  await expect(engine.evaluate("SELECT 1", [], [INT4])).rejects.toMatchObject({
    reason: "engine-stopped",
  });
  await expect(engine.openCursor(request("SELECT 1", [INT4]))).rejects.toMatchObject({
    reason: "engine-stopped",
  });
});

test("when the thread fails, everybody waiting is told, and the process lives", async () => {
  const engine = await Engine.open(options());
  const cursor = await engine.openCursor(request("SELECT i FROM range(1000000000) t(i)", [INT8]));
  await cursor.next();
  const posted = vi.spyOn(Worker.prototype, "postMessage");
  const slow =
    "SELECT count(*) FROM range(300000) a(i), range(300000) b(i) WHERE hash(a.i + b.i) = 1";
  const call = expect(engine.evaluate(slow, [], [INT8])).rejects.toMatchObject({
    reason: "engine-stopped",
  });
  const told = expect(drain(cursor)).rejects.toMatchObject({ reason: "engine-stopped" });
  (posted.mock.contexts[0] as Worker).postMessage(null); // no message of ours: a fault in the worker
  await told;
  await call;
  await expect(engine.evaluate("SELECT 1", [], [INT4])).rejects.toThrow("thread failed");
  await engine.close();
});

test("small expressions are evaluated with parameters of every kind", async () => {
  const parameters = [
    { typeOid: Oid.int4, value: 2 },
    { typeOid: Oid.timestamptz, value: 1_000_000n },
    {
      typeOid: 1007,
      value: { kind: "array", dimensions: [{ length: 2, lowerBound: 1 }], elements: [1, null] },
    },
    { typeOid: Oid.text, value: null },
  ] as const;
  const values = await running.engine.evaluate(
    "SELECT CAST($1 AS INTEGER) + 1, CAST($2 AS TIMESTAMPTZ) + INTERVAL 1 SECOND, CAST($3 AS INTEGER[]), CAST($4 AS VARCHAR)",
    parameters,
    [
      INT4,
      shape(Oid.timestamptz),
      shape(1007, { kind: "array", dimensions: 1, element: INT4 }),
      TEXT,
    ],
  );
  expect(values).toEqual([
    3,
    2_000_000n,
    { kind: "array", dimensions: [{ length: 2, lowerBound: 1 }], elements: [1, null] },
    null,
  ]);
});

test("a call that is aborted stops", async () => {
  const abort = new AbortController();
  const slow =
    "SELECT count(*) FROM range(300000) a(i), range(300000) b(i) WHERE hash(a.i + b.i) = 1";
  const call = running.engine.evaluate(slow, [], [INT8], { signal: abort.signal });
  setTimeout(() => abort.abort(), 30);
  await expect(call).rejects.toMatchObject({ reason: "cancelled" });
});

test("each cursor computes in its own time zone", async () => {
  const sql = "SELECT CAST(CAST(TIMESTAMPTZ '2024-06-01 12:00:00+00' AS TIMESTAMP) AS VARCHAR)";
  const at = async (timeZone: string | number) =>
    await textsOf(
      running.engine,
      request(sql, [TEXT], { isSmall: true, text: { ...ISO, timeZone } }),
    );
  for (let i = 0; i < 3; i += 1) {
    expect(await at("America/New_York")).toEqual([["2024-06-01 08:00:00"]]);
    expect(await at("UTC")).toEqual([["2024-06-01 12:00:00"]]);
    expect(await at(7 * 3600)).toEqual([["2024-06-01 19:00:00"]]);
  }
  await expect(at(5.5 * 3600)).rejects.toMatchObject({ fields: { sqlState: "0A000" } });
});

test("hundreds of cursors may be open at once, each with its own place", async () => {
  const cursors = await Promise.all(
    Array.from({ length: 200 }, (_, i) =>
      running.engine.openCursor(
        request(`SELECT CAST(i + ${i} AS INTEGER) AS c1 FROM range(30000) t(i)`, [INT4]),
      ),
    ),
  );
  for (const cursor of cursors) expect((await cursor.next())?.rows).toBeGreaterThan(0);
  const rows = await Promise.all(cursors.map((cursor) => drain(cursor)));
  expect(new Set(rows).size).toBe(1);
});

test("explain shows DuckDB's plan, and with times when it is run", async () => {
  const query = request("SELECT sum(i) FROM range(100000) t(i) WHERE i > $1", [INT8], {
    parameters: [{ typeOid: Oid.int8, value: 5n }],
  });
  expect(await running.engine.explain(query, false)).toMatch(/UNGROUPED_AGGREGATE[\s\S]*RANGE/);
  expect(await running.engine.explain(query, true)).toMatch(/Total Time/);
});

test("a JavaScript function that works long does not hold up the main thread or a cancel", async () => {
  const { scalarFunctions } = await import("../../src/engine/functions/registry.ts");
  expect(scalarFunctions.map(({ name }) => name)).toContain("num_div");
  const sql = "SELECT max(num_div(CAST(i AS VARCHAR), '7')) FROM range(100000000) t(i)";
  const cursor = await running.engine.openCursor(
    request(sql, [shape(Oid.numeric, { kind: "numeric-text" })], { isSmall: true }),
  );
  let turns = 0;
  // The main thread has its turns while the function works, and one of them cancels it.
  const timer = setInterval(() => {
    turns += 1;
    if (turns === 10) cursor.cancel();
  }, 5);
  const first = cursor.next();
  await expect(first).rejects.toMatchObject({ reason: "cancelled" });
  clearInterval(timer);
  expect(turns).toBeGreaterThanOrEqual(10);
});
