/** Definitions: what they change, when others see them, and workers that fail over them. */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SqlError } from "../../src/base/errors.ts";
import type { DefinitionOutcome, ShadowSettings } from "../../src/postgres/analysis.ts";
import { Shadow } from "../../src/postgres/shadow.ts";
import { failure, query, settings, textRows } from "./support.ts";

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
    async (_name, sql) => {
      const other = await Shadow.start({
        definitions: [],
        analysisDeadlineMs: 10_000,
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
