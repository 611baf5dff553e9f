/** The embedded PostgreSQL behind its interface: analysis, catalogue queries, definitions, replay. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SqlError } from "../../src/base/errors.ts";
import type { DefinitionOutcome, ShadowSettings } from "../../src/postgres/analysis.ts";
import { IRRELEVANT_TO_ANALYSIS } from "../../src/postgres/settings-sql.ts";
import { Shadow } from "../../src/postgres/shadow.ts";
import { loadCatalogue } from "../../src/types/catalogue.ts";
import { failure, oneRow, query, settings, textRows } from "./support.ts";

let root: string;
let shadow: Shadow;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "pgtide-shadow-"));
  shadow = await Shadow.start({ directory: join(root, "main"), definitions: [] });
});

afterAll(async () => {
  await shadow.close();
  await rm(root, { recursive: true, force: true });
});

const analyse = async (text: string, given: Partial<ShadowSettings> = {}) =>
  await shadow.analyse({ text, parameterOids: [], settings: settings(given) });

async function define(...statements: string[]): Promise<DefinitionOutcome> {
  return await shadow.define(statements, settings(), async () => {});
}

describe("analysis", () => {
  test("gives the rewritten tree on one line, with parameters and columns", async () => {
    const analysis = await analyse("SELECT relname, oid FROM pg_class WHERE oid = $1");
    expect(analysis.tree).toMatch(/^\(\{QUERY :commandType 1 .*:stmt_len 0\}\)$/);
    expect(analysis.parameterOids).toEqual([26]);
    expect(analysis.fields).toEqual([
      { ...column("relname", 2, 19), tableOid: 1259, typeSize: 64 },
      { ...column("oid", 1, 26), tableOid: 1259, typeSize: 4 },
    ]);
  });

  test("says of a statement without rows that it has no fields", async () => {
    expect((await analyse("CREATE TABLE t (a int) USING tstable")).fields).toBeUndefined();
  });

  test("an error is PostgreSQL's, position in characters and hint included", async () => {
    const error = await failure(analyse("SELECT 'é', relnam FROM pg_class"));
    expect(error.fields).toMatchObject({
      severity: "ERROR",
      sqlState: "42703",
      message: 'column "relnam" does not exist',
      position: 13,
      hint: expect.stringMatching(/^Perhaps you meant .*"pg_class.relname"/),
    });
  });

  test("the functions of a time-series user are known by type", async () => {
    const catalogue = loadCatalogue();
    const { tree, fields } = await analyse(
      "SELECT time_bucket('1 hour', now()), first(1.5::float8, now()), last(2, 3)",
    );
    expect(fields?.map((field) => field.typeOid)).toEqual([1184, 701, 23]);
    const called = [...tree.matchAll(/:(?:funcid|aggfnoid) (\d+)/g)].map(([, oid]) =>
      catalogue.signature(Number(oid)),
    );
    expect(called).toContain("time_bucket(interval,timestamptz)");
    expect(called).toContain("first(anyelement,anycompatible)");
  });

  test("settings are in force when they differ from the last ones, and gone when they are not sent", async () => {
    const constant = async (timeZone: string | undefined) => {
      const { tree } = await analyse("SELECT timestamptz '2024-07-01 00:00:00'", {
        settings: timeZone === undefined ? {} : { TimeZone: timeZone },
      });
      return /:constvalue 8 \[ ([^\]]*) \]/.exec(tree)?.[1];
    };
    const utc = await constant(undefined);
    expect(await constant("America/New_York")).not.toBe(utc);
    expect(await constant(undefined)).toBe(utc);
  });

  test("a bad setting fails its statement alone", async () => {
    const error = await failure(analyse("SELECT 1 AS bad", { settings: { TimeZone: "Mars" } }));
    expect(error.fields.sqlState).toBe("22023");
    expect((await analyse("SELECT 1 AS good")).fields).toHaveLength(1);
  });

  test("nesting deeper than the embedded server's stack is 54001, and the next statement works", async () => {
    for (const text of [
      `SELECT ${"NOT ".repeat(3000)}true`,
      `SELECT ${"1+".repeat(30_000)}1`,
      `SELECT ${"(SELECT ".repeat(1000)}1${")".repeat(1000)}`,
    ]) {
      expect((await failure(analyse(text))).fields.sqlState).toBe("54001");
    }
    expect((await analyse("SELECT 1 AS after")).fields).toHaveLength(1);
  });

  test("long tokens and names with odd characters survive the line wrapping", async () => {
    const name = "x ".repeat(30).trim();
    const literal = "ä".repeat(300);
    const { tree, fields } = await analyse(`SELECT '${literal}' AS "${name}", 1 AS "(\\{é})"`);
    expect(fields?.map((field) => field.name)).toEqual([name, "(\\{é})"]);
    expect(tree).toContain(`:resname ${name.replaceAll(" ", "\\ ")} `);
    expect(tree).toContain(":resname \\(\\\\\\{é\\}\\) ");
  });

  test("psql 15's \\l and \\dO ask for renamed columns and get them", async () => {
    const { fields } = await analyse(
      "SELECT d.daticulocale AS \"ICU\", 'daticulocale' FROM pg_catalog.pg_database d",
    );
    expect(fields?.[0]?.name).toBe("ICU");
  });
});

describe("the cache of analyses", () => {
  test("gives the same analysis again until the catalogue changes", async () => {
    const first = await analyse("SELECT 1 AS cached");
    expect(await analyse("SELECT 1 AS cached")).toBe(first);
    await define("CREATE SCHEMA cache_probe");
    expect(await analyse("SELECT 1 AS cached")).not.toBe(first);
  });

  test("keeps apart texts, declared types, roles and settings", async () => {
    const base = { text: "SELECT $1 AS keyed", parameterOids: [23], settings: settings() };
    const first = await shadow.analyse(base);
    for (const other of [
      { ...base, text: "SELECT $1 AS keyed " },
      { ...base, parameterOids: [20] },
      { ...base, settings: settings({ searchPath: "pg_catalog" }) },
      { ...base, settings: settings({ settings: { DateStyle: "German" } }) },
    ]) {
      expect(await shadow.analyse(other)).not.toBe(first);
    }
    const irrelevant = settings({ settings: { application_name: "x" } });
    expect(await shadow.analyse({ ...base, settings: irrelevant })).toBe(first);
  });

  test.each([
    "SELECT 'now'::timestamptz",
    "SELECT date 'ToDay'",
    "SELECT E'to\\x6dorrow'::date",
    "SELECT 'yester'\n'day'::date",
    "SELECT $$today$$::date",
    "SELECT '10:00'::timetz",
  ])("%s is analysed every time", async (text) => {
    expect(await analyse(text)).not.toBe(await analyse(text));
  });

  test("now() and words that merely hold such a word are cached", async () => {
    const text = "SELECT now() AS \"today\", 'unknown' -- 'now'";
    expect(await analyse(text)).toBe(await analyse(text));
  });

  test("settings taken to be irrelevant do not change what a statement means", async () => {
    // Set by a definition, they stay in force in the worker, past the list that keeps them out.
    const other = await Shadow.start({ directory: join(root, "irrelevant"), definitions: [] });
    const text =
      "SELECT 1.1::float8::text || '\\x00'::bytea::text, timestamptz '2024-01-01', 1e5, $1";
    const tree = async (suffix: string) =>
      (await other.analyse({ text: text + suffix, parameterOids: [23], settings: settings() }))
        .tree;
    try {
      const usual = await tree(" ");
      for (const name of IRRELEVANT_TO_ANALYSIS) {
        for (const value of UNUSUAL[name] ?? []) {
          await other.define([`SET ${name} = '${value}'`], settings(), async () => {});
          expect([name, value, await tree("")]).toEqual([name, value, usual]);
        }
        expect(UNUSUAL).toHaveProperty(name);
      }
    } finally {
      await other.close();
    }
  });
});

/** Two values each, so that one differs from the default. */
const UNUSUAL: Readonly<Record<string, readonly string[]>> = {
  application_name: ["a", "b"],
  bytea_output: ["hex", "escape"],
  default_transaction_deferrable: ["on", "off"],
  default_transaction_isolation: ["serializable", "read committed"],
  default_transaction_read_only: ["on", "off"],
  extra_float_digits: ["-15", "3"],
  idle_in_transaction_session_timeout: ["1h", "0"],
  idle_session_timeout: ["1h", "0"],
  jit: ["on", "off"],
  lock_timeout: ["1h", "0"],
  statement_timeout: ["1h", "0"],
  synchronous_commit: ["on", "off"],
  transaction_timeout: ["1h", "0"],
  work_mem: ["64kB", "1GB"],
};

describe("catalogue queries", () => {
  test("run with parameters and formats, and rows come out as they came", async () => {
    const result = await query(shadow, {
      text: "SELECT typname, oid, $2::int4 FROM pg_type WHERE oid = $1",
      parameters: [Buffer.from("25"), Buffer.from([0, 0, 1, 0])],
      parameterFormats: [0, 1],
      resultFormats: [0, 1, 0],
    });
    expect(result).toMatchObject({ rows: 1, tag: "SELECT 1" });
    const [name, oid, number] = oneRow(result.bytes);
    expect([name?.toString(), oid?.readUInt32BE(), number?.toString()]).toEqual([
      "text",
      25,
      "256",
    ]);
  });

  test("an error is PostgreSQL's", async () => {
    const error = await failure(query(shadow, { text: "SELECT 'nope'::regclass" }));
    expect(error.fields).toMatchObject({
      sqlState: "42P01",
      message: 'relation "nope" does not exist',
    });
  });

  test("nothing tells of the embedded server", async () => {
    const [row] = await textRows(shadow, "SELECT version(), current_database(), pg_backend_pid()", {
      processId: 4711,
    });
    expect(row?.[0]).toMatch(/^PostgreSQL 18\.\d+ on x86_64-pc-linux-gnu, compiled by .*, 64-bit$/);
    expect(row?.slice(1)).toEqual(["postgres", "4711"]);
  });

  test("facts of the server fill the views and functions that show them", async () => {
    const facts = {
      sessionUser: "o'brien",
      sizes: { 1259: 8192, database: 12_345 },
      sessions: [{ pid: 1, usename: "postgres", state: "active", query: "SELECT 'x'" }],
      cursors: [{ name: "c", statement: "SELECT 1", is_holdable: false }],
    };
    const rows = async (text: string) => await textRows(shadow, text, facts);
    expect(await rows("SELECT session_user, 'session_user' AS session_user")).toEqual([
      ["o'brien", "session_user"],
    ]);
    expect(
      await rows(
        "SELECT pg_table_size('pg_class'), pg_table_size('pg_type'), pg_database_size('postgres')",
      ),
    ).toEqual([["8192", "0", "12345"]]);
    expect(await rows("SELECT pid, datname, usesysid, state, query FROM pg_stat_activity")).toEqual(
      [["1", "postgres", "10", "active", "SELECT 'x'"]],
    );
    expect(await rows("SELECT name, statement FROM pg_cursors")).toEqual([["c", "SELECT 1"]]);
    expect(await textRows(shadow, "SELECT count(*) FROM pg_stat_activity")).toEqual([["0"]]);
  });

  test("cannot write, and what they change is gone with them", async () => {
    const write = await failure(query(shadow, { text: "CREATE TABLE oops (a int)" }));
    expect(write.fields.sqlState).toBe("25006");
    await textRows(shadow, "SELECT set_config('TimeZone', 'Asia/Tokyo', false)");
    expect(await textRows(shadow, "SELECT current_setting('TimeZone'), current_user")).toEqual([
      ["UTC", "postgres"],
    ]);
  });

  test("one that gets hold of another role answers nothing", async () => {
    await define("CREATE ROLE reader");
    const escaping = query(shadow, {
      text: "SELECT set_config('role', 'postgres', false)",
      settings: settings({ role: "reader" }),
    });
    expect((await failure(escaping)).fields.sqlState).toBe("XX000");
    const who = await query(shadow, {
      text: "SELECT current_user",
      settings: settings({ role: "reader" }),
    });
    expect(oneRow(who.bytes)[0]?.toString()).toBe("reader");
  });

  test("a cancelled one ends with 57014, and the next one finds a new worker", async () => {
    const aborter = new AbortController();
    const endless = query(
      shadow,
      { text: "SELECT count(*) FROM generate_series(1, 1000000000)" },
      aborter.signal,
    );
    const other = analyse("SELECT 1 AS meanwhile");
    expect((await other).fields).toHaveLength(1);
    aborter.abort();
    expect((await failure(endless)).fields.sqlState).toBe("57014");
    expect(await textRows(shadow, "SELECT 1")).toEqual([["1"]]);
  });
});

test("an abort is answered at once, also while waiting, and does not disturb the analysis worker", async () => {
  const aborter = new AbortController();
  const deep = `SELECT ${"(".repeat(500)}1${")".repeat(500)}`;
  let waiting: Promise<SqlError> | undefined;
  await shadow.define(["CREATE SCHEMA while_aborting"], settings(), async () => {
    const request = { parameterOids: [], settings: settings() };
    waiting = failure(shadow.analyse({ ...request, text: deep }, aborter.signal));
    aborter.abort();
    expect((await waiting).fields.sqlState).toBe("57014");
  });
  expect((await analyse("SELECT 1 AS undisturbed")).fields).toHaveLength(1);
});

describe("definitions", () => {
  test("tell what was made, changed and dropped", async () => {
    const made = await define(
      "CREATE TABLE made (a int NOT NULL, b text DEFAULT 'x') USING tstable",
      "CREATE FUNCTION made_too(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1'",
    );
    expect(made.tag).toBe("CREATE FUNCTION");
    expect(made.relations).toMatchObject([
      {
        schema: "public",
        name: "made",
        relkind: "r",
        accessMethod: "tstable",
        columns: [
          { number: 1, name: "a", typeOid: 23, typmod: -1, isNotNull: true, defaultText: null },
          { number: 2, name: "b", typeOid: 25, isNotNull: false, defaultText: "'x'::text" },
        ],
      },
    ]);
    expect(made.functions).toMatchObject([{ name: "made_too", argumentOids: [23] }]);
    const oid = made.relations[0]?.oid ?? 0;
    expect(oid).toBeGreaterThanOrEqual(65_536);
    expect(shadow.relations().get(oid)?.name).toBe("made");

    const altered = await define("ALTER TABLE made ALTER b SET DEFAULT 'y'");
    expect(altered.relations.map((relation) => relation.columns[1]?.defaultText)).toEqual([
      "'y'::text",
    ]);
    const dropped = await define("DROP TABLE made", "DROP FUNCTION made_too");
    expect(dropped.droppedRelationOids).toEqual([oid]);
    expect(dropped.droppedFunctionOids).toEqual([made.functions[0]?.oid]);
    expect(shadow.relations().has(oid)).toBe(false);
  });

  test("later statements may depend on the OIDs of earlier ones, and ours may use reserved names", async () => {
    const outcome = await shadow.define(
      [
        "CREATE TABLE dependent (ts timestamptz) USING tstable",
        ({ relations }) => [
          { sql: `CREATE SCHEMA pg_tide_${relations[0]?.oid}`, isOurs: true },
          {
            sql: `CREATE FUNCTION pg_tide_${relations[0]?.oid}.coverage_ratio() RETURNS float8
              LANGUAGE sql RETURN 1`,
            isOurs: true,
          },
        ],
      ],
      settings(),
      async () => {},
    );
    const oid = outcome.relations[0]?.oid;
    expect(outcome.functions).toMatchObject([{ schema: `pg_tide_${oid}`, name: "coverage_ratio" }]);
    expect(outcome.definition.statements[1]?.sql).toBe(`CREATE SCHEMA pg_tide_${oid}`);
    expect(outcome.tag).toBe("CREATE TABLE");
    const theirs = await failure(define("CREATE SCHEMA pg_tide_mine"));
    expect(theirs.fields.sqlState).toBe("42939");
  });

  test("one that fails, or is decided against, leaves nothing behind", async () => {
    const number = shadow.catalogueNumber;
    const error = await failure(define("CREATE TABLE half (a int)", "CREATE TABLE half (a int)"));
    expect(error.fields.sqlState).toBe("42P07");
    const refused = shadow.define(["CREATE TABLE half (a int)"], settings(), async () => {
      throw new SqlError("58030", "the disk is full");
    });
    expect((await failure(refused)).fields.sqlState).toBe("58030");
    expect(shadow.catalogueNumber).toBe(number);
    expect(await textRows(shadow, "SELECT to_regclass('half')")).toEqual([[null]]);
    await define("CREATE TABLE half (a int)", "DROP TABLE half");
  });

  test("are seen by analyses only after they are decided", async () => {
    let unseen: Promise<unknown> | undefined;
    let isDecided = false;
    await shadow.define(["CREATE TABLE seen (a int)"], settings(), async () => {
      unseen = analyse("SELECT a FROM seen").then(() => expect(isDecided).toBe(true));
      await new Promise((resolve) => setImmediate(resolve));
      isDecided = true;
    });
    await unseen;
  });

  test("reach the catalogue worker with the same OIDs, whether it was running or not", async () => {
    await textRows(shadow, "SELECT 1");
    const { relations } = await define("CREATE TABLE replayed (a serial PRIMARY KEY)");
    const oids = "SELECT oid FROM pg_class WHERE relname ~ '^replayed(_a_seq)?$' ORDER BY oid";
    const expected = relations.map((relation) => [String(relation.oid)]);
    expect(expected).toHaveLength(2);
    expect(await textRows(shadow, oids)).toEqual(expected);
    const aborter = new AbortController();
    const stuck = query(
      shadow,
      { text: "SELECT count(*) FROM generate_series(1, 1000000000)" },
      aborter.signal,
    );
    await analyse("SELECT 1 AS let_it_start");
    aborter.abort();
    expect((await failure(stuck)).fields.sqlState).toBe("57014");
    expect(await textRows(shadow, oids)).toEqual(expected);
  });
});

describe("a worker that does not come back", () => {
  test.each([
    ["spins", "COPY stuck FROM STDIN"],
    ["answers nothing", "COPY stuck TO PROGRAM 'true'"],
  ])(
    "and %s is replaced, with all definitions and without the one that did it",
    async (name, sql) => {
      const other = await Shadow.start({
        directory: join(root, name),
        definitions: [],
        analysisDeadlineMs: 5000,
      });
      try {
        const { relations } = await other.define(
          ["CREATE TABLE kept ()"],
          settings(),
          async () => {},
        );
        const wedging = other.define(
          ["CREATE TABLE stuck (a int)", sql],
          settings(),
          async () => {},
        );
        await failure(wedging);
        const { fields } = await other.analyse({
          text: "SELECT 'kept'::regclass::oid, to_regclass('stuck')",
          parameterOids: [],
          settings: settings(),
        });
        expect(fields).toHaveLength(2);
        const rows = await textRows(other, "SELECT 'kept'::regclass::oid, to_regclass('stuck')");
        expect(rows).toEqual([[String(relations[0]?.oid), null]]);
        const gone = other.analyse({
          text: "TABLE stuck",
          parameterOids: [],
          settings: settings(),
        });
        expect((await failure(gone)).fields.sqlState).toBe("42P01");
      } finally {
        await other.close();
      }
    },
  );
});

function column(name: string, columnNumber: number, typeOid: number) {
  return { name, columnNumber, typeOid, typmod: -1, format: 0 };
}
