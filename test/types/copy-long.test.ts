/** Lines and tuples that are longer than any of PostgreSQL's or of ours may be. */

import { expect, test } from "vitest";
import type { SqlError } from "../../src/base/errors.ts";
import { BinaryRowReader } from "../../src/types/copy/binary-reader.ts";
import type { CsvFormat } from "../../src/types/copy/format.ts";
import { LineReader } from "../../src/types/copy/line-reader.ts";
import { Window } from "../../src/types/copy/window.ts";
import { Oid } from "../../src/types/oids.ts";
import { CSV, TEXT } from "./copy-harness.ts";

const CHUNK = Buffer.alloc(16 * 2 ** 20, "x");

function lineReader(format: typeof TEXT | CsvFormat): LineReader {
  return new LineReader(format, { relation: "t", columns: ["a"], encoding: "UTF8" });
}

function failure(work: () => void): SqlError["fields"] | undefined {
  try {
    work();
    return undefined;
  } catch (cause) {
    return (cause as SqlError).fields;
  }
}

test("a line or tuple that does not end is refused while it fits memory", () => {
  const window = new Window();
  window.push(Buffer.from("1"));
  let taken = 0;
  const error = failure(() => {
    for (; taken < 100; taken += 1) window.push(CHUNK);
  });
  expect(error).toMatchObject({
    sqlState: "54000",
    message: "string buffer exceeds maximum allowed length (268435455 bytes)",
  });
  expect(taken).toBe(15);
});

test.each([TEXT, CSV])(
  "a long line that comes in many chunks is whole, and so is the next",
  (format) => {
    const reader = lineReader(format);
    const rows: number[] = [];
    const read = () => {
      while (reader.next()) rows.push(reader.fields.value(0).length);
    };
    for (let chunk = 0; chunk < 40; chunk += 1) {
      reader.push(Buffer.alloc(100_003, chunk % 2 === 0 ? "x" : "y"));
      read();
    }
    reader.push(Buffer.from("\nshort\nlast"));
    read();
    reader.end();
    read();
    expect(rows).toEqual([4_000_120, 5, 4]);
    expect(reader.line).toBe(3);
  },
);

test("a field of the binary format that says it is too long is refused at once", () => {
  const sink = { put: () => undefined, putNull: () => undefined };
  const reader = new BinaryRowReader({
    relation: "t",
    columns: [{ name: "a", typeOid: Oid.text, typmod: -1, sink, putDefault: undefined }],
    target: { rows: 0, endRow: () => undefined, endRows: () => undefined },
    settings: undefined as never,
    encoding: "UTF8",
    skip: undefined,
    checkRow: undefined,
  });
  const head = Buffer.from("PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0", "latin1");
  reader.push(Buffer.concat([head, Buffer.of(0, 1, 0x7f, 0xff, 0xff, 0xff)]));
  expect(failure(() => reader.read(1))).toMatchObject({
    sqlState: "54000",
    detail: "Cannot enlarge string buffer containing 0 bytes by 2147483647 more bytes.",
    where: "COPY t, line 1, column a",
  });
});
