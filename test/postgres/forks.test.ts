/** Definitions of an open transaction: who sees them, how they end, and which OIDs they give. */

import { afterAll, beforeAll, expect, test } from "vitest";
import { SqlError } from "../../src/base/errors.ts";
import type { Definition } from "../../src/postgres/analysis.ts";
import type { ShadowFork } from "../../src/postgres/fork.ts";
import { Shadow } from "../../src/postgres/shadow.ts";
import type { ShadowView } from "../../src/postgres/view.ts";
import { failure, settings, textRows } from "./support.ts";

let shadow: Shadow;
/** What was decided, as a journal would keep it. */
const journal: Definition[] = [];

beforeAll(async () => {
  shadow = await Shadow.start({ definitions: [], forksMax: 2 });
});

afterAll(async () => {
  await shadow.close();
});

const keep = async () => {};
const execute = async (fork: ShadowFork, ...statements: string[]) =>
  await fork.execute(statements, settings(), keep);
const analyse = async (view: ShadowView, text: string) =>
  await view.analyse({ text, parameterOids: [], settings: settings() });
const commit = async (fork: ShadowFork) => {
  await fork.commit(async ({ definition }) => {
    journal.push(definition);
  });
  await fork.discard();
};
const OIDS = `SELECT oid::text, relname FROM pg_class WHERE oid >= 65536
  UNION ALL SELECT oid::text, conname FROM pg_constraint WHERE oid >= 65536
  UNION ALL SELECT oid::text, typname FROM pg_type WHERE oid >= 65536 ORDER BY 2, 1`;

test("what a transaction defines is its own until it commits, then everybody's, with the same OIDs", async () => {
  const fork = await shadow.fork(settings());
  const made = await execute(fork, "CREATE TABLE made (id serial PRIMARY KEY, v text)");
  expect(made.tag).toBe("CREATE TABLE");
  const oid = made.relations.find((relation) => relation.name === "made")?.oid ?? 0;
  expect((await analyse(fork, "SELECT id, v FROM made")).fields).toHaveLength(2);
  expect(await textRows(fork, "SELECT 'made'::regclass::oid")).toEqual([[String(oid)]]);
  expect(fork.relations().get(oid)?.name).toBe("made");
  expect(shadow.relations().has(oid)).toBe(false);
  expect((await failure(analyse(shadow, "TABLE made"))).fields.sqlState).toBe("42P01");

  const inside = await textRows(fork, OIDS);
  await commit(fork);
  expect(shadow.relations().get(oid)).toEqual(made.relations.find((one) => one.oid === oid));
  expect((await analyse(shadow, "SELECT id, v FROM made")).fields).toHaveLength(2);
  expect(await textRows(shadow, OIDS)).toEqual(inside);
});

test("a rollback leaves nothing, and what is defined afterwards can be replayed", async () => {
  const before = await textRows(shadow, OIDS);
  const fork = await shadow.fork(settings());
  await execute(fork, "CREATE TABLE lost (id serial PRIMARY KEY)");
  await fork.discard();
  expect(await textRows(shadow, OIDS)).toEqual(before);
  await shadow.define(["CREATE TABLE after_lost (a int)"], settings(), async ({ definition }) => {
    journal.push(definition);
  });
  expect(await textRows(shadow, "SELECT to_regclass('lost')")).toEqual([[null]]);
});

test("savepoints, failed statements and changed settings come out the same when replayed", async () => {
  const fork = await shadow.fork(settings());
  await execute(fork, "CREATE TABLE one (id serial PRIMARY KEY)");
  await fork.savepoint();
  const undone = await execute(fork, "CREATE TABLE two (id serial PRIMARY KEY, c text UNIQUE)");
  const error = await failure(execute(fork, "CREATE TABLE three (a int)", "SELECT 1/0"));
  expect(error.fields.sqlState).toBe("22012");
  await fork.savepoint();
  await execute(fork, "CREATE TABLE four (a int)");
  await fork.rollbackTo(0);
  const twoOid = undone.relations[0]?.oid ?? 0;
  expect(fork.relations().has(twoOid)).toBe(false);
  expect((await failure(analyse(fork, "TABLE two"))).fields.sqlState).toBe("42P01");
  await execute(fork, "CREATE SCHEMA other");
  await fork.execute(
    ["CREATE TABLE five (day date DEFAULT '01.02.2024')"],
    settings({ searchPath: "other", settings: { DateStyle: "German, DMY" } }),
    keep,
  );
  await execute(fork, "CREATE TABLE six (day date DEFAULT '01.02.2024')");
  await fork.release(0);
  await failure(execute(fork, "CREATE TABLE seven (a int)", "nonsense"));
  const inside = await textRows(fork, OIDS);
  const defaults = `SELECT c.relname, n.nspname, pg_get_expr(adbin, adrelid) FROM pg_attrdef d
    JOIN pg_class c ON c.oid = adrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE relname IN ('five', 'six') ORDER BY 1`;
  await commit(fork);
  expect(await textRows(shadow, OIDS)).toEqual(inside);
  expect(await textRows(shadow, defaults)).toEqual([
    ["five", "other", "'2024-02-01'::date"],
    ["six", "public", "'2024-01-02'::date"],
  ]);
});

test("a step tells what it changed itself, gone constraints and indexes among it", async () => {
  const fork = await shadow.fork(settings());
  await execute(
    fork,
    "CREATE TABLE parts (a int CHECK (a > 0), b int UNIQUE)",
    "CREATE TABLE p2 ()",
  );
  const names = async (sql: string) =>
    (await execute(fork, sql)).relations.map((relation) => relation.name);
  expect(await names("ALTER TABLE parts DROP CONSTRAINT parts_a_check")).toEqual(["parts"]);
  expect(await names("ALTER TABLE parts ADD FOREIGN KEY (a) REFERENCES parts (b)")).toEqual([
    "parts",
  ]);
  expect(await names("ALTER TABLE parts DROP CONSTRAINT parts_a_fkey")).toEqual(["parts"]);
  expect(await names("CREATE INDEX i ON parts (a)")).toEqual(["parts"]);
  expect(await names("ALTER INDEX i RENAME TO j")).toEqual(["parts"]);
  expect(await names("DROP INDEX j")).toEqual(["parts"]);
  expect(await names("CREATE SEQUENCE s")).toEqual(["s"]);
  expect(await names("ALTER SEQUENCE s INCREMENT 5")).toEqual(["s"]);
  expect((await names("ALTER SEQUENCE s OWNED BY parts.a")).sort()).toEqual(["parts", "s"]);
  expect(await names("COMMENT ON TABLE parts IS 'x'")).toEqual([]);
  await fork.discard();
});

test("what decides against a step undoes that step alone", async () => {
  const fork = await shadow.fork(settings());
  await execute(fork, "CREATE TABLE kept (a int)");
  const refused = fork.execute(["CREATE TABLE refused (a int)"], settings(), async () => {
    throw new SqlError("0A000", "no");
  });
  expect((await failure(refused)).fields.sqlState).toBe("0A000");
  const tried = await fork.execute(["TRUNCATE kept"], settings(), async () => "undo" as const);
  expect(tried.relations.map(({ name }) => name)).toEqual(["kept"]);
  expect(
    await textRows(fork, "SELECT to_regclass('kept') IS NULL, to_regclass('refused') IS NULL"),
  ).toEqual([["f", "t"]]);
  const against = fork.commit(async () => {
    throw new SqlError("58030", "the disk is full");
  });
  expect((await failure(against)).fields.sqlState).toBe("58030");
  await fork.discard();
  expect(await textRows(shadow, "SELECT to_regclass('kept')")).toEqual([[null]]);
});

test("one more than there may be waits, and can be told not to", async () => {
  const [first, second] = [await shadow.fork(settings()), await shadow.fork(settings())];
  const aborter = new AbortController();
  const refused = failure(shadow.fork(settings(), aborter.signal));
  aborter.abort(new SqlError("57014", "canceling statement due to user request"));
  expect((await refused).fields.sqlState).toBe("57014");
  const waiting = shadow.fork(settings());
  await second.discard();
  const third = await waiting;
  await execute(third, "CREATE TABLE waited (a int)");
  await Promise.all([first.discard(), third.discard()]);
});

test("all that was committed is there with its OIDs after a restart", async () => {
  const expected = await textRows(shadow, OIDS);
  const again = await Shadow.start({ definitions: journal });
  try {
    expect(await textRows(again, OIDS)).toEqual(expected);
    const sorted = (one: Shadow) => [...one.relations().values()].sort((a, b) => a.oid - b.oid);
    expect(sorted(again)).toEqual(sorted(shadow));
  } finally {
    await again.close();
  }
});
