/** What was acknowledged stays, whether the server is stopped or killed. */

import { randomInt } from "node:crypto";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { sleep } from "../../src/base/async.ts";
import { root } from "../support/root.ts";
import { TestServer } from "../support/server.ts";
import { connect } from "./targets.ts";

const ROWS_PER_FILE = 60;

describe("a server that is stopped or killed", () => {
  let input: string;
  let server: TestServer;
  let writer: DuckDBConnection;

  beforeAll(async () => {
    writer = await (await DuckDBInstance.create(":memory:")).connect();
  });
  afterAll(() => writer?.closeSync());
  beforeEach(async () => {
    input = mkdtempSync(join(tmpdir(), "pgtide-input-"));
    server = await TestServer.start({ args: ["--allow-path", input, "--allow-path", root] });
  });
  afterEach(async () => {
    await server.dispose();
    rmSync(input, { recursive: true, force: true });
  });

  /** A file with one minute-by-minute hour of one sensor. */
  async function hourFile(hour: number): Promise<string> {
    const file = join(input, `hour-${hour}.parquet`);
    await writer.run(
      `COPY (SELECT TIMESTAMP '2026-01-01' + to_minutes(${60 * hour} + i) AS ts,
         ${hour} + i / 100.0::DOUBLE AS level FROM range(${ROWS_PER_FILE}) r(i))
       TO '${file}' (FORMAT parquet)`,
    );
    return file;
  }

  async function answer(sql: string): Promise<unknown[]> {
    const client = await connect(server.port);
    try {
      const { rows } = await client.query({ text: sql, rowMode: "array" });
      return rows;
    } finally {
      await client.end();
    }
  }

  /** Of the table; summed up again from the rows themselves. */
  async function rowCount(): Promise<number> {
    const [row] = (await answer("SELECT count(*)::int, count(level)::int FROM tide")) as number[][];
    expect(row?.[0]).toBe(row?.[1]);
    return row?.[0] ?? -1;
  }

  const createTide = async () =>
    `CREATE TSTABLE tide LIKE PARQUET '${await hourFile(0)}' BUCKET '1 hour'`;
  const SUMMARY = "SELECT count(*)::int, sum(level), max(ts)::text FROM tide";

  test("a restart keeps tables, rows, OIDs and refusals", async () => {
    await answer(await createTide());
    await answer(`APPEND PARQUET '${input}/hour-*.parquet' INTO tide`);
    await answer(
      "CREATE TSTABLE \"Odd ' name ü/.\" (ts timestamp, n int) TIME COLUMN ts BUCKET '1 day'",
    );
    const questions = [
      SUMMARY,
      "SELECT 'tide'::regclass::oid::int, relname FROM pg_class WHERE relname LIKE 'Odd%'",
      "SELECT coverage_ratio('tide', '2026-01-01', '2026-01-02')",
    ];
    const before: unknown[] = [];
    for (const question of questions) before.push(await answer(question));
    expect(await server.stop()).toBe(0);
    await server.start();
    const after: unknown[] = [];
    for (const question of questions) after.push(await answer(question));
    expect(after).toEqual(before);
    await expect(
      answer(`APPEND PARQUET '${input}/hour-0.parquet' INTO tide`),
    ).rejects.toMatchObject({ code: "23P01" });
    await answer(`APPEND PARQUET '${await hourFile(1)}' INTO tide`);
    expect(await rowCount()).toBe(2 * ROWS_PER_FILE);
  });

  test("kill -9 after each statement keeps what it acknowledged", async () => {
    await answer(await createTide());
    await server.kill();
    await server.start();
    for (let hour = 0; hour < 3; hour++) {
      await answer(`APPEND PARQUET '${await hourFile(hour)}' INTO tide`);
      await server.kill();
      await server.start();
      expect(await rowCount()).toBe((hour + 1) * ROWS_PER_FILE);
    }
    await answer("DROP TSTABLE tide");
    await server.kill();
    await server.start();
    await expect(answer(SUMMARY)).rejects.toMatchObject({ code: "42P01" });
  });

  test("kill -9 at any moment of an append leaves all of it or nothing", async () => {
    await answer(await createTide());
    let acknowledged = 0;
    for (let round = 0; round < 6; round++) {
      const delayMs = randomInt(40);
      const client = await connect(server.port);
      client.on("error", () => undefined); // the server is about to be killed under it
      const outcome = client
        .query(`APPEND PARQUET '${await hourFile(acknowledged)}' INTO tide`)
        .then(
          () => true,
          () => false,
        );
      await sleep(delayMs);
      await server.kill();
      const isAcknowledged = await outcome;
      await server.start();
      const found = (await rowCount()) / ROWS_PER_FILE;
      const allowed = isAcknowledged ? [acknowledged + 1] : [acknowledged, acknowledged + 1];
      expect(allowed, `killed after ${delayMs} ms`).toContain(found);
      acknowledged = found;
    }
    await answer(`APPEND PARQUET '${await hourFile(acknowledged)}' INTO tide`);
    expect(await rowCount()).toBe((acknowledged + 1) * ROWS_PER_FILE);
  });

  test("a copy of a stopped folder is the same server", async () => {
    await answer(await createTide());
    await answer(`APPEND PARQUET '${input}/hour-0.parquet' INTO tide`);
    const before = await answer(SUMMARY);
    await server.stop();
    const copy = mkdtempSync(join(tmpdir(), "pgtide-copy-"));
    cpSync(server.data, copy, { recursive: true });
    await server.start();
    const other = await TestServer.start({ data: copy });
    try {
      const client = await connect(other.port);
      const { rows } = await client.query({ text: SUMMARY, rowMode: "array" });
      await client.end();
      expect(rows).toEqual(before);
    } finally {
      await other.dispose();
      rmSync(copy, { recursive: true, force: true });
    }
  });
});
