/** Lines of COPY from column vectors are those that are made of the same query's DataRows. */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { CsvFormat, TextFormat } from "../../src/types/copy/format.ts";
import { rowWriter } from "../../src/types/copy/row-writer.ts";
import { arrayOidOf, Oid } from "../../src/types/oids.ts";
import type { Shape } from "../../src/types/shape.ts";
import { bytesOf, CSV, TEXT } from "../types/copy-harness.ts";
import { drain, openEngine, request, shape, type TestEngine } from "./harness.ts";

let running: TestEngine;
beforeAll(async () => {
  running = await openEngine();
});
afterAll(async () => await running.close());

const FORMATS: Readonly<Record<string, TextFormat | CsvFormat>> = {
  text: TEXT,
  "text with an empty NULL": { ...TEXT, delimiter: 0x7c, nullText: bytesOf("") },
  csv: CSV,
  "csv with marks of its own": {
    ...CSV,
    delimiter: 0x3b,
    nullText: bytesOf("\\N"),
    escape: 0x5c,
  },
};

/** Columns as SQL over a row's number `i`: NULLs, short cells beside long ones, marks in texts. */
const COLUMNS: readonly (readonly [string, Shape])[] = [
  ["CASE WHEN i % 3 = 0 THEN NULL ELSE i END", shape(Oid.int8)],
  [
    "CASE WHEN i % 5 > 2 THEN NULL ELSE ['', '\\N', '\\.', 'a,b', 'c\td'][1 + i % 5] END",
    shape(Oid.text),
  ],
  ["(i % 10)::INTEGER", shape(Oid.int4)],
  ["CASE WHEN i % 2 = 0 THEN NULL ELSE i % 4 = 1 END", shape(Oid.bool)],
  ["i / 7.0::DOUBLE", shape(Oid.float8)],
  [
    "['say \"x\"', 'back\\slash', chr(10), chr(13), 'ü€😀', 'p|q', 'r;s'][1 + i % 7]",
    shape(Oid.text),
  ],
  ["TIMESTAMP '2026-01-01' + to_seconds(i)", shape(Oid.timestamp)],
  ["repeat('long ', 1 + (i % 90)::INTEGER)", shape(Oid.text)],
  [
    "[i, NULL, i + 1]",
    shape(arrayOidOf(Oid.int8) ?? 0, { kind: "array", dimensions: 1, element: shape(Oid.int8) }),
  ],
  ["'\\x' || chr(7 + (i % 7)::INTEGER)", shape(Oid.text)],
  ["CASE WHEN i % 11 = 0 THEN NULL ELSE '' END", shape(Oid.text)],
];

async function bothWays(
  format: TextFormat | CsvFormat,
  columns: typeof COLUMNS,
  rows: number,
): Promise<readonly [Buffer, Buffer]> {
  const list = columns.map(([expression]) => expression).join(", ");
  const shapes = columns.map(([, one]) => one);
  const query = request(`SELECT ${list} FROM range(${rows}) t(i) ORDER BY i`, shapes);
  const direct: Uint8Array[] = [];
  const cursor = await running.engine.openCursor({ ...query, lines: format });
  expect(await drain(cursor, (_, bytes) => direct.push(bytes))).toBe(rows);
  const writer = rowWriter(format, "UTF8", true);
  const made: Uint8Array[] = [];
  await drain(await running.engine.openCursor(query), (_, bytes) => made.push(writer.rows(bytes)));
  return [Buffer.concat(direct), Buffer.concat(made)];
}

describe.each(Object.entries(FORMATS))("%s", (_, format) => {
  test("of all columns at once", async () => {
    const [direct, made] = await bothWays(format, COLUMNS, 10_000);
    expect(direct.equals(made)).toBe(true);
  });

  test("of each column alone, and of each two side by side", async () => {
    for (const [i, first] of COLUMNS.entries()) {
      const second = COLUMNS[(i + 1) % COLUMNS.length] ?? first;
      for (const columns of [[first], [first, second], [second, first]]) {
        const [direct, made] = await bothWays(format, columns, 100);
        expect(direct.toString("latin1")).toBe(made.toString("latin1"));
      }
    }
  });
});

test("of rows so wide that a chunk makes several batches", async () => {
  const wide = [["repeat('x\\', 20000 + i::INTEGER)", shape(Oid.text)]] as const;
  const [direct, made] = await bothWays(TEXT, wide, 500);
  expect(direct.equals(made)).toBe(true);
});

test("a text that holds a zero byte is an error", async () => {
  const query = request("SELECT chr(0) || i FROM range(10) t(i)", [shape(Oid.text)]);
  const reading = drain(await running.engine.openCursor({ ...query, lines: TEXT }));
  await expect(reading).rejects.toThrow('invalid byte sequence for encoding "UTF8": 0x00');
});
