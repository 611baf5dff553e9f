/** DuckDB's errors as the client sees them: its own messages are made here, not written down. */

import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { SqlError } from "../../src/base/errors.ts";
import { EngineError } from "../../src/engine/error.ts";
import { translateFailure } from "../../src/engine/failures.ts";
import { Engine } from "../../src/engine/remote.ts";
import { Oid } from "../../src/types/oids.ts";
import type { Shape } from "../../src/types/shape.ts";
import { drain, INT4, INT8, openEngine, request, shape, TEXT, type TestEngine } from "./harness.ts";

let running: TestEngine;
beforeAll(async () => {
  running = await openEngine();
});
afterAll(async () => {
  await running.close();
});

async function failureOf(sql: string, own: Shape, isSmall: boolean): Promise<unknown> {
  try {
    const cursor = await running.engine.openCursor(request(sql, [own], { isSmall }));
    return `${await drain(cursor)} rows`;
  } catch (error) {
    if (error instanceof SqlError) return [error.fields.sqlState, error.message];
    return error instanceof EngineError ? error.reason : String(error);
  }
}

const INT2 = shape(Oid.int2);
const DATE = shape(Oid.date);
const STAMP = shape(Oid.timestamp);
const PRICE = shape(Oid.numeric, { kind: "decimal", precision: 4, scale: 2 });
const WIDE = shape(Oid.numeric, { kind: "decimal", precision: 38, scale: 0 });

const CASES: readonly (readonly [string, Shape, string, string])[] = [
  ["32767::SMALLINT + x::SMALLINT", INT2, "22003", "smallint out of range"],
  ["2147483647::INTEGER * (x + 1)::INTEGER", INT4, "22003", "integer out of range"],
  ["9223372036854775807 + x", INT8, "22003", "bigint out of range"],
  ["abs((-2147483648)::INTEGER * x::INTEGER)", INT4, "22003", "integer out of range"],
  ["abs((-32768)::SMALLINT * x::SMALLINT)", INT2, "22003", "smallint out of range"],
  ["CAST(3000000000 * x AS INTEGER)", INT4, "22003", "integer out of range"],
  ["CAST(1e30 * x AS BIGINT)", INT8, "22003", "bigint out of range"],
  ["CAST(1000 * x AS DECIMAL(4,2))", PRICE, "22003", "numeric field overflow"],
  ["CAST('9' || (100 * x) AS DECIMAL(4,2))", PRICE, "22003", "numeric field overflow"],
  ["CAST('a' || x AS DECIMAL(4,2))", PRICE, "22P02", 'invalid input syntax for type numeric: "a1"'],
  [
    "99999999999999999999999999999999999999::DECIMAL(38,0) + x::DECIMAL(38,0)",
    WIDE,
    "22003",
    "value overflows numeric format",
  ],
  ["CAST('b' || x AS INTEGER)", INT4, "22P02", 'invalid input syntax for type integer: "b1"'],
  [
    "CAST('b' || x AS BOOLEAN)",
    shape(Oid.bool),
    "22P02",
    'invalid input syntax for type boolean: "b1"',
  ],
  ["CAST('b' || x AS UUID)", shape(Oid.uuid), "22P02", 'invalid input syntax for type uuid: "b1"'],
  ["CAST('b' || x AS DATE)", DATE, "22007", 'invalid input syntax for type date: "b1"'],
  [
    "CAST('2024-02-3' || (x - 1) AS DATE)",
    DATE,
    "22008",
    'date/time field value out of range: "2024-02-30"',
  ],
  ["make_date(2024, 12 + x, 1)", DATE, "22008", "date field value out of range: 2024-13-01"],
  ["DATE '2024-01-01' + (2147483646 + x)::INTEGER", DATE, "22008", "date out of range"],
  [
    "TIMESTAMP '294246-12-31' + to_days((400 * x)::INTEGER)",
    STAMP,
    "22008",
    "timestamp out of range",
  ],
  ["sqrt(-x)", shape(Oid.float8), "2201F", "cannot take square root of a negative number"],
  ["ln(x - 1)", shape(Oid.float8), "2201E", "cannot take logarithm of zero"],
  ["error('PG:22012:division by zero')", TEXT, "22012", "division by zero"],
  [
    "(SELECT i FROM range(x + 1) t(i))",
    INT8,
    "21000",
    "more than one row returned by a subquery used as an expression",
  ],
  ["decode(unhex('ff'))", TEXT, "22021", 'invalid byte sequence for encoding "UTF8"'],
];

test.each(CASES)("%s", async (expression, own, sqlState, message) => {
  const sql = `SELECT ${expression} AS c1 FROM (SELECT 1::BIGINT AS x FROM range(3)) r`;
  expect(await failureOf(sql, own, true)).toEqual([sqlState, message]);
  expect(await failureOf(sql, own, false)).toEqual([sqlState, message]);
});

test("an error of several lines in our own convention is kept whole", () => {
  const error = translateFailure(new Error("Invalid Input Error: PG:22P02:first\nsecond"));
  expect(error).toMatchObject({ fields: { sqlState: "22P02", message: "first\nsecond" } });
});

test("files that are gone, broken or out of bounds", async () => {
  const path = join(running.directory, "broken.parquet");
  writeFileSync(path, "no parquet at all, but long enough");
  const read = (file: string) => failureOf(`SELECT * FROM read_parquet(['${file}'])`, INT4, false);
  expect(await read(join(running.directory, "gone.parquet"))).toBe("file-missing");
  expect(await read(path)).toBe("bad-file");
  expect(await read("/etc/passwd")).toBe("io-error");
});

test("neither settings nor files outside the allowed folders can be reached", async () => {
  expect(await failureOf("SELECT * FROM read_text('/etc/hostname')", TEXT, true)).toBe("io-error");
  expect(await failureOf("SET threads = 1", TEXT, true)).toMatch(/locked/);
  expect(await failureOf("INSTALL httpfs", TEXT, true)).not.toMatch(/rows/);
});

test("memory and spill space that run out say so, and the engine goes on", async () => {
  const tempDirectory = join(running.directory, "small");
  mkdirSync(tempDirectory);
  writeFileSync(join(tempDirectory, "left by one that was killed"), "");
  const engine = await Engine.open({
    memoryLimitBytes: 64 * 2 ** 20,
    temporaryBytesMax: 32 * 2 ** 20,
    threads: 1,
    tempDirectory,
    allowedDirectories: [],
    lockFile: join(running.directory, "LOCK-small"),
  });
  expect(readdirSync(tempDirectory)).toEqual([]);
  const list = request("SELECT len(list(i)) FROM range(60000000) t(i)", [INT8]);
  await expect(drain(await engine.openCursor(list))).rejects.toMatchObject({
    reason: "out-of-memory",
  });
  const hashes = "SELECT i, md5(i::VARCHAR) h FROM range(4000000) t(i)";
  const sort = request(`SELECT i FROM (${hashes}) ORDER BY h OFFSET 3999999`, [INT8]);
  await expect(drain(await engine.openCursor(sort))).rejects.toMatchObject({
    reason: "temporary-limit",
    message: "temporary file size exceeds the limit of 32.0 MiB",
  });
  expect(readdirSync(tempDirectory)).toEqual([]);
  const one = request("SELECT 1::BIGINT", [INT8], { isSmall: true });
  expect(await drain(await engine.openCursor(one))).toBe(1);
  await engine.close();
});
