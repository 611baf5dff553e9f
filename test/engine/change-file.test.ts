/** Segments written again with some rows changed or gone: the others exactly as they were. */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { afterAll, beforeAll, expect, test } from "vitest";
import { BlockBuilder } from "../../src/engine/block-builder.ts";
import type { LogicalType } from "../../src/table/format.ts";
import { Oid } from "../../src/types/oids.ts";
import type { SqlValue } from "../../src/types/value.ts";
import { openEngine, type TestEngine } from "./harness.ts";

let running: TestEngine;
let query: (sql: string) => Promise<readonly (readonly unknown[])[]>;
beforeAll(async () => {
  running = await openEngine();
  const connection = await (await DuckDBInstance.create()).connect();
  query = async (sql) => (await connection.runAndReadAll(sql)).getRows();
});
afterAll(async () => {
  await running.close();
});

const NANOS: LogicalType = { kind: "Timestamp", unit: "Nanos", timezone: undefined };
const COLUMNS: readonly { readonly name: string; readonly type: LogicalType }[] = [
  { name: "ts", type: NANOS },
  { name: "v", type: { kind: "Float64" } },
  { name: "added", type: { kind: "Utf8" } },
];
const CHANGE = [Oid.int4, Oid.int8, Oid.float8, Oid.text].map((typeOid, i) => ({
  columnNumber: i + 1,
  typeOid,
  typmod: -1,
}));
const ROWS = 300_000;
let relations = 0;

async function segment(): Promise<string> {
  const path = join(running.directory, `segment_${relations}.parquet`);
  const sql = `SELECT make_timestamp_ns(i * 1001) AS ts, CAST(i AS DOUBLE) AS v FROM range(${ROWS}) t(i)`;
  await query(`COPY (${sql}) TO '${path}' (FORMAT parquet)`);
  return path;
}

async function change(rows: readonly (readonly SqlValue[])[]): Promise<string> {
  relations += 1;
  const relation = `change_${relations}`;
  await running.engine.createRowTable(relation, CHANGE);
  const builder = new BlockBuilder(CHANGE);
  for (const row of rows) builder.append(row);
  await running.engine.appendRows(relation, [{ block: builder.take(), sequence: 1 }]);
  return relation;
}

test("rows go, those of other files do not count, the rest keeps order and nanoseconds", async () => {
  const source = await segment();
  const relation = await change([
    [3, 0n, null, null],
    [3, 7n, null, null],
    [3, BigInt(ROWS - 1), null, null],
    [4, 1n, null, null],
  ]);
  const target = `${source}.new.parquet`;
  await running.engine.changeFile({
    source,
    target,
    columns: COLUMNS,
    relation,
    file: 3,
    values: undefined,
    compression: "zstd",
  });
  const left = await query(
    `SELECT v, epoch_ns(ts), added FROM read_parquet('${target}', file_row_number = true)` +
      " ORDER BY file_row_number",
  );
  const expected = Array.from({ length: ROWS }, (_, i) => [i, BigInt(i * 1001), null]);
  expect(left).toEqual(expected.filter(([i]) => ![0, 7, ROWS - 1].includes(i as number)));
});

test("values change, NULL included, in the rows named alone", async () => {
  const source = await segment();
  const relation = await change([
    [0, 2n, 0.5, "new"],
    [0, 4n, null, null],
  ]);
  const target = `${source}.new.parquet`;
  await running.engine.changeFile({
    source,
    target,
    columns: COLUMNS,
    relation,
    file: 0,
    values: { v: "change.c3", added: "change.c4" },
    compression: "uncompressed",
  });
  const rows = await query(`SELECT v, epoch_ns(ts), added FROM '${target}' LIMIT 6`);
  expect(rows).toEqual([
    [0, 0n, null],
    [1, 1001n, null],
    [0.5, 2002n, "new"],
    [3, 3003n, null],
    [null, 4004n, null],
    [5, 5005n, null],
  ]);
  expect(await query(`SELECT count(*), count(v) FROM '${target}'`)).toEqual([
    [BigInt(ROWS), BigInt(ROWS - 1)],
  ]);
});

test("a failure leaves no file", async () => {
  const source = await segment();
  const target = `${source}.new.parquet`;
  const bad = { source, target, columns: COLUMNS, file: 0, compression: "zstd" } as const;
  await expect(
    running.engine.changeFile({ ...bad, relation: "missing", values: undefined }),
  ).rejects.toThrow();
  expect(existsSync(target)).toBe(false);
});
