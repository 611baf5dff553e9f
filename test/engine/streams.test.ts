/**
 * Proof: a streamed result that fails or is cancelled in the middle is an error, never a short
 * result. DuckDB itself ends such a stream like a complete one.
 */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SqlError } from "../../src/base/errors.ts";
import { EngineError } from "../../src/engine/error.ts";
import { Oid } from "../../src/types/oids.ts";
import {
  drain,
  INT4,
  INT8,
  openEngine,
  parseRows,
  request,
  shape,
  type TestEngine,
} from "./harness.ts";

const ROWS = 1_000_000;
const FLOAT8 = shape(Oid.float8);

let running: TestEngine;
beforeAll(async () => {
  running = await openEngine();
});
afterAll(async () => {
  await running.close();
});

/** Expressions over a BIGINT `i` that fail in row `at` alone, and what PostgreSQL would say. */
const FAULTS: readonly (readonly [string, (at: number) => string, string])[] = [
  ["cast", (at) => `CAST(CASE WHEN i = ${at} THEN 'x' ELSE '1' END AS BIGINT)`, "22P02"],
  ["overflow", (at) => `CASE WHEN i = ${at} THEN 9223372036854775807 ELSE 0 END + i + 1`, "22003"],
  [
    "narrowing",
    (at) => `CAST(CAST(CASE WHEN i = ${at} THEN 4000000000 ELSE i END AS INTEGER) AS BIGINT)`,
    "22003",
  ],
  [
    "error()",
    (at) => `CASE WHEN i = ${at} THEN error('PG:22012:division by zero') ELSE i END`,
    "22012",
  ],
];

const BASE = `SELECT i FROM range(${ROWS}) t(i)`;
const SHAPES: readonly (readonly [string, (fault: string) => string])[] = [
  ["filter", (fault) => `SELECT i FROM (${BASE}) WHERE hash(${fault}) <> 42`],
  ["select list", (fault) => `SELECT ${fault} AS x FROM (${BASE})`],
  [
    "join",
    (fault) =>
      `SELECT a.i FROM (${BASE}) a JOIN (SELECT ${fault} AS j FROM (${BASE})) b ON a.i = b.j`,
  ],
  ["order", (fault) => `SELECT ${fault} AS x FROM (${BASE}) ORDER BY hash(i)`],
  [
    "window",
    (fault) =>
      `SELECT CAST(sum(${fault}) OVER (ORDER BY i ROWS 3 PRECEDING) AS BIGINT) FROM (${BASE})`,
  ],
  ["union", (fault) => `SELECT i FROM (${BASE}) UNION ALL SELECT ${fault} FROM (${BASE})`],
  ["aggregate", (fault) => `SELECT CAST(max(${fault}) AS BIGINT) FROM (${BASE}) GROUP BY i // 3`],
  ["limit", (fault) => `SELECT ${fault} AS x FROM (${BASE}) LIMIT ${ROWS - 1}`],
];

const POSITIONS = [0, 1, 2_047, 2_048, 122_880, 500_001, ROWS - 2];

async function outcome(sql: string, shapes = [INT8]): Promise<string> {
  try {
    const cursor = await running.engine.openCursor(request(sql, shapes, { formats: [1] }));
    return `${await drain(cursor)} rows`;
  } catch (error) {
    return error instanceof SqlError ? error.fields.sqlState : String(error);
  }
}

describe("a query that fails in one row is an error", () => {
  for (const [name, query] of SHAPES) {
    for (const [what, fault, sqlState] of FAULTS) {
      test(`${name}: ${what}`, async () => {
        for (const at of POSITIONS) {
          expect([at, await outcome(query(fault(at)))]).toEqual([at, sqlState]);
        }
        // The same query without the faulty row is whole: the fault is what failed it.
        expect(await outcome(query(fault(-1)))).toMatch(/^\d{6,7} rows$/);
      });
    }
  }
});

test("a parameter's value is bound again when the failure is looked up", async () => {
  const sql = `SELECT CAST(CASE WHEN i = $1 THEN 'x' ELSE '1' END AS BIGINT) FROM (${BASE})`;
  const query = request(sql, [INT8], {
    parameters: [{ typeOid: Oid.int8, value: 700_000n }],
  });
  await expect(drain(await running.engine.openCursor(query))).rejects.toThrow(
    'invalid input syntax for type bigint: "x"',
  );
});

describe("a query that is cancelled in the middle is an error", () => {
  const queries: readonly (readonly [string, string])[] = [
    ["scan", "SELECT i FROM range(1000000000) t(i)"],
    ["filter", "SELECT i FROM range(1000000000) t(i) WHERE hash(i) % 3 = 0"],
    ["order", "SELECT i FROM range(3000000) t(i) ORDER BY hash(i)"],
    ["window", "SELECT CAST(sum(i) OVER (ORDER BY i) AS BIGINT) FROM range(2000000) t(i)"],
    ["union", "SELECT i FROM range(500000000) t(i) UNION ALL SELECT i FROM range(500000000) t(i)"],
    ["cross join", "SELECT a.i FROM range(100000) a(i), range(100000) b(i)"],
  ];
  for (const [name, sql] of queries) {
    for (const after of [1, 10_000, 200_000]) {
      test(`${name}, after ${after} rows`, async () => {
        const cursor = await running.engine.openCursor(request(sql, [INT8], { formats: [1] }));
        const read = drain(cursor, (rows) => {
          if (rows >= after) cursor.cancel();
        });
        await expect(read).rejects.toMatchObject({ reason: "cancelled" });
      });
    }
  }

  test("before its first row, while it still aggregates", async () => {
    const sql =
      "SELECT count(*) FROM range(200000) a(i), range(200000) b(i) WHERE hash(a.i + b.i) = 1";
    for (const isSmall of [true, false]) {
      const cursor = await running.engine.openCursor(request(sql, [INT8], { isSmall }));
      const first = cursor.next();
      setTimeout(() => cursor.cancel(), 50);
      await expect(first).rejects.toBeInstanceOf(EngineError);
      await cursor.close();
    }
  });

  test("at the very start", async () => {
    const cursor = await running.engine.openCursor(request("SELECT i FROM range(5) t(i)", [INT8]));
    cursor.cancel();
    await expect(cursor.next()).rejects.toMatchObject({ reason: "cancelled" });
  });
});

test("a thousand whole streams are whole, and their connections come back", async () => {
  for (let i = 0; i < 1000; i += 1) {
    const count = (i * 37) % 5_000;
    const cursor = await running.engine.openCursor(
      request(`SELECT CAST(i AS INTEGER) AS i FROM range(${count}) t(i)`, [INT4]),
    );
    expect(await drain(cursor)).toBe(count);
  }
});

test("closing a stream in the middle leaves the engine ready", async () => {
  for (let i = 0; i < 50; i += 1) {
    const cursor = await running.engine.openCursor(
      request("SELECT i FROM range(100000000) t(i)", [INT8]),
    );
    await cursor.next();
    await cursor.close();
    await cursor.close();
  }
  expect(await outcome("SELECT i FROM range(10) t(i)")).toBe("10 rows");
});

test("a client that reads slowly holds back the stream", async () => {
  const cursor = await running.engine.openCursor(
    request("SELECT i FROM range(100000000) t(i)", [INT8], { formats: [1] }),
  );
  await cursor.next();
  await new Promise((resolve) => setTimeout(resolve, 300));
  const before = process.memoryUsage().arrayBuffers;
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1_000_000);
  await cursor.close();
});

test("memory that batches give back is written again, and no batch before changes", async () => {
  const rows = 300_000;
  const columns = [INT8, shape(Oid.text)];
  const read = async (offset: number) => {
    const sql = `SELECT i + ${offset}, 'row ' || i FROM range(${rows}) t(i) ORDER BY i`;
    const cursor = await running.engine.openCursor(request(sql, columns));
    let next = 0;
    for (;;) {
      const batch = await cursor.next();
      if (batch === undefined) break;
      for (const [number, text] of parseRows(Buffer.from(batch.bytes))) {
        if (`${number} ${text}` !== `${next + offset} row ${next}`) return `${number} ${text}`;
        next += 1;
      }
      if (next % 3 > 0) batch.giveBack?.();
    }
    await cursor.close();
    return next;
  };
  expect(await Promise.all([read(0), read(7_000_000), read(-9)])).toEqual([rows, rows, rows]);
});

test("a column of another type than promised is refused, not encoded", async () => {
  const wrong = request("SELECT i FROM range(10) t(i)", [FLOAT8]);
  await expect(drain(await running.engine.openCursor(wrong))).rejects.toThrow(
    "column 1 is BIGINT in DuckDB, promised was double precision (plain)",
  );
});
