/** Bytes, json, uuid and names against PostgreSQL itself: text, errors and bytes. */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { decodeBinary } from "../../src/types/codec.ts";
import { Oid } from "../../src/types/oids.ts";
import { randomFrom as random, seedOf } from "../support/random.ts";
import { expectSame, expectSameBytes, ISO } from "./comparison.ts";
import { type Oracle, openOracle, ours } from "./oracle.ts";

let oracle: Oracle;
beforeAll(async () => {
  oracle = await openOracle();
});
afterAll(() => oracle.close());

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
    await expectSame(oracle, "bytea", Oid.bytea, texts, { ...ISO, byteaOutput });
  }
});

test("uuids read as in PostgreSQL", async () => {
  const plain = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11";
  const texts = [plain, plain.toUpperCase(), `{${plain}}`, plain.replaceAll("-", "")];
  texts.push("a0ee-bc99-9c0b-4ef8-bb6d-6bb9-bd38-0a11", "{a0eebc99", plain.slice(1), "", "x");
  await expectSame(oracle, "uuid", Oid.uuid, texts);
  await expectSameBytes(oracle, "uuid", "uuid_send", Oid.uuid, [plain]);
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
  await expectSame(oracle, "jsonb", Oid.jsonb, JSONS);
  const surrogates = /\\ud800|\\ude00|\\u0000/;
  await expectSame(
    oracle,
    "json",
    Oid.json,
    JSONS.filter((text) => !surrogates.test(text)),
  );
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
  for (const [type, send, oid, texts] of cases)
    await expectSameBytes(oracle, type, send, oid, texts);
});

test('names and "char" are cut as in PostgreSQL', async () => {
  await expectSame(oracle, "name", Oid.name, [
    "short",
    "x".repeat(70),
    "é".repeat(40),
    `${"x".repeat(62)}é`,
  ]);
  await expectSame(oracle, '"char"', Oid.char, ["", "a", "ab", "\\101", "\\377", "é"]);
});

describe("binary input", () => {
  const cases: readonly (readonly [string, number, string, string])[] = [
    ["two bytes for int4", Oid.int4, "0001", "08P01"],
    ["five bytes for int4", Oid.int4, "0000000100", "22P03"],
    [
      "an array that claims a thousand million elements",
      1007,
      "0000000100000000000000173b9aca0000000001",
      "54000",
    ],
    ["an array of another element type", 1007, "0000000000000000000000ff", "42804"],
    ["an array of seven dimensions", 1007, "000000070000000000000017", "54000"],
    ["a numeric with the digit 10000", Oid.numeric, "00010000000000002710", "22P03"],
    ["a numeric with a bad sign", Oid.numeric, "0000000012340000", "22P03"],
    ["jsonb of version 2", Oid.jsonb, "027b7d", "XX000"],
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
