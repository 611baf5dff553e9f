/** Options of COPY against PostgreSQL itself: what is refused, with which words. */

import { PGlite } from "@electric-sql/pglite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SqlError } from "../../src/base/errors.ts";
import type { NodeObject } from "../../src/compile/node-text.ts";
import { splitStatements } from "../../src/compile/split.ts";
import { readQuery } from "../../src/compile/tree.ts";
import { Shadow } from "../../src/postgres/shadow.ts";
import { type CopyOptions, readOptions } from "../../src/session/copy/options.ts";
import { settings } from "../postgres/support.ts";

let shadow: Shadow;
let postgres: PGlite;

beforeAll(async () => {
  shadow = await Shadow.start({ definitions: [] });
  postgres = await PGlite.create();
  await postgres.exec("CREATE TABLE m (a int, b text DEFAULT 'x', c float8)");
});

afterAll(async () => {
  await shadow.close();
  await postgres.close();
});

const LISTS = String.raw`FORMAT foo
FORMAT csv, FORMAT csv
foo 1
FREEZE 2
HEADER 2
HEADER 'x'
HEADER 1
HEADER on
HEADER Off
HEADER match
FORMAT binary, HEADER
FORMAT binary, HEADER false
FORMAT binary, DELIMITER ','
FORMAT binary, NULL ','
FORMAT binary, DEFAULT 'x'
FORMAT binary, ON_ERROR ignore
FORMAT binary, QUOTE 'a'
DELIMITER 'ab'
DELIMITER E'\n'
DELIMITER ' '
DELIMITER ''
DELIMITER 'ä'
NULL E'\n'
NULL 'a b'
DEFAULT E'\n'
DEFAULT E'a\nb'
DELIMITER 'a'
DELIMITER '.'
DELIMITER '\'
DELIMITER 5
FORMAT csv, DELIMITER 'a'
QUOTE 'a'
FORMAT csv, QUOTE 'ab'
FORMAT csv, QUOTE ''
FORMAT csv, QUOTE ','
FORMAT csv, QUOTE E'\n'
ESCAPE 'a'
FORMAT csv, ESCAPE 'ab'
FORMAT csv, ESCAPE ''
FORCE_QUOTE *
FORMAT csv, FORCE_QUOTE *
FORMAT csv, FORCE_NOT_NULL *
FORMAT csv, FORCE_NULL *, FORCE_NOT_NULL *
FORCE_NOT_NULL (a)
FORCE_NULL (a)
FORMAT csv, FORCE_NULL a
DELIMITER 'x', NULL 'axb'
DELIMITER '|', NULL 'a|b'
DELIMITER '|', DEFAULT 'a|'
FORMAT csv, NULL 'a"'
FORMAT csv, DEFAULT 'a"'
NULL 'x', DEFAULT 'x'
DEFAULT ''
NULL 5
ON_ERROR foo
ON_ERROR Ignore
ON_ERROR ignore, ON_ERROR ignore
ON_ERROR 1
REJECT_LIMIT 3
ON_ERROR ignore, REJECT_LIMIT 0
ON_ERROR ignore, REJECT_LIMIT -3
ON_ERROR ignore, REJECT_LIMIT 'x'
ON_ERROR ignore, REJECT_LIMIT '5'
ON_ERROR ignore, REJECT_LIMIT 1.5
LOG_VERBOSITY foo
LOG_VERBOSITY Silent
LOG_VERBOSITY 1
ENCODING 'foo'
ENCODING 5
ENCODING 'latin-1'
ENCODING 'Utf8'
DELIMITER
NULL
FORMAT
FORMAT TEXT, FORMAT csv
FORMAT "CSV"
FORMAT 'csv'
FORMAT 'CSV'`.split("\n");

/** What PostgreSQL says only once it has taken the options. */
const LATER = ["22P04", "55000", "42703", "42701"];

async function expected(sql: string): Promise<string> {
  try {
    await postgres.query(sql, [], { blob: new Blob([""]) });
    return "taken";
  } catch (cause) {
    const { code, message, position } = cause as Record<string, string>;
    if (LATER.includes(code ?? "")) return "taken";
    return `${code} ${message} ${position ?? ""}`;
  }
}

async function read(sql: string): Promise<CopyOptions> {
  const { tree } = await shadow.analyse({ text: sql, parameterOids: [], settings: settings() });
  const node = readQuery(tree).utilityStmt as NodeObject;
  const statement = splitStatements(sql)[0];
  if (statement === undefined) throw new Error("no statement");
  return readOptions(node["options"], node["is_from"] === true ? "from" : "to", statement);
}

async function ours(sql: string): Promise<string> {
  try {
    await read(sql);
    return "taken";
  } catch (cause) {
    if (!(cause instanceof SqlError)) throw cause;
    const { sqlState, message, position } = cause.fields;
    return `${sqlState} ${message} ${position ?? ""}`;
  }
}

describe.each(["FROM", "TO"])("COPY %s", (direction) => {
  test.each(LISTS)("(%s)", async (list) => {
    const sql = `COPY m ${direction} '/dev/blob' (${list})`;
    expect(await ours(sql)).toBe(await expected(sql));
  });
});

describe("options", () => {
  test("are the same in the old syntax", async () => {
    const old = await read(
      `copy m from stdin with csv header quote 'q' escape 'e' delimiter as ';' null as 'n'`,
    );
    const modern = await read(
      `copy m from stdin (format csv, header, quote 'q', escape 'e', delimiter ';', null 'n')`,
    );
    expect(old).toEqual(modern);
    expect((await read("copy m to stdout binary")).format).toBe("binary");
    expect((await read("copy m to stdout csv force quote a, b")).forceQuote).toEqual(["a", "b"]);
  });

  test("keep a line feed apart from a blank", async () => {
    expect((await read("copy m from stdin (format csv, quote E'\\n')")).quote).toBe("\n");
    expect((await read("copy m from stdin (null 'a b')")).nullText).toBe("a b");
  });

  test("of ours go with our formats only", async () => {
    expect((await read("copy m from stdin (format parquet, overlap skip)")).overlap).toBe("skip");
    expect((await read("copy m to stdout (format parquet, row_group_rows 5)")).rowGroupRows).toBe(
      5,
    );
    expect(await ours("copy m from stdin (format 'json')")).toMatch(/^22023 .* not recognized/);
    expect(await ours("copy m to stdout (overlap skip)")).toMatch(/^42601 cannot specify OVERLAP/);
    expect((await read("copy m from stdin (freeze)")).freeze).toBe(true);
  });
});
