/** Our own verbs and the splitting of texts, over PostgreSQL's tokens. */

import { describe, expect, test } from "vitest";
import { SqlError } from "../../src/base/errors.ts";
import { parseOwnStatement } from "../../src/compile/own-grammar.ts";
import { splitStatements } from "../../src/compile/split.ts";

function texts(text: string): string[] {
  return splitStatements(text).map((statement) => statement.text);
}

function parse(text: string) {
  const [statement] = splitStatements(text);
  if (statement === undefined) throw new Error("no statement");
  return parseOwnStatement(statement);
}

function refusal(text: string): readonly [string, number | undefined] {
  try {
    parse(text);
  } catch (cause) {
    if (cause instanceof SqlError) return [cause.fields.sqlState, cause.fields.position];
    throw cause;
  }
  throw new Error(`accepted: ${text}`);
}

describe("splitting", () => {
  test.each([
    ["", []],
    [";; -- nothing\n;", []],
    ["select 1; select 2;", ["select 1", "select 2"]],
    ["select ';'; select \";\"", ["select ';'", 'select ";"']],
    ["select E'a\\';b'; select 2", ["select E'a\\';b'", "select 2"]],
    ["select $a$;$$;$a$; x", ["select $a$;$$;$a$", "x"]],
    ["select 1 /* ; /* ; */ ; */; y", ["select 1", "y"]],
    [
      "create rule r as on insert to t do (a; b); z",
      ["create rule r as on insert to t do (a; b)", "z"],
    ],
    [
      "create function f() begin atomic select case when a then 1 end; select 2; end; z",
      ["create function f() begin atomic select case when a then 1 end; select 2; end", "z"],
    ],
  ])("%j", (text, expected) => {
    expect(texts(text)).toEqual(expected);
  });

  test("positions are counted in characters before the statement", () => {
    expect(splitStatements("select 'é😀'; nope")[1]?.charactersBefore).toBe(13);
  });
});

describe("CREATE TSTABLE", () => {
  test("clauses stand in any order, before or behind the source", () => {
    const expected = {
      kind: "create-tstable",
      table: { schema: "s", name: "M x" },
      ifNotExists: true,
      source: { kind: "parquet", pattern: "a b/*.parquet" },
      options: {
        timeColumn: "at",
        entityColumns: ["device", "Site"],
        bucket: "15 min",
        timeZone: "Europe/Berlin",
        overlap: "skip",
        grain: "bucket",
        compression: "zstd(9)",
      },
    };
    const clauses =
      `ENTITY (device, "Site") ON OVERLAP SKIP GRAIN BUCKET TIME COLUMN at` +
      ` COMPRESSION zstd(9) TIMEZONE 'Europe/Berlin' BUCKET '15 min'`;
    const source = "LIKE PARQUET 'a b/*.parquet'";
    const head = 'CREATE TSTABLE IF NOT EXISTS s."M x"';
    expect(parse(`${head} ${source} ${clauses}`)).toEqual(expected);
    expect(parse(`${head} ${clauses} ${source}`)).toEqual(expected);
  });

  test("a query ends where clauses begin that read to the end", () => {
    expect(
      parse("create tstable m as select bucket from t where entity > (1) bucket '1 h' entity (k)"),
    ).toMatchObject({
      source: { kind: "query", text: "select bucket from t where entity > (1)" },
      options: { bucket: "1 h", entityColumns: ["k"] },
    });
  });

  test("the column list keeps the user's text", () => {
    expect(parse("create tstable m (ts timestamptz, x numeric(10, 2)) bucket 10")).toMatchObject({
      source: { kind: "columns", text: "(ts timestamptz, x numeric(10, 2))", start: 17 },
      options: { bucket: 10n },
    });
  });

  test.each([
    ["create tstable m", "42601", 17],
    ["create tstable m (a int) bukket '1 h'", "42601", 26],
    ["create tstable m (a int) entity ()", "42601", 34],
    ["create tstable m (a int", "42601", 24],
    ["create tstable m (a int) compression zstd(30)", "22023", undefined],
    ["create tstable m (a int) retain '1 day'", "0A000", undefined],
    ["create tstable m (a int) with (roster = 'x')", "0A000", undefined],
  ])("%s is %s", (text, code, position) => {
    expect(refusal(text)).toEqual([code, position]);
  });
});

describe("other verbs", () => {
  test("APPEND PARQUET takes files and options", () => {
    expect(
      parse("append parquet array['a', 'b''c'] into s.m on overlap allow dry run mode copy"),
    ).toEqual({
      kind: "append-parquet",
      patterns: ["a", "b'c"],
      table: { schema: "s", name: "m" },
      overlap: "allow",
      isDryRun: true,
    });
  });

  test("DROP TSTABLE takes several names", () => {
    expect(parse('drop tstable if exists a, s."B" cascade keep files')).toEqual({
      kind: "drop-tstable",
      tables: [
        { schema: undefined, name: "a" },
        { schema: "s", name: "B" },
      ],
      ifExists: true,
      isCascade: true,
      keepFiles: true,
    });
  });

  test.each([
    "append parquet 'x' into m mode adopt",
    "append parquet 'x' into m match by position",
    "optimize tstable m split by entity",
    "alter tstable m set (overlap='skip')",
    "restore tstable m to version 1",
  ])("%s is refused by name", (text) => {
    expect(refusal(text)[0]).toBe("0A000");
  });

  test("OPTIMIZE says how large segments may become", () => {
    const table = { schema: "s", name: "m" };
    const plain = { kind: "optimize-tstable", table, isDryRun: false };
    expect(parse("OPTIMIZE TSTABLE s.m")).toEqual(plain);
    expect(parse("optimize s.m merge target '512 kB' dry run")).toEqual({
      ...plain,
      targetBytes: 524_288,
      isDryRun: true,
    });
    for (const size of ["0 MB", "32", "2 GB", "x"]) {
      expect(refusal(`optimize tstable m target '${size}'`)[0]).toBe("22023");
    }
  });

  test("an append carries a message and a key", () => {
    expect(parse("append parquet 'x' into m with (idempotency_key = 'k', message = 'm')")).toEqual({
      kind: "append-parquet",
      patterns: ["x"],
      table: { schema: undefined, name: "m" },
      isDryRun: false,
      message: "m",
      idempotencyKey: "k",
    });
  });

  test("a flush names its table", () => {
    const table = { schema: "s", name: "m" };
    expect(parse("flush s.m")).toEqual({ kind: "flush", table });
  });

  test("what is not ours is PostgreSQL's", () => {
    for (const text of ["select 1", "create table m (a int)", "appendix", "drop table m"]) {
      expect(parse(text), text).toBeUndefined();
    }
  });
});
