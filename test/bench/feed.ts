/** What reading costs after a day's feed, a flush every so often, beside the same rows loaded at once. */

import { join } from "node:path";
import pg from "pg";
import { sleep } from "../../src/base/async.ts";
import { TestServer } from "../support/server.ts";
import type { Part } from "./context.ts";
import { inTurn, type Measurement } from "./measure.ts";

const ROWS_A_FLUSH = 3000;
/** When as many segments are there as so long before, nothing is left to merge. */
const QUIET_MS = 8000;
const LOOK_MS = 1000;

const QUERIES: readonly (readonly [name: string, sql: string])[] = [
  ["whole table by host", "SELECT host, count(*), avg(usage), max(n) FROM $t GROUP BY host"],
  ["by minute", "SELECT date_trunc('minute', ts), avg(usage) FROM $t GROUP BY 1"],
  [
    "one hour",
    "SELECT avg(usage) FROM $t WHERE ts >= '2026-01-05 12:00' AND ts < '2026-01-05 13:00'",
  ],
];

export const feed: Part = {
  name: "feed",
  what: "reading after a day's feed of small inserts, beside one bulk load",
  async run({ size, rounds, scratch }) {
    const { feedFlushes } = size;
    const server = await TestServer.start({
      args: ["--allow-path", scratch, "--log-level", "error"],
    });
    const client = new pg.Client({
      host: "127.0.0.1",
      port: server.port,
      user: "postgres",
      database: "postgres",
    });
    await client.connect();
    try {
      const note = await fill(client, feedFlushes, join(scratch, "feed.csv"));
      const measured: Measurement[] = [];
      for (const [name, sql] of QUERIES) {
        const side = (table: string) => async () => {
          const begin = performance.now();
          await client.query(sql.replace("$t", table));
          return performance.now() - begin;
        };
        measured.push({
          name: `after a feed of ${feedFlushes} flushes: ${name}`,
          unit: "ms",
          against: "one bulk load",
          goal: { atMost: 1.5 },
          note,
          ...(await inTurn(rounds * 3, side("fed"), side("loaded"))),
        });
      }
      return measured;
    } finally {
      await client.end();
      await server.dispose();
    }
  },
};

/** Both tables; tells what became of the feed. */
async function fill(client: pg.Client, flushes: number, file: string): Promise<string> {
  for (const table of ["fed", "loaded"]) {
    await client.query(
      `CREATE TSTABLE ${table} (ts timestamp NOT NULL, host text, usage float8, n int8)
       TIME COLUMN ts ENTITY (host) BUCKET '1 minute'`,
    );
  }
  await client.query(`COPY (${rowsOf(0, flushes, flushes)}) TO '${file}' (FORMAT csv)`);
  await client.query(`COPY loaded FROM '${file}' (FORMAT csv)`);
  await client.query("FLUSH loaded");
  const begin = performance.now();
  for (let at = 0; at < flushes; at += 1) {
    await client.query(`INSERT INTO fed ${rowsOf(at, at + 1, flushes)}`);
    await client.query("FLUSH fed");
  }
  const seconds = Math.round((performance.now() - begin) / 1000);
  const segments = await segmentsOf(client, "fed");
  const settled = await settledSegments(client);
  return (
    `${flushes} flushes of ${ROWS_A_FLUSH} rows in ${seconds} s left ${segments} segments,` +
    ` ${settled} a while later; loaded at once there are ${await segmentsOf(client, "loaded")}.`
  );
}

/** The rows of some of the flushes that make a day. */
function rowsOf(from: number, until: number, flushes: number): string {
  const count = flushes * ROWS_A_FLUSH;
  return (
    `SELECT timestamp '2026-01-05' + i * interval '${86_400_000_000 / count} microseconds',` +
    ` 'host_' || i % 100, i % 1000 / 10.0::float8, i::int8` +
    ` FROM generate_series(${from * ROWS_A_FLUSH}, ${until * ROWS_A_FLUSH - 1}) AS i`
  );
}

async function segmentsOf(client: pg.Client, table: string): Promise<number> {
  const sql = "SELECT segments FROM tstable.tables WHERE table_name = $1";
  return Number((await client.query(sql, [table])).rows[0]?.segments);
}

async function settledSegments(client: pg.Client): Promise<number> {
  let last = await segmentsOf(client, "fed");
  for (let quietMs = 0; quietMs < QUIET_MS; quietMs += LOOK_MS) {
    await sleep(LOOK_MS);
    const now = await segmentsOf(client, "fed");
    if (now !== last) quietMs = 0;
    last = now;
  }
  return last;
}
