/** Values at the edges of every type that a table can have, for tests of blocks and files. */

import { INTERVAL_INFINITY, INTERVAL_NEG_INFINITY } from "../../src/types/interval.ts";
import { Oid } from "../../src/types/oids.ts";
import type { Shape } from "../../src/types/shape.ts";
import { NEG_INFINITY, POS_INFINITY, type SqlArray, type SqlValue } from "../../src/types/value.ts";
import { shape } from "./harness.ts";

export interface TypeUnderTest {
  readonly name: string;
  readonly typeOid: number;
  readonly typmod: number;
  /** How a query gives the bound type. */
  readonly shape: Shape;
  readonly values: readonly SqlValue[];
}

export function array(...elements: readonly SqlValue[]): SqlArray {
  const { length } = elements;
  return { kind: "array", dimensions: length === 0 ? [] : [{ length, lowerBound: 1 }], elements };
}

function numericTypmod(precision: number, scale: number): number {
  return ((precision << 16) | scale) + 4;
}

function decimal(precision: number, scale: number, values: readonly string[]): TypeUnderTest {
  const typmod = numericTypmod(precision, scale);
  const representation = { kind: "decimal", precision, scale } as const;
  return {
    name: `numeric(${precision},${scale})`,
    typeOid: Oid.numeric,
    typmod,
    shape: { typeOid: Oid.numeric, typmod, representation },
    values,
  };
}

function plain(name: string, typeOid: number, values: readonly SqlValue[]): TypeUnderTest {
  return { name, typeOid, typmod: -1, shape: shape(typeOid), values };
}

function list(name: string, typeOid: number, element: Shape, values: readonly SqlValue[]) {
  const representation = { kind: "array", dimensions: 1, element } as const;
  return { name, typeOid, typmod: -1, shape: shape(typeOid, representation), values };
}

const MICROS = [
  0n,
  1n,
  -1n,
  1_700_000_000_123_456n,
  -210_866_803_200_000_000n,
  9_223_371_331_199_999_999n,
];
const LONG = "a text longer than twelve bytes, ünd ☃ \u{1f600} in it ".repeat(3);

export const TYPES: readonly TypeUnderTest[] = [
  plain("bool", Oid.bool, [true, false]),
  plain("int2", Oid.int2, [0, -32768, 32767]),
  plain("int4", Oid.int4, [0, -2147483648, 2147483647]),
  plain("int8", Oid.int8, [0n, -1n, 4294967296n, -(2n ** 63n), 2n ** 63n - 1n]),
  plain("float4", Oid.float4, [0, -0, Number.NaN, Infinity, -Infinity, Math.fround(1e-45), 1.5]),
  plain("float8", Oid.float8, [0, -0, Number.NaN, Infinity, -Infinity, 5e-324, 0.1, 1e308]),
  decimal(4, 1, ["0.0", "-999.9", "999.9", "0.1", "-0.1"]),
  decimal(9, 0, ["0", "999999999", "-999999999"]),
  decimal(18, 6, ["0.000000", "999999999999.999999", "-999999999999.999999", "-0.000001"]),
  decimal(38, 10, [
    `${"9".repeat(28)}.${"9".repeat(10)}`,
    `-${"9".repeat(28)}.${"9".repeat(10)}`,
    "0.0000000001",
    "-12345678901234567890.5000000000",
  ]),
  decimal(3, 3, ["0.999", "-0.999", "0.000"]),
  {
    name: "numeric",
    typeOid: Oid.numeric,
    typmod: -1,
    shape: shape(Oid.numeric, { kind: "numeric-text" }),
    values: [
      "0",
      "1.50",
      "-0.000",
      "NaN",
      "Infinity",
      "-Infinity",
      `1${"0".repeat(60)}.${"1".repeat(60)}`,
    ],
  },
  plain("text", Oid.text, [
    "",
    "x",
    "twelve bytes",
    "thirteen byte",
    LONG,
    "\u{1f600}",
    "ünïcödé",
    "a'b\"c\\",
  ]),
  plain("varchar", Oid.varchar, ["", "x", LONG]),
  plain("json", Oid.json, ['{"b": 1,  "a": [null]}', "null"]),
  plain("bytea", Oid.bytea, [
    new Uint8Array(),
    Uint8Array.of(0),
    Uint8Array.of(255, 0, 254),
    new Uint8Array(1000).fill(7),
  ]),
  plain("uuid", Oid.uuid, [
    "00000000-0000-0000-0000-000000000000",
    "ffffffff-ffff-ffff-ffff-ffffffffffff",
    "8f14e45f-ceea-467f-a0e6-1b1f5f3c1a2b",
    "7fffffff-ffff-4fff-bfff-ffffffffffff",
  ]),
  plain("date", Oid.date, [0, -1, 19_000, Infinity, -Infinity, -2440588, 2145031948]),
  plain("time", Oid.time, [0n, 1n, 86_399_999_999n, 86_400_000_000n]),
  plain("timestamp", Oid.timestamp, [...MICROS, POS_INFINITY, NEG_INFINITY]),
  {
    name: "timestamptz",
    typeOid: Oid.timestamptz,
    typmod: -1,
    shape: shape(Oid.timestamptz, { kind: "utc" }),
    values: [...MICROS, POS_INFINITY, NEG_INFINITY],
  },
  plain("interval", Oid.interval, [
    { kind: "interval", months: 0, days: 0, micros: 0n },
    { kind: "interval", months: 1, days: -1, micros: 1n },
    { kind: "interval", months: -13, days: 40, micros: -1n },
    { kind: "interval", months: 0, days: 0, micros: -3_600_000_001n },
    { kind: "interval", months: 2147483646, days: -2147483647, micros: 2n ** 62n },
    INTERVAL_INFINITY,
    INTERVAL_NEG_INFINITY,
  ]),
  list("int4[]", 1007, shape(Oid.int4), [
    array(),
    array(1),
    array(1, null, -2147483648),
    array(null),
  ]),
  list("text[]", 1009, shape(Oid.text), [
    array(),
    array(""),
    array("x", null, LONG, LONG),
    array(null, null),
  ]),
  list("bytea[]", 1001, shape(Oid.bytea), [array(Uint8Array.of(0), null)]),
  list("timestamptz[]", 1185, shape(Oid.timestamptz), [
    array(0n, null, POS_INFINITY),
    array(NEG_INFINITY),
  ]),
  list("uuid[]", 2951, shape(Oid.uuid), [array("8f14e45f-ceea-467f-a0e6-1b1f5f3c1a2b")]),
  list("float8[]", 1022, shape(Oid.float8), [array(-0, Number.NaN, Infinity)]),
  list("numeric[]", 1231, shape(Oid.numeric, { kind: "numeric-text" }), [
    array("1.50", "NaN", null),
  ]),
  list("date[]", 1182, shape(Oid.date), [array(0, Infinity, -Infinity)]),
  list("interval[]", 1187, shape(Oid.interval), [
    array({ kind: "interval", months: 1, days: 2, micros: 3n }, null),
  ]),
  list("time[]", 1183, shape(Oid.time), [array(0n, 86_400_000_000n)]),
  list("int2[]", 1005, shape(Oid.int2), [array(-32768, 1)]),
  list("int8[]", 1016, shape(Oid.int8), [array(-(2n ** 63n), null)]),
  list("bool[]", 1000, shape(Oid.bool), [array(true, null, false)]),
];

/** Of ordinary tables only. */
export const MORE_TYPES: readonly TypeUnderTest[] = [
  plain("jsonb", Oid.jsonb, ['{"a": [1, null], "b": 1}', "null"]),
  plain("bpchar", Oid.bpchar, ["x  ", ""]),
  plain("name", Oid.name, ["x"]),
  plain("oid", Oid.oid, [0, 4294967295]),
  plain("enum", 20_000, ["happy"]),
];

/** Every value, with NULLs between, first and last. */
export function withNulls(values: readonly SqlValue[]): readonly SqlValue[] {
  return [null, ...values.flatMap((value) => [value, null])];
}
