import { PGlite } from "@electric-sql/pglite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CellKind, readInsertLiterals } from "../../src/compile/insert-literals.ts";
import { readBlock } from "../../src/engine/read-block.ts";
import { readAnswer } from "../../src/postgres/answer.ts";
import { simpleQuery } from "../../src/postgres/messages.ts";
import { readLiterals } from "../../src/session/literal-rows.ts";
import { encodeText } from "../../src/types/codec.ts";
import { Oid } from "../../src/types/oids.ts";
import { oneRow } from "../postgres/support.ts";
import { randomFrom as random, seedOf } from "../support/random.ts";

const ISO = {
  timeZone: "America/New_York",
  dateStyle: { format: "ISO", order: "MDY" },
  intervalStyle: "postgres",
  extraFloatDigits: 1,
  byteaOutput: "hex",
  nowMicros: 0n,
} as const;

const NUMBERS = [
  "0",
  "-0",
  "-0.0",
  "1",
  "-1",
  "007",
  "1.",
  ".5",
  "-.25",
  "1.10",
  "2.5",
  "3.5",
  "-2.5",
];
const LARGE = [
  "32767",
  "32768",
  "-32769",
  "2147483647",
  "2147483648",
  "-2147483648",
  "-2147483649",
];
const HUGE = [
  "9223372036854775807",
  "-9223372036854775808",
  "9223372036854775808",
  "1e3",
  "1e-7",
  "1e400",
];
const STAMPS = [
  "2024-02-29",
  "2024-02-30",
  "2024-03-10 02:30",
  "2024-11-03 01:30:00",
  "1999-12-31 23:59:59.9999995",
  "2024-01-01T00:00:00Z",
  "2024-01-01 00:00:00+05:30",
  "0001-01-01 BC",
  "infinity",
  "now",
  "today",
  "12:00",
  "24:00:00",
  "25:00",
  "20240102",
  "1/2/2024",
  "4714-11-24 00:00:00 BC",
  "294277-01-01",
];
const TEXTS = [
  "",
  " ",
  "abc",
  "abc   ",
  "abcdef",
  "Zürich 🌊",
  "O''Brien",
  "a\\b",
  "{1,2}",
  "{}",
  "{a,NULL}",
  "t",
  "yes",
];
const OTHERS = [
  "1 day",
  "1 mon -2 days 03:04:05",
  "P1Y2M",
  '{"b":1,"a":[1.50]}',
  "\\x00ff",
  "nan",
  "Infinity",
  "12abc",
  "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
  "A0EEBC999C0B4EF8BB6D6BB9BD380A11",
];
const STRINGS = [...NUMBERS, ...LARGE, ...HUGE, ...STAMPS, ...TEXTS, ...OTHERS];

const TYPES: readonly (readonly [string, number, number])[] = [
  ["bool", Oid.bool, -1],
  ["int2", Oid.int2, -1],
  ["int4", Oid.int4, -1],
  ["int8", Oid.int8, -1],
  ["float4", Oid.float4, -1],
  ["float8", Oid.float8, -1],
  ["numeric", Oid.numeric, -1],
  ["numeric(6,2)", Oid.numeric, (6 << 16) + 2 + 4],
  ["text", Oid.text, -1],
  ["varchar(4)", Oid.varchar, 8],
  ["char(4)", Oid.bpchar, 8],
  ["date", Oid.date, -1],
  ["time", Oid.time, -1],
  ["timestamp", Oid.timestamp, -1],
  ["timestamp(2)", Oid.timestamp, 2],
  ["timestamptz", Oid.timestamptz, -1],
  ["interval", Oid.interval, -1],
  ["uuid", Oid.uuid, -1],
  ["bytea", Oid.bytea, -1],
  ["json", Oid.json, -1],
  ["jsonb", Oid.jsonb, -1],
  ["int4[]", 1007, -1],
  ["numeric(6,2)[]", 1231, (6 << 16) + 2 + 4],
  ["text[]", 1009, -1],
  ["timestamptz[]", 1185, -1],
];

let postgres: PGlite;

beforeAll(async () => {
  postgres = await PGlite.create();
  await postgres.exec("SET TimeZone = 'America/New_York'");
});

afterAll(async () => {
  await postgres.close();
});

/** Its text as PostgreSQL stores it; an error as "SQLSTATE message". */
async function stored(literal: string): Promise<string | null> {
  const sql = `INSERT INTO t VALUES (${literal}) RETURNING c`;
  const { data } = await postgres.execProtocol(simpleQuery(sql), { throwOnError: false });
  const { error, rows } = readAnswer(data);
  if (error !== undefined) return `${error.sqlState} ${error.message}`;
  return oneRow(rows[0] ?? new Uint8Array())[0]?.toString() ?? null;
}

/** undefined: left to PostgreSQL. */
function ours(literal: string, typeOid: number, typmod: number): string | null | undefined {
  const literals = readInsertLiterals(`INSERT INTO t VALUES (${literal})`);
  if (literals === undefined) return undefined;
  const column = { number: 1, name: "c", typeOid, typmod, isNotNull: false };
  const block = readLiterals(literals, [column], ISO);
  if (block === undefined) return undefined;
  const value = readBlock(block, [column])[0]?.[0] ?? null;
  return value === null ? null : encodeText(value, typeOid, ISO);
}

function literalOf(text: string, kind: number): string {
  if (kind === 0) return text;
  if (kind === 1) return `E'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
  return `'${text}'`;
}

describe("literals of an INSERT", () => {
  test.each(TYPES)("are stored in %s as PostgreSQL stores them", async (type, oid, typmod) => {
    await postgres.exec(`DROP TABLE IF EXISTS t; CREATE TABLE t (c ${type})`);
    const next = random(seedOf(`literals ${type}`));
    const pick = () => STRINGS[Math.floor(next() * STRINGS.length)] ?? "";
    const digits = () =>
      `${next() < 0.3 ? "-" : ""}${Math.floor(next() * 10 ** Math.floor(next() * 12))}`;
    const made = Array.from({ length: 150 }, () =>
      literalOf(
        next() < 0.7 ? pick() : next() < 0.5 ? digits() : `${digits()}.${Math.floor(next() * 1e6)}`,
        Math.floor(next() * 3),
      ),
    );
    let read = 0;
    const differ: string[] = [];
    for (const literal of [
      "NULL",
      "true",
      "FALSE",
      ...STRINGS.map((text) => `'${text}'`),
      ...made,
    ]) {
      const answer = ours(literal, oid, typmod);
      if (answer === undefined) continue;
      read += 1;
      const expected = await stored(literal);
      if (answer !== expected) differ.push(`${literal}: ${answer}, not ${expected}`);
    }
    expect(differ).toEqual([]);
    expect(read).toBeGreaterThan(1);
  });
});

describe("an INSERT is read by its shape", () => {
  test("with its rows between head and tail", () => {
    const found = readInsertLiterals(
      ` insert INTO "S p".t ("a""b", ü) values\n(1, 'x''y') , (-2.5e3,\tE'\\n') RETURNING a ;`,
    );
    expect(found?.head).toBe(` insert INTO "S p".t ("a""b", ü) values\n`);
    expect(found?.tail).toBe("RETURNING a");
    expect([found?.rows, found?.width]).toEqual([2, 2]);
    expect([...(found?.kinds.subarray(0, 4) ?? [])]).toEqual([
      CellKind.number,
      CellKind.quoted,
      CellKind.number,
      CellKind.escaped,
    ]);
  });

  test.each([
    "SELECT 1",
    "INSERT INTO t SELECT 1",
    "INSERT INTO t VALUES (1 + 1)",
    "INSERT INTO t VALUES (1, 2), (3)",
    "INSERT INTO t VALUES (1), (2",
    "INSERT INTO t VALUES ($1)",
    "INSERT INTO t VALUES ('a' 'b')",
    "INSERT INTO t VALUES ('a'\n'b')",
    "INSERT INTO t VALUES ('a'::int)",
    "INSERT INTO t VALUES (now())",
    "INSERT INTO t VALUES (1) /* x */",
    "INSERT INTO t VALUES (1 /* x */)",
    "INSERT INTO t VALUES (--1\n1)",
    "INSERT INTO t VALUES (x'41')",
    "INSERT INTO t VALUES (U&'\\0041')",
    "INSERT INTO t VALUES (0x1F)",
    "INSERT INTO t VALUES (1_000)",
    "INSERT INTO t VALUES (12abc)",
    "INSERT INTO t VALUES (- 1)",
    "INSERT INTO t VALUES ()",
    "INSERT INTO t VALUES (1); SELECT 1",
    "INSERT INTO t VALUES (1) RETURNING a; SELECT 1",
    "INSERT INTO t VALUES (1) RETURNING $1",
    "INSERT INTO t AS x VALUES (1)",
    "INSERT INTO t (a) OVERRIDING SYSTEM VALUE VALUES (1)",
    "INSERT INTO t VALUES ('open",
  ])("unless it is another: %s", (text) => {
    expect(readInsertLiterals(text)).toBeUndefined();
  });
});
