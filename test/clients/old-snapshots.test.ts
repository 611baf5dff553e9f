/** Who reads while others write: one moment of all tables, for a statement or for as long as a block. */

import { readFileSync } from "node:fs";
import type pg from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { TestServer } from "../support/server.ts";
import { connect } from "./targets.ts";

const COMMITS = 60;
/** Rows that the server may keep unpublished would be full after the first of so many rounds. */
const ROUNDS = 8;
const ROWS_A_ROUND = 40_000;

let server: TestServer;
let client: pg.Client;
const others: pg.Client[] = [];

beforeAll(async () => {
  server = await TestServer.start({ args: ["--memory", "256MB"] });
  client = await connect(server.port);
});
afterAll(async () => {
  await client?.end();
  await server?.dispose();
});
beforeEach(async () => {
  await client.query("CREATE TABLE series (ts timestamptz, n int8, note text) USING tstable");
  await client.query("CREATE TABLE plain (n int8 PRIMARY KEY, note text)");
});
afterEach(async () => {
  await Promise.all(others.splice(0).map((one) => one.end()));
  await client.query("DROP TABLE series, plain");
});

async function another(): Promise<pg.Client> {
  const one = await connect(server.port);
  others.push(one);
  return one;
}

/** Resident memory of the server, in MB. */
function residentMb(): number {
  const status = readFileSync(`/proc/${server.pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) / 1024;
}

async function answers(reader: pg.Client): Promise<unknown> {
  const statements = [
    "SELECT count(*), sum(n), min(note), max(note) FROM series",
    "SELECT count(*), sum(n), max(note) FROM plain",
    "SELECT count(*), sum(s.n) FROM series s JOIN plain p USING (n)",
  ];
  const found: unknown[] = [];
  for (const text of statements) {
    found.push((await reader.query({ text, rowMode: "array" })).rows[0]);
  }
  return found;
}

test("an idle REPEATABLE READ block sees the same, keeps little, and stops no writer", async () => {
  const fill = (from: number, until: number) =>
    `SELECT to_timestamp(i), i::int8, 'note ' || i % 1000 FROM generate_series(${from}, ${until}) AS i`;
  await client.query(`INSERT INTO series ${fill(1, 1000)}`);
  await client.query("FLUSH series");
  await client.query(`INSERT INTO series ${fill(1001, 2000)}`);
  await client.query("INSERT INTO plain SELECT i, 'plain' FROM generate_series(1, 1500) AS i");
  const [reader, writer] = [await another(), await another()];
  await reader.query("BEGIN ISOLATION LEVEL REPEATABLE READ");
  const before = await answers(reader);
  const beforeMb = residentMb();
  for (let round = 1; round <= ROUNDS; round += 1) {
    const from = 2001 + (round - 1) * ROWS_A_ROUND;
    await writer.query(`INSERT INTO series ${fill(from, from + ROWS_A_ROUND - 1)}`);
    await writer.query(`UPDATE series SET note = 'changed' WHERE n = ${round}`);
    await writer.query(`DELETE FROM series WHERE n = ${1000 + round}`);
    await writer.query(`INSERT INTO plain VALUES (${1500 + round}, 'more')`);
    await writer.query(`UPDATE plain SET note = 'changed' WHERE n = ${round}`);
    if (round % 4 === 0) expect(await answers(reader), `round ${round}`).toEqual(before);
  }
  expect(await answers(reader)).toEqual(before);
  expect(residentMb() - beforeMb).toBeLessThan(1024);
  await reader.query("COMMIT");
  const rows = 2000 + ROUNDS * ROWS_A_ROUND - ROUNDS;
  const { rows: counted } = await reader.query("SELECT count(*)::int AS rows FROM series");
  expect(counted).toEqual([{ rows }]);
}, 240_000);

test.each(["READ COMMITTED", "REPEATABLE READ"])(
  "a commit over both kinds of table is seen whole or not at all, under %s",
  async (isolation) => {
    const [writer, joining, summing] = [await another(), await another(), await another()];
    let isOver = false;
    let looks = 0;
    const read = async (reader: pg.Client, text: string) => {
      let seen = 0;
      while (!isOver) {
        await reader.query(`BEGIN ISOLATION LEVEL ${isolation} READ ONLY`);
        const { rows } = await reader.query({ text, rowMode: "array" });
        await reader.query("COMMIT");
        const [inSeries, inPlain] = (rows[0] as unknown[]).map(Number);
        expect(inSeries, text).toBe(inPlain);
        expect(inSeries, text).toBeGreaterThanOrEqual(seen);
        seen = inSeries ?? 0;
        looks += 1;
      }
    };
    const readers = [
      read(
        joining,
        `SELECT count(s.n), count(p.n) FROM series s FULL JOIN plain p USING (n)
         WHERE s.n IS NOT NULL OR p.n IS NOT NULL`,
      ),
      read(summing, "SELECT (SELECT count(*) FROM series), (SELECT count(*) FROM plain)"),
    ];
    try {
      for (let n = 1; n <= COMMITS; n += 1) {
        await writer.query("BEGIN");
        await writer.query("INSERT INTO series VALUES (to_timestamp($1), $1, 'x')", [n]);
        await writer.query("INSERT INTO plain VALUES ($1, 'x')", [n]);
        await writer.query(n % 10 === 0 ? "ROLLBACK" : "COMMIT");
        if (n % 15 === 0) await client.query("FLUSH series");
      }
    } finally {
      isOver = true;
      await Promise.all(readers);
    }
    expect(looks).toBeGreaterThan(10);
    const { rows } = await client.query("SELECT count(*)::int AS rows FROM plain");
    expect(rows).toEqual([{ rows: COMMITS * 0.9 }]);
  },
  120_000,
);
