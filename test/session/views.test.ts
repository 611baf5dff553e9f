/**
 * Views against PostgreSQL itself: the same statements, the same answers, errors and catalogue;
 * each by itself, in a block, and after a restart.
 */

import type { PGlite } from "@electric-sql/pglite";
import type pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { machineCode } from "../../src/postgres/machine-code.ts";
import { openTemplate } from "../../src/postgres/pglite.ts";
import { type LocalServer, startLocalServer } from "../support/local-server.ts";
import { MATERIALIZED } from "../support/materialized-statements.ts";
import { ours, theirs } from "../support/same-answers.ts";
import {
  CATALOGUE,
  CHANGES,
  RIGHTS,
  ROWS,
  STATEMENTS,
  TABLES,
} from "../support/view-statements.ts";

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

async function both(client: pg.Client, sql: string): Promise<void> {
  await client.query(sql);
  await postgres.exec(sql);
}

/** In a block each has a savepoint of its own. */
async function compareAll(
  client: pg.Client,
  statements: readonly string[],
  isInBlock: boolean,
): Promise<void> {
  for (const sql of statements) {
    if (isInBlock) await both(client, "SAVEPOINT s");
    const [mine, expected] = [await ours(client, sql), await theirs(postgres, sql)];
    expect.soft(mine, sql).toEqual(expected);
    if (isInBlock && expected.error !== undefined) await both(client, "ROLLBACK TO s");
  }
}

async function compareState(client: pg.Client): Promise<void> {
  for (const sql of [...CATALOGUE, ...ROWS]) {
    const expected = await theirs(postgres, sql);
    expect.soft(expected.error, sql).toBeUndefined();
    expect.soft(await ours(client, sql), sql).toEqual(expected);
  }
}

test("views answer as PostgreSQL's do, each by itself and in a block", async () => {
  const { client } = server;
  for (const sql of TABLES) await both(client, sql);
  const middle = STATEMENTS.length / 2;
  await compareAll(client, STATEMENTS.slice(0, middle), false);
  await both(client, "BEGIN");
  await compareAll(client, STATEMENTS.slice(middle), true);
  await compareState(client);
  await both(client, "COMMIT");
  await compareState(client);
});

test("a temporary view, or one that reads temporary tables, goes with its session", async () => {
  const other = await server.connect();
  const notices: (string | undefined)[] = [];
  other.on("notice", ({ message }) => notices.push(message));
  await other.query("CREATE TEMP TABLE brief (a int)");
  await other.query("CREATE VIEW reads_brief AS SELECT a FROM brief");
  await other.query("CREATE OR REPLACE VIEW reads_brief AS SELECT a, 1 AS one FROM brief");
  await other.query("CREATE TEMP VIEW of_plain AS SELECT a FROM plain");
  await other.query("COMMENT ON VIEW of_plain IS 'temporary'");
  await other.query("COMMENT ON COLUMN brief.a IS 'temporary'");
  await other.query("COMMENT ON TABLE brief IS NULL");
  await expect(other.query("CREATE VIEW public.no AS TABLE brief")).rejects.toMatchObject({
    code: "42P16",
  });
  const notice = 'view "reads_brief" will be a temporary view';
  expect(notices).toEqual([notice, notice]);
  expect(await server.refusal("SELECT * FROM reads_brief")).toMatchObject({ code: "42P01" });
  await server.client.query("CREATE VIEW dropped AS SELECT 1 AS a");
  await other.query("CREATE TEMP VIEW above_dropped AS SELECT * FROM dropped");
  await server.client.query("DROP VIEW dropped CASCADE");
  await other.query("BEGIN");
  await other.query("CREATE TEMP TABLE gone (a int) ON COMMIT DROP");
  await other.query("CREATE VIEW above_gone AS SELECT a FROM gone");
  await other.query("COMMIT");
  await expect(other.query("SELECT * FROM above_gone")).rejects.toMatchObject({ code: "42P01" });
  await other.end();
  await server.restart();
  expect(
    await server.rows("SELECT relname FROM pg_class WHERE relname ~ 'brief|of_plain'"),
  ).toEqual([]);
});

test("after a restart views are what they were, constants of the moment among them", async () => {
  await server.client.query("CREATE VIEW made AS SELECT 'now'::timestamptz AS at, 'today'::date");
  await server.client.query("CREATE TSTABLE seen (ts timestamptz)");
  await server.client.query("CREATE VIEW gaps AS SELECT * FROM coverage_gaps('seen')");
  await server.client.query("CREATE SCHEMA hidden");
  await server.client.query("CREATE MATERIALIZED VIEW hidden.filled AS SELECT a, d FROM t");
  const read = async () => [
    await server.rows("SELECT *, pg_get_viewdef('made'::regclass) FROM made"),
    await server.rows("SELECT oid, relname FROM pg_class WHERE oid >= 65536 ORDER BY oid"),
    await server.rows("SELECT * FROM gaps"),
    await server.rows("SELECT * FROM hidden.filled ORDER BY a"),
  ];
  const before = await read();
  await server.restart();
  expect(await read()).toEqual(before);
  await server.client.query(
    "DROP VIEW made; ALTER VIEW gaps SET SCHEMA hidden; DROP MATERIALIZED VIEW hidden.filled",
  );
  await compareState(server.client);
  const left = "SELECT relname FROM pg_class WHERE relname ~ 'brief|of_plain'";
  expect(await server.rows(left)).toEqual([]);
});

test("a view over coverage functions keeps its table from being dropped", async () => {
  const nowhere = "CREATE VIEW no AS SELECT nothing, 1 FROM coverage_gaps('seen')";
  expect((await server.refusal(nowhere)).position).toBe(String(nowhere.indexOf("nothing") + 1));
  const [[text] = []] = await server.rows("SELECT pg_get_viewdef('hidden.gaps'::regclass)");
  const elsewhere = String(text).replace(/pg_tide_\d+/, "pg_tide_1");
  await server.client.query(`CREATE VIEW hidden.restored AS ${elsewhere}`);
  expect(await server.rows("SELECT * FROM hidden.restored")).toEqual([]);
  await server.client.query("DROP VIEW hidden.restored");
  const refused = await server.refusal("DROP TSTABLE seen");
  expect([refused.code, refused.detail]).toEqual([
    "2BP01",
    "view hidden.gaps depends on table seen",
  ]);
  await server.client.query("DROP TABLE seen CASCADE");
  expect(await server.refusal("SELECT * FROM hidden.gaps")).toMatchObject({ code: "42P01" });
});

test("a prepared statement sees the view as it is now, unless its columns differ", async () => {
  const { client } = server;
  await client.query("CREATE VIEW changing AS SELECT a FROM t");
  const read = async (name: string, text: string) =>
    (await client.query({ name, text, rowMode: "array" })).rows;
  expect(await read("s1", "SELECT * FROM changing")).toEqual([["1"], ["2"], ["3"]]);
  expect(await read("s2", "SELECT a FROM changing")).toEqual([["1"], ["2"], ["3"]]);
  await client.query("CREATE OR REPLACE VIEW changing AS SELECT a FROM t WHERE a > 2");
  expect(await read("s1", "SELECT * FROM changing")).toEqual([["3"]]);
  await client.query("CREATE OR REPLACE VIEW changing AS SELECT a, c FROM t WHERE a < 2");
  expect(await read("s2", "SELECT a FROM changing")).toEqual([["1"]]);
  const refused = read("s1", "SELECT * FROM changing");
  await expect(refused).rejects.toMatchObject({
    code: "0A000",
    message: "cached plan must not change result type",
  });
});

test("times asked for around a view prune the segments below it, a barrier's, too", async () => {
  const { client } = server;
  await client.query("FLUSH m");
  await both(client, "INSERT INTO m VALUES ('2030-01-01', 'h1', 99, 1)");
  await client.query("FLUSH m");
  await client.query("CREATE VIEW closed WITH (security_barrier) AS SELECT * FROM m WHERE v > 10");
  await client.query("CREATE VIEW above_closed AS SELECT ts, v * 2 AS double FROM closed");
  for (const view of ["late", "closed", "above_closed"]) {
    const plan = await server.rows(`EXPLAIN SELECT count(*) FROM ${view} WHERE ts >= '2029-01-01'`);
    expect(plan.flat().join("\n"), view).toMatch(/Segments: 2 considered, 1 read/);
  }
});

test("materialized views are filled, refreshed and refused as in PostgreSQL", async () => {
  await compareAll(server.client, MATERIALIZED, false);
});

test("rows go in, change and go through simple views as in PostgreSQL", async () => {
  await compareAll(server.client, CHANGES, false);
});

test("views ask for rights as PostgreSQL does, and their barriers hold", async () => {
  for (const sql of RIGHTS) {
    const [mine, expected] = [await ours(server.client, sql), await theirs(postgres, sql)];
    const isPlan = sql.startsWith("EXPLAIN") && expected.error === undefined;
    expect.soft(isPlan ? mine.error : mine, sql).toEqual(isPlan ? undefined : expected);
  }
});
