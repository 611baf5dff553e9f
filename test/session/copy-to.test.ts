/** COPY TO over the wire, against what PostgreSQL gives for the same rows. */

import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { PGlite } from "@electric-sql/pglite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { copyOut } from "../support/copy-client.ts";
import { type LocalServer, startLocalServer } from "../support/local-server.ts";

let server: LocalServer;
let postgres: PGlite;

const COLUMNS = `ts timestamptz, dev text, n int, big bigint, f float8, r real, d date, b bool,
  num numeric(10,2), u uuid, j json, iv interval, tags text[]`;
const ROWS = `SELECT timestamptz '2026-01-05 00:00:00+00' + i * interval '1 min' AS ts,
    CASE i % 4 WHEN 0 THEN NULL WHEN 1 THEN 'a,"b"' WHEN 2 THEN E'tab\\tline\\n' ELSE '' END AS dev,
    i AS n, (i * 10000000000)::bigint AS big, (i / 3.0)::float8 AS f, (i / 4.0)::real AS r,
    date '2026-01-05' + i AS d, i % 2 = 0 AS b, (i * 1.25)::numeric(10,2) AS num,
    'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid AS u, '{"a": 1}'::json AS j,
    i * interval '1 day 2 hours' AS iv, ARRAY['x', NULL, 'y z']::text[] AS tags
  FROM generate_series(1, 100) AS i`;

beforeAll(async () => {
  server = await startLocalServer();
  postgres = await PGlite.create();
  await postgres.exec(`SET TimeZone = 'UTC'; CREATE TABLE m (${COLUMNS}); INSERT INTO m ${ROWS}`);
});

afterAll(async () => {
  await server.stop();
  await postgres.close();
});

async function copied(sql: string): Promise<Buffer> {
  return Buffer.concat((await copyOut(server.client, sql)).messages);
}

async function expected(sql: string): Promise<string> {
  const { blob } = await postgres.query(sql.replace("STDOUT", "'/dev/blob'"));
  return Buffer.from(await (blob as Blob).arrayBuffer()).toString("latin1");
}

describe("COPY (query) TO STDOUT", () => {
  test.each([
    "",
    "(FORMAT csv, HEADER, FORCE_QUOTE (dev))",
    "(FORMAT csv, NULL 'null', DELIMITER ';')",
    "(FORMAT binary)",
    "WITH CSV HEADER",
  ])("%s gives PostgreSQL's bytes", async (options) => {
    const sql = `COPY (${ROWS}) TO STDOUT ${options}`;
    expect((await copied(sql)).toString("latin1")).toBe(await expected(sql));
  });

  test("of catalogues comes from PostgreSQL", async () => {
    expect((await copied("COPY (SELECT 1 AS a, 'x' AS b) TO STDOUT")).toString()).toBe("1\tx\n");
    expect((await copied("COPY pg_database (datname) TO STDOUT")).toString()).toContain(
      "postgres\n",
    );
  });

  test("has the tag COPY n in the extended protocol, too", async () => {
    const { command } = await server.client.query({ text: "SELECT 1", values: [] });
    expect(command).toBe("SELECT");
  });
});

describe("errors", () => {
  test.each([
    ["COPY nowhere TO STDOUT", "42P01", 'relation "nowhere" does not exist', undefined],
    ["COPY (SELECT zz) TO STDOUT", "42703", 'column "zz" does not exist', "14"],
    [
      "COPY (SELECT 1) TO STDOUT (FORMAT csv, FORCE_QUOTE (zz))",
      "42703",
      'column "zz" does not exist',
      undefined,
    ],
    [
      "COPY (SELECT 1) TO PROGRAM 'ls'",
      "42501",
      "permission denied to COPY to or from an external program",
      undefined,
    ],
    [
      "COPY (SELECT 1) TO '/nowhere/x'",
      "42501",
      'permission denied for path "/nowhere/x"',
      undefined,
    ],
    ["COPY (SELECT 1) TO 'x'", "42602", "relative path not allowed for COPY to file", undefined],
  ])("%s", async (sql, code, message, position) => {
    const error = await server.refusal(sql);
    expect({ code: error.code, message: error.message, position: error.position }).toEqual({
      code,
      message,
      position,
    });
  });

  test("in mid-stream end the COPY, not the connection", async () => {
    const sql = "COPY (SELECT 1 / (5000 - i) FROM generate_series(1, 100000) AS i) TO STDOUT";
    await expect(copied(sql)).rejects.toThrow("division by zero");
    expect(await server.rows("SELECT 1")).toEqual([["1"]]);
  });
});

describe("a file on the server", () => {
  test("holds what STDOUT would give and replaces what was there", async () => {
    const path = join(server.folder, "out.csv");
    writeFileSync(path, "old");
    const { command, rowCount } = await server.client.query(
      `COPY (${ROWS}) TO '${path}' (FORMAT csv)`,
    );
    expect([command, rowCount]).toEqual(["COPY", 100]);
    const sql = `COPY (${ROWS}) TO STDOUT (FORMAT csv)`;
    expect(readFileSync(path).toString("latin1")).toBe(await expected(sql));
  });

  test("is not there when the COPY fails", async () => {
    const path = join(server.folder, "failed.csv");
    await server.refusal(
      `COPY (SELECT 1 / (9000 - i) FROM generate_series(1, 10000) AS i) TO '${path}'`,
    );
    expect(existsSync(path)).toBe(false);
    expect(readdirSync(server.folder).filter((name) => name.includes("failed"))).toEqual([]);
  });

  test("is never written through a link that leads out, nor into the data folder", async () => {
    mkdirSync(join(server.folder, "sub"), { recursive: true });
    symlinkSync("/tmp", join(server.folder, "sub", "out"));
    const outside = await server.refusal(`COPY (SELECT 1) TO '${server.folder}/sub/out/pgtide-x'`);
    expect(outside.code).toBe("42501");
    const data = await server.refusal(`COPY (SELECT 1) TO '${server.folder}/data/x'`);
    expect(data.code).toBe("42501");
  });
});
