/**
 * Many plain lines of COPY, which are read column by column, against PostgreSQL itself: among them
 * unusual values, NULLs, quotes, and lines that are wrong in one column or two.
 */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
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

const COLUMNS: readonly Column[] = [
  { name: "at", type: "timestamptz", typeOid: Oid.timestamptz },
  { name: "local", type: "timestamp", typeOid: Oid.timestamp },
  { name: "host", type: "text", typeOid: Oid.text },
  { name: "usage", type: "float8", typeOid: Oid.float8 },
  { name: "real", type: "float4", typeOid: Oid.float4 },
  { name: "n", type: "bigint", typeOid: Oid.int8 },
  { name: "small", type: "smallint", typeOid: Oid.int2 },
  { name: "day", type: "date", typeOid: Oid.date },
  { name: "price", type: "numeric", typeOid: Oid.numeric },
  { name: "is_on", type: "boolean", typeOid: Oid.bool },
];

const STAMPS = [
  "2026-01-31 10:20:30",
  "2026-01-31T10:20:30.123456Z",
  "2026-01-31 23:59:59.5+05:30",
  "1969-12-31 23:59:59.999999-08",
  "infinity",
  "0044-03-15 12:00:00 BC",
  " 2026-02-01 00:00:00",
  "2026-02-28 24:00:00",
];

/** Right values of each column; the first ones are usual. */
const VALUES: readonly (readonly string[])[] = [
  STAMPS,
  STAMPS,
  ["host-1", "ä€😀", "a longer text that no quick way is made for", "", "x y"],
  [
    "0.14285714285714285",
    "-1.5",
    "1e300",
    "NaN",
    "-Infinity",
    "123456789012345678901",
    " 7 ",
    "-0",
  ],
  ["0.1", "-3e5", "16777217", "Infinity", "1.17549435e-38"],
  ["12345", "-9223372036854775808", "9007199254740993", "0x1F", "1_000", "-0", "+7"],
  ["1", "-32768", "0b11"],
  ["2026-01-31", "infinity", "4713-01-01 BC", "January 8, 1999"],
  ["1.50", "1e3", "NaN", "0.000"],
  ["t", "f", "true", "off", " yes"],
];

const WRONG: readonly string[] = [
  "2026-02-30 00:00:00",
  "x",
  "\u0000".repeat(0),
  "1e400",
  "1e39",
  "9223372036854775808",
  "32768",
  "2026-13-01",
  "1,5x",
  "maybe",
];

const CASES: Readonly<Record<string, CopyCase>> = {
  text: { columns: COLUMNS, options: "FORMAT text", format: TEXT },
  csv: { columns: COLUMNS, options: "FORMAT csv", format: CSV },
  "csv that forces": {
    columns: COLUMNS,
    options: "FORMAT csv, NULL 'f', FORCE_NOT_NULL (host, is_on)",
    format: {
      ...CSV,
      nullText: bytesOf("f"),
      forceNotNull: COLUMNS.map(({ name }) => name === "host" || name === "is_on"),
    },
  },
  "csv that forces NULL": {
    columns: COLUMNS,
    options: "FORMAT csv, FORCE_NULL (usage)",
    format: { ...CSV, forceNull: COLUMNS.map(({ name }) => name === "usage") },
  },
  "text that skips bad rows": {
    columns: COLUMNS,
    options: "ON_ERROR ignore, LOG_VERBOSITY verbose",
    format: TEXT,
    skip: { limit: undefined, isVerbose: true },
  },
};

/** Lines of which so many in a hundred fields are unusual, NULL, or wrong. */
function randomLines(next: () => number, { format }: CopyCase, wrongPercent: number): string {
  const isCsv = format.kind === "csv";
  const ending = next() < 0.5 ? "\n" : "\r\n";
  const field = (column: number): string => {
    const values = VALUES[column] ?? [];
    const percent = next() * 100;
    if (percent < wrongPercent) return (WRONG[column] ?? "").replace(",", isCsv ? "" : ",");
    if (percent < 8) return isCsv ? "" : "\\N";
    const isUsual = percent < 80;
    const value = values[isUsual ? 0 : Math.floor(next() * values.length)] ?? "";
    if (!isCsv) return value;
    return value.includes(",") || next() < 0.1 ? `"${value}"` : value;
  };
  const line = () => {
    const fields = COLUMNS.map((_, column) => field(column));
    if (next() < 0.01) fields.pop();
    return fields.join(isCsv ? "," : "\t");
  };
  const lines = Array.from({ length: 1 + Math.floor(next() * 40) }, line);
  const end = next() < 0.9 ? ending : "";
  return `${lines.join(ending)}${end}`;
}

describe.each(Object.entries(CASES))("%s", (_, given) => {
  test("gives PostgreSQL's rows or its first error, however much is read at once", async () => {
    await oracle.create(given);
    const next = random(seedOf(`copy-plain ${given.options}`));
    for (let round = 0; round < 60; round += 1) {
      const text = randomLines(next, given, round % 3 === 0 ? 0.5 : 0);
      const bytes = bytesOf(text);
      const expected = await oracle.copy(given, bytes);
      const cut = Math.floor(next() * bytes.length);
      expect({ text, ...readAll(given, [bytes], 1000) }).toEqual({ text, ...expected });
      const halves = [bytes.subarray(0, cut), bytes.subarray(cut)];
      expect({ text, ...readAll(given, halves, 7) }).toEqual({ text, ...expected });
    }
  });
});
