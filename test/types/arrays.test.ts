/** Arrays against PostgreSQL itself: text, errors and bytes. */

import { afterAll, beforeAll, describe, test } from "vitest";
import { randomFrom as random, seedOf } from "../support/random.ts";
import { expectSame, expectSameBytes } from "./comparison.ts";
import { type Oracle, openOracle } from "./oracle.ts";

let oracle: Oracle;
beforeAll(async () => {
  oracle = await openOracle();
});
afterAll(() => oracle.close());

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
    await expectSame(oracle, "text[]", 1009, ARRAYS);
  });

  test("every form of int4[] reads as in PostgreSQL", async () => {
    await expectSame(
      oracle,
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
    await expectSame(oracle, "text[]", 1009, texts);
  });

  test("arrays have PostgreSQL's bytes", async () => {
    await expectSameBytes(oracle, "int4[]", "array_send", 1007, [
      "{}",
      "{1,2,NULL}",
      "{{1,2},{3,4}}",
      "[2:3]={5,6}",
    ]);
    await expectSameBytes(oracle, "text[]", "array_send", 1009, ['{a,"b c",NULL,""}']);
    await expectSameBytes(oracle, "timestamptz[]", "array_send", 1185, [
      '{"2024-01-01 00:00:00+00"}',
    ]);
  });
});
