/**
 * Definitions against PostgreSQL itself: the same statements, the same answers, errors, catalogue
 * and rows; each by itself, all in one block, and after a restart.
 */

import type { PGlite } from "@electric-sql/pglite";
import type pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { machineCode } from "../../src/postgres/machine-code.ts";
import { openTemplate } from "../../src/postgres/pglite.ts";
import { type LocalServer, startLocalServer } from "../support/local-server.ts";
import { ours, theirs } from "../support/same-answers.ts";

const STATEMENTS = [
  "CREATE SCHEMA shop",
  "CREATE SCHEMA shop",
  "CREATE SCHEMA IF NOT EXISTS shop",
  `CREATE TABLE shop.goods (id serial PRIMARY KEY, code varchar(8) UNIQUE NOT NULL,
     price numeric(10,2) DEFAULT 1.50 CHECK (price >= 0), tags text[], made timestamptz,
     twice numeric GENERATED ALWAYS AS (price * 2) STORED)`,
  `CREATE TABLE orders (id int GENERATED ALWAYS AS IDENTITY, good int REFERENCES shop.goods
     ON DELETE CASCADE, amount int NOT NULL, note text, CONSTRAINT key UNIQUE (good, amount))`,
  "CREATE TABLE orders (id int)",
  "CREATE TABLE IF NOT EXISTS orders (id int)",
  "CREATE TABLE twice (a int, a int)",
  "CREATE TABLE wrong (a integr)",
  "CREATE TABLE wrong (a int REFERENCES nowhere)",
  "INSERT INTO shop.goods (code, price) VALUES ('a', 1), ('b', 2), ('c', DEFAULT)",
  "INSERT INTO orders (good, amount) VALUES (1, 10), (2, 20), (3, 30)",
  "INSERT INTO orders (good, amount) VALUES (9, 1)",
  "INSERT INTO orders (good, amount) VALUES (1, 10)",
  "CREATE INDEX ON orders (amount)",
  "CREATE UNIQUE INDEX lower_code ON shop.goods (lower(code)) WHERE price > 1",
  "CREATE INDEX lower_code ON shop.goods (code)",
  "ALTER INDEX shop.lower_code RENAME TO code_index",
  "ALTER TABLE orders ADD COLUMN day date DEFAULT '2024-02-01', ADD COLUMN rank bigserial",
  "ALTER TABLE orders ADD COLUMN note int",
  "ALTER TABLE orders ALTER amount TYPE text USING amount::text || ' pieces'",
  "ALTER TABLE orders ALTER note SET NOT NULL",
  "UPDATE orders SET note = 'n' || id",
  "ALTER TABLE orders ALTER note SET NOT NULL, ALTER note SET DEFAULT 'none'",
  "ALTER TABLE orders ADD CONSTRAINT short CHECK (length(note) < 2)",
  "ALTER TABLE orders ADD CONSTRAINT long CHECK (length(note) < 20)",
  "ALTER TABLE orders ADD CHECK (rank > 1) NOT VALID",
  "ALTER TABLE orders DROP CONSTRAINT nothing",
  "ALTER TABLE orders RENAME COLUMN note TO remark",
  "ALTER TABLE orders RENAME CONSTRAINT long TO long_enough",
  "ALTER TABLE orders DROP COLUMN day",
  "ALTER TABLE shop.goods DROP COLUMN price",
  "ALTER TABLE shop.goods ALTER code TYPE varchar(0)",
  "ALTER TABLE shop.goods ALTER code TYPE text, ALTER made SET DEFAULT now()",
  "ALTER TABLE nowhere ADD COLUMN a int",
  "ALTER TABLE IF EXISTS nowhere ADD COLUMN a int",
  "INSERT INTO orders (good, amount) VALUES (2, 'many')",
  "CREATE SEQUENCE numbers INCREMENT 5 MINVALUE 5 MAXVALUE 500 CYCLE",
  "CREATE SEQUENCE numbers",
  "CREATE SEQUENCE wrong INCREMENT 0",
  "SELECT nextval('numbers')",
  "ALTER SEQUENCE numbers OWNED BY orders.rank",
  "COMMENT ON TABLE orders IS 'what people want'",
  "COMMENT ON COLUMN orders.remark IS 'or nothing'",
  "COMMENT ON TABLE nowhere IS 'x'",
  "CREATE TABLE copied (LIKE orders INCLUDING ALL)",
  "CREATE TABLE copied_rows AS SELECT id, amount AS how_many FROM orders",
  "CREATE TABLE copied_rows AS SELECT 1 AS a",
  "SELECT id INTO only_ids FROM orders WHERE id > 1",
  "CREATE TABLE empty_copy (x) AS SELECT id FROM orders WITH NO DATA",
  "CREATE TABLE too_many (x, y) AS SELECT id FROM orders",
  "DROP TABLE shop.goods",
  "DROP TABLE nowhere",
  "DROP TABLE IF EXISTS nowhere, only_ids",
  "DROP INDEX shop.goods_code_key",
  "DROP INDEX shop.code_index",
  "DROP SEQUENCE shop.goods_id_seq",
  "TRUNCATE shop.goods",
  "TRUNCATE copied_rows",
  "ALTER TABLE copied RENAME TO copied_too",
  "ALTER TABLE copied_too SET SCHEMA shop",
  "ALTER SCHEMA shop RENAME TO store",
  "DROP SCHEMA store",
  "CREATE TABLE gone (id serial PRIMARY KEY)",
  "DROP TABLE gone",
];

const CATALOGUE = [
  `SELECT n.nspname, c.relname, c.relkind, obj_description(c.oid) FROM pg_class c
     JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid >= 65536
     AND n.nspname !~ '^pg_' ORDER BY 1, 2`,
  `SELECT c.relname, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
     a.attidentity, a.attgenerated, pg_get_expr(d.adbin, d.adrelid), col_description(c.oid, attnum)
     FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
     LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
     WHERE a.attnum > 0 AND c.oid >= 65536 AND c.relkind IN ('r', 'i') AND c.relname !~ '^pg_toast'
     AND NOT attisdropped ORDER BY 1, 2`,
  `SELECT conrelid::regclass, conname, pg_get_constraintdef(oid), convalidated
     FROM pg_constraint WHERE oid >= 65536 ORDER BY 1, 2`,
  `SELECT indexrelid::regclass, pg_get_indexdef(indexrelid) FROM pg_index
     WHERE indexrelid >= 65536 AND indrelid::regclass::text !~ '^pg_toast' ORDER BY 1`,
  `SELECT seqrelid::regclass, seqtypid::regtype, seqstart, seqincrement, seqmin, seqmax, seqcycle
     FROM pg_sequence ORDER BY 1`,
];

const ROWS = [
  "SELECT id, good, amount, remark, rank FROM orders ORDER BY id",
  "SELECT id, code, price, twice FROM store.goods ORDER BY id",
  "SELECT * FROM copied_rows ORDER BY 1",
  "SELECT * FROM empty_copy",
];

let server: LocalServer;
let postgres: PGlite;

beforeAll(async () => {
  server = await startLocalServer();
});

afterAll(async () => {
  await server.stop();
  await postgres.close();
});

async function freshPostgres(): Promise<void> {
  postgres = await openTemplate({}, await machineCode());
}

/** Each in its own savepoint where there is a block. */
async function compareAll(client: pg.Client, isInBlock: boolean): Promise<void> {
  const both = async (sql: string) => {
    await client.query(sql);
    await postgres.exec(sql);
  };
  if (isInBlock) await both("BEGIN");
  for (const sql of STATEMENTS) {
    if (isInBlock) await both("SAVEPOINT s");
    const [mine, expected] = [await ours(client, sql), await theirs(postgres, sql)];
    expect(mine, sql).toEqual(expected);
    if (isInBlock && expected.error !== undefined) await both("ROLLBACK TO s");
  }
  await compareState(client);
  if (isInBlock) await both("COMMIT");
}

async function compareState(client: pg.Client): Promise<void> {
  for (const sql of [...CATALOGUE, ...ROWS]) {
    const expected = await theirs(postgres, sql);
    expect(expected.error, sql).toBeUndefined();
    expect(await ours(client, sql), sql).toEqual(expected);
  }
}

describe("definitions answer as PostgreSQL does", () => {
  test("each by itself, and after a restart", async () => {
    await freshPostgres();
    await compareAll(server.client, false);
    await server.restart();
    await compareState(server.client);
    await postgres.close();
  });

  test("all in one block, and after a restart", async () => {
    await server.stop();
    server = await startLocalServer();
    await freshPostgres();
    await compareAll(server.client, true);
    await compareState(server.client);
    await server.restart();
    await compareState(server.client);
  });
});

test("what cannot be kept is refused by name and leaves nothing", async () => {
  const refused: readonly (readonly [string, RegExp])[] = [
    ["CREATE TABLE r (p point)", /type point/],
    ["CREATE TABLE r (a int, EXCLUDE USING btree (a WITH =))", /EXCLUDE/],
    ["CREATE TABLE r (a int) PARTITION BY RANGE (a)", /partitioning/],
    ["CREATE TABLE r () INHERITS (orders)", /inheritance/],
    ['CREATE TABLE r (a int, "A" int)', /case alone/],
    ['CREATE TABLE r (a text COLLATE "pg_c_utf8")', /collation/],
    ["CREATE MATERIALIZED VIEW r AS SELECT 'now'::date", /moment/],
    ["CREATE TYPE r AS ENUM ('a')", /CREATE TYPE/],
    ["CREATE DOMAIN r AS int", /CREATE DOMAIN/],
    ["CREATE FUNCTION r() RETURNS int LANGUAGE sql RETURN 1", /CREATE FUNCTION/],
    ["ALTER TABLE orders ENABLE ROW LEVEL SECURITY", /ALTER TABLE/],
  ];
  for (const [sql, message] of refused) {
    const error = await server.refusal(sql);
    expect([error.code, message.test(error.message)], `${sql}: ${error.message}`).toEqual([
      "0A000",
      true,
    ]);
  }
  expect(await server.rows("SELECT to_regclass('r')")).toEqual([[null]]);
  for (const [code, sql] of [
    ["2BP01", "DROP SCHEMA tstable CASCADE"],
    ["2BP01", "DROP TABLE tstable.tables"],
    ["0A000", "DROP EXTENSION tstable CASCADE"],
    ["42501", "ALTER TABLE tstable.tables ADD COLUMN a int"],
    ["42501", "TRUNCATE tstable.tables"],
  ] as const) {
    expect((await server.refusal(sql)).code, sql).toBe(code);
  }
});

test("one session defines at a time, and others may refuse to wait", async () => {
  const other = await server.connect();
  await server.client.query("BEGIN");
  await server.client.query("CREATE TABLE first_come (a int)");
  await other.query("SET lock_timeout = '50ms'");
  await expect(other.query("CREATE TABLE second (a int)")).rejects.toMatchObject({ code: "55P03" });
  await other.query("SET lock_timeout = 0");
  const refused = expect(other.query("CREATE TABLE first_come (a int)")).rejects.toMatchObject({
    code: "42P07",
  });
  await server.client.query("COMMIT");
  await refused;
});

test("a definition that gave up waiting for rows keeps no other one waiting", async () => {
  const writer = await server.connect();
  await server.client.query("CREATE TABLE written (a int)");
  await server.client.query("CREATE TABLE unwanted (a int)");
  await writer.query("BEGIN");
  await writer.query("INSERT INTO written VALUES (1)");
  const other = await server.connect();
  await other.query("SET lock_timeout = '50ms'");
  await expect(other.query("DROP TABLE unwanted")).rejects.toMatchObject({ code: "55P03" });
  await server.client.query("SET lock_timeout = '5s'");
  await server.client.query("CREATE TABLE unhindered (a int)");
  await server.client.query("RESET lock_timeout");
  await writer.query("ROLLBACK");
});

test("a failed block keeps nobody waiting, unless it has a savepoint to return to", async () => {
  const failing = await server.connect();
  const other = await server.connect();
  await other.query("CREATE TABLE contended (a int PRIMARY KEY)");
  await other.query("SET lock_timeout = '5s'");
  await failing.query("BEGIN");
  await failing.query("CREATE TABLE given_up (a int)");
  await failing.query("INSERT INTO contended VALUES (1)");
  await expect(failing.query("SELECT 1/0")).rejects.toMatchObject({ code: "22012" });
  await other.query("INSERT INTO contended VALUES (1)");
  await other.query("CREATE TABLE given_up (b int)");
  await expect(failing.query("SELECT 1")).rejects.toMatchObject({ code: "25P02" });
  expect((await failing.query("COMMIT")).command).toBe("ROLLBACK");

  await failing.query("BEGIN");
  await failing.query("INSERT INTO contended VALUES (2)");
  await failing.query("SAVEPOINT here");
  await expect(failing.query("SELECT 1/0")).rejects.toMatchObject({ code: "22012" });
  await other.query("SET lock_timeout = '50ms'");
  const refused = other.query("INSERT INTO contended VALUES (2)");
  await expect(refused).rejects.toMatchObject({ code: "55P03" });
  await failing.query("ROLLBACK TO here");
  await failing.query("COMMIT");
  const { rows } = await other.query("SELECT a FROM contended ORDER BY a");
  expect(rows).toEqual([{ a: "1" }, { a: "2" }]);
});

test("DROP TABLE says nothing of functions that only we have made", async () => {
  const { client } = server;
  await client.query("CREATE TSTABLE quiet (ts timestamptz)");
  await client.query("CREATE TABLE beside (a int)");
  const notices: string[] = [];
  const listen = ({ message }: { message?: string | undefined }) => notices.push(message ?? "");
  client.on("notice", listen);
  await client.query("DROP TABLE quiet, beside");
  client.off("notice", listen);
  expect(notices).toEqual([]);
});

test("temporary tables are their session's own and go with it", async () => {
  const other = await server.connect();
  await server.client.query("CREATE TABLE shown (a text)");
  await server.client.query("INSERT INTO shown VALUES ('permanent')");
  await other.query("CREATE TEMP TABLE shown (a text, id serial PRIMARY KEY)");
  await other.query("INSERT INTO shown VALUES ('temporary')");
  const read = async (sql: string) => (await other.query({ text: sql, rowMode: "array" })).rows;
  expect(await read("SELECT a FROM shown")).toEqual([["temporary"]]);
  expect(await read("SELECT a FROM pg_temp.shown")).toEqual([["temporary"]]);
  expect(await read("SELECT a FROM public.shown")).toEqual([["permanent"]]);
  expect(await read("SELECT current_schema()")).toEqual([["public"]]);
  expect(await server.rows("SELECT a FROM shown")).toEqual([["permanent"]]);
  await expect(
    other.query("CREATE TABLE r (a int REFERENCES pg_temp.shown)"),
  ).rejects.toMatchObject({ code: "42P16" });
  await other.query("BEGIN");
  await other.query("CREATE TEMP TABLE brief ON COMMIT DROP AS SELECT 1 AS a");
  await other.query("CREATE TEMP TABLE emptied (a int) ON COMMIT DELETE ROWS");
  await other.query("INSERT INTO emptied SELECT a FROM brief");
  await other.query("CREATE TABLE beside (a int)");
  await other.query("COMMIT");
  expect(await read("SELECT * FROM emptied")).toEqual([]);
  await expect(other.query("SELECT * FROM brief")).rejects.toMatchObject({ code: "42P01" });
  await other.end();
  await server.restart();
  expect(await server.rows("SELECT a FROM shown")).toEqual([["permanent"]]);
  expect(await server.rows("SELECT count(*) FROM beside")).toEqual([["0"]]);
  const left = "SELECT count(*) FROM pg_namespace WHERE nspname ~ '^pg_tide_temp'";
  expect(await server.rows(left)).toEqual([["0"]]);
});
