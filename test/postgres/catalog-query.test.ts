/** Queries over catalogues, under a role and settings, and what stops them. */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { SqlError } from "../../src/base/errors.ts";
import type { DefinitionOutcome, ShadowSettings } from "../../src/postgres/analysis.ts";
import { Shadow } from "../../src/postgres/shadow.ts";
import { failure, oneRow, query, settings, textRows } from "./support.ts";

let shadow: Shadow;

beforeAll(async () => {
  shadow = await Shadow.start({ definitions: [] });
});

afterAll(async () => {
  await shadow.close();
});

const analyse = async (text: string, given: Partial<ShadowSettings> = {}) =>
  await shadow.analyse({ text, parameterOids: [], settings: settings(given) });

async function define(...statements: string[]): Promise<DefinitionOutcome> {
  return await shadow.define(statements, settings(), async () => {});
}

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
      sessions: [{ pid: 1, datid: 5, usesysid: 10, state: "active", query: "SELECT 'x'" }],
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
