/** A value written into a statement's text is the value, and of the type, that would be bound. */

import duckdb from "@duckdb/node-bindings";
import { expect, test } from "vitest";
import { duckdbValue } from "../../src/engine/parameters.ts";
import { withWrittenValues } from "../../src/engine/written-values.ts";
import { Oid } from "../../src/types/oids.ts";
import { NEG_INFINITY, POS_INFINITY, type SqlValue } from "../../src/types/value.ts";

const TEXTS = ["", "x", "it's", "''", "$1", "%_\\", "\\n\n\t", "Ä€😀", "5", "a".repeat(1000)];
const MICROS = [0n, 1n, -1n, 1_767_225_600_123_456n, -210_866_803_200_000_000n, 9n * 10n ** 18n];
const CASES: readonly (readonly [number, readonly SqlValue[]])[] = [
  [Oid.bool, [true, false]],
  [Oid.int2, [0, 32767, -32768]],
  [Oid.int4, [0, 2147483647, -2147483648]],
  [Oid.int8, [0n, 2n ** 63n - 1n, -(2n ** 63n)]],
  [Oid.text, TEXTS],
  [Oid.varchar, TEXTS],
  [Oid.timestamp, MICROS],
  [Oid.timestamptz, MICROS],
];

test("type and value are those of the bound parameter", async () => {
  const database = await duckdb.open(":memory:");
  const connection = await duckdb.connect(database);
  const sql = 'SELECT typeof(v), CAST(v AS VARCHAR), \'$1\', "$1" FROM (SELECT $1 AS v, 7 AS "$1")';
  const cells = async (result: duckdb.Result) => {
    const chunk = (await duckdb.fetch_chunk(result)) as duckdb.DataChunk;
    return [0, 1, 2].map((column) => {
      const vector = duckdb.data_chunk_get_vector(chunk, column);
      const data = duckdb.vector_get_data(vector, 16);
      const length = new DataView(data.buffer, data.byteOffset).getUint32(0, true);
      if (length <= 12) return Buffer.from(data.subarray(4, 4 + length)).toString();
      const copy = data.slice();
      return Buffer.from(duckdb.get_data_from_pointer(copy.buffer, 8, length)).toString();
    });
  };
  for (const [typeOid, values] of CASES) {
    for (const value of values) {
      const written = withWrittenValues(sql, [{ typeOid, value }]);
      expect(written, `${typeOid}: ${value}`).toBeDefined();
      const prepared = await duckdb.prepare(connection, sql);
      duckdb.bind_value(prepared, 1, duckdbValue(typeOid, value));
      const bound = await cells(await duckdb.execute_prepared(prepared));
      expect(await cells(await duckdb.query(connection, written ?? ""))).toEqual(bound);
      expect(bound[2]).toBe("$1");
    }
  }
  duckdb.disconnect_sync(connection);
  duckdb.close_sync(database);
});

test("what has no plain spelling is bound", () => {
  const others: readonly (readonly [number, SqlValue])[] = [
    [Oid.timestamp, POS_INFINITY],
    [Oid.timestamptz, NEG_INFINITY],
    [Oid.int4, null],
    [Oid.text, "x".repeat(1001)],
    [Oid.text, "a\0b"],
    [Oid.float8, 0.1],
    [Oid.numeric, "1.5"],
  ];
  for (const [typeOid, value] of others) {
    const parameters = [
      { typeOid: Oid.int4, value: 1 },
      { typeOid, value },
    ];
    expect(withWrittenValues("SELECT $1, $2", parameters)).toBeUndefined();
  }
  expect(withWrittenValues("SELECT '$1' -- it", [])).toBe("SELECT '$1' -- it");
});
