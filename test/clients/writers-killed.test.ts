/**
 * Writers of every kind at once, a server killed under them at random moments, and what they were
 * promised compared with what is there. PGTIDE_TEST_KILL_ROUNDS says how often, PGTIDE_TEST_SEED
 * repeats a run. Everything is compared after each round, so many rounds begin anew now and then.
 */

import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import type pg from "pg";
import { afterEach, beforeEach, expect, test } from "vitest";
import { sleep } from "../../src/base/async.ts";
import { Ledger } from "../support/ledger.ts";
import { randomFrom as seeded, seedOf } from "../support/random.ts";
import { TestServer } from "../support/server.ts";
import { connectTo, foundGroups, SCHEMA, write } from "../support/writers.ts";

const ROUNDS = Number(process.env["PGTIDE_TEST_KILL_ROUNDS"] ?? 3);
const ROUNDS_OF_ONE_FOLDER = 50;
const SERIES = Array.from({ length: Math.ceil(ROUNDS / ROUNDS_OF_ONE_FOLDER) }, (_, at) => ({
  first: at * ROUNDS_OF_ONE_FOLDER + 1,
  last: Math.min(ROUNDS, (at + 1) * ROUNDS_OF_ONE_FOLDER),
}));
const ROUND_MS_MAX = 120_000;
const WRITERS = 8;
const UP_AGAIN_MS_MAX = 60_000;

let folder: string;
let server: TestServer;
let parquet: DuckDBConnection;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "pgtide-writers-"));
  parquet = await (await DuckDBInstance.create(":memory:")).connect();
  server = await TestServer.start({
    args: ["--allow-path", folder],
    startMsMax: UP_AGAIN_MS_MAX,
  });
});
afterEach(async () => {
  await server?.dispose();
  parquet?.closeSync();
  rmSync(folder, { recursive: true, force: true });
});

/** (entity, bucket) pairs of the rows, and what the bitmaps say there are. */
async function coverageGap(client: pg.Client, table: string, bucket: string): Promise<number[]> {
  const { rows } = await client.query<{ rows: string; bitmaps: string }>(
    `SELECT (SELECT count(*) FROM (SELECT DISTINCT writer, time_bucket('${bucket}', ts)
               FROM ${table}) d)::int AS rows,
       (SELECT coalesce(sum(covered), 0) FROM coverage_summary('${table}'))::int AS bitmaps`,
  );
  return [Number(rows[0]?.rows), Number(rows[0]?.bitmaps)];
}

const claim = `kill -9 under ${WRITERS} writers keeps every acknowledged row exactly once`;
test.each(SERIES)(
  `${claim}, rounds $first to $last`,
  async ({ first, last }) => {
    const random = seeded(seedOf("writers"));
    const ledger = new Ledger();
    const operations = new Array<number>(WRITERS).fill(0);
    const setup = await connectTo(server.port);
    for (const statement of SCHEMA) await setup.query(statement);
    await setup.end();
    for (let round = first; round <= last; round += 1) {
      let isStopped = false;
      const writers = operations.map((_, writer) =>
        write(
          {
            writer,
            port: server.port,
            folder,
            parquet,
            ledger,
            random,
            nextOperation: () => {
              operations[writer] = (operations[writer] ?? 0) + 1;
              return operations[writer] ?? 0;
            },
          },
          () => isStopped,
        ),
      );
      // After so many more answers, and then at any moment: a slow machine only takes longer.
      const until = ledger.acknowledged + 10 + Math.floor(random() * 100);
      while (ledger.acknowledged < until) await sleep(5);
      await sleep(random() * 50);
      await server.kill();
      isStopped = true;
      await Promise.all(writers);
      await server.start();
      const client = await connectTo(server.port);
      try {
        expect(ledger.settle(await foundGroups(client)), `round ${round}`).toEqual([]);
        for (const [table, bucket] of [
          ["tide", "1 minute"],
          ["ebb", "1 hour"],
        ] as const) {
          const [rows, bitmaps] = await coverageGap(client, table, bucket);
          expect(bitmaps, `coverage of ${table}, round ${round}`).toBe(rows);
        }
      } finally {
        await client.end();
      }
      for (const file of readdirSync(folder)) rmSync(join(folder, file));
    }
    console.log(`${ledger.acknowledged} operations acknowledged`);
  },
  ROUNDS_OF_ONE_FOLDER * ROUND_MS_MAX,
);
