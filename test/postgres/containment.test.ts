/** What may run in the embedded PostgreSQL: clients' introspection may, escapes may not. */

import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { catalogRefusal, factsNeeded } from "../../src/postgres/containment.ts";
import { Shadow } from "../../src/postgres/shadow.ts";
import { settings, textRows } from "./support.ts";

let shadow: Shadow;

beforeAll(async () => {
  shadow = await Shadow.start({ definitions: [] });
  const definitions = [
    "CREATE TABLE nvda (ts timestamp NOT NULL, symbol text NOT NULL, close float8, PRIMARY KEY (symbol, ts)) USING tstable",
    "CREATE VIEW v AS SELECT * FROM nvda",
    "CREATE VIEW names AS SELECT relname FROM pg_class",
    "CREATE SEQUENCE s",
    "CREATE DOMAIN even AS int CHECK (VALUE % 2 = 0)",
    "CREATE FUNCTION mine(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1'",
    "CREATE OPERATOR @@@ (RIGHTARG = int, FUNCTION = mine)",
  ];
  await shadow.define(definitions, settings(), async () => {});
});

afterAll(async () => {
  await shadow.close();
});

async function treeOf(text: string): Promise<string> {
  return (await shadow.analyse({ text, parameterOids: [], settings: settings() })).tree;
}

describe("allowed, and answered", () => {
  test.each(psqlStatements())("psql 15: %s (%i)", async (_command, _number, text) => {
    const named = [...shadow.relations().values()].map(({ name, oid }) => [name, oid] as const);
    const sql = named.reduce((sql, [name, oid]) => sql.replaceAll(`{${name}}`, String(oid)), text);
    expect(catalogRefusal(await treeOf(sql))).toBeUndefined();
    await textRows(shadow, sql);
  });

  test.each([
    "SELECT version(), current_user, current_schema(), current_setting('server_version_num')",
    "SELECT * FROM information_schema.columns WHERE table_name = 'nvda'",
    "SELECT * FROM information_schema.table_constraints JOIN information_schema.key_column_usage USING (constraint_name)",
    "SELECT 'nvda'::regclass::oid, to_regclass('nope'), format_type(25, -1), pg_size_pretty(1e6)",
    "SELECT * FROM names",
    "TABLE pg_locks",
    "TABLE pg_settings",
    "SELECT name FROM pg_timezone_names LIMIT 1",
    "TABLE pg_stat_user_tables",
    "TABLE pg_stat_xact_user_tables",
    "TABLE pg_roles",
    "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 5) SELECT sum(n) FROM t",
    "SELECT information_schema._pg_expandarray(indkey) FROM pg_index",
    "SELECT * FROM pg_stat_ssl, pg_stat_gssapi",
  ])("%s", async (sql) => {
    expect(catalogRefusal(await treeOf(sql))).toBeUndefined();
    await textRows(shadow, sql);
  });

  test("a table's description is PostgreSQL's own", async () => {
    const columns =
      "SELECT column_name, data_type, is_nullable FROM information_schema.columns WHERE table_name = 'nvda' ORDER BY ordinal_position";
    expect(await textRows(shadow, columns)).toEqual([
      ["ts", "timestamp without time zone", "NO"],
      ["symbol", "text", "NO"],
      ["close", "double precision", "YES"],
    ]);
    const method =
      "SELECT a.amname FROM pg_class c JOIN pg_am a ON a.oid = c.relam WHERE c.relname = 'nvda'";
    expect(await textRows(shadow, method)).toEqual([["tstable"]]);
  });
});

describe("refused", () => {
  test.each([
    ["SELECT * FROM nvda", /tables/],
    ["SELECT * FROM v", /tables/],
    ["SELECT (SELECT count(*) FROM nvda) FROM pg_class", /tables/],
    ["WITH a AS MATERIALIZED (SELECT * FROM nvda) SELECT 1", /tables/],
    ["SELECT * FROM tstable.tables", /tables/],
    ["SELECT * FROM pg_class FOR UPDATE", /lock/],
    ["UPDATE pg_class SET relname = 'x'", /SELECT/],
    ["WITH d AS (DELETE FROM pg_class RETURNING oid) SELECT * FROM d", /modify/],
    ["CREATE TABLE x (a int)", /SELECT/],
    ["COPY (SELECT 1) TO PROGRAM 'touch /tmp/x'", /SELECT/],
    ["COPY pg_class FROM PROGRAM 'cat'", /SELECT/],
    ["DO $$BEGIN PERFORM set_config('role', 'postgres', false); END$$", /SELECT/],
    [
      "SELECT * FROM ts_stat('SELECT set_config(''role'', ''postgres'', false)::tsvector')",
      /ts_stat/,
    ],
    ["SELECT ts_rewrite('a'::tsquery, 'SELECT 1')", /ts_rewrite/],
    ["SELECT query_to_xml('SELECT 1', true, true, '')", /query_to_xml/],
    ["SELECT table_to_xml('pg_class', true, true, '')", /table_to_xml/],
    ["SELECT schema_to_xml_and_xmlschema('public', true, true, '')", /schema_to_xml/],
    ["SELECT database_to_xmlschema(true, true, '')", /database_to_xml/],
    ["SELECT pg_read_file('/etc/passwd')", /pg_read_file/],
    ["SELECT pg_read_binary_file('x'), pg_ls_dir('/')", /pg_read_binary_file/],
    ["SELECT 1 FROM pg_class ORDER BY pg_stat_file('/')", /pg_stat_file/],
    ["SELECT lo_import('/etc/passwd')", /lo_import/],
    ["SELECT lo_get(1), lo_from_bytea(0, '')", /lo_get/],
    ["SELECT set_config('search_path', 'x', false)", /set_config/],
    ["SELECT pg_sleep(1000)", /pg_sleep/],
    [
      "SELECT count(*) FILTER (WHERE pg_advisory_lock(1) IS NULL) FROM pg_class",
      /pg_advisory_lock/,
    ],
    ["SELECT nextval('s')", /nextval/],
    ["SELECT pg_terminate_backend(1), pg_reload_conf()", /pg_terminate_backend/],
    ["SELECT pg_export_snapshot()", /pg_export_snapshot/],
    ["SELECT pg_create_logical_replication_slot('a', 'b')", /replication_slot/],
    ["SELECT pg_nextoid('pg_class', 'oid', 'pg_class_oid_index')", /pg_nextoid/],
    ["SELECT binary_upgrade_set_next_pg_type_oid(1)", /binary_upgrade/],
    ["SELECT pg_tide_builtin_version()", /builtin_version/],
    ["SELECT mine(1)", /user-defined functions/],
    ["SELECT @@@ 1", /user-defined operators/],
    ["SELECT relnatts::int::even FROM pg_class", /domain/],
    ["SELECT time_bucket('1 hour', now())", /time_bucket/],
    ["SELECT last(oid, relname) FROM pg_class", /last/],
  ])("%s", async (sql, reason) => {
    expect(catalogRefusal(await treeOf(sql))).toMatch(reason);
  });

  test("names cannot pass for fields of the tree, nor hide one", async () => {
    const names = ['":rtekind 0 :relid 99999 "', '"{QUERY :commandType 3 "', '":funcid 3"'];
    for (const name of names) {
      expect(catalogRefusal(await treeOf(`SELECT 1 AS ${name} FROM pg_class AS ${name}`))).toBe(
        undefined,
      );
      const hidden = await treeOf(`SELECT pg_sleep(1) AS ${name} FROM pg_class AS ${name}`);
      expect(catalogRefusal(hidden)).toMatch(/pg_sleep/);
    }
  });
});

describe("facts that a query needs", () => {
  test.each([
    ["SELECT * FROM pg_stat_activity", ["sessions"]],
    ["SELECT relid::regclass, tuples_processed FROM pg_stat_progress_copy", ["copies"]],
    ["SELECT * FROM pg_cursors, pg_prepared_statements", ["cursors", "statements"]],
    ["SELECT pg_size_pretty(pg_total_relation_size('nvda'))", ["sizes"]],
    ["SELECT pg_database_size('postgres')", ["sizes"]],
    ["SELECT relname FROM pg_class", []],
    ["SELECT relname, reltuples FROM pg_class", ["rows"]],
    ["SELECT c FROM pg_class c", ["rows"]],
    ["SELECT * FROM pg_locks, pg_stat_ssl", ["locks", "sessions"]],
    ["SELECT * FROM pg_settings WHERE setting = current_setting('port')", ["settings"]],
    ["TABLE pg_sequences", ["connection", "sequences"]],
    ["TABLE pg_stat_user_tables", ["rows"]],
    ["SELECT txid_current(), pg_current_snapshot()", ["snapshot", "transaction"]],
  ])("%s", async (sql, expected) => {
    const always = ["processId", "startTime", "sessionUser"];
    expect([...factsNeeded(await treeOf(sql))].sort()).toEqual([...always, ...expected].sort());
  });
});

/** Command, number within the file, text. */
function psqlStatements(): [string, number, string][] {
  const file = readFileSync(new URL("psql15.sql", import.meta.url), "utf8");
  const parts = file.split(/^-- (\\.*)$/m).slice(1);
  return parts.flatMap((command, index) =>
    index % 2 === 0 ? [[command, index / 2 + 1, parts[index + 1] ?? ""]] : [],
  );
}
