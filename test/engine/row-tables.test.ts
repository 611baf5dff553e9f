/** Rows as blocks, and blocks in DuckDB's memory: every value of every type as it was. */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BlockBuilder } from "../../src/engine/block-builder.ts";
import { readBlock } from "../../src/engine/read-block.ts";
import { joinBlocks, selectRows } from "../../src/table/join-blocks.ts";
import { decodeBlock, encodeBlock, type RowBlock } from "../../src/table/row-block.ts";
import { encodeText } from "../../src/types/codec.ts";
import { Oid } from "../../src/types/oids.ts";
import type { SqlValue } from "../../src/types/value.ts";
import { INT8, ISO, openEngine, request, type TestEngine, textsOf } from "./harness.ts";
import { array, MORE_TYPES, TYPES, withNulls } from "./row-values.ts";

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

function blockOf(columns: readonly Typed[], rows: readonly (readonly SqlValue[])[]): RowBlock {
  const builder = new BlockBuilder(columns);
  for (const row of rows) builder.append(row);
  return builder.take();
}

function textOf(value: SqlValue, typeOid: number): string | null {
  return value === null ? null : encodeText(value, typeOid, ISO);
}

let names = 0;

async function stored(columns: readonly Typed[], ...blocks: readonly RowBlock[]): Promise<string> {
  names += 1;
  const name = `rows ${names}`;
  const numbered = columns.map((column, i) => ({ ...column, columnNumber: i + 1 }));
  await running.engine.createRowTable(name, numbered);
  for (const [i, block] of blocks.entries()) {
    await running.engine.appendRows(name, [{ block, sequence: i + 1 }]);
  }
  return name;
}

async function count(relation: string): Promise<number> {
  const sql = `SELECT count(*) FROM memory.main."${relation}"`;
  const [row] = await textsOf(running.engine, request(sql, [INT8], { isSmall: true }));
  return Number(row?.[0]);
}

describe.each([...TYPES, ...MORE_TYPES])("$name", (type) => {
  const rows = withNulls(type.values).map((value) => [value]);

  test("survives a block, its bytes, and blocks put together", () => {
    const block = blockOf([type], rows);
    expect(readBlock(block, [type])).toEqual(rows);
    expect(readBlock(decodeBlock(encodeBlock(block)), [type])).toEqual(rows);
    const single = rows.map((row) => blockOf([type], [row]));
    expect(readBlock(joinBlocks([...single, block]), [type])).toEqual([...rows, ...rows]);
    const picked = rows.map((_, i) => rows.length - 1 - i).filter((i) => i % 3 !== 1);
    expect(readBlock(selectRows(block, picked), [type])).toEqual(picked.map((i) => rows[i]));
  });

  test("means in DuckDB what it means in PostgreSQL", async () => {
    const name = await stored([type], blockOf([type], rows));
    const sql = `SELECT c1 FROM memory.main."${name}" ORDER BY rowid`;
    const texts = await textsOf(running.engine, request(sql, [type.shape]));
    expect(texts).toEqual(rows.map(([value]) => [textOf(value ?? null, type.typeOid)]));
  });
});

test("a row that fails is not there, and the next one takes its place", () => {
  const columns = [
    { typeOid: Oid.text, typmod: -1 },
    { typeOid: 1009, typmod: -1 },
    { typeOid: Oid.numeric, typmod: ((4 << 16) | 1) + 4 },
  ];
  const builder = new BlockBuilder(columns);
  builder.append(["a", array("x"), "1.5"]);
  expect(() => builder.append([null, array("lost"), "1000.0"])).toThrow("numeric field overflow");
  expect(() => builder.append(["lost", null, "NaN"])).toThrow("NaN cannot be stored");
  builder.append(["b", null, "2.5"]);
  const rows = [
    ["a", array("x"), "1.5"],
    ["b", null, "2.5"],
  ];
  const block = builder.take();
  expect(readBlock(block, columns)).toEqual(rows);
  expect(block.columns[0]?.validity).toBeUndefined();
  expect(builder.rows).toBe(0);
  builder.append(["c", null, "-1"]);
  expect(readBlock(builder.take(), columns)).toEqual([["c", null, "-1.0"]]);
});

test("an array of two dimensions is refused, not flattened", () => {
  const builder = new BlockBuilder([{ typeOid: 1007, typmod: -1 }]);
  const dimensions = [
    { length: 1, lowerBound: 1 },
    { length: 2, lowerBound: 1 },
  ];
  expect(() => builder.append([{ kind: "array", dimensions, elements: [1, 2] }])).toThrow(
    "more than one dimension",
  );
  const low = [{ length: 1, lowerBound: 0 }];
  expect(() => builder.append([{ kind: "array", dimensions: low, elements: [1] }])).toThrow(
    "lower bound",
  );
});

test("integers written as numbers are those integers", () => {
  const builder = new BlockBuilder([{ typeOid: Oid.int8, typmod: -1 }]);
  const [column] = builder.columns as unknown as { putNumber(row: number, n: number): void }[];
  const values = [0, 1, -1, 2 ** 31, -(2 ** 31), 2 ** 32, 2 ** 53 - 1, 1 - 2 ** 53, -(2 ** 32) - 5];
  for (const value of values) {
    column?.putNumber(builder.rows, value);
    builder.endRow();
  }
  const read = readBlock(builder.take(), [{ typeOid: Oid.int8, typmod: -1 }]);
  expect(read).toEqual(values.map((value) => [BigInt(value)]));
});

const FOUR = [Oid.timestamptz, Oid.text, Oid.float8, Oid.int4].map((typeOid) => ({
  typeOid,
  typmod: -1,
}));

function manyRows(rows: number): RowBlock {
  const builder = new BlockBuilder(FOUR);
  for (let i = 0; i < rows; i += 1) {
    const text = i % 7 === 0 ? null : i % 3 === 0 ? `sensor-${i % 1000}` : `a longer name ${i}`;
    builder.append([BigInt(i) * 1_000_000n, text, i / 4, i % 11 === 0 ? null : i]);
  }
  return builder.take();
}

test("a million rows arrive whole, and statements run meanwhile", async () => {
  const block = manyRows(1_000_000);
  const name = await stored(FOUR);
  const filling = running.engine.appendRows(name, [{ block, sequence: 1 }]);
  let asked = 0;
  let isFilled = false;
  void filling.then(() => {
    isFilled = true;
  });
  while (!isFilled) {
    expect(await count(name)).toBeOneOf([0, 1_000_000]);
    asked += 1;
  }
  await filling;
  expect(asked).toBeGreaterThan(3);
  const sql =
    `SELECT count(*), count(c2), count(c4), CAST(sum(epoch_us(c1)) AS BIGINT), CAST(sum(c3) AS BIGINT), ` +
    `CAST(sum(length(c2)) AS BIGINT), CAST(sum(c4) AS BIGINT), ` +
    `count(*) FILTER (c2 = 'a longer name ' || c4) ` +
    `FROM memory.main."${name}"`;
  const shapes = Array.from({ length: 8 }, () => INT8);
  const [row] = await textsOf(running.engine, request(sql, shapes, { isSmall: true }));
  const want = { texts: 0, fours: 0, times: 0n, quarters: 0, lengths: 0, numbers: 0, equal: 0 };
  for (let i = 0; i < 1_000_000; i += 1) {
    want.times += BigInt(i) * 1_000_000n;
    want.quarters += i / 4;
    if (i % 11 !== 0) {
      want.fours += 1;
      want.numbers += i;
    }
    if (i % 7 === 0) continue;
    want.texts += 1;
    const text = i % 3 === 0 ? `sensor-${i % 1000}` : `a longer name ${i}`;
    want.lengths += text.length;
    if (i % 3 !== 0 && i % 11 !== 0) want.equal += 1;
  }
  const { texts, fours, times, quarters, lengths, numbers, equal } = want;
  expect(row).toEqual(
    [1_000_000, texts, fours, times, quarters, lengths, numbers, equal].map(String),
  );
});

test("an append that is cancelled, or does not fit, leaves nothing", async () => {
  const block = manyRows(300_000);
  const name = await stored(FOUR, manyRows(3));
  const stop = new AbortController();
  const filling = running.engine.appendRows(name, [{ block, sequence: 2 }], stop.signal);
  stop.abort();
  await expect(filling).rejects.toMatchObject({ reason: "cancelled" });
  expect(await count(name)).toBe(3);
  const narrow = blockOf([{ typeOid: Oid.int8, typmod: -1 }], [[1n]]);
  await expect(running.engine.appendRows(name, [{ block: narrow, sequence: 3 }])).rejects.toThrow(
    "a block has the columns of its table",
  );
  expect(await count(name)).toBe(3);
  await running.engine.appendRows(name, [{ block: manyRows(2), sequence: 4 }]);
  expect(await count(name)).toBe(5);
});

test("blocks given together are one append, each row with the number of its block", async () => {
  const name = await stored(FOUR);
  const parts = Array.from({ length: 500 }, (_, i) => ({ block: manyRows(i % 3), sequence: i }));
  await running.engine.appendRows(name, parts);
  const sql = `SELECT _seq, count(*) FROM memory.main."${name}" GROUP BY 1 ORDER BY 1`;
  const rows = await textsOf(running.engine, request(sql, [INT8, INT8]));
  const expected = parts.filter(({ block }) => block.rows > 0);
  expect(rows).toEqual(
    expected.map(({ block, sequence }) => [String(sequence), String(block.rows)]),
  );
});

test("a dropped row table is gone, and its name may come again", async () => {
  const name = await stored(FOUR, manyRows(3));
  await running.engine.dropRowTable(name);
  await expect(
    running.engine.appendRows(name, [{ block: manyRows(1), sequence: 1 }]),
  ).rejects.toThrow();
  await running.engine.createRowTable(name, [{ columnNumber: 1, typeOid: Oid.int8, typmod: -1 }]);
  expect(await count(name)).toBe(0);
});
