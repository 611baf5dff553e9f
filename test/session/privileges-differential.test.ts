/**
 * Roles and rights against PostgreSQL itself: the same statements under the same roles, the same
 * rows, errors and catalogue; and the same again after a restart.
 */

import { isDeepStrictEqual } from "node:util";
import type { PGlite } from "@electric-sql/pglite";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { machineCode } from "../../src/postgres/machine-code.ts";
import { openTemplate } from "../../src/postgres/pglite.ts";
import { type LocalServer, startLocalServer } from "../support/local-server.ts";

const STATEMENTS = [
  "CREATE ROLE ada LOGIN",
  "CREATE ROLE ada",
  "CREATE USER grace CONNECTION LIMIT 5 VALID UNTIL '2031-02-03 04:05+00'",
  "CREATE GROUP staff ROLE ada ADMIN grace",
  "CREATE ROLE maker CREATEROLE CREATEDB NOINHERIT",
  "CREATE ROLE odd NOSUCHOPTION",
  "CREATE ROLE pg_mine",
  "CREATE ROLE twice LOGIN NOLOGIN",
  'CREATE ROLE "Odd ""Name"""',
  "CREATE ROLE owner IN ROLE pg_read_all_data",
  "ALTER ROLE ada CREATEDB",
  "ALTER ROLE nobody LOGIN",
  "ALTER ROLE ada CONNECTION LIMIT -2",
  "ALTER ROLE ada SET work_mem = '10MB'",
  "ALTER ROLE ada SET nonsense.parameter = 'x'",
  "ALTER ROLE ada SET work_mem = 'much'",
  "ALTER ROLE ada IN DATABASE postgres SET search_path = s, public",
  "ALTER ROLE ALL SET statement_timeout = '1h'",
  "ALTER DATABASE postgres SET lock_timeout = '30s'",
  "ALTER ROLE ada RESET work_mem",
  "ALTER ROLE grace RENAME TO hopper",
  "ALTER ROLE postgres RENAME TO root",
  "ALTER ROLE postgres NOSUPERUSER",
  "GRANT staff TO hopper WITH INHERIT FALSE, SET FALSE",
  "GRANT staff TO staff",
  "GRANT nobody TO ada",
  "GRANT hopper TO maker",
  "GRANT maker TO hopper",
  "REVOKE hopper FROM maker",
  "DROP ROLE IF EXISTS nobody, absent",
  "DROP ROLE nobody",
  "CREATE TABLE t (a int PRIMARY KEY, b text, c int DEFAULT 7)",
  "CREATE TABLE o (a int)",
  "CREATE TABLE k (id serial PRIMARY KEY, i int GENERATED ALWAYS AS IDENTITY, n text)",
  "CREATE SCHEMA s AUTHORIZATION ada",
  "CREATE TABLE s.mine (a int)",
  "INSERT INTO t VALUES (1, 'one'), (2, 'two')",
  "INSERT INTO o VALUES (1), (3)",
  "GRANT SELECT (a, b), INSERT (a, b), UPDATE (b) ON t TO ada",
  "GRANT INSERT ON k TO ada",
  "GRANT SELECT ON o TO staff WITH GRANT OPTION",
  "GRANT SELECT (nothing) ON t TO ada",
  "GRANT EXECUTE ON TABLE t TO ada",
  "GRANT SELECT ON nowhere TO ada",
  "GRANT SELECT ON t TO nowhere",
  "REVOKE ALL ON SCHEMA public FROM PUBLIC",
  "GRANT USAGE ON SCHEMA public TO staff, maker",
  "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO hopper",
  "CREATE TABLE later (a int)",
  "ALTER TABLE later OWNER TO owner",

  "SET ROLE ada",
  "SELECT current_user, user, current_role, session_user",
  "SHOW is_superuser",
  "SELECT a, b FROM t ORDER BY a",
  "SELECT * FROM t",
  "SELECT c FROM t",
  "SELECT count(*) FROM t",
  "SELECT t FROM t",
  "SELECT a FROM t WHERE c = 7",
  "SELECT a FROM t ORDER BY c",
  "SELECT x.a FROM t AS x JOIN t AS y ON x.a = y.c",
  "SELECT o.a FROM o JOIN t USING (a)",
  "SELECT (SELECT max(c) FROM t) FROM o",
  "SELECT a FROM o WHERE EXISTS (SELECT FROM later)",
  "WITH x AS (SELECT * FROM later) SELECT 1",
  "SELECT a FROM o UNION SELECT a FROM later",
  "SELECT a FROM t FOR UPDATE",
  "SELECT a FROM o FOR SHARE",
  "INSERT INTO t (a, b) VALUES (3, 'three')",
  "INSERT INTO t (a, b) VALUES (3, 'three') RETURNING a",
  "INSERT INTO t (a, b) VALUES (4, 'four') RETURNING c",
  "INSERT INTO t VALUES (5, 'five', 5)",
  "INSERT INTO t (a) VALUES (6) ON CONFLICT (a) DO UPDATE SET b = 'six'",
  "INSERT INTO t (a) VALUES (1) ON CONFLICT (a) DO UPDATE SET b = excluded.b || t.b",
  "INSERT INTO t (a) VALUES (1) ON CONFLICT (a) DO UPDATE SET c = 1",
  "INSERT INTO t (a) SELECT a FROM later",
  "INSERT INTO t (a, b) VALUES (1, 'again')",
  "INSERT INTO k (n) VALUES ('x')",
  "INSERT INTO k DEFAULT VALUES",
  "UPDATE t SET b = 'x' WHERE a = 1",
  "UPDATE t SET b = 'x' WHERE c = 1",
  "UPDATE t SET c = 1",
  "UPDATE t SET b = o.a::text FROM o WHERE o.a = t.a",
  "DELETE FROM t",
  "TRUNCATE t",
  "SELECT nextval('k_id_seq')",
  "SELECT setval('k_id_seq', 5)",
  "SELECT currval('k_id_seq')",
  "CREATE TABLE mine (a int)",
  "CREATE TABLE s.made (a int REFERENCES public.t)",
  "CREATE TABLE s.made AS SELECT a, b FROM t",
  "CREATE TABLE s.taken AS SELECT * FROM t",
  "SELECT count(*) FROM s.made",
  "SELECT * FROM s.mine",
  "ALTER TABLE t ADD COLUMN d int",
  "ALTER TABLE s.made ADD COLUMN d int",
  "CREATE INDEX ON t (a)",
  "COMMENT ON TABLE t IS 'x'",
  "DROP TABLE o",
  "DROP TABLE s.mine",
  "DROP SCHEMA public",
  "ALTER TABLE s.made OWNER TO hopper",
  "GRANT SELECT ON o TO maker",
  "GRANT SELECT ON t TO maker",
  "GRANT SELECT (a) ON t TO maker",
  "GRANT ALL ON s.made TO maker",
  "CREATE ROLE other",
  "ALTER ROLE hopper LOGIN",
  "ALTER ROLE ada CREATEROLE",
  "DROP ROLE hopper",
  "GRANT maker TO ada",
  "SELECT rolname FROM pg_authid",
  "SELECT rolname FROM pg_roles WHERE oid > 16384 ORDER BY oid",
  "SHOW data_directory",
  "SET session_replication_role = replica",
  "SET log_statement = 'all'",
  "SELECT has_table_privilege('t', 'SELECT'), has_column_privilege('t', 'a', 'SELECT')",
  "LOCK TABLE later",
  "BEGIN",
  "LOCK TABLE later",
  "ROLLBACK",
  "BEGIN",
  "LOCK TABLE o IN ACCESS SHARE MODE",
  "ROLLBACK",
  "SELECT * FROM later",
  "RESET ROLE",

  "SET ROLE hopper",
  "SELECT * FROM o",
  "SELECT a FROM later",
  "SELECT count(*) FROM s.made",
  "RESET ROLE",
  "GRANT SELECT ON s.made TO hopper",
  "GRANT USAGE ON SCHEMA public, s TO hopper",
  "REVOKE GRANT OPTION FOR SELECT ON o FROM staff",
  "REVOKE GRANT OPTION FOR SELECT ON o FROM staff CASCADE",
  "SET ROLE hopper",
  "SELECT count(*) FROM s.made",
  "SELECT a FROM later",
  "INSERT INTO later VALUES (1)",
  "RESET ROLE",

  "SET ROLE owner",
  "SELECT c FROM t ORDER BY c",
  "INSERT INTO later VALUES (1)",
  "DROP TABLE later",
  "RESET ROLE",

  "SET ROLE maker",
  "CREATE ROLE made_by_maker",
  "CREATE ROLE too_much SUPERUSER",
  "CREATE ROLE too_much REPLICATION",
  "ALTER ROLE made_by_maker CREATEDB",
  "ALTER ROLE ada NOCREATEDB",
  "GRANT made_by_maker TO ada",
  "GRANT staff TO made_by_maker",
  "SELECT * FROM o",
  "RESET ROLE",

  "BEGIN",
  "SET LOCAL ROLE ada",
  "SELECT current_user",
  "SAVEPOINT x",
  "SET ROLE staff",
  "SELECT current_user",
  "ROLLBACK TO x",
  "SELECT current_user",
  "COMMIT",
  "SELECT current_user",
  "BEGIN",
  "CREATE ROLE brief",
  "CREATE TABLE brief (a int)",
  "ALTER TABLE brief OWNER TO brief",
  "GRANT USAGE ON SCHEMA public TO brief",
  "SET ROLE brief",
  "INSERT INTO brief VALUES (1) RETURNING a",
  "SELECT a FROM o",
  "ROLLBACK",
  "SELECT current_user",
  "SET ROLE brief",
  "DROP ROLE ada",
  "DROP ROLE hopper",
  "REASSIGN OWNED BY ada TO owner",
  "DROP OWNED BY ada",
  "DROP ROLE ada",
  "REVOKE ALL ON ALL TABLES IN SCHEMA public FROM staff",
  "DROP OWNED BY hopper, staff, maker",
  "DROP ROLE maker",
];

const CATALOGUE = [
  `SELECT rolname, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolconnlimit,
     rolvaliduntil, rolbypassrls FROM pg_roles WHERE oid >= 16384 ORDER BY rolname`,
  `SELECT roleid::regrole, member::regrole, grantor::regrole, admin_option, inherit_option, set_option
     FROM pg_auth_members WHERE roleid >= 16384 OR member >= 16384 ORDER BY 1, 2, 3`,
  "SELECT setdatabase, setrole, setconfig FROM pg_db_role_setting ORDER BY 1, 2",
  `SELECT relname, relacl, relowner::regrole FROM pg_class
     WHERE relnamespace::regnamespace::text IN ('public', 's') AND relkind IN ('r', 'S') ORDER BY 1`,
  `SELECT attrelid::regclass, attname, attacl FROM pg_attribute
     WHERE attacl IS NOT NULL AND attrelid >= 16384 ORDER BY 1, 2`,
  "SELECT nspname, nspowner::regrole, nspacl FROM pg_namespace WHERE nspname IN ('public', 's')",
  "SELECT defaclrole::regrole, defaclobjtype, defaclacl FROM pg_default_acl",
];

let server: LocalServer;
let postgres: PGlite;

beforeAll(async () => {
  server = await startLocalServer();
  postgres = await openTemplate({}, await machineCode());
});
afterAll(async () => {
  await server.stop();
  await postgres.close();
});

interface Answer {
  readonly rows?: unknown;
  readonly error?: readonly (string | undefined)[];
}

async function ours(sql: string): Promise<Answer> {
  try {
    const { rows } = await server.client.query({ text: sql, rowMode: "array" });
    return { rows };
  } catch (cause) {
    if (!(cause instanceof pg.DatabaseError)) throw cause;
    return { error: [cause.code, cause.message, cause.detail, cause.hint] };
  }
}

/** As text, as the client of ours reads it. */
const parsers = Object.fromEntries(
  Array.from({ length: 6000 }, (_, oid) => [oid, (text: string) => text]),
);

async function theirs(sql: string): Promise<Answer> {
  try {
    const results = await postgres.exec(sql, { rowMode: "array", parsers });
    return { rows: results.at(-1)?.rows ?? [] };
  } catch (cause) {
    const { code, message, detail, hint } = cause as pg.DatabaseError;
    return { error: [code, message, detail, hint] };
  }
}

test("roles and rights answer as PostgreSQL does, also after a restart", async () => {
  const differences: unknown[] = [];
  const compare = async (sql: string) => {
    const [mine, expected] = [await ours(sql), await theirs(sql)];
    if (isDeepStrictEqual(mine, expected)) return;
    differences.push({ sql, mine, expected });
  };
  for (const sql of STATEMENTS) await compare(sql);
  for (const sql of CATALOGUE) await compare(sql);
  const oids = "SELECT rolname, oid FROM pg_roles ORDER BY oid";
  const before = await server.rows(oids);
  await server.restart();
  expect(await server.rows(oids)).toEqual(before);
  for (const sql of CATALOGUE) await compare(sql);
  expect(differences).toEqual([]);
});
