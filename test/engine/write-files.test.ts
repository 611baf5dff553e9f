/** A large result in several files. */

import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { INT8, openEngine, request, type TestEngine, textsOf } from "./harness.ts";

let running: TestEngine;
beforeAll(async () => {
  running = await openEngine();
});
afterAll(async () => {
  await running.close();
});

const CODEC = { compression: "zstd" } as const;

test("a result is split by size, every row once, files in order but for what was left over", async () => {
  const { engine, directory } = running;
  const sql = "SELECT (i * 7919) % 2000000 AS n, hash(i) AS h FROM range(2000000) t(i) ORDER BY n";
  const paths = await engine.writeFiles({
    cursor: request(sql, []),
    directory: join(directory, "many"),
    bytesPerFile: 4_000_000,
    ...CODEC,
  });
  expect(paths.length).toBeGreaterThan(2);
  for (const path of paths) expect(statSync(path).size).toBeLessThan(8_000_000);
  const bounds = paths.map((path) => `SELECT min(n), max(n), count(*) FROM '${path}'`);
  const rows = await textsOf(engine, request(bounds.join(" UNION ALL "), [INT8, INT8, INT8]));
  expect(rows.reduce((sum, [, , count]) => sum + Number(count), 0)).toBe(2_000_000);
  const starts = rows.slice(0, -1).map(([min]) => Number(min));
  expect(starts).toEqual(starts.toSorted((a, b) => a - b));
});

test("a failure in the middle leaves no folder, an empty result no row", async () => {
  const { engine, directory } = running;
  const broken = join(directory, "broken");
  const cursor = request("SELECT CAST('x' || i AS BIGINT) AS n FROM range(10) t(i)", []);
  await expect(
    engine.writeFiles({ cursor, directory: broken, bytesPerFile: 1_000_000, ...CODEC }),
  ).rejects.toMatchObject({ fields: { sqlState: "22P02" } });
  expect(existsSync(broken)).toBe(false);
  const paths = await engine.writeFiles({
    cursor: request("SELECT 1 AS n WHERE false", []),
    directory: join(directory, "none"),
    bytesPerFile: 1_000_000,
    ...CODEC,
  });
  for (const path of paths) {
    expect(await textsOf(engine, request(`SELECT count(*) FROM '${path}'`, [INT8]))).toEqual([
      ["0"],
    ]);
  }
});
