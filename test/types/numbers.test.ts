/** Floats, integers and numeric against PostgreSQL itself: text, errors and bytes. */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { decodeText, encodeText } from "../../src/types/codec.ts";
import { Oid } from "../../src/types/oids.ts";
import { randomFrom as random, seedOf } from "../support/random.ts";
import { expectSame, expectSameBytes, ISO } from "./comparison.ts";
import { type Oracle, openOracle, ours } from "./oracle.ts";

let oracle: Oracle;
beforeAll(async () => {
  oracle = await openOracle();
});
afterAll(() => oracle.close());

function randomDouble(next: () => number): number {
  const view = new DataView(new ArrayBuffer(8));
  view.setUint32(0, Math.floor(next() * 2 ** 32));
  view.setUint32(4, Math.floor(next() * 2 ** 32));
  return view.getFloat64(0);
}

function randomSingle(next: () => number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, Math.floor(next() * 2 ** 32));
  return view.getFloat32(0);
}

const FLOATS = `0
-0
1
1e15
1e14
123456789012345678
1e-4
1e-5
0.1
1e23
9007199254740993
33568517493970608
5e-324
4.9e-324
2e-324
1.7976931348623157e308
1.7976931348623159e308
1e400
1e-400
NaN
nan
-nan
inf
-Infinity
+infinity
 1.5 
1.
.5
.
-
1e
1e5x
0x1A
0x1p3
0x.8p1
1_000
16777217
3.4028235e38
3.4028236e38
1e39
1e-45
7e-46
1e-46
0.3333333333333333333333
Infinity1

x`.split("\n");

describe("floats", () => {
  test("every form of float8 reads as in PostgreSQL", async () => {
    await expectSame(
      oracle,
      "float8",
      Oid.float8,
      FLOATS.filter((text) => text !== "-nan"),
    );
  });

  test("every form of float4 reads as in PostgreSQL", async () => {
    await expectSame(
      oracle,
      "float4",
      Oid.float4,
      FLOATS.filter((text) => text !== "-nan"),
    );
  });

  for (const extraFloatDigits of [1, 0, -3, -15]) {
    test(`random floats print as in PostgreSQL with extra_float_digits ${extraFloatDigits}`, async () => {
      await oracle.set("extra_float_digits", String(extraFloatDigits));
      const next = random(seedOf(`floats ${extraFloatDigits}`));
      const settings = { ...ISO, extraFloatDigits };
      const finite = (make: (next: () => number) => number) =>
        Array.from({ length: 3000 }, () => make(next))
          .filter(Number.isFinite)
          .map(String);
      const large = Array.from({ length: 2000 }, () => String(2 ** (53 + next() * 20)));
      const short = Array.from({ length: 2000 }, () => (next() * 1000).toFixed(next() * 5));
      const halves = Array.from({ length: 500 }, () => String(Math.floor(next() * 1e14) + 0.5));
      const all = [...finite(randomDouble), ...large, ...short, ...halves];
      await expectSame(oracle, "float8", Oid.float8, all, settings);
      const singles = [...finite(randomSingle), ...short, ...large];
      await expectSame(oracle, "float4", Oid.float4, singles, settings);
      await oracle.set("extra_float_digits", "1");
    });
  }

  test("float4 rounds a text once, also close to the middle of two values", async () => {
    const next = random(seedOf("middles"));
    const texts = Array.from({ length: 1000 }, () => {
      const value = Math.abs(randomSingle(next));
      if (!Number.isFinite(value) || value === 0) return "1";
      const middle = (value + Math.fround(value * (1 + 2 ** -23))) / 2;
      const exact = middle.toPrecision(60).replace(/e.*/, "");
      const exponent = /e.*/.exec(middle.toPrecision(60))?.[0] ?? "";
      const nudge = next() < 0.3 ? "" : next() < 0.5 ? "1" : "000000000001";
      return exact.includes(".") ? `${exact}${nudge}${exponent}` : middle.toExponential();
    });
    await expectSame(oracle, "float4", Oid.float4, texts);
  });
});

const INTEGERS = `0
-0
+5
 42 
2147483647
2147483648
-2147483648
-2147483649
32767
32768
9223372036854775807
9223372036854775808
-9223372036854775808
1_000
1__000
_1
1_
0x1F
0xG
-0x10
0x_1F
0o17
0b101
0b
1.5
1e3
abc

99999999999999999999999999
- 5
4 2`.split("\n");

test("integers read as in PostgreSQL", async () => {
  await expectSame(oracle, "int2", Oid.int2, INTEGERS);
  await expectSame(oracle, "int4", Oid.int4, INTEGERS);
  await expectSame(oracle, "int8", Oid.int8, INTEGERS);
});

test("oids and booleans read as in PostgreSQL", async () => {
  const oids = "0 1 4294967295 4294967296 -1 0x10 010 08 x".split(" ");
  await expectSame(oracle, "oid", Oid.oid, [...oids, "", " 7 "]);
  const words = "t f true FALSE tr y n yes no on off of o 1 0 2 x tru fa".split(" ");
  const expected = await oracle.throughType("bool", [...words, "", " on "]);
  const names = (text: string) => text.replace(/^ok true$/, "ok t").replace(/^ok false$/, "ok f");
  const actual = [...words, "", " on "].map((text) =>
    ours(() => encodeText(decodeText(text, Oid.bool, ISO), Oid.bool, ISO)),
  );
  expect(actual).toEqual(expected.map(names));
});

const NUMERICS = `0
-0
0.00
-0.00
1.10
1.50e3
1e3
1e-3
1.5e-3
-1.5E+2
NaN
-NaN
Infinity
-inf
+Infinity
 1.5 
.5
5.
.
-
e5
1e
1e5x
0x1F
-0b101
0o17
1_000.000_1
1__0
1_.5
1._5
00012.340
12345678901234567890123456789012345678901234567890
0.00000000000000000000000000000000000000000000000001
1e131071
1e131072
1e-16383
1e-16384
0e-16384
1e9999999999
0e5
x
`.split("\n");

describe("numeric", () => {
  test("every form reads as in PostgreSQL", async () => {
    await expectSame(oracle, "numeric", Oid.numeric, NUMERICS);
  });

  test("random values have PostgreSQL's text and bytes", async () => {
    const next = random(seedOf("numeric"));
    const digits = (count: number) =>
      Array.from({ length: count }, () => Math.floor(next() * 10)).join("");
    const texts = Array.from({ length: 1500 }, () => {
      const whole = next() < 0.3 ? "0" : digits(1 + Math.floor(next() * 25));
      const fraction =
        next() < 0.3 ? "" : `.${next() < 0.3 ? "00000" : ""}${digits(1 + Math.floor(next() * 25))}`;
      return `${next() < 0.5 ? "-" : ""}${whole}${fraction}`;
    });
    await expectSame(oracle, "numeric", Oid.numeric, texts);
    const special = ["NaN", "Infinity", "-Infinity", "0", "0.000", "10000", "0.0001", "1e20"];
    await expectSameBytes(oracle, "numeric", "numeric_send", Oid.numeric, [...texts, ...special]);
  });
});
