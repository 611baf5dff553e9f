/** Rows of COPY TO against PostgreSQL's bytes, and what is written read again. */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { CopyEncoding } from "../../src/types/copy/format.ts";
import { rowWriter } from "../../src/types/copy/row-writer.ts";
import { encodeDataRows } from "../../src/types/data-row.ts";
import { Oid } from "../../src/types/oids.ts";
import type { SqlValue } from "../../src/types/value.ts";
import { ISO } from "./comparison.ts";
import {
  bytesOf,
  type CopyCase,
  CopyOracle,
  CSV,
  openReader,
  readAll,
  TEXT,
} from "./copy-harness.ts";

const TEXTS = [
  null,
  "",
  "plain",
  "a\tb",
  "line\nfeed",
  "return\r",
  "\b\f\v\u0001",
  "back\\slash",
  "\\.",
  "\\N",
  'quo"te',
  "semi;colon",
  "comma,",
  "'single'",
  "umläut €",
  "NULL",
];

let oracle: CopyOracle;
beforeAll(async () => {
  oracle = await CopyOracle.open();
  const literals = TEXTS.map((text) =>
    text === null ? "NULL" : `'${text.replaceAll("'", "''")}'`,
  );
  const rows = literals.map((text, at) => `(${at}, ${text}, ${literals.at(-1 - at)})`);
  await oracle.run("CREATE TABLE w (n int, a text, b text)");
  await oracle.run(`INSERT INTO w VALUES ${rows.join(", ")}`);
});
afterAll(async () => await oracle.close());

const ROWS: readonly (readonly SqlValue[])[] = TEXTS.map((text, at) => [
  at,
  text,
  TEXTS.at(-1 - at) ?? null,
]);

const CASES: Readonly<
  Record<string, { readonly sql: string; readonly format: CopyCase["format"] }>
> = {
  text: { sql: "FORMAT text", format: TEXT },
  "text with own marks": {
    sql: "DELIMITER ';', NULL 'nil', HEADER",
    format: { ...TEXT, delimiter: 0x3b, nullText: bytesOf("nil"), header: "names" },
  },
  "text delimited by a control character": {
    sql: "DELIMITER E'\\x01'",
    format: { ...TEXT, delimiter: 1 },
  },
  csv: { sql: "FORMAT csv", format: CSV },
  "csv with a header and forced quotes": {
    sql: "FORMAT csv, HEADER, FORCE_QUOTE (a), NULL 'NULL'",
    format: {
      ...CSV,
      header: "names",
      forceQuote: [false, true, false],
      nullText: bytesOf("NULL"),
    },
  },
  "csv with own marks": {
    sql: "FORMAT csv, QUOTE '''', ESCAPE '\\', DELIMITER ';'",
    format: { ...CSV, quote: 0x27, escape: 0x5c, delimiter: 0x3b },
  },
  binary: { sql: "FORMAT binary", format: { kind: "binary" } },
};

function written(
  format: CopyCase["format"],
  rows: readonly (readonly SqlValue[])[],
  types: readonly number[],
  isFramed = false,
  encoding: CopyEncoding = "UTF8",
): Buffer {
  const writer = rowWriter(format, encoding, isFramed);
  const columns = types.map((typeOid, at) => ({ typeOid, format: writer.cellFormat(at) }));
  const names = ["n", "a", "b"].slice(0, types.length);
  const begin = Buffer.from(writer.begin(names));
  const half = rows.length >> 1;
  const parts = [rows.slice(0, half), rows.slice(half)].map((part) =>
    Buffer.from(writer.rows(encodeDataRows(part, columns, ISO))),
  );
  return Buffer.concat([begin, ...parts, writer.finish()]);
}

const TYPES = [Oid.int4, Oid.text, Oid.text];

describe.each(Object.entries(CASES))("%s", (_, { sql, format }) => {
  test("is written byte for byte as PostgreSQL writes it", async () => {
    const expected = await oracle.copyTo(`COPY w TO '/dev/blob' WITH (${sql})`);
    const ours = written(format, ROWS, TYPES);
    expect(ours.toString("latin1")).toBe(Buffer.from(expected).toString("latin1"));
  });

  test("comes back as it was", () => {
    const columns = TYPES.map((typeOid, at) => ({ name: "nab"[at] ?? "", type: "", typeOid }));
    const given: CopyCase = { columns, options: "", format };
    const notices: string[] = [];
    const { reader, rows } = openReader(given, notices);
    reader.push(written(format, ROWS, TYPES));
    reader.end();
    while (reader.read(7) === 7);
    const shown = ROWS.map((row) => row.map((value) => value ?? "~").join("|"));
    expect(rows()).toEqual(shown);
  });

  test("is in one message for each row", () => {
    const framed = written(format, ROWS, TYPES, true);
    const payloads: Buffer[] = [];
    for (let at = 0; at < framed.length; ) {
      expect(framed[at]).toBe(0x64);
      const end = at + 1 + framed.readInt32BE(at + 1);
      payloads.push(framed.subarray(at + 5, end));
      at = end;
    }
    expect(Buffer.concat(payloads).equals(written(format, ROWS, TYPES))).toBe(true);
    const hasHeader = format.kind !== "binary" && format.header !== "none";
    // The header of the binary format comes with the first row, as psycopg expects.
    const others = format.kind === "binary" || hasHeader ? 1 : 0;
    expect(payloads.length).toBe(ROWS.length + others);
  });
});

test("the binary format without rows is one message", () => {
  const framed = written({ kind: "binary" }, [], TYPES, true);
  expect(framed.readInt32BE(1)).toBe(framed.length - 1);
  expect(framed.subarray(5).equals(written({ kind: "binary" }, [], TYPES))).toBe(true);
});

test("a lone end marker in the only column of csv is quoted", async () => {
  const expected = await oracle.copyTo(`COPY (SELECT '\\.') TO '/dev/blob' WITH (FORMAT csv)`);
  const ours = written(CSV, [["\\."]], [Oid.text]);
  expect(ours.toString()).toBe(Buffer.from(expected).toString());
});

test("LATIN1 is written where it can be, and read", () => {
  const bytes = written(CSV, [[1, "ä", "ÿ"]], TYPES, false, "LATIN1");
  expect(bytes.toString("latin1")).toBe("1,ä,ÿ\n");
  expect(() => written(CSV, [[1, "€", ""]], TYPES, true, "LATIN1")).toThrow(
    'character with byte sequence 0xe2 0x82 0xac in encoding "UTF8" has no equivalent',
  );
  const columns = TYPES.map((typeOid, at) => ({ name: "nab"[at] ?? "", type: "", typeOid }));
  const read = readAll({ columns, options: "", format: CSV, encoding: "LATIN1" }, [bytes]);
  expect(read.rows).toEqual(["1|ä|ÿ"]);
});
