/** pg_stat_progress_copy, seen from another session while a COPY waits for its client. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type LocalServer, startLocalServer } from "../support/local-server.ts";
import { frame, letters, query, RawClient } from "../wire/raw-client.ts";

let server: LocalServer;
let watcher: pg.Client;
let copier: RawClient;

beforeAll(async () => {
  server = await startLocalServer();
  watcher = await server.connect();
  await server.rows("CREATE TABLE series (ts timestamptz, n int8) USING tstable");
  await server.rows("CREATE TABLE plain (ts timestamptz, n int8)");
  copier = await RawClient.ready(server.client.port);
});
afterAll(async () => {
  copier?.end();
  await server?.stop();
});

const PROGRESS = `SELECT datname, relid::regclass::text AS name, command, type, bytes_processed,
  bytes_total, tuples_processed, tuples_excluded, tuples_skipped FROM pg_stat_progress_copy`;

async function progress(): Promise<Record<string, unknown> | undefined> {
  return (await watcher.query(PROGRESS)).rows[0];
}

/** Asks until a count has come so far. */
async function progressAt(
  column: string,
  count: number,
): Promise<Record<string, unknown> | undefined> {
  for (let turn = 0; turn < 500; turn += 1) {
    const row = await progress();
    if (row !== undefined && Number(row[column]) >= count) return row;
  }
  return await progress();
}

const line = (n: string) => frame("d", Buffer.from(`2026-01-05\t${n}\n`));

test.each(["series", "plain"])("COPY %s FROM STDIN counts what it has taken", async (table) => {
  copier.send(query(`COPY ${table} FROM STDIN (ON_ERROR ignore)`));
  await copier.until("G");
  copier.send(line("1"), line("2"), line("x"), line("3"));
  expect(await progressAt("tuples_processed", 3)).toEqual({
    datname: "postgres",
    name: table,
    command: "COPY FROM",
    type: "PIPE",
    bytes_processed: "52",
    bytes_total: "0",
    tuples_processed: "3",
    tuples_excluded: "0",
    tuples_skipped: "1",
  });
  copier.send(frame("c"));
  expect(letters(await copier.until("Z"))).toMatch(/C\(COPY 3\) Z\(I\)$/);
  expect(await progress()).toBeUndefined();
});

test("what WHERE leaves out is counted for itself", async () => {
  copier.send(query("COPY plain FROM STDIN WHERE n % 2 = 0"));
  await copier.until("G");
  const rows = Array.from({ length: 66_000 }, (_, n) => `2026-01-05\t${n}\n`).join("");
  copier.send(frame("d", Buffer.from(rows)));
  const row = await progressAt("tuples_excluded", 32_768);
  // Rows of a block that is not full yet have not met the condition.
  expect(row?.["tuples_processed"]).toBe(row?.["tuples_excluded"]);
  expect(Number(row?.["tuples_processed"])).toBeGreaterThanOrEqual(32_768);
  copier.send(frame("f", Buffer.from("enough\0")));
  expect(letters(await copier.until("Z"))).toMatch(/E\(57014\) Z\(I\)$/);
  expect(await progress()).toBeUndefined();
});

test("COPY TO counts what its client has taken; a query has no relation", async () => {
  copier.socket.pause();
  copier.send(query("COPY (SELECT i FROM generate_series(1, 3000000) AS i) TO STDOUT"));
  let last: Record<string, unknown> | undefined;
  for (let turn = 0; turn < 500 && Number(last?.["tuples_processed"] ?? 0) === 0; turn += 1) {
    last = await progress();
  }
  expect(last).toMatchObject({ name: "-", command: "COPY TO", type: "PIPE", bytes_total: "0" });
  const tuples = Number(last?.["tuples_processed"]);
  let bytes = 0;
  for (let digits = 1, from = 1; from <= tuples; digits += 1, from *= 10) {
    bytes += (Math.min(tuples, from * 10 - 1) - from + 1) * (digits + 1);
  }
  expect(Number(last?.["bytes_processed"])).toBe(bytes);
  copier.end();
  for (let turn = 0; turn < 2000 && (await progress()) !== undefined; turn += 1);
  expect(await progress()).toBeUndefined();
});

test("a file's size is known from the start", async () => {
  const path = join(server.folder, "rows.txt");
  const text = Array.from({ length: 300_000 }, (_, n) => `2026-01-05\t${n}\n`).join("");
  writeFileSync(path, text);
  let isOver = false;
  const copying = server.rows(`COPY plain FROM '${path}'`).then(() => {
    isOver = true;
  });
  const seen: Record<string, unknown>[] = [];
  while (!isOver) {
    const row = await progress();
    if (row !== undefined) seen.push(row);
  }
  await copying;
  expect(seen.length).toBeGreaterThan(0);
  for (const row of seen) expect(row).toMatchObject({ name: "plain", type: "FILE" });
  expect(seen.at(-1)?.["bytes_total"]).toBe(String(text.length));
  const counts = seen.map((row) => Number(row["tuples_processed"]));
  expect(counts).toEqual(counts.toSorted((a, b) => a - b));
});
