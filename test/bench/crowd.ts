/** Many clients at once: how long small reads wait, and what those cost that only sit there. */

import { sleep } from "../../src/base/async.ts";
import { type Cluster, postgresBin, startPostgres } from "../support/programs.ts";
import { TestServer } from "../support/server.ts";
import { type Context, createTable, type Part } from "./context.ts";
import { atHour, type FileSpec, rowsOf } from "./data.ts";
import type { Measurement } from "./measure.ts";
import { RawClient } from "./raw-client.ts";
import { everythingOf, fillEverything } from "./select-all.ts";
import { residentMegabytes } from "./startup.ts";

const CLIENTS = [1, 16, 200];
/** For each of the queries that pruning is measured with. */
const READS = 20;
const SAMPLE_MS = 100;
/** Packets are of 64 kB: a reader of 10 MB/s. */
const SLOW_PAUSE_MS = 6;
const IDLE_KB = 50;
const STREAM_MB = 200;

export const crowd: Part = {
  name: "crowd",
  what: "small reads of many clients, idle clients, a slow one",
  async run(context) {
    const { idleConnections, selectHours } = context.size;
    const spec = everythingOf(selectHours);
    const { files } = await context.data.series(`all-${spec.hours}h`, [spec]);
    const limit = String(idleConnections + 300);
    const allowed = ["--allow-path", context.data.folder, "--max-connections", limit];
    const server = await TestServer.start({ args: [...allowed, "--log-level", "error"] });
    try {
      const client = await RawClient.connect(server.port);
      await client.query(createTable("everything", files[0] ?? ""));
      await client.query(`APPEND PARQUET '${files[0]}' INTO everything`);
      client.close();
      return [
        // First what memory costs: later there is some that was given back and is taken again.
        await idleClients(server, idleConnections),
        await slowReader(server, context, spec),
        ...(await besidePostgres(server.port, spec, context.size.prunedQueries * READS)),
      ];
    } finally {
      await server.dispose();
    }
  },
};

async function besidePostgres(
  port: number,
  spec: FileSpec,
  reads: number,
): Promise<readonly Measurement[]> {
  if (postgresBin === undefined) return await smallReads(port, undefined, spec, reads);
  const cluster: Cluster = await startPostgres(["shared_buffers=1GB", "max_connections=300"]);
  try {
    const client = await RawClient.connect(cluster.port);
    await client.query(fillEverything(spec));
    await client.query("CREATE INDEX ON everything (host, ts)");
    await client.query("VACUUM ANALYZE everything");
    client.close();
    return await smallReads(port, cluster.port, spec, reads);
  } finally {
    await cluster.stop();
  }
}

/** Ten minutes of one host, of another one each time. */
async function smallReads(
  ours: number,
  theirs: number | undefined,
  spec: FileSpec,
  reads: number,
): Promise<readonly Measurement[]> {
  const measured: Measurement[] = [];
  const question = (i: number) => {
    const hour = atHour((i * 7) % spec.hours);
    const host = `host-${String(i % spec.hosts).padStart(6, "0")}`;
    const until = `timestamp '${hour}' + interval '10 minutes'`;
    return `SELECT * FROM everything WHERE host = '${host}' AND ts >= '${hour}' AND ts < ${until}`;
  };
  for (const clients of CLIENTS) {
    const our = await waits(ours, clients, question, reads);
    const their = theirs === undefined ? undefined : await waits(theirs, clients, question, reads);
    for (const part of [0.5, 0.99]) {
      measured.push({
        name: `ten minutes of one host, ${clients} clients, p${part * 100}`,
        unit: "ms",
        ours: quantile(our, part),
        against: "PostgreSQL, index",
        theirs: their && quantile(their, part),
      });
    }
  }
  return measured;
}

/** Milliseconds of each read, ascending. */
async function waits(
  port: number,
  count: number,
  question: (i: number) => string,
  reads: number,
): Promise<readonly number[]> {
  const clients = await Promise.all(Array.from({ length: count }, () => RawClient.connect(port)));
  const times: number[] = [];
  let next = 0;
  const work = async (client: RawClient) => {
    await client.execute(question(0), "binary");
    while (next < reads) {
      next += 1;
      times.push((await client.execute(question(next), "binary")).ms);
    }
  };
  await Promise.all(clients.map(work));
  for (const client of clients) client.close();
  return times.sort((a, b) => a - b);
}

function quantile(ascending: readonly number[], part: number): number {
  return ascending[Math.floor((ascending.length - 1) * part)] ?? Number.NaN;
}

async function idleClients(server: TestServer, count: number): Promise<Measurement> {
  await sleep(1000);
  const before = residentMegabytes(server.pid);
  const clients: RawClient[] = [];
  for (let i = 0; i < count; i += 1) clients.push(await RawClient.connect(server.port));
  await sleep(1000);
  const kilobytes = ((residentMegabytes(server.pid) - before) * 1024) / count;
  for (const client of clients) client.close();
  return {
    name: `memory of each of ${count.toLocaleString("en")} idle connections`,
    unit: "kB",
    ours: kilobytes,
    against: "the goal",
    theirs: IDLE_KB,
    goal: { atMost: 1 },
  };
}

async function slowReader(
  server: TestServer,
  { size }: Context,
  spec: FileSpec,
): Promise<Measurement> {
  await sleep(1000);
  const before = residentMegabytes(server.pid);
  const client = await RawClient.connect(server.port);
  client.readSlowly(SLOW_PAUSE_MS);
  const times = Math.ceil(size.slowRows / rowsOf(spec));
  const reading = client.query(`SELECT e.* FROM everything e, generate_series(1, ${times}) g`);
  reading.catch(() => undefined); // it is not read to its end
  let most = 0;
  for (let ms = 0; ms < size.slowMs; ms += SAMPLE_MS) {
    await sleep(SAMPLE_MS);
    most = Math.max(most, residentMegabytes(server.pid));
  }
  client.close();
  return {
    name: `memory for a slow reader of ${size.slowRows.toLocaleString("en")} rows, above idle`,
    unit: "MB",
    ours: most - before,
    against: "the goal",
    theirs: STREAM_MB,
    goal: { atMost: 1 },
  };
}
