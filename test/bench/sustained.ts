/** Rows that come without end, beside queries and flushes, and reading those not yet flushed. */

import { sleep } from "../../src/base/async.ts";
import { TestServer } from "../support/server.ts";
import type { Part } from "./context.ts";
import { CopyFeeder } from "./copy-feeder.ts";
import { inTurn, type Measurement } from "./measure.ts";
import { RawClient } from "./raw-client.ts";
import { residentMegabytes } from "./startup.ts";

const ROWS_A_SECOND = 500_000;
const PAUSE_MS = 1000;
const COPY_MB = 300;
const SAMPLE_MS = 100;
const HOT_SHARE = 1.3;
/** Between a flush and the next. */
const FLUSH_MS = 1000;

const COLUMNS = "(ts timestamptz, host text, usage float8, n int8)";
const OPTIONS = "ENTITY (host) BUCKET '1 hour' ON OVERLAP ALLOW";
const RECENT = "SELECT host, avg(usage) FROM busy WHERE ts < '2026-01-01 00:05' GROUP BY host";
const QUERIES: readonly (readonly [name: string, sql: string])[] = [
  ["by host", "SELECT host, count(*), avg(usage), max(n) FROM $t GROUP BY host"],
  ["one host", "SELECT count(*), sum(n) FROM $t WHERE host = 'host-7'"],
  ["newest 100", "SELECT * FROM $t ORDER BY ts DESC LIMIT 100"],
];

export const sustained: Part = {
  name: "sustained",
  what: "COPY without end beside queries and flushes, its memory, reading of hot rows",
  async run({ size, rounds }) {
    const server = await TestServer.start({ args: ["--log-level", "error"] });
    const client = await RawClient.connect(server.port);
    try {
      return [
        await copyMemory(server, client, size.sustainedRows),
        ...(await beside(server, client, size.sustainedMs)),
        ...(await hotRows(client, size.hotRows, rounds)),
      ];
    } finally {
      client.close();
      await server.dispose();
    }
  },
};

async function copyMemory(
  server: TestServer,
  client: RawClient,
  rows: number,
): Promise<Measurement> {
  await client.query(`CREATE TSTABLE alone ${COLUMNS} ${OPTIONS}`);
  await sleep(1000);
  const before = residentMegabytes(server.pid);
  const feeder = await CopyFeeder.open(server.port, "alone");
  let isOver = false;
  let most = 0;
  const watching = (async () => {
    while (!isOver) {
      most = Math.max(most, residentMegabytes(server.pid));
      await sleep(SAMPLE_MS);
    }
  })();
  while (feeder.rows < rows) await feeder.block();
  await feeder.end();
  isOver = true;
  await watching;
  await client.query("DROP TABLE alone");
  return {
    name: `memory of a COPY of ${rows.toLocaleString("en")} rows, above idle`,
    unit: "MB",
    ours: most - before,
    against: "the goal",
    theirs: COPY_MB,
    goal: { atMost: 1 },
  };
}

/** One COPY; others insert and flush, and query, in the same table. */
async function beside(
  server: TestServer,
  client: RawClient,
  ms: number,
): Promise<readonly Measurement[]> {
  await client.query(`CREATE TSTABLE busy ${COLUMNS} ${OPTIONS}`);
  const feeder = await CopyFeeder.open(server.port, "busy");
  const writer = await RawClient.connect(server.port);
  let isOver = false;
  let flushes = 0;
  let slowestMs = 0;
  const flushing = (async () => {
    while (!isOver) {
      await writer.query(
        `INSERT INTO busy SELECT timestamptz '2026-01-01' + g * interval '1 second',
           'host-' || g % 100, g, g FROM generate_series(1, 1000) g`,
      );
      await writer.query("FLUSH busy");
      flushes += 1;
      await sleep(FLUSH_MS);
    }
  })();
  const querying = (async () => {
    while (!isOver) {
      slowestMs = Math.max(slowestMs, (await client.query(RECENT)).ms);
      await sleep(SAMPLE_MS);
    }
  })();
  const begin = performance.now();
  while (performance.now() - begin < ms) await feeder.block();
  await feeder.end();
  const seconds = (performance.now() - begin) / 1000;
  isOver = true;
  await Promise.all([flushing, querying]);
  writer.close();
  await client.query("DROP TABLE busy");
  const what = `${Math.round(ms / 1000)} s of COPY beside queries and flushes`;
  const note =
    `${feeder.rows.toLocaleString("en")} rows, ${flushes} flushes;` +
    ` the slowest query took ${Math.round(slowestMs)} ms`;
  return [
    {
      name: what,
      unit: "rows/s",
      ours: feeder.rows / seconds,
      against: "the goal",
      theirs: ROWS_A_SECOND,
      goal: { atLeast: 1 },
      note,
    },
    {
      name: `${what}: longest pause`,
      unit: "ms",
      ours: feeder.longestPauseMs,
      against: "the goal",
      theirs: PAUSE_MS,
      goal: { atMost: 1 },
    },
  ];
}

async function hotRows(
  client: RawClient,
  rows: number,
  rounds: number,
): Promise<readonly Measurement[]> {
  for (const table of ["flushed", "hot"]) {
    await client.query(`CREATE TSTABLE ${table} ${COLUMNS} ${OPTIONS}`);
    await client.query(
      `INSERT INTO ${table} SELECT timestamptz '2026-01-01' + g * interval '100 milliseconds',
         'host-' || g % 100, g % 1000 / 7.0::float8, g FROM generate_series(1, ${rows}) g`,
    );
    if (table === "flushed") await client.query("FLUSH flushed");
  }
  const measured: Measurement[] = [];
  for (const [name, sql] of QUERIES) {
    const side = (table: string) => async () => (await client.query(sql.replace("$t", table))).ms;
    measured.push({
      name: `${rows.toLocaleString("en")} hot rows: ${name}`,
      unit: "ms",
      against: "in segments",
      goal: { atMost: HOT_SHARE },
      ...(await inTurn(rounds * 3, side("hot"), side("flushed"))),
    });
  }
  return measured;
}
