/** Statements of ours: all or nothing, and what they keep survives the engine. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Engine } from "../../src/engine/remote.ts";
import { Oid } from "../../src/types/oids.ts";
import type { Shape } from "../../src/types/shape.ts";

const INT8: Shape = { typeOid: Oid.int8, typmod: -1, representation: { kind: "plain" } };
const folder = mkdtempSync(join(tmpdir(), "pgtide-run-"));

async function open(): Promise<Engine> {
  return await Engine.open({
    memoryLimitBytes: 256 * 2 ** 20,
    threads: 2,
    tempDirectory: join(folder, "spill"),
    allowedDirectories: [folder],
    plainFile: join(folder, "plain.duckdb"),
  });
}

let engine: Engine;
beforeAll(async () => {
  engine = await open();
});
afterAll(async () => {
  await engine.close();
  rmSync(folder, { recursive: true, force: true });
});

async function numbers(sql: string): Promise<readonly unknown[]> {
  const [result] = await engine.run({ statements: [{ sql, shapes: [INT8] }] });
  return (result?.rows ?? []).map(([value]) => value);
}

test("a failing statement takes back those before it", async () => {
  await engine.run({ statements: [{ sql: "CREATE TABLE plain.main.a (c1 BIGINT)" }] });
  const statements = [
    { sql: "INSERT INTO plain.main.a VALUES (1)" },
    { sql: "SELECT error('no')" },
  ];
  await expect(engine.run({ statements })).rejects.toThrow("no");
  expect(await numbers("SELECT c1 FROM plain.main.a")).toEqual([]);
});

test("counts what changes, takes parameters, gives rows", async () => {
  const parameters = [{ typeOid: Oid.int8, value: 3n }];
  const [inserted, read] = await engine.run({
    statements: [
      { sql: "INSERT INTO plain.main.a SELECT unnest(range($1))", parameters },
      { sql: "SELECT c1 FROM plain.main.a ORDER BY c1", shapes: [INT8] },
    ],
  });
  expect(inserted?.changed).toBe(3);
  expect(read?.rows).toEqual([[0n], [1n], [2n]]);
});

test("what is kept in plain.duckdb is there again, with and without a checkpoint", async () => {
  await engine.run({ statements: [{ sql: "CHECKPOINT plain" }] });
  await engine.run({ statements: [{ sql: "INSERT INTO plain.main.a VALUES (7)" }] });
  await engine.close();
  engine = await open();
  expect(await numbers("SELECT c1 FROM plain.main.a ORDER BY c1")).toEqual([0n, 1n, 2n, 7n]);
});
