/** What the embedded PostgreSQL says of a statement, and what of it is remembered. */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ShadowSettings } from "../../src/postgres/analysis.ts";
import { IRRELEVANT_TO_ANALYSIS } from "../../src/postgres/settings-sql.ts";
import { Shadow } from "../../src/postgres/shadow.ts";
import { loadCatalogue } from "../../src/types/catalogue.ts";
import { failure, settings } from "./support.ts";

let shadow: Shadow;

beforeAll(async () => {
  shadow = await Shadow.start({ definitions: [] });
});

afterAll(async () => {
  await shadow.close();
});

const analyse = async (text: string, given: Partial<ShadowSettings> = {}) =>
  await shadow.analyse({ text, parameterOids: [], settings: settings(given) });

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

  test("many who ask the same at once wait for one answer", async () => {
    const text = "SELECT 'asked by many', relname FROM pg_class";
    const all = await Promise.all(Array.from({ length: 200 }, () => analyse(text)));
    // Two: the one that was free, and the other when the first took long.
    expect(new Set(all).size).toBeLessThanOrEqual(2);
    const different = Array.from({ length: 60 }, (_, i) => analyse(`SELECT ${i} AS c${i}`));
    const names = (await Promise.all(different)).map(({ fields }) => fields?.[0]?.name);
    expect(names).toEqual(names.map((_, i) => `c${i}`));
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
    // How deep is too deep differs between versions of Node; these are for all of them.
    for (const text of [
      `SELECT ${"1+".repeat(30_000)}1`,
      `SELECT ${"(SELECT ".repeat(2500)}1${")".repeat(2500)}`,
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
    await shadow.define(["CREATE SCHEMA cache_probe"], settings(), async () => {});
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
    const other = await Shadow.start({ definitions: [] });
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

function column(name: string, columnNumber: number, typeOid: number) {
  return { name, columnNumber, typeOid, typmod: -1, format: 0 };
}
