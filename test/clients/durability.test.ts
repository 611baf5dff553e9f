/** What was acknowledged stays, whether the server is stopped or killed. */

import { randomInt } from "node:crypto";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parquetWriteBuffer } from "hyparquet-writer";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { sleep } from "../../src/base/async.ts";
import { root } from "../support/root.ts";
import { TestServer } from "../support/server.ts";
import { connect } from "./targets.ts";

const ROWS_PER_FILE = 60;

describe("a server that is stopped or killed", () => {
  let input: string;
  let server: TestServer;

  beforeEach(async () => {
    input = mkdtempSync(join(tmpdir(), "pgtide-input-"));
    server = await TestServer.start({ args: ["--allow-path", input, "--allow-path", root] });
  });
  afterEach(async () => {
    await server.dispose();
    rmSync(input, { recursive: true, force: true });
  });

  /** A file with one minute-by-minute hour of one sensor. */
  function hourFile(hour: number): string {
    const file = join(input, `hour-${hour}.parquet`);
    const first = Date.UTC(2026, 0, 1) + hour * 3_600_000;
    const times = Array.from({ length: ROWS_PER_FILE }, (_, i) => new Date(first + i * 60_000));
    const bytes = parquetWriteBuffer({
      columnData: [
        { name: "ts", data: times, type: "TIMESTAMP" },
        { name: "level", data: times.map((_, i) => hour + i / 100), type: "DOUBLE" },
      ],
    });
    writeFileSync(file, new Uint8Array(bytes));
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

  const createTide = () => `CREATE TSTABLE tide LIKE PARQUET '${hourFile(0)}' BUCKET '1 hour'`;
  const SUMMARY = "SELECT count(*)::int, sum(level), max(ts)::text FROM tide";

  test("a restart keeps tables, rows, OIDs and refusals", async () => {
    await answer(createTide());
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
    await answer(`APPEND PARQUET '${hourFile(1)}' INTO tide`);
    expect((await answer(SUMMARY))[0]).toMatchObject([2 * ROWS_PER_FILE]);
  });

  test("kill -9 after each statement keeps what it acknowledged", async () => {
    await answer(createTide());
    await server.kill();
    await server.start();
    for (let hour = 0; hour < 3; hour++) {
      await answer(`APPEND PARQUET '${hourFile(hour)}' INTO tide`);
      await server.kill();
      await server.start();
      expect((await answer(SUMMARY))[0]).toMatchObject([(hour + 1) * ROWS_PER_FILE]);
    }
    await answer("DROP TSTABLE tide");
    await server.kill();
    await server.start();
    await expect(answer(SUMMARY)).rejects.toMatchObject({ code: "42P01" });
  });

  test("kill -9 at any moment of an append leaves all of it or nothing", async () => {
    await answer(createTide());
    let acknowledged = 0;
    for (let round = 0; round < 6; round++) {
      const delayMs = randomInt(40);
      const client = await connect(server.port);
      client.on("error", () => undefined); // the server is about to be killed under it
      const outcome = client.query(`APPEND PARQUET '${hourFile(acknowledged)}' INTO tide`).then(
        () => true,
        () => false,
      );
      await sleep(delayMs);
      await server.kill();
      const isAcknowledged = await outcome;
      await server.start();
      const [row] = (await answer(SUMMARY)) as [[number]];
      const found = row[0] / ROWS_PER_FILE;
      const allowed = isAcknowledged ? [acknowledged + 1] : [acknowledged, acknowledged + 1];
      expect(allowed, `killed after ${delayMs} ms`).toContain(found);
      acknowledged = found;
    }
    await answer(`APPEND PARQUET '${hourFile(acknowledged)}' INTO tide`);
    expect((await answer(SUMMARY))[0]).toMatchObject([(acknowledged + 1) * ROWS_PER_FILE]);
  });

  test("a copy of a stopped folder is the same server", async () => {
    await answer(createTide());
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
