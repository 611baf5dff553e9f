/** What APPEND PARQUET makes of files: declared columns they lack, spellings, exact numbers. */

import { afterAll, beforeAll, expect, test } from "vitest";
import { type LocalServer, startLocalServer } from "../support/local-server.ts";

let server: LocalServer;

beforeAll(async () => {
  server = await startLocalServer();
});
afterAll(async () => await server.stop());

async function append(table: string, select: string): Promise<void> {
  const path = await server.parquet(`${table}.parquet`, select);
  await server.client.query(`APPEND PARQUET '${path}' INTO ${table}`);
}

test("a NOT NULL column that a file lacks is a null value", async () => {
  await server.client.query("CREATE TSTABLE required (ts timestamptz, c text NOT NULL)");
  const appending = append("required", "SELECT TIMESTAMPTZ '2026-01-01 00:00:00+00' AS ts");
  await expect(appending).rejects.toMatchObject({ code: "23502", column: "c" });
});

test("a uuid is found however the file spells it, as an entity it has one spelling", async () => {
  await server.client.query("CREATE TSTABLE u (ts timestamptz, id uuid)");
  await server.client.query("CREATE TSTABLE e (ts timestamptz, id uuid) ENTITY (id)");
  const rows = `SELECT TIMESTAMPTZ '2026-01-01 00:00:00+00' AS ts,
     'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11' AS id`;
  await append("u", rows);
  await expect(append("e", rows)).rejects.toMatchObject({ code: "22P02" });
  const id = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11";
  expect(await server.rows(`SELECT id FROM u WHERE id = '${id}'`)).toEqual([[id]]);
  expect(await server.rows("SELECT id FROM u WHERE id = $1", [id])).toEqual([[id]]);
});

test("whole numbers of an entity in JSON are exact", async () => {
  await server.client.query("CREATE TSTABLE big (ts timestamptz, id bigint) ENTITY (id)");
  await append(
    "big",
    `SELECT TIMESTAMPTZ '2026-01-01 00:00:00+00' AS ts, 9007199254740993::BIGINT AS id`,
  );
  const ratio = async (entity: string) =>
    await server.rows(`SELECT coverage_ratio('big', entity => '${entity}')`);
  expect(await ratio('{"id": 9007199254740993}')).toEqual([["1"]]);
  expect(await ratio('{"id": 9007199254740992}')).toEqual([["0"]]);
});

test("COPY of a file that cannot be opened says so as PostgreSQL does (85)", async () => {
  const nowhere = `${server.folder}/nowhere/x`;
  const hint = (verb: string, to: string) =>
    `COPY ${verb} instructs the PostgreSQL server process to ${to} a file.` +
    " You may want a client-side facility such as psql's \\copy.";
  expect(await server.refusal(`COPY (SELECT 1) TO '${nowhere}'`)).toMatchObject({
    code: "58P01",
    message: `could not open file "${nowhere}" for writing: No such file or directory`,
    hint: hint("TO", "write"),
  });
  await server.client.query("CREATE TABLE copied (a int)");
  expect(await server.refusal(`COPY copied FROM '${nowhere}'`)).toMatchObject({
    code: "58P01",
    message: `could not open file "${nowhere}" for reading: No such file or directory`,
    hint: hint("FROM", "read"),
  });
});
