/** Numbers, bytes, json, uuid and arrays against PostgreSQL itself: text, errors and binary. */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { decodeBinary, decodeText, encodeBinary, encodeText } from "../../src/types/codec.ts";
import { Oid } from "../../src/types/oids.ts";
import type { TextSettings } from "../../src/types/shape.ts";
import { type Oracle, openOracle, ours, random, seedOf } from "./oracle.ts";

let oracle: Oracle;
beforeAll(async () => {
  oracle = await openOracle();
});
afterAll(() => oracle.close());

const SETTINGS: TextSettings = {
  timeZone: "UTC",
  dateStyle: { format: "ISO", order: "MDY" },
  intervalStyle: "postgres",
  extraFloatDigits: 1,
  byteaOutput: "hex",
};

async function expectSame(
  type: string,
  oid: number,
  texts: readonly string[],
  settings: TextSettings = SETTINGS,
): Promise<void> {
  const expected = await oracle.throughType(type, texts);
  const actual = texts.map((text) =>
    ours(() => encodeText(decodeText(text, oid, settings), oid, settings)),
  );
  const differ = texts.flatMap((_, i) => (expected[i] === actual[i] ? [] : [i]));
  const pairs = (answers: readonly string[]) => differ.map((i) => `${texts[i]} → ${answers[i]}`);
  expect(pairs(actual)).toEqual(pairs(expected));
}

/** The bytes are PostgreSQL's, and reading them gives the value back. */
async function expectSameBytes(
  type: string,
  send: string,
  oid: number,
  texts: readonly string[],
): Promise<void> {
  const expected = await oracle.send(type, send, texts);
  for (const [index, text] of texts.entries()) {
    const value = decodeText(text, oid, SETTINGS);
    const bytes = encodeBinary(value, oid);
    expect(`${text} ${Buffer.from(bytes).toString("hex")}`).toBe(`${text} ${expected[index]}`);
    expect(encodeText(decodeBinary(bytes, oid), oid, SETTINGS)).toBe(
      encodeText(value, oid, SETTINGS),
    );
  }
}

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
      "float8",
      Oid.float8,
      FLOATS.filter((text) => text !== "-nan"),
    );
  });

  test("every form of float4 reads as in PostgreSQL", async () => {
    await expectSame(
      "float4",
      Oid.float4,
      FLOATS.filter((text) => text !== "-nan"),
    );
  });

  for (const extraFloatDigits of [1, 0, -3, -15]) {
    test(`random floats print as in PostgreSQL with extra_float_digits ${extraFloatDigits}`, async () => {
      await oracle.set("extra_float_digits", String(extraFloatDigits));
      const next = random(seedOf(`floats ${extraFloatDigits}`));
      const settings = { ...SETTINGS, extraFloatDigits };
      const finite = (make: (next: () => number) => number) =>
        Array.from({ length: 3000 }, () => make(next))
          .filter(Number.isFinite)
          .map(String);
      const large = Array.from({ length: 2000 }, () => String(2 ** (53 + next() * 20)));
      const short = Array.from({ length: 2000 }, () => (next() * 1000).toFixed(next() * 5));
      const halves = Array.from({ length: 500 }, () => String(Math.floor(next() * 1e14) + 0.5));
      const all = [...finite(randomDouble), ...large, ...short, ...halves];
      await expectSame("float8", Oid.float8, all, settings);
      const singles = [...finite(randomSingle), ...short, ...large];
      await expectSame("float4", Oid.float4, singles, settings);
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
    await expectSame("float4", Oid.float4, texts);
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
  await expectSame("int2", Oid.int2, INTEGERS);
  await expectSame("int4", Oid.int4, INTEGERS);
  await expectSame("int8", Oid.int8, INTEGERS);
});

test("oids and booleans read as in PostgreSQL", async () => {
  const oids = "0 1 4294967295 4294967296 -1 0x10 010 08 x".split(" ");
  await expectSame("oid", Oid.oid, [...oids, "", " 7 "]);
  const words = "t f true FALSE tr y n yes no on off of o 1 0 2 x tru fa".split(" ");
  const expected = await oracle.throughType("bool", [...words, "", " on "]);
  const names = (text: string) => text.replace(/^ok true$/, "ok t").replace(/^ok false$/, "ok f");
  const actual = [...words, "", " on "].map((text) =>
    ours(() => encodeText(decodeText(text, Oid.bool, SETTINGS), Oid.bool, SETTINGS)),
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
    await expectSame("numeric", Oid.numeric, NUMERICS);
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
    await expectSame("numeric", Oid.numeric, texts);
    const special = ["NaN", "Infinity", "-Infinity", "0", "0.000", "10000", "0.0001", "1e20"];
    await expectSameBytes("numeric", "numeric_send", Oid.numeric, [...texts, ...special]);
  });
});

test("bytea reads and prints as in PostgreSQL in both forms", async () => {
  const next = random(seedOf("bytea"));
  const texts = ["", "\\x", "\\xDEADbeef", "\\x de ad", "\\xd e", "\\xabc", "\\xzz", "abc"];
  texts.push("a\\\\b", "\\000\\377", "\\400", "\\1", "é", "a\\");
  for (let index = 0; index < 500; index += 1) {
    const bytes = Array.from({ length: Math.floor(next() * 20) }, () => Math.floor(next() * 256));
    texts.push(`\\x${Buffer.from(bytes).toString("hex")}`);
  }
  for (const byteaOutput of ["hex", "escape"] as const) {
    await oracle.set("bytea_output", byteaOutput);
    await expectSame("bytea", Oid.bytea, texts, { ...SETTINGS, byteaOutput });
  }
});

test("uuids read as in PostgreSQL", async () => {
  const plain = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11";
  const texts = [plain, plain.toUpperCase(), `{${plain}}`, plain.replaceAll("-", "")];
  texts.push("a0ee-bc99-9c0b-4ef8-bb6d-6bb9-bd38-0a11", "{a0eebc99", plain.slice(1), "", "x");
  await expectSame("uuid", Oid.uuid, texts);
  await expectSameBytes("uuid", "uuid_send", Oid.uuid, [plain]);
});

const JSONS = `{}
[]
null
 true 
1
-0
1.50
1e3
1E-2
-1.5e+2
"a"
"\\u0041\\n\\/\\"\\\\"
"\\ud83d\\ude00"
"é😀"
{"b":1,"a":2}
{"aa":1,"b":2,"a":3}
{"a":1,"a":2}
{ "a" : [1 , 2,{"x":null}] }
[1,[2,[3]]]
{"a":"\\u0007"}
{"é":1,"zz":2,"z":3}

{
[1,]
{"a"}
{"a":}
{"a":1,}
{a:1}
tru
truex
nul
01
1.
.5
+1
1e
"a
"a	b"
"\\x"
"\\u12"
"\\ud800"
"\\ude00"
"\\ud800x"
"\\u0000"
1 2
[1}
'a'
NaN`.split("\n");

test("json is checked and jsonb printed as in PostgreSQL", async () => {
  await expectSame("jsonb", Oid.jsonb, JSONS);
  const surrogates = /\\ud800|\\ude00|\\u0000/;
  await expectSame(
    "json",
    Oid.json,
    JSONS.filter((text) => !surrogates.test(text)),
  );
});

const ARRAYS = `{}
{1,2,3}
 { 1 , 2 } 
{NULL,null,"NULL"}
{{1,2},{3,4}}
{{1,2},{3}}
{{1},2}
{1,{2}}
{{{{{{1}}}}}}
{{{{{{{1}}}}}}}
[2:4]={1,2,3}
[0:1][-1:0]={{1,2},{3,4}}
[1:2]={1}
[1:2]{1,2}
[2:1]={}
[1]={1}
[a]={1}
[1:]={1}
[1:2]=
{1,2
{1,,2}
{1,}
{,1}
{1}x
{1 2}
{"1"}
{"1"2}
{1"2"}
{a\\ b}
{{}}
{{},{}}
{{},{1}}
{{1},{}}
x

1
{}{}
{{1,2},{3,4}},
{{1,2}{3,4}}
{\\
{"
{"\\
[1:1]={NULL}
[2147483646:2147483647]={1,2}
[99999999999:1]={1}`.split("\n");

describe("arrays", () => {
  test("every form of text[] reads as in PostgreSQL", async () => {
    await expectSame("text[]", 1009, ARRAYS);
  });

  test("every form of int4[] reads as in PostgreSQL", async () => {
    await expectSame(
      "int4[]",
      1007,
      ARRAYS.filter((text) => !/["\\]/.test(text)),
    );
  });

  test("elements are quoted as in PostgreSQL", async () => {
    const next = random(seedOf("array elements"));
    const alphabet = [
      "a",
      "B",
      " ",
      "\t",
      '"',
      "\\",
      "{",
      "}",
      ",",
      "é",
      "\u00a0",
      "NULL",
      "n",
      ";",
    ];
    const texts = Array.from({ length: 1000 }, () => {
      const element = () =>
        Array.from({ length: Math.floor(next() * 4) }, () => {
          return alphabet[Math.floor(next() * alphabet.length)] as string;
        }).join("");
      const quoted = () => `"${element().replace(/["\\]/g, "\\$&")}"`;
      return `{${quoted()},${quoted()}}`;
    });
    await expectSame("text[]", 1009, texts);
  });

  test("arrays have PostgreSQL's bytes", async () => {
    await expectSameBytes("int4[]", "array_send", 1007, [
      "{}",
      "{1,2,NULL}",
      "{{1,2},{3,4}}",
      "[2:3]={5,6}",
    ]);
    await expectSameBytes("text[]", "array_send", 1009, ['{a,"b c",NULL,""}']);
    await expectSameBytes("timestamptz[]", "array_send", 1185, ['{"2024-01-01 00:00:00+00"}']);
  });
});

test("scalars have PostgreSQL's bytes", async () => {
  const cases: readonly (readonly [string, string, number, readonly string[]])[] = [
    ["bool", "boolsend", Oid.bool, ["t", "f"]],
    ["int2", "int2send", Oid.int2, ["0", "-1", "32767"]],
    ["int4", "int4send", Oid.int4, ["0", "-1", "2147483647"]],
    ["int8", "int8send", Oid.int8, ["0", "-1", "9223372036854775807"]],
    ["oid", "oidsend", Oid.oid, ["0", "4294967295"]],
    ["float4", "float4send", Oid.float4, ["1.5", "-0", "Infinity"]],
    ["float8", "float8send", Oid.float8, ["1.5", "-0", "Infinity"]],
    ["text", "textsend", Oid.text, ["", "é"]],
    ["name", "namesend", Oid.name, ["x"]],
    ["bytea", "byteasend", Oid.bytea, ["\\x00ff"]],
    ["jsonb", "jsonb_send", Oid.jsonb, ['{"b":1,"a":[1.50]}']],
    [
      "date",
      "date_send",
      Oid.date,
      ["2000-01-01", "1970-01-01", "infinity", "-infinity", "0044-03-15 BC"],
    ],
    ["time", "time_send", Oid.time, ["00:00", "24:00", "12:34:56.789"]],
    [
      "timestamp",
      "timestamp_send",
      Oid.timestamp,
      ["2000-01-01", "1969-12-31 23:59:59.999999", "infinity", "-infinity"],
    ],
    ["timestamptz", "timestamptz_send", Oid.timestamptz, ["2024-01-01 00:00:00+00", "-infinity"]],
    [
      "interval",
      "interval_send",
      Oid.interval,
      ["1 year -2 days 03:04:05.6", "infinity", "-infinity"],
    ],
  ];
  for (const [type, send, oid, texts] of cases) await expectSameBytes(type, send, oid, texts);
});

test('names and "char" are cut as in PostgreSQL', async () => {
  await expectSame("name", Oid.name, [
    "short",
    "x".repeat(70),
    "é".repeat(40),
    `${"x".repeat(62)}é`,
  ]);
  await expectSame('"char"', Oid.char, ["", "a", "ab", "\\101", "\\377", "é"]);
});

describe("binary input", () => {
  const cases: readonly (readonly [string, number, string, string])[] = [
    ["two bytes for int4", Oid.int4, "0001", "08P01"],
    ["five bytes for int4", Oid.int4, "0000000100", "22P03"],
    [
      "an array that claims a thousand million elements",
      1007,
      "0000000100000000000000173b9aca0000000001",
      "08P01",
    ],
    ["an array of another element type", 1007, "0000000000000000000000ff", "42804"],
    ["an array of seven dimensions", 1007, "000000070000000000000017", "54000"],
    ["a numeric with the digit 10000", Oid.numeric, "00010000000000002710", "22P03"],
    ["a numeric with a bad sign", Oid.numeric, "0000000012340000", "22P03"],
    ["jsonb of version 2", Oid.jsonb, "027b7d", "22P03"],
    ["text that is not UTF-8", Oid.text, "ff", "22021"],
    ["text with a zero byte", Oid.text, "610062", "22021"],
    ["a time after midnight's end", Oid.time, "7fffffffffffffff", "22008"],
    ["a uuid of three bytes", Oid.uuid, "010203", "08P01"],
  ];
  for (const [name, oid, hex, sqlState] of cases) {
    test(`${name} is refused with ${sqlState}`, () => {
      const answer = ours(() => String(decodeBinary(Buffer.from(hex, "hex"), oid)));
      expect(answer.slice(0, 5)).toBe(sqlState);
    });
  }
});
