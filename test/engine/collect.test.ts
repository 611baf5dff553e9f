/** Rows of queries as blocks: converted to what a table stores, whole or an error. */

import { afterAll, beforeAll, expect, test } from "vitest";
import { BlockBuilder } from "../../src/engine/block-builder.ts";
import { readBlock } from "../../src/engine/read-block.ts";
import { Oid } from "../../src/types/oids.ts";
import type { Shape } from "../../src/types/shape.ts";
import type { SqlValue } from "../../src/types/value.ts";
import { INT4, INT8, openEngine, request, shape, TEXT, type TestEngine } from "./harness.ts";
import { array, TYPES, withNulls } from "./row-values.ts";

let running: TestEngine;
beforeAll(async () => {
  running = await openEngine();
});
afterAll(async () => {
  await running.close();
});

interface Typed {
  readonly typeOid: number;
  readonly typmod: number;
}

async function collected(
  sql: string,
  shapes: readonly Shape[],
  columns: readonly Typed[],
): Promise<SqlValue[][]> {
  const block = await running.engine.collect(request(sql, shapes), columns, 1000);
  return readBlock(block as NonNullable<typeof block>, columns);
}

const int8: Typed = { typeOid: Oid.int8, typmod: -1 };
const free: Typed = { typeOid: Oid.numeric, typmod: -1 };
const money: Typed = { typeOid: Oid.numeric, typmod: ((10 << 16) | 2) + 4 };

test.each(TYPES)("a stored $name comes out of a query as it went in", async (type) => {
  const rows = withNulls(type.values).map((value) => [value]);
  const builder = new BlockBuilder([type]);
  for (const row of rows) builder.append(row);
  const name = `source ${type.name}`;
  await running.engine.createRowTable(name, [{ ...type, columnNumber: 1 }]);
  await running.engine.appendRows(name, [{ block: builder.take(), sequence: 1 }]);
  const sql = `SELECT c1 FROM memory.main."${name}" ORDER BY rowid`;
  expect(await collected(sql, [type.shape], [type])).toEqual(rows);
  expect(await collected(`${sql} LIMIT 0`, [type.shape], [type])).toEqual([]);
});

test("representations of a query become what the column stores", async () => {
  const scaled = { kind: "decimal-scaled", precision: 18, scale: 4, scaleColumn: 1 } as const;
  const sql =
    "SELECT CAST(v AS DECIMAL(18,4)), CAST(s AS INTEGER) " +
    "FROM (VALUES (1.5, 2), (-0.25, 2), (7, 0), (7, 6), (0, 0), (NULL, NULL), (-0.5, 1)) t(v, s)";
  const shapes = [shape(Oid.numeric, scaled), INT4];
  expect((await collected(sql, shapes, [free])).flat()).toEqual([
    "1.50",
    "-0.25",
    "7",
    "7.000000",
    "0",
    null,
    "-0.5",
  ]);
  expect((await collected(sql, shapes, [money])).flat()).toEqual([
    "1.50",
    "-0.25",
    "7.00",
    "7.00",
    "0.00",
    null,
    "-0.50",
  ]);
  const point = shape(Oid.numeric, { kind: "decimal", precision: 3, scale: 3 });
  expect(await collected("SELECT CAST(0.5 AS DECIMAL(3,3))", [point], [free])).toEqual([["0.500"]]);
  const text = shape(Oid.numeric, { kind: "numeric-text" });
  expect(await collected("SELECT '12.3'", [text], [money])).toEqual([["12.30"]]);
  await expect(collected("SELECT 'NaN'", [text], [money])).rejects.toMatchObject({
    fields: {
      sqlState: "0A000",
      message: "NaN cannot be stored in a column of type numeric(10,2)",
    },
  });
  const instant = { typeOid: Oid.timestamptz, typmod: -1 };
  const plain = shape(Oid.timestamptz);
  expect(
    await collected("SELECT TIMESTAMPTZ '1970-01-01 01:00:00+01'", [plain], [instant]),
  ).toEqual([[0n]]);
  const decimals = shape(1231, { kind: "array", dimensions: 1, element: point });
  expect(
    await collected(
      "SELECT [CAST(0.5 AS DECIMAL(3,3)), NULL]",
      [decimals],
      [{ typeOid: 1231, typmod: -1 }],
    ),
  ).toEqual([[array("0.500", null)]]);
});

test("columns behind those asked for are left out, and wrong ones refused", async () => {
  const shapes = [INT8, TEXT];
  expect(await collected("SELECT 1::BIGINT, 'x'", shapes, [int8])).toEqual([[1n]]);
  await expect(collected("SELECT 1::BIGINT, 'x'", shapes, [int8, int8])).rejects.toThrow("VARCHAR");
});

test("an error in mid-stream is an error, not an end", async () => {
  const sql =
    "SELECT CASE WHEN i = 900000 THEN CAST('x' || i AS BIGINT) ELSE i END FROM range(1000000) t(i)";
  const cursor = await running.engine.openBlocks(request(sql, [INT8]), [int8]);
  const reading = (async () => {
    while ((await cursor.next()) !== undefined);
  })();
  await expect(reading).rejects.toMatchObject({ fields: { sqlState: "22P02" } });
  await cursor.close();
});

test("large results come in several blocks, whole and in order", async () => {
  const sql = "SELECT i, 'text number ' || i FROM range(500000) t(i) ORDER BY i DESC";
  const columns = [int8, { typeOid: Oid.text, typmod: -1 }];
  const cursor = await running.engine.openBlocks(request(sql, [INT8, TEXT]), columns);
  let next = 500_000;
  let blocks = 0;
  for (let block = await cursor.next(); block !== undefined; block = await cursor.next()) {
    blocks += 1;
    for (const [number, text] of readBlock(block, columns)) {
      next -= 1;
      if (number !== BigInt(next) || text !== `text number ${next}`) {
        throw new Error(`row ${next} is ${number}, ${text}`);
      }
    }
  }
  await cursor.close();
  expect(next).toBe(0);
  expect(blocks).toBeGreaterThan(2);
  expect(await running.engine.collect(request(sql, [INT8, TEXT]), columns, 1000)).toBeUndefined();
});

test("a signal stops it", async () => {
  const stop = new AbortController();
  const sql = "SELECT i FROM range(100000000000) t(i)";
  const cursor = await running.engine.openBlocks(request(sql, [INT8]), [int8], stop.signal);
  await cursor.next();
  stop.abort();
  const reading = (async () => {
    while ((await cursor.next()) !== undefined);
  })();
  await expect(reading).rejects.toMatchObject({ reason: "cancelled" });
  await cursor.close();
});
