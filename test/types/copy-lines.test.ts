/** Text and csv of COPY FROM against PostgreSQL itself. */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { LineReader } from "../../src/types/copy/line-reader.ts";
import { Oid } from "../../src/types/oids.ts";
import { randomFrom as random, seedOf } from "../support/random.ts";
import {
  bytesOf,
  type Column,
  type CopyCase,
  CopyOracle,
  CSV,
  readAll,
  TEXT,
} from "./copy-harness.ts";

let oracle: CopyOracle;
beforeAll(async () => {
  oracle = await CopyOracle.open();
});
afterAll(async () => await oracle.close());

const TWO: readonly Column[] = [
  { name: "a", type: "int", typeOid: Oid.int4 },
  { name: "b", type: "text", typeOid: Oid.text, fallback: ["'fall'", "fall"] },
];

const CASES: Readonly<Record<string, CopyCase>> = {
  text: { columns: TWO, options: "FORMAT text", format: TEXT },
  csv: { columns: TWO, options: "FORMAT csv", format: CSV },
  "text with a header to match": {
    columns: TWO,
    options: "FORMAT text, HEADER match",
    format: { ...TEXT, header: "match" },
  },
  "csv with a header": {
    columns: TWO,
    options: "FORMAT csv, HEADER",
    format: { ...CSV, header: "names" },
  },
  "csv with a header to match": {
    columns: TWO,
    options: "FORMAT csv, HEADER match",
    format: { ...CSV, header: "match" },
  },
  "text with own marks": {
    columns: TWO,
    options: "DELIMITER ';', NULL 'a', DEFAULT '\\d'",
    format: { ...TEXT, delimiter: 0x3b, nullText: bytesOf("a"), defaultText: bytesOf("\\d") },
  },
  "csv with own marks": {
    columns: TWO,
    options: "FORMAT csv, DELIMITER ';', NULL 'a', DEFAULT 'd', QUOTE '''', ESCAPE '\\'",
    format: {
      ...CSV,
      delimiter: 0x3b,
      nullText: bytesOf("a"),
      defaultText: bytesOf("d"),
      quote: 0x27,
      escape: 0x5c,
    },
  },
  "csv with forced columns": {
    columns: TWO,
    options: "FORMAT csv, FORCE_NULL (a), FORCE_NOT_NULL (b)",
    format: { ...CSV, forceNull: [true, false], forceNotNull: [false, true] },
  },
  "text that skips bad rows": {
    columns: TWO,
    options: "ON_ERROR ignore, LOG_VERBOSITY verbose",
    format: TEXT,
    skip: { limit: undefined, isVerbose: true },
  },
  "csv that skips one bad row": {
    columns: TWO,
    options: "FORMAT csv, ON_ERROR ignore, REJECT_LIMIT 1, LOG_VERBOSITY silent",
    format: CSV,
    skip: { limit: 1n, isVerbose: false },
    isSilent: true,
  },
};

/** Written with the tab of text; other formats get their delimiter instead. */
const DATA: readonly string[] = [
  "",
  "\n",
  "1\ta\n2\tb\n",
  "1\ta\n2\tb",
  "1\ta\r\n2\tb\r\n",
  "1\ta\r2\tb\r",
  "1\ta\r\n2\tb\n",
  "1\ta\n2\tb\r\n",
  "1\ta\r2\tb\n",
  "1\t\\\r\n2\tb\r\n",
  "1\ta\\\nb\n2\tc\n",
  "1\ta\n\\.\n2\tb\n",
  "1\ta\n\\.\n",
  "1\ta\n\\.",
  "1\ta\n\\.\r\n",
  "1\ta\n\\.x\n",
  "1\ta\nx\\.\n",
  "1\ta\r\n\\.\r\n",
  "1\ta\r\n\\.\n",
  "1\ta\r\\.\r",
  "\\.\n",
  "\\.\r",
  "1\ta\\\\.\n",
  "\\N\t\\N\n",
  "1\t\\Nx\n",
  "1\tx\\N\n",
  "1\t\\N",
  "1\t\\N\\",
  "1\tx\\",
  "1\t\\b\\f\\n\\r\\t\\v\\\\\\q\n",
  "1\t\\101\\x41\\x4g\\xg\\7\\18\\1234\n",
  "1\t\\xc3\\xa4\n",
  "1\t\\xc3\n",
  "1\t\\000\n",
  "1\n",
  "\t\n",
  "1\ta\tb\n",
  "x\ta\n",
  " 7 \t 7 \n",
  "2147483648\ta\n",
  "-2147483648\t-\n0x1F\t1_0\n+5\t+5\n",
  `${"9".repeat(120)}\ta\n`,
  `x${"ä".repeat(80)}\ta\n`,
  `1\t${"long ".repeat(60)}\textra\n`,
  "a\tb\n1\tx\n",
  "a\tc\n1\tx\n",
  "a\n1\tx\n",
  "a\t\\N\n1\tx\n",
  "A\tb\n",
  '"a"\t"b"\n1\t"x"\n',
  '1\t"x\ty"\n',
  '1\t"x""y"\n',
  '1\t"x\\"y"\n',
  '1\tx"y"z\n',
  '1\t"x\ny"\nz\tq\n',
  '1\t"x\r\ny"\r\nz\tq\r\n',
  '1\t"x\ry"\n2\t"\n"\nz\tq\n',
  '1\t"unfinished\n2\tb\n',
  '1\t"unfinished',
  '1\t""\n""\tb\n',
  "1\t\n\tb\n",
  '"1"\t"\\."\n\\.\n2\tb\n',
  "1\t'x'\n2\t'\\''\n3\t'a'\n4\ta\n5\td\n6\t'd'\nd\t1\n",
  "a\ta\n1\t\\d\n\\d\t1\n",
  "1\tä€😀\n",
  "z\nq\t1\n3\tok\nx\t2\nx\t3\ny\n",
  "z\t1\n3\tok\nx\t2\nx\t3\n4\tok\n\\N\t\\N\n",
];

/** Bytes that are no text. */
const BROKEN: readonly (readonly number[])[] = [
  [0x31, 9, 0xff, 10],
  [0x31, 9, 0xc3, 10, 0x32, 9, 0x61, 10],
  [0x31, 9, 0xc3],
  [0x31, 9, 0xe2, 0x82, 10],
  [0x31, 9, 0, 10],
  [0x31, 9, 0x61, 10, 0x32, 9, 0xc0, 0xaf, 10, 0x61, 0x61, 0x61],
  [0x31, 9, 0xed, 0xa0, 0x80, 10],
  [0x78, 9, 0x61, 10, 0x32, 9, 0xff, 10],
  [0x31, 9, 0xf8, 0x88, 0x80, 0x80, 10],
  [0x31, 9, 0x61, 13, 0xff, 10],
];

function inFormat(bytes: Uint8Array, { format }: CopyCase): Uint8Array {
  const delimiter = format.kind === "binary" ? 9 : format.delimiter;
  return bytes.map((byte) => (byte === 9 ? delimiter : byte));
}

const INPUTS = [...DATA.map(bytesOf), ...BROKEN.map((bytes) => Buffer.from(bytes))];

describe.each(Object.entries(CASES))("%s", (_, given) => {
  test("gives PostgreSQL's rows or its error", async () => {
    await oracle.create(given);
    for (const input of INPUTS) {
      const bytes = inFormat(input, given);
      const expected = await oracle.copy(given, bytes);
      expect({ input: Buffer.from(bytes).toString("latin1"), ...readAll(given, [bytes]) }).toEqual({
        input: Buffer.from(bytes).toString("latin1"),
        ...expected,
      });
    }
  });

  test("does not depend on where chunks are cut", () => {
    for (const input of INPUTS.filter(({ length }) => length < 60)) {
      const bytes = inFormat(input, given);
      const whole = readAll(given, [bytes]);
      const shown = Buffer.from(bytes).toString("latin1");
      for (let at = 0; at <= bytes.length; at += 1) {
        const halves = [bytes.slice(0, at), bytes.slice(at)];
        expect({ shown, at, ...readAll(given, halves) }).toEqual({ shown, at, ...whole });
      }
      const single = [...bytes].map((byte) => Uint8Array.of(byte));
      expect({ shown, ...readAll(given, single) }).toEqual({ shown, ...whole });
    }
  });

  test("takes random bytes as PostgreSQL does", async () => {
    await oracle.create(given);
    const next = random(seedOf("copy-lines"));
    const alphabet = [...'0123ab\t\t\n\n\r\\\\""\'.Ndx;,', "ä", "€", "\\.\n", "\r\n", "\\N"];
    for (let round = 0; round < 100; round += 1) {
      const length = Math.floor(next() * 24);
      const pick = () => alphabet[Math.floor(next() * alphabet.length)] ?? "";
      const text = Array.from({ length }, pick).join("");
      const bytes = inFormat(bytesOf(text), given);
      const chunks: Uint8Array[] = [];
      for (let at = 0; at < bytes.length; ) {
        const end = at + 1 + Math.floor(next() * 6);
        chunks.push(bytes.slice(at, end));
        at = end;
      }
      const expected = await oracle.copy(given, bytes);
      expect({ text, ...readAll(given, chunks) }).toEqual({ text, ...expected });
    }
  });
});

test("the line that psql before 18 puts behind csv is its end, and only as the last line", () => {
  const read = (text: string, mayEndByMarker: boolean) => {
    const source = {
      relation: "t",
      columns: ["a", "b"],
      encoding: "UTF8",
      mayEndByMarker,
    } as const;
    const reader = new LineReader(CSV, source);
    const lines: string[] = [];
    const take = () => {
      while (reader.next()) lines.push(Buffer.from(reader.lineText).toString());
    };
    for (const byte of Buffer.from(text)) {
      reader.push(Uint8Array.of(byte));
      take();
    }
    reader.end();
    take();
    return lines;
  };
  expect(read("1,2\n\\.\n", true)).toEqual(["1,2"]);
  expect(read("1,2\n\\.", true)).toEqual(["1,2"]);
  expect(read("1,2\n\\.\n", false)).toEqual(["1,2", "\\."]);
  expect(read("1,2\n\\.\n3,4\n", true)).toEqual(["1,2", "\\.", "3,4"]);
  expect(read('1,"2\n\\.\n"\n', true)).toEqual(['1,"2\n\\.\n"']);
});
