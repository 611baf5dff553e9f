/** The row encoder's quick ways against the plain codecs of src/types, value by value. */

import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bindRows } from "../../src/engine/bindings.ts";
import { encodeBinary, encodeText } from "../../src/types/codec.ts";
import { arrayOidOf, Oid } from "../../src/types/oids.ts";
import type { Shape, TextSettings } from "../../src/types/shape.ts";
import { NEG_INFINITY, POS_INFINITY, type SqlValue } from "../../src/types/value.ts";
import { seedOf } from "../support/random.ts";
import {
  drain,
  INT4,
  INT8,
  ISO,
  openEngine,
  request,
  rowsOf,
  shape,
  TEXT,
  type TestEngine,
  textsOf,
} from "./harness.ts";

let running: TestEngine;
beforeAll(async () => {
  running = await openEngine();
});
afterAll(async () => {
  await running.close();
});

const float = fc.oneof(
  fc.double(),
  fc.constantFrom(0, -0, 0.1, 1e15, 1e-5, 33568517493970608, 5e-324, Infinity, -Infinity, NaN),
);
const bigint = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.bigInt({ min: -3_000_000_000n, max: 3_000_000_000n }),
  fc.constantFrom(2n ** 53n, -(2n ** 53n), 2n ** 53n - 1n, 1_000_000_000n, 999_999_999n, 0n),
);
const micros = fc.oneof(
  // From 4713 BC to the end of DuckDB's calendar; around the present; around the edges.
  fc.bigInt({ min: -210_866_803_200_000_000n, max: 9_200_000_000_000_000_000n }),
  fc.bigInt({ min: 0n, max: 2_000_000_000_000_000n }),
  fc.constantFrom(
    POS_INFINITY,
    NEG_INFINITY,
    0n,
    -1n,
    946_684_800_000_000n,
    1_717_243_230_500_000n,
  ),
);
const text = fc
  .oneof(
    fc.string({ unit: "grapheme", maxLength: 8 }),
    fc.string({ maxLength: 200 }),
    fc.constantFrom("", "null", "twelve bytes", "thirteen bytes", "äöü€", "x".repeat(5_000)),
  )
  .map((value) => value.replaceAll("\0", ""));
const interval = fc.record({
  kind: fc.constant("interval" as const),
  months: fc.integer({ min: -100_000, max: 100_000 }),
  days: fc.integer({ min: -100_000, max: 100_000 }),
  micros: fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n }),
});

/** PostgreSQL type, DuckDB's natural one, values. */
const TYPES: readonly (readonly [keyof typeof Oid, fc.Arbitrary<SqlValue>])[] = [
  ["bool", fc.boolean()],
  ["int2", fc.integer({ min: -32_768, max: 32_767 })],
  ["int4", fc.integer()],
  ["int8", bigint],
  ["oid", fc.integer({ min: 0, max: 2 ** 32 - 1 })],
  ["float4", float.map(Math.fround)],
  ["float8", float],
  ["text", text],
  ["bpchar", text],
  ["json", fc.constant('{"a": [1, 2]}')],
  ["jsonb", fc.constantFrom('{"a": [1, 2]}', "null")],
  ["uuid", fc.uuid()],
  ["bytea", fc.uint8Array({ maxLength: 40 })],
  [
    "date",
    fc.oneof(fc.integer({ min: -2_440_588, max: 2_000_000 }), fc.constantFrom(Infinity, -Infinity)),
  ],
  ["time", fc.bigInt({ min: 0n, max: 86_400_000_000n })],
  ["timestamp", micros],
  ["timestamptz", micros],
  ["interval", interval],
];

const SETTINGS: readonly (readonly [string, TextSettings])[] = [
  ["ISO, UTC", ISO],
  ["ISO, New York", { ...ISO, timeZone: "America/New_York", intervalStyle: "iso_8601" }],
  [
    "ISO, Kolkata",
    { ...ISO, timeZone: "Asia/Kolkata", extraFloatDigits: 0, byteaOutput: "escape" },
  ],
  [
    "German, an offset",
    { ...ISO, timeZone: -18_000, dateStyle: { format: "German", order: "DMY" } },
  ],
  [
    "SQL, UTC",
    {
      ...ISO,
      timeZone: "UTC",
      dateStyle: { format: "SQL", order: "MDY" },
      intervalStyle: "sql_standard",
    },
  ],
];

/** Sends values of one type through DuckDB and back as cells. */
async function cells(
  own: Shape,
  values: readonly SqlValue[],
  format: 0 | 1,
  settings: TextSettings,
): Promise<(Buffer | null)[]> {
  const columns = [
    { name: "n", typeOid: Oid.int4, typmod: -1 },
    { name: "v", typeOid: own.typeOid, typmod: -1 },
  ];
  const relation = { name: "given", columns, rows: values.map((value, i) => [i, value]) };
  const sql = `SELECT v, n FROM ${bindRows("given", columns)} AS r ORDER BY n`;
  const query = request(sql, [own, INT4], {
    rowsRelations: [relation],
    formats: [format, 0],
    text: settings,
  });
  return (await rowsOf(running.engine, query)).map(([cell]) => cell as Buffer | null);
}

const seed = seedOf("rows");

describe.each(SETTINGS)("%s", (_, settings) => {
  test.each(TYPES)("%s is written as its codec writes it", async (name, values) => {
    const oid = Oid[name];
    const given = [null, ...fc.sample(values, { seed, numRuns: 300 }), null];
    const texts = given.map((v) => (v === null ? null : encodeText(v, oid, settings)));
    const read = (await cells(shape(oid), given, 0, settings)).map((c) => c?.toString() ?? null);
    expect(read).toEqual(texts);
    const binary = given.map((v) =>
      v === null ? null : Buffer.from(encodeBinary(v, oid)).toString("hex"),
    );
    const bytes = (await cells(shape(oid), given, 1, settings)).map(
      (c) => c?.toString("hex") ?? null,
    );
    expect(bytes).toEqual(binary);
  });
});

test("arrays of every type are written as their codec writes them", async () => {
  for (const [name, values] of TYPES) {
    const arrayOid = arrayOidOf(Oid[name]) as number;
    const element = fc.oneof(
      { weight: 4, arbitrary: values },
      { weight: 1, arbitrary: fc.constant(null) },
    );
    const arrays = fc.array(element, { maxLength: 5 }).map((elements) => ({
      kind: "array" as const,
      dimensions: elements.length === 0 ? [] : [{ length: elements.length, lowerBound: 1 }],
      elements,
    }));
    const given: SqlValue[] = [null, ...fc.sample(arrays, { seed, numRuns: 60 })];
    const own = shape(arrayOid, { kind: "array", dimensions: 1, element: shape(Oid[name]) });
    const texts = given.map((v) => (v === null ? null : encodeText(v, arrayOid, ISO)));
    expect((await cells(own, given, 0, ISO)).map((c) => c?.toString() ?? null)).toEqual(texts);
    const binary = given.map((v) =>
      v === null ? null : Buffer.from(encodeBinary(v, arrayOid)).toString("hex"),
    );
    expect((await cells(own, given, 1, ISO)).map((c) => c?.toString("hex") ?? null)).toEqual(
      binary,
    );
  }
});

/** A literal column of DECIMALs. */
async function decimals(
  precision: number,
  scale: number,
  units: readonly bigint[],
  format: 0 | 1,
): Promise<Buffer[]> {
  const rows = units.map(
    (unit, i) => `(${i}, CAST('${asDecimal(unit, scale)}' AS DECIMAL(${precision},${scale})))`,
  );
  const sql = `SELECT v, n FROM (VALUES ${rows.join(", ")}) r(n, v) ORDER BY n`;
  const own = shape(Oid.numeric, { kind: "decimal", precision, scale });
  const query = request(sql, [own, INT4], { formats: [format, 0] });
  return (await rowsOf(running.engine, query)).map(([cell]) => cell as Buffer);
}

function asDecimal(units: bigint, scale: number): string {
  const digits = (units < 0n ? -units : units).toString().padStart(scale + 1, "0");
  const at = digits.length - scale;
  const body = scale === 0 ? digits : `${digits.slice(0, at)}.${digits.slice(at)}`;
  return units < 0n ? `-${body}` : body;
}

test("decimals of every width and scale", async () => {
  for (const precision of [1, 4, 5, 9, 10, 15, 18, 19, 28, 38]) {
    for (const scale of [0, 1, 2, 3, 4, 5, 8, 9, 10, 12, 13, 18, 38].filter(
      (s) => s <= precision,
    )) {
      const limit = 10n ** BigInt(precision) - 1n;
      const units = [
        0n,
        1n,
        -1n,
        limit,
        -limit,
        ...fc.sample(fc.bigInt({ min: -limit, max: limit }), { seed, numRuns: 40 }),
      ];
      const texts = units.map((unit) => asDecimal(unit, scale));
      expect((await decimals(precision, scale, units, 0)).map(String)).toEqual(texts);
      const binary = texts.map((value) =>
        Buffer.from(encodeBinary(value, Oid.numeric)).toString("hex"),
      );
      expect((await decimals(precision, scale, units, 1)).map((c) => c.toString("hex"))).toEqual(
        binary,
      );
    }
  }
});

test("each row's display scale stands in another column", async () => {
  const own = shape(Oid.numeric, {
    kind: "decimal-scaled",
    precision: 10,
    scale: 2,
    scaleColumn: 1,
  });
  const sql =
    "SELECT v::DECIMAL(10,2), s::INTEGER FROM (VALUES (0, 0), (1.5, 1), (1.5, 2), (-3, 0), (2.5, 4), (NULL, NULL)) r(v, s)";
  const query = request(sql, [own, INT4], { formats: [0] });
  expect((await textsOf(running.engine, query)).flat()).toEqual([
    "0",
    "1.5",
    "1.50",
    "-3",
    "2.5000",
    null,
  ]);
});

test("arrays of arrays, and records with all that needs quotes", async () => {
  const nested = shape(1007, { kind: "array", dimensions: 2, element: INT4 });
  const record = shape(Oid.record, { kind: "row", fields: [INT4, TEXT, TEXT, TEXT] });
  const sql = `SELECT [[1, 2], [3, NULL]]::INTEGER[][], ROW(1::INTEGER, 'a "b" \\', CAST(NULL AS VARCHAR), '')`;
  const [row] = await textsOf(running.engine, request(sql, [nested, record], { isSmall: true }));
  expect(row).toEqual(["{{1,2},{3,NULL}}", '(1,"a ""b"" \\\\",,"")']);
});

test("strings from dictionaries, filters and sorts come out whole", async () => {
  const count = 100_000;
  const made =
    "CASE WHEN i % 3 = 0 THEN 'a text longer than twelve bytes ' || (i % 100) ELSE 's' || i END";
  const sql = `SELECT ${made} AS c1, i AS c2 FROM range(${count}) t(i) WHERE i % 7 <> 0 ORDER BY hash(i)`;
  const rows = await textsOf(running.engine, request(sql, [TEXT, INT8]));
  expect(rows).toHaveLength(count - Math.ceil(count / 7));
  for (const [value, i] of rows) {
    const n = Number(i);
    expect(value).toBe(n % 3 === 0 ? `a text longer than twelve bytes ${n % 100}` : `s${n}`);
  }
});

test("a text with a zero byte is refused", async () => {
  const query = request("SELECT 'a' || chr(0) || 'b'", [TEXT]);
  await expect(rowsOf(running.engine, query)).rejects.toMatchObject({
    fields: { sqlState: "22021" },
  });
});

test("a moment before PostgreSQL's calendar is out of range", async () => {
  const query = request("SELECT TIMESTAMP '5000-01-01 (BC) 00:00:00'", [shape(Oid.timestamp)]);
  await expect(rowsOf(running.engine, query)).rejects.toMatchObject({
    fields: { sqlState: "22008" },
  });
});

test("wide rows come in batches that stay small, all of them", async () => {
  const sql =
    "SELECT repeat(chr(97 + (i % 26)::INTEGER), 100000) AS c1, i AS c2, [i] AS c3 FROM range(500) t(i)";
  const list = shape(1016, { kind: "array", dimensions: 1, element: INT8 });
  const sizes: number[] = [];
  const cursor = await running.engine.openCursor(request(sql, [TEXT, INT8, list]));
  const rows = await drain(cursor, (_, bytes) => sizes.push(bytes.length));
  expect(rows).toBe(500);
  expect(Math.max(...sizes)).toBeLessThan(5_000_000);
  const cells = await textsOf(running.engine, request(sql, [TEXT, INT8, list]));
  cells.forEach((row, i) => {
    expect(row).toEqual([String.fromCharCode(97 + (i % 26)).repeat(100_000), String(i), `{${i}}`]);
  });
});
