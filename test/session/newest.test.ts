/** Rows without a time, which other writers keep, come where PostgreSQL sorts NULLs. */

import { cpSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { newestSegments } from "../../src/session/newest.ts";
import type { TstableEntry } from "../../src/session/tables.ts";
import type { Segment } from "../../src/table/segment.ts";
import { type LocalServer, startLocalServer } from "../support/local-server.ts";
import { root } from "../support/root.ts";

let server: LocalServer;

beforeAll(async () => {
  server = await startLocalServer();
});
afterAll(async () => await server.stop());

test("the time column of adopted rows may be NULL where its schema says so", async () => {
  const folder = join(server.folder, "nullable");
  cpSync(join(root, "test", "fixtures", "tstf", "nullable", "table"), folder, { recursive: true });
  await server.client.query(`CREATE TSTABLE n FROM '${folder}'`);
  const attribute = "SELECT attnotnull FROM pg_attribute WHERE attrelid = 'n'::regclass";
  expect(await server.rows(`${attribute} AND attname = 'ts'`)).toEqual([["f"]]);
  expect(await server.rows("SELECT ts FROM n ORDER BY ts DESC LIMIT 1")).toEqual([[null]]);
  const counts = await server.rows("SELECT count(*) - count(ts) FROM n UNION ALL SELECT 0");
  expect(Number(counts[0]?.[0])).toBeGreaterThan(0);
});

test("segments of other writers are neither counted on nor left out", () => {
  const segment = (path: string, hour: bigint, own: Segment["own"]) => {
    const index = { type: "timestamp", raw: hour } as const;
    return { path, min: index, max: index, rows: 5, own } as Segment;
  };
  const [old, foreign, last] = [
    segment("old", 1n, { buckets: 1 }),
    segment("foreign", 2n, {}),
    segment("last", 3n, { buckets: 1 }),
  ];
  const info = { timeColumn: 1, columns: [{ number: 1, isNotNull: true }] };
  const entry = { info } as unknown as TstableEntry;
  const all = [old, foreign, last];
  expect(newestSegments(all, true, 3n, entry)).toEqual([foreign, last]);
  expect(newestSegments(all, false, 3n, entry)).toEqual([old, foreign]);
  expect(newestSegments(all, true, 6n, entry)).toEqual(all);
});
