/** The binary format of COPY FROM, and values of every type in all formats, against PostgreSQL. */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Oid } from "../../src/types/oids.ts";
import { randomFrom as random, seedOf } from "../support/random.ts";
import { type Column, type CopyCase, CopyOracle, CSV, readAll, TEXT } from "./copy-harness.ts";

let oracle: CopyOracle;
beforeAll(async () => {
  oracle = await CopyOracle.open();
  await oracle.run("SET TimeZone = 'UTC'");
});
afterAll(async () => await oracle.close());

const modifier = (precision: number, scale: number) => (precision << 16) + scale + 4;

/** Name, type, OID, modifier, texts: usual ones, odd ones and wrong ones. */
const TYPES: readonly (readonly [string, number, number, readonly string[]])[] = [
  [
    "int2",
    Oid.int2,
    -1,
    ["0", "-0", "32767", "-32768", "32768", "+1", " 7 ", "0x1f", "1_000", "1.0", "", "x"],
  ],
  ["int4", Oid.int4, -1, ["2147483647", "-2147483648", "2147483648", "000012", "--1", "1e3"]],
  [
    "int8",
    Oid.int8,
    -1,
    [
      "999999999999999",
      "9999999999999999",
      "9223372036854775807",
      "-9223372036854775808",
      "9223372036854775808",
      "-",
    ],
  ],
  [
    "float4",
    Oid.float4,
    -1,
    [
      "0.1",
      "16777217",
      "1e10",
      "3.4028236e38",
      "1e39",
      "1e-46",
      ".5",
      "5.",
      "-0",
      "nan",
      "1e",
      "33554435",
      "8388608.5",
    ],
  ],
  [
    "float8",
    Oid.float8,
    -1,
    [
      "0.1",
      "123456789.123456789",
      "1e22",
      "1e23",
      "1e308",
      "1e309",
      "4.9e-324",
      "1e-400",
      "-0",
      "-0.0",
      "Infinity",
      "-inf",
      "NaN",
      "1.7976931348623157e308",
      "0.30000000000000004",
      "1e+5",
      "1e+-5",
      ".",
      "1.2.3",
      "0x1p3",
      "9007199254740993",
      "123456789012345678",
    ],
  ],
  [
    "numeric",
    Oid.numeric,
    -1,
    ["1.50", "1e3", "-0.000", "NaN", "Infinity", "12345678901234567890.123", "x"],
  ],
  [
    "numeric(5,2)",
    Oid.numeric,
    modifier(5, 2),
    ["1.005", "999.994", "999.995", "-999.995", "0.001", "NaN", "inf", "12"],
  ],
  ["bool", Oid.bool, -1, ["t", "f", "true", "no", "on", "of", "1", "2", " t "]],
  ["text", Oid.text, -1, ["ä", "", " x "]],
  ["varchar(3)", Oid.varchar, 7, ["abc", "abc  ", "abcd", "äöü", ""]],
  [
    "date",
    Oid.date,
    -1,
    [
      "2026-01-31",
      "2026-02-29",
      "2024-02-29",
      "0001-01-01",
      "0000-01-01",
      "9999-12-31",
      "infinity",
      "5 Jan 2026",
      "2026-1-5",
      "20260105",
      "2026-01-05 BC",
      "2026-13-01",
      "2026-01-00",
    ],
  ],
  ["time", Oid.time, -1, ["01:02:03.456", "24:00:00", "25:00"]],
  [
    "timestamp",
    Oid.timestamp,
    -1,
    [
      "2026-01-05 01:02:03",
      "2026-01-05T01:02:03.1234567",
      "2026-01-05 01:02:03.9999999",
      "2026-01-05 24:00:00",
      "2026-01-05 01:02:60",
      "2026-01-05 01:02:03+05",
      "1600-01-01 00:00:00",
      "2300-01-01 00:00:00.000001",
      "-infinity",
      "2026-02-30 00:00:00",
      "2026-01-05 1:2:3",
    ],
  ],
  [
    "timestamptz",
    Oid.timestamptz,
    -1,
    [
      "2026-01-05 01:02:03+00",
      "2026-01-05 01:02:03.5Z",
      "2026-01-05 01:02:03-0330",
      "2026-01-05 01:02:03+05:30",
      "2026-01-05 01:02:03+15:59:59",
      "2026-01-05 01:02:03+16",
      "2026-01-05 01:02:03",
      "2026-01-05 01:02:03 Europe/Berlin",
      "2026-01-05 01:02:03.",
      "1969-12-31 23:59:59.999999+00",
      "294277-01-01",
    ],
  ],
  [
    "timestamptz(0)",
    Oid.timestamptz,
    0,
    [
      "2026-01-05 01:02:03.5+00",
      "1999-12-31 23:59:59.5+00",
      "1969-01-01 00:00:00.5+00",
      "infinity",
    ],
  ],
  ["interval", Oid.interval, -1, ["1 day 02:03:04.5", "P1Y2M", "-1 mon", "bad"]],
  [
    "uuid",
    Oid.uuid,
    -1,
    ["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "{A0EEBC999C0B4EF8BB6D6BB9BD380A11}", "a0"],
  ],
  ["json", Oid.json, -1, ['{"a": [1, null]}', "{", "1"]],
  ["jsonb", Oid.jsonb, -1, ['{"b": 1, "a": 2}', "nope"]],
  ["bytea", Oid.bytea, -1, ["x", "abc"]],
  ["int4[]", 1007, -1, ["{1,2}", "{1,NULL}", "{}", "{1", "{x}"]],
  ["text[]", 1009, -1, ['{a,"b c"}', "{NULL}"]],
];

const columnOf = (type: string, typeOid: number, typmod: number): Column => ({
  name: "v",
  type,
  typeOid,
  typmod,
});

describe("one value", () => {
  test.each(TYPES)("of %s is read as PostgreSQL reads it", async (type, oid, typmod, texts) => {
    const columns = [columnOf(type, oid, typmod)];
    const csv: CopyCase = {
      columns,
      options: "FORMAT csv, NULL 'null'",
      format: { ...CSV, nullText: Buffer.from("null") },
    };
    const text: CopyCase = { columns, options: "FORMAT text", format: TEXT };
    await oracle.create(csv);
    for (const value of texts) {
      const quoted = Buffer.from(`"${value.replaceAll('"', '""')}"\n`);
      expect({ value, ...readAll(csv, [quoted]) }).toEqual({
        value,
        ...(await oracle.copy(csv, quoted)),
      });
      const line = Buffer.from(`${value}\n`);
      expect({ value, ...readAll(text, [line]) }).toEqual({
        value,
        ...(await oracle.copy(text, line)),
      });
    }
  });
});

const BINARY: readonly Column[] = TYPES.filter(([type]) => !type.includes("(")).map(
  ([type, oid, typmod], index) => ({ ...columnOf(type, oid, typmod), name: `c${index}` }),
);

const GOOD: Readonly<Record<string, string>> = {
  int2: "-5",
  int4: "70000",
  int8: "-9000000000000000000",
  float4: "1.5",
  float8: "-2.25",
  numeric: "12345.678",
  bool: "'t'",
  text: "'ä €'",
  date: "'2026-01-05'",
  time: "'01:02:03'",
  timestamp: "'2026-01-05 01:02:03.5'",
  timestamptz: "'1950-01-05 01:02:03+02'",
  interval: "'1 mon 2 days 03:04:05'",
  uuid: "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'",
  json: `'{"a": 1}'`,
  jsonb: `'{"a": 1}'`,
  bytea: "'\\x00ff'",
  "int4[]": "'{1,NULL,3}'",
  "text[]": "'{a,NULL}'",
};

function select(columns: readonly Column[]): string {
  const values = columns.map(({ type }) => `${GOOD[type] ?? "NULL"}::${type}`);
  const nulls = columns.map(({ type }) => `NULL::${type}`);
  return `SELECT ${values.join(", ")} UNION ALL SELECT ${nulls.join(", ")}`;
}

describe("binary", () => {
  test("values of all types come as PostgreSQL wrote them, wherever chunks are cut", async () => {
    const given: CopyCase = {
      columns: BINARY,
      options: "FORMAT binary",
      format: { kind: "binary" },
    };
    await oracle.create(given);
    const bytes = await oracle.copyTo(
      `COPY (${select(BINARY)}) TO '/dev/blob' WITH (FORMAT binary)`,
    );
    const expected = await oracle.copy(given, bytes);
    expect(expected.rows).toHaveLength(2);
    expect(readAll(given, [bytes])).toEqual(expected);
    for (let at = 0; at <= bytes.length; at += 1) {
      expect(readAll(given, [bytes.slice(0, at), bytes.slice(at)])).toEqual(expected);
    }
    const withoutTrailer = bytes.slice(0, -2);
    expect(readAll(given, [withoutTrailer])).toEqual(await oracle.copy(given, withoutTrailer));
  });

  test("what is cut off or changed is refused as PostgreSQL refuses it", async () => {
    const columns = BINARY.filter(({ type }) =>
      ["int4", "text", "float8", "timestamptz"].includes(type),
    );
    const given: CopyCase = { columns, options: "FORMAT binary", format: { kind: "binary" } };
    await oracle.create(given);
    const bytes = await oracle.copyTo(
      `COPY (${select(columns)}) TO '/dev/blob' WITH (FORMAT binary)`,
    );
    const inputs: Uint8Array[] = [];
    for (let at = 0; at <= bytes.length; at += 1) inputs.push(bytes.slice(0, at));
    const next = random(seedOf("copy-binary"));
    for (let round = 0; round < 150; round += 1) {
      const changed = bytes.slice();
      // High bytes of a length would make PostgreSQL ask for a gigabyte.
      const at = Math.floor(next() * bytes.length);
      changed[at] = Math.floor(next() * 4) === 0 ? 0xff : Math.floor(next() * 8);
      inputs.push(changed);
    }
    inputs.push(new Uint8Array([...bytes, 1]));
    for (const input of inputs) {
      const shown = Buffer.from(input).toString("hex");
      const expected = await oracle.copy(given, input);
      if (/memory|string buffer/.test(expected.error?.["message"] ?? "")) continue;
      expect({ shown, ...readAll(given, [input]) }).toEqual({ shown, ...expected });
    }
  });
});
