/** Rewriting Parquet files: the same rows in the table's types, in their order, some left out. */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { LogicalType } from "../../src/table/format.ts";
import type { RewriteRequest } from "../../src/table/segment-files.ts";
import { openEngine, type TestEngine } from "./harness.ts";

let running: TestEngine;
beforeAll(async () => {
  running = await openEngine();
});
afterAll(async () => {
  await running.close();
});

/** Runs one statement in an instance of its own. */
async function duckdb(sql: string): Promise<unknown[][]> {
  const connection = await (await DuckDBInstance.create()).connect();
  const rows = (await connection.runAndReadAll(sql)).getRowsJson();
  connection.closeSync();
  return rows as unknown[][];
}

let files = 0;
async function written(query: string): Promise<string> {
  files += 1;
  const path = join(running.directory, `in-${files}.parquet`);
  await duckdb(`COPY (${query}) TO '${path}' (FORMAT parquet)`);
  return path;
}

const MICROS: LogicalType = { kind: "Timestamp", unit: "Micros", timezone: undefined };
const plain = (kind: "Int32" | "Int64" | "Float64" | "Utf8"): LogicalType => ({ kind });

async function rewritten(
  source: string,
  columns: readonly (readonly [string, LogicalType, boolean?])[],
  without?: RewriteRequest["without"],
): Promise<{ readonly rows: unknown[][]; readonly types: unknown[][]; readonly target: string }> {
  files += 1;
  const target = join(running.directory, `out-${files}.parquet`);
  await running.engine.rewrite({
    source,
    target,
    columns: columns.map(([name, type, isMissing]) => ({
      name,
      type,
      isMissing: isMissing === true,
    })),
    ...(without === undefined ? {} : { without }),
  });
  const read = `read_parquet('${target}')`;
  return {
    rows: await duckdb(`SELECT * FROM ${read}`),
    types: await duckdb(`SELECT column_type FROM (DESCRIBE SELECT * FROM ${read})`),
    target,
  };
}

test("columns come in the table's order and types, a missing one is NULL", async () => {
  const source = await written(
    `SELECT 1.5::FLOAT AS f, TIMESTAMP_NS '1969-12-31 23:59:59.999999999' AS ts, 7::UTINYINT AS small,
       '8f14e45f-ceea-467f-a0e6-1b1f5f3c1a2b'::UUID AS id, TIME '00:00:01' AS clock`,
  );
  const { rows, types } = await rewritten(source, [
    ["ts", MICROS],
    ["small", plain("Int32")],
    ["f", plain("Float64")],
    ["id", plain("Utf8")],
    ["clock", plain("Int64")],
    ["added", { kind: "Decimal", precision: 10, scale: 2 }, true],
  ]);
  expect(rows).toEqual([
    ["1969-12-31 23:59:59.999999", 7, 1.5, "8f14e45f-ceea-467f-a0e6-1b1f5f3c1a2b", "1000000", null],
  ]);
  expect(types.flat()).toEqual([
    "TIMESTAMP",
    "INTEGER",
    "DOUBLE",
    "VARCHAR",
    "BIGINT",
    "DECIMAL(10,2)",
  ]);
});

test("instants keep their unit and their moment, whatever the zone", async () => {
  const source = await written(
    `SELECT timezone('UTC', TIMESTAMP '2024-06-01 12:00:00.123456') AS ts`,
  );
  for (const [unit, type, shown] of [
    ["Millis", "TIMESTAMP", "2024-06-01 12:00:00.123"],
    ["Micros", "TIMESTAMP", "2024-06-01 12:00:00.123456"],
    ["Nanos", "TIMESTAMP_NS", "2024-06-01 12:00:00.123456"],
  ] as const) {
    const result = await rewritten(source, [
      ["ts", { kind: "Timestamp", unit, timezone: undefined }],
    ]);
    expect([unit, ...result.types.flat(), ...result.rows.flat()]).toEqual([unit, type, shown]);
  }
});

test("rows of given identities in given buckets are left out, the others keep their order", async () => {
  const source = await written(
    `SELECT 'e' || (i % 3) AS name, i AS nr, TIMESTAMP '2024-01-01' + to_minutes(CAST(i AS INTEGER)) AS ts
     FROM range(200000) t(i) ORDER BY hash(i)`,
  );
  const first = 28_401_120n; // minutes from 1970 to 2024
  const run = (from: bigint, last: bigint) => BigInt64Array.of(first + from, first + last);
  const { rows } = await rewritten(source, [["nr", plain("Int64")]], {
    path: source,
    timeColumn: "ts",
    timeKind: "timestamp",
    entityColumns: ["name"],
    entityTypes: ["utf8"],
    bucketWidth: 60n,
    identities: [
      { entity: [{ type: "utf8", value: "e0" }], runs: run(0n, 99_999n) },
      {
        entity: [{ type: "utf8", value: "e1" }],
        runs: BigInt64Array.of(first + 1n, first + 1n, first + 4n, first + 4n),
      },
    ],
  });
  const all = (await duckdb(`SELECT nr FROM read_parquet('${source}')`)).flat().map(Number);
  const expected = all.filter((i) => !((i % 3 === 0 && i < 100_000) || i === 1 || i === 4));
  expect(rows.flat().map(Number)).toEqual(expected);
});

test("without entities only buckets count, and rows without a time stay", async () => {
  const source = await written(
    "SELECT unnest([5, NULL, 15, -3, 25])::UBIGINT AS ts WHERE false UNION ALL SELECT unnest([5, NULL, 15, 25])::UBIGINT",
  );
  const { rows } = await rewritten(source, [["ts", { kind: "UInt64" }]], {
    path: source,
    timeColumn: "ts",
    timeKind: "u_int64",
    entityColumns: [],
    entityTypes: [],
    bucketWidth: 10n,
    identities: [{ entity: [], runs: BigUint64Array.of(1n, 1n) }],
  });
  expect(rows.flat()).toEqual(["5", null, "25"]);
});

test("what cannot be rewritten is refused by reason and leaves no file", async () => {
  const source = await written("SELECT 'x' AS v, 3000000000 AS big");
  const target = join(running.directory, "never.parquet");
  const attempt = (name: string, type: LogicalType) =>
    running.engine.rewrite({ source, target, columns: [{ name, type, isMissing: false }] });
  await expect(attempt("v", plain("Int32"))).rejects.toMatchObject({ reason: "bad-file" });
  await expect(attempt("nope", plain("Utf8"))).rejects.toMatchObject({ reason: "bad-file" });
  await expect(attempt("big", plain("Int32"))).rejects.toMatchObject({
    fields: { sqlState: "22003" },
  });
  await expect(attempt("v", { kind: "FixedBinary", byteWidth: 2 })).rejects.toMatchObject({
    reason: "bad-file",
  });
  expect(existsSync(target)).toBe(false);
});
