/** Texts on their way to and from the embedded PostgreSQL. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { adaptOlderClients, adaptSessionUser } from "../../src/postgres/client-text.ts";
import { mayFoldClock, pieces } from "../../src/postgres/literals.ts";
import { unwrapTree } from "../../src/postgres/log-wrap.ts";

/** format_node_dump of print.c, in bytes. */
function wrap(dump: Buffer): Buffer {
  const lines: Buffer[] = [];
  let at = 0;
  for (;;) {
    let length = Math.min(78, dump.length - at);
    const line = dump.subarray(at, at + length);
    at += length;
    if (at >= dump.length) {
      lines.push(line, Buffer.from("\n"));
      return Buffer.concat(lines);
    }
    if (dump[at] === 0x20) {
      at += 1;
    } else {
      let blank = length - 1;
      while (blank > 0 && line[blank] !== 0x20) blank -= 1;
      if (blank > 0) {
        at -= length - blank - 1;
        length = blank;
      }
    }
    lines.push(line.subarray(0, length), Buffer.from("\n"));
  }
}

describe("undoing the log's line wraps", () => {
  const token = fc.oneof(
    fc.string({ minLength: 1, maxLength: 12, unit: fc.constantFrom("a", "é", "\\ ", "{", ")") }),
    fc.string({ minLength: 70, maxLength: 200, unit: fc.constantFrom("x", "é", "\\(") }),
  );

  test("gives back every tree, except around a token of exactly one line", () => {
    fc.assert(
      fc.property(fc.array(token, { maxLength: 30 }), (tokens) => {
        const exact = (text: string) => Buffer.byteLength(text) % 78 === 0;
        const dump = tokens.filter((text) => !exact(text)).join(" ");
        const lines = wrap(Buffer.from(dump)).toString("latin1").split("\n");
        fc.pre(!lines.some((line) => line.length === 78 && isAmbiguous(line, dump)));
        expect(unwrapTree(wrap(Buffer.from(dump)))).toBe(dump);
      }),
      { numRuns: 500 },
    );
  });

  test("a tree shorter than a line keeps its bytes", () => {
    expect(unwrapTree(Buffer.from("({QUERY})\n"))).toBe("({QUERY})");
  });
});

/** A full line without a blank that is the end of a token: the format does not tell it from a cut. */
function isAmbiguous(line: string, dump: string): boolean {
  return !line.slice(1).includes(" ") && Buffer.from(dump).toString("latin1").includes(`${line} `);
}

describe("pieces of a statement", () => {
  test.each([
    ["SELECT 'it''s', \"a\"\"b\" -- c\n+ 1", ["'it''s'", '"a""b"', "-- c"]],
    ["E'a\\'b' || 'a\\' || x", ["E'a\\'b'", "'a\\'"]],
    ["/* a /* b */ 'c' */ 1", ["/* a /* b */ 'c' */"]],
    ["$$it's$$ + $tag$ $$ $tag$ + a$$b", ["$$it's$$", "$tag$ $$ $tag$"]],
    ["$1 + name'x'", ["'x'"]],
    ["'unterminated", ["'unterminated"]],
  ])("%s", (sql, expected) => {
    const found = pieces(sql);
    expect(found.map((piece) => piece.text).join("")).toBe(sql);
    expect(found.filter((piece) => piece.kind !== "code").map((piece) => piece.text)).toEqual(
      expected,
    );
  });

  test("join to the statement again, whatever it is", () => {
    const unit = fc.constantFrom(
      "'",
      '"',
      "$",
      "$a$",
      "E'",
      "\\",
      "--",
      "\n",
      "/*",
      "*/",
      "x",
      " ",
    );
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 20 }), (sql) => {
        expect(
          pieces(sql)
            .map((piece) => piece.text)
            .join(""),
        ).toBe(sql);
      }),
    );
  });
});

test.each([
  ["'now'", true],
  ["' NOW '", true],
  ["'today10:00'", true],
  ["U&'\\006eow'", true],
  ["'known', 'nowhere', 'snow'", false],
  ["now()", false],
  ["'to' 'day'", true],
  ["'a', 'b'", false],
])("whether %s may be folded with the clock: %s", (sql, expected) => {
  expect(mayFoldClock(sql)).toBe(expected);
});

test.each([
  ["SELECT session_user", "SELECT (E'o''b'::pg_catalog.name)"],
  ["SELECT SESSION_USER, 'session_user'", "SELECT (E'o''b'::pg_catalog.name), 'session_user'"],
  ["SELECT 1 AS session_user, t.session_user", "SELECT 1 AS session_user, t.session_user"],
  ["SELECT my_session_user", "SELECT my_session_user"],
])("%s is executed as %s", (sql, expected) => {
  expect(adaptSessionUser(sql, "o'b")).toBe(expected);
});

test("renamed columns are replaced in code only, and nothing moves", () => {
  const sql = "SELECT daticulocale, 'daticulocale', datname FROM pg_database";
  expect(adaptOlderClients(sql)).toBe(
    "SELECT datlocale   , 'daticulocale', datname FROM pg_database",
  );
});

test("pg_dump reads no target of statistics as -1, as before PostgreSQL 17", () => {
  const dumped = "SELECT\na.atttypmod,\na.attstattarget,\na.attstorage,\nt.typstorage FROM x";
  expect(adaptOlderClients(dumped)).toBe(
    dumped.replace("a.attstattarget", "coalesce(a.attstattarget, -1::int2) AS attstattarget"),
  );
  expect(adaptOlderClients("SELECT a.attstattarget FROM x a")).toBe(
    "SELECT a.attstattarget FROM x a",
  );
});
