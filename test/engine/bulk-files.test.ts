/** Long streams of rows into files: every row once, sorted within its file, nothing left behind. */

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { BlockBuilder } from "../../src/engine/block-builder.ts";
import { BulkFiles } from "../../src/engine/bulk-files.ts";
import type { RowBlock } from "../../src/table/row-block.ts";
import { Oid } from "../../src/types/oids.ts";
import { INT8, openEngine, request, type TestEngine, textsOf } from "./harness.ts";

let running: TestEngine;
beforeAll(async () => {
  running = await openEngine();
});
afterAll(async () => {
  await running.close();
});

const COLUMNS = [
  { columnNumber: 1, typeOid: Oid.timestamptz, typmod: -1, diskName: "ts" },
  { columnNumber: 2, typeOid: Oid.text, typmod: -1, diskName: "device" },
];
const SHAPE = {
  columns: COLUMNS,
  timeColumn: 1,
  entityColumns: [2],
  codec: { compression: "zstd" },
} as const;

function block(from: number, rows: number): RowBlock {
  const builder = new BlockBuilder(COLUMNS);
  for (let i = from; i < from + rows; i += 1) builder.append([BigInt(i), `device ${i % 7}`]);
  return builder.take();
}

let files = 0;
async function newFile(): Promise<string> {
  files += 1;
  return join(running.directory, `bulk_${files}.parquet`);
}

async function number(sql: string): Promise<number> {
  const [row] = await textsOf(running.engine, request(sql, [INT8], { isSmall: true }));
  return Number(row?.[0]);
}

const TABLES = "SELECT count(*) FROM duckdb_tables() WHERE table_name LIKE 'bulk_%'";

test("a stream becomes files of about the size asked for", async () => {
  const bulk = new BulkFiles(running.engine, { shape: SHAPE, newFile, bytesPerFile: 1_000_000 });
  for (let at = 0; at < 200_000; at += 4_000) await bulk.add(block(at, 4_000));
  const paths = await bulk.finish();
  expect(paths.length).toBeGreaterThan(3);
  const all = `read_parquet([${paths.map((path) => `'${path}'`).join()}])`;
  expect(await number(`SELECT count(DISTINCT ts) FROM ${all}`)).toBe(200_000);
  expect(await number(`SELECT count(*) FROM ${all}`)).toBe(200_000);
  const unsorted =
    "SELECT count(*) FROM (SELECT (device, ts) AS k, lag((device, ts)) OVER (ORDER BY n) AS l" +
    ` FROM (SELECT *, file_row_number AS n FROM read_parquet('${paths[0]}'))) WHERE l > k`;
  expect(await number(unsorted)).toBe(0);
  expect(await number(TABLES)).toBe(0);
});

test("no row gives no file", async () => {
  const bulk = new BulkFiles(running.engine, { shape: SHAPE, newFile, bytesPerFile: 1_000_000 });
  await bulk.add(block(0, 0));
  expect(await bulk.finish()).toEqual([]);
});

test("a file that cannot be written stops the stream, and nothing stays in memory", async () => {
  let asked = 0;
  const bulk = new BulkFiles(running.engine, {
    shape: SHAPE,
    newFile: async () => {
      asked += 1;
      return asked === 2 ? join(running.directory, "missing", "x.parquet") : await newFile();
    },
    bytesPerFile: 100_000,
  });
  const adding = (async () => {
    for (let at = 0; at < 400_000; at += 4_000) await bulk.add(block(at, 4_000));
    await bulk.finish();
  })();
  await expect(adding).rejects.toMatchObject({ name: "EngineError" });
  expect(await bulk.abandon()).toHaveLength(1);
  expect(await number(TABLES)).toBe(0);
  expect(readdirSync(running.directory)).not.toContain("missing");
});

test("what is abandoned in the middle leaves nothing in memory", async () => {
  const bulk = new BulkFiles(running.engine, { shape: SHAPE, newFile, bytesPerFile: 200_000 });
  for (let at = 0; at < 40_000; at += 4_000) await bulk.add(block(at, 4_000));
  await bulk.abandon();
  expect(await number(TABLES)).toBe(0);
});
