/** What COPY FROM refuses, in PostgreSQL's words: code, message, DETAIL, HINT and CONTEXT. */

import { PGlite } from "@electric-sql/pglite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { copyIn } from "../support/copy-client.ts";
import { type LocalServer, startLocalServer } from "../support/local-server.ts";

let server: LocalServer;
let postgres: PGlite;

const DEFINITIONS = [
  `CREATE TABLE e (i int, s smallint, b bigint, f float8, r real, n numeric(6,2), t text,
    v varchar(3), c char(3), bo bool, d date, ts timestamp, tz timestamptz, ti time, u uuid,
    j json, jb jsonb, iv interval, ba bytea, a int[], ta text[])`,
  "CREATE TABLE k (id int PRIMARY KEY, v int NOT NULL CHECK (v < 100), w text DEFAULT 'd')",
  "CREATE TABLE g (a int, b int GENERATED ALWAYS AS (a * 2) STORED, c int GENERATED ALWAYS AS IDENTITY)",
];

beforeAll(async () => {
  server = await startLocalServer();
  postgres = await PGlite.create();
  await postgres.exec("SET TimeZone = 'UTC'");
  for (const sql of DEFINITIONS) {
    await postgres.exec(sql);
    await server.rows(sql);
  }
});
afterAll(async () => {
  await server.stop();
  await postgres.close();
});

interface Told {
  readonly [field: string]: string | undefined;
}

const FIELDS = ["code", "message", "detail", "hint", "where", "column", "constraint", "table"];

/** Which line broke a rule of the table or of WHERE is not told: README says so. */
function told(cause: unknown): Told {
  const { where, ...others } = cause as Told;
  const isRule = ["23505", "23514", "22012"].includes(others["code"] ?? "");
  const error: Told = { ...others, where: isRule ? where?.replace(/, line.*/s, "") : where };
  return Object.fromEntries(FIELDS.map((field) => [field, error[field] ?? undefined]));
}

async function ours(sql: string, data: Uint8Array): Promise<Told | string> {
  try {
    const { tag } = await copyIn(server.client, sql, [data]);
    return tag;
  } catch (cause) {
    return told(cause);
  }
}

async function theirs(sql: string, data: Uint8Array): Promise<Told | string> {
  try {
    const blob = new Blob([data as Uint8Array<ArrayBuffer>]);
    const { affectedRows } = await postgres.query(sql.replace("STDIN", "'/dev/blob'"), [], {
      blob,
    });
    return `COPY ${affectedRows}`;
  } catch (cause) {
    return told(cause);
  }
}

async function both(sql: string, data: Uint8Array): Promise<void> {
  const expected = await theirs(sql, data);
  const found = await ours(sql, data);
  const [, table] = sql.split(" ");
  if (typeof expected === "string") await postgres.exec(`DELETE FROM ${table}`);
  if (typeof found === "string") await server.rows(`DELETE FROM ${table}`);
  expect(found).toEqual(expected);
}

/** Bad texts of each type, each in its column alone. */
const VALUES: Readonly<Record<string, readonly string[]>> = {
  i: ["x", "", " 1", "1 ", "1.5", "2147483648", "-2147483649", "0x1F", "1_000", "+5", "--1", "1e3"],
  s: ["32768", "-32769", "1a"],
  b: ["9223372036854775808", "0b2"],
  f: ["1e400", "1e-400", "nan", "infinit", "1..2", "0x1p3", "-", "1e"],
  r: ["1e39", "1e-50", "x"],
  n: ["12345.678", "1e6", "Infinity", "abc", "1.2.3", "99999.999", ""],
  v: ["abcd", "abc ", "abc  x"],
  c: ["abcd", "abc    "],
  bo: ["maybe", "", "tr", "yess", "2"],
  d: ["2026-02-30", "2026-13-01", "x", "", "10000000-01-01", "2026-1", "31/12/2026"],
  ts: [
    "2026-01-01 25:00",
    "2026-01-01 24:00:01",
    "now x",
    "2026-01-01 00:00 Nowhere/At",
    "300000-01-01",
  ],
  tz: ["2026-01-01 00:00+99", "2026-01-01 00:00 XYZ", "x", "4714-11-23 BC"],
  ti: ["24:00:01", "25:00", "12", "x"],
  u: ["x", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a111"],
  j: ["{", '{"a":}', "", "nul", '"\\\\u00"', "[1,]", "1 2", '{"a" 1}', "{'a':1}", '"a\\tb"'],
  jb: ["{", '"\\\\u0000"', '{"a":1e1000000}', "[", '"\\\\ud800"'],
  iv: ["x", "1 foo", "1 day 1 day", "999999999999 years", "P1Q"],
  ba: ["\\\\x0", "\\\\xzz", "\\\\x 1", "\\\\400", "a\\\\b"],
  a: [
    "1,2",
    "{1,2",
    "{1,x}",
    "{{1},{2,3}}",
    "{1,2}}",
    "[1:3]={1,2}",
    "{,}",
    "{1,,2}",
    "{99999999999}",
    "",
  ],
  ta: ['{"a', "{a b, c d}", "{a}x", '{"a"b}', "{{a},b}", "{a,{b}}", "[2:1]={}", "{nUll}"],
};

describe.each(Object.entries(VALUES))("column %s", (column, texts) => {
  test.each(texts)("text %s", async (text) => {
    await both(
      `COPY e (t, ${column}) FROM STDIN`,
      Buffer.from(`ok\t\\N\nok\t${text}\nlast\t\\N\n`),
    );
  });
  test.each(texts)("csv %s", async (text) => {
    const cell = `"${text.replaceAll("\\\\", "\\").replaceAll('"', '""')}"`;
    await both(`COPY e (t, ${column}) FROM STDIN (FORMAT csv)`, Buffer.from(`ok,\nok,${cell}\n`));
  });
});

/** Options, and data in latin1. */
const LINES: readonly (readonly [string, string])[] = [
  ["COPY k FROM STDIN", "1\n"],
  ["COPY k FROM STDIN", "1\t2\tx\ty\n"],
  ["COPY k FROM STDIN", "\n"],
  ["COPY k FROM STDIN", "1\t\\N\tx\n"],
  ["COPY k FROM STDIN", "\\N\t1\tx\n"],
  ["COPY k FROM STDIN", "1\t100\tx\n"],
  ["COPY k FROM STDIN", "1\t2\tx\n1\t3\ty\n"],
  ["COPY k (id) FROM STDIN", "1\n"],
  ["COPY k (id, v) FROM STDIN", "1\t2\n2\tx\n"],
  ["COPY k (id, v, zz) FROM STDIN", "1\t2\n"],
  ["COPY k (id, id) FROM STDIN", "1\t2\n"],
  ["COPY k FROM STDIN (FORMAT csv)", '1,2,"x\n'],
  ["COPY k FROM STDIN (FORMAT csv)", '1,2,"x\n\n3,4,y\n'],
  ["COPY k FROM STDIN (FORMAT csv)", '1,2,x"y\n2,3,z\n'],
  ["COPY k FROM STDIN (FORMAT csv)", '1,2,"x"y"z"\n'],
  ["COPY k FROM STDIN (FORMAT csv)", "1,2\r3,4\n"],
  ["COPY k FROM STDIN (FORMAT csv)", "1,2,x\n3,4,y\r\n"],
  ["COPY k FROM STDIN", "1\t2\tx\r\n2\t3\ty\n"],
  ["COPY k FROM STDIN", "1\t2\tx\n2\t3\ty\r\n"],
  ["COPY k FROM STDIN", "1\t2\tx\\.\n"],
  ["COPY k FROM STDIN", "1\t2\tx\n\\.\n3\tx\n"],
  ["COPY k FROM STDIN", "1\t2\tx\n\\.x\n"],
  ["COPY k FROM STDIN", "1\t2\t\\x4g\\101\\8\\\n"],
  ["COPY k FROM STDIN", "1\t2\ta\0b\n"],
  ["COPY k FROM STDIN", "1\t2\ta\\0b\n"],
  ["COPY k FROM STDIN", "1\t2\ta\\x00b\n"],
  ["COPY k FROM STDIN", "1\t2\t\xff\n"],
  ["COPY k FROM STDIN", "1\t2\t\xc3\n"],
  ["COPY k FROM STDIN", "1\t2\t\xe2\x82\n"],
  ["COPY k FROM STDIN", "1\t2\t\\xff\n"],
  ["COPY k FROM STDIN", "1\t2\t\xed\xa0\x80\n"],
  ["COPY k FROM STDIN", "1\t2\t\xf5\x80\x80\x80\n"],
  ["COPY k FROM STDIN", "1\t2\t\xc0\x80\n"],
  ["COPY k FROM STDIN (FORMAT csv)", "1,2,\xff\n"],
  ["COPY k FROM STDIN (FORMAT csv)", "1,2,a\0b\n"],
  ["COPY k FROM STDIN (HEADER match)", "id\tv\n1\t2\n"],
  ["COPY k FROM STDIN (HEADER match)", "id\tV\tw\n1\t2\tx\n"],
  ["COPY k FROM STDIN (HEADER match)", "id\t\\N\tw\n1\t2\tx\n"],
  ["COPY k FROM STDIN (HEADER match)", ""],
  ["COPY k FROM STDIN (FORMAT csv, HEADER match)", '"id","v" ,w\n'],
  ["COPY k FROM STDIN (HEADER)", "id\tv\tw\n1\tx\ty\n"],
  ["COPY k FROM STDIN (DELIMITER '|', NULL 'nil')", "1|nil|x\n"],
  ["COPY k FROM STDIN (DELIMITER '|', NULL 'nil')", "1|2|nil\n2|3\n"],
  ["COPY k FROM STDIN (DEFAULT '\\D')", "1\t\\D\tx\n"],
  ["COPY k FROM STDIN (DEFAULT 'D')", "D\t1\tx\n"],
  ["COPY k FROM STDIN (FORMAT csv, DEFAULT 'D')", '1,2,D\n2,3,"D"\n3,D,x\n'],
  ["COPY k FROM STDIN (FORMAT csv, FORCE_NOT_NULL (v))", "1,,x\n"],
  ["COPY k FROM STDIN (FORMAT csv, FORCE_NULL (v))", '1,"",x\n'],
  ["COPY k FROM STDIN (FORMAT csv, FORCE_NULL (zz))", "1,2,x\n"],
  ["COPY k (id, v) FROM STDIN (FORMAT csv, FORCE_NULL (w))", "1,2\n"],
  ["COPY k FROM STDIN (ON_ERROR ignore)", "1\tx\ty\n2\t3\tz\n3\n"],
  ["COPY k FROM STDIN (ON_ERROR ignore)", "1\tx\ty\n2\t\\N\tz\n"],
  ["COPY k FROM STDIN (ON_ERROR ignore)", "1\tx\ty\n2\t1000\tz\n"],
  ["COPY k FROM STDIN (ON_ERROR ignore, REJECT_LIMIT 1)", "1\tx\ty\n2\tx\tz\n3\t1\ta\n"],
  ["COPY k FROM STDIN (ON_ERROR ignore, REJECT_LIMIT 2)", "1\tx\ty\n2\tx\tz\n3\t1\ta\n"],
  ["COPY k FROM STDIN WHERE v > 5", "1\t2\tx\n2\t6\ty\n3\tz\tq\n"],
  ["COPY k FROM STDIN WHERE v > 5", "1\t\\N\tx\n2\t6\ty\n"],
  ["COPY k FROM STDIN WHERE 10 / v > 1", "1\t0\tx\n"],
  ["COPY k FROM STDIN WHERE w", "1\t0\tx\n"],
  ["COPY k FROM STDIN WHERE zz > 1", "1\t0\tx\n"],
  ["COPY k FROM STDIN WHERE count(*) > 1", "1\t0\tx\n"],
  ["COPY k FROM STDIN WHERE v > (SELECT 1)", "1\t0\tx\n"],
  ["COPY g FROM STDIN", "1\t2\n"],
  ["COPY g (a) FROM STDIN", "1\nx\n"],
  ["COPY g (b) FROM STDIN", "1\n"],
  ["COPY nowhere FROM STDIN", "1\n"],
  [`COPY k FROM STDIN`, `1\t2\t${"x".repeat(200)}\ty\n`],
  [`COPY k FROM STDIN`, `1\t${"9".repeat(200)}\ty\n`],
  [`COPY k FROM STDIN`, `1\t${"ä".repeat(60)}x\ty\n`],
  ["COPY k FROM STDIN (FORMAT csv)", '1,"a\nb",x\n2,y,z\n'],
  ["COPY k FROM STDIN (FORMAT csv, QUOTE '''', ESCAPE '\\')", "1,2,'a\\'b'\n2,'x',y\n"],
];

test.each(LINES)("%s with %j", async (sql, data) => {
  await both(sql, Buffer.from(data, "latin1"));
});

const HEAD = "5047434f50590aff0d0a00" + "00000000" + "00000000";
const int = (n: number) => n.toString(16).padStart(8, "0");
const cell = (hex: string) => int(hex.length / 2) + hex;
const BINARY: readonly (readonly [string, string])[] = [
  ["k", ""],
  ["k", HEAD.slice(0, 20)],
  ["k", HEAD.slice(0, 26)],
  ["k", HEAD.replace("ff", "fe")],
  ["k", HEAD],
  ["k", `${HEAD}ff`],
  ["k", `${HEAD}ffff`],
  ["k", `${HEAD}ffff00`],
  ["k", "5047434f50590aff0d0a00" + "00010000" + "00000000"],
  ["k", "5047434f50590aff0d0a00" + "00000001" + "00000000"],
  ["k", "5047434f50590aff0d0a00" + "80000000" + "00000000"],
  ["k", "5047434f50590aff0d0a00" + "00000000" + "ffffffff"],
  ["k", "5047434f50590aff0d0a00" + "00000000" + "00000004"],
  ["k", `${HEAD}0002${cell(int(1))}${cell(int(2))}ffff`],
  ["k", `${HEAD}0004${cell(int(1))}${cell(int(2))}${cell("78")}${cell("79")}ffff`],
  ["k", `${HEAD}0003${cell(int(1))}${cell("0001")}${cell("78")}ffff`],
  ["k", `${HEAD}0003${cell(int(1))}${cell(`${int(1)}00`)}${cell("78")}ffff`],
  ["k", `${HEAD}0003${cell(int(1))}fffffffe`],
  ["k", `${HEAD}0003${cell(int(1))}ffffffff${cell("78")}ffff`],
  ["k", `${HEAD}0003${cell(int(1))}${cell(int(100))}${cell("78")}ffff`],
  ["k", `${HEAD}0003${cell(int(1))}${cell(int(2))}${cell("00")}ffff`],
  ["k", `${HEAD}0003${cell(int(1))}${cell(int(2))}${cell("ff")}ffff`],
  ["k", `${HEAD}0003${cell(int(1))}${cell(int(2))}${cell("78")}`],
  ["k", `${HEAD}0003${cell(int(1))}${cell(int(2))}`],
  ["k", `${HEAD}fffe`],
  ["e (v)", `${HEAD}0001${cell("61626364")}ffff`],
  ["e (c)", `${HEAD}0001${cell("61626364")}ffff`],
  ["e (bo)", `${HEAD}0001${cell("02")}ffff`],
  ["e (bo)", `${HEAD}0001${cell("")}ffff`],
  ["e (d)", `${HEAD}0001${cell("7ffffffe")}ffff`],
  ["e (ts)", `${HEAD}0001${cell("7ffffffffffffffe")}ffff`],
  ["e (ti)", `${HEAD}0001${cell("7fffffffffffffff")}ffff`],
  ["e (u)", `${HEAD}0001${cell("00")}ffff`],
  ["e (j)", `${HEAD}0001${cell("7b")}ffff`],
  ["e (jb)", `${HEAD}0001${cell("027b7d")}ffff`],
  ["e (jb)", `${HEAD}0001${cell("017b")}ffff`],
  ["e (n)", `${HEAD}0001${cell("0001000000000000270f".slice(0, 16))}ffff`],
  ["e (n)", `${HEAD}0001${cell("00010000000000002710")}ffff`],
  ["e (n)", `${HEAD}0001${cell("00010002000000000001")}ffff`],
  ["e (n)", `${HEAD}0001${cell("00000000123400000000".slice(0, 16))}ffff`],
  ["e (a)", `${HEAD}0001${cell(int(7) + int(0) + int(23))}ffff`],
  [
    "e (a)",
    `${HEAD}0001${cell(int(1) + int(2) + int(23) + int(1) + int(1) + int(4) + int(1))}ffff`,
  ],
  ["e (a)", `${HEAD}0001${cell(int(1) + int(0) + int(25) + int(1) + int(1) + cell("78"))}ffff`],
  ["e (a)", `${HEAD}0001${cell(int(1) + int(0) + int(23) + int(-1 >>> 0) + int(1))}ffff`],
  ["e (a)", `${HEAD}0001${cell(int(1) + int(0) + int(23) + int(2) + int(1) + cell(int(1)))}ffff`],
  ["e (iv)", `${HEAD}0001${cell("00")}ffff`],
  ["e (f)", `${HEAD}0001${cell("00000000")}ffff`],
];

test.each(BINARY)("binary into %s: %s", async (table, hex) => {
  await both(`COPY ${table} FROM STDIN (FORMAT binary)`, Buffer.from(hex, "hex"));
});
