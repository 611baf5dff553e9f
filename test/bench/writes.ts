/** Rows in: COPY and INSERT against PostgreSQL with its default durability on the same disk. */

import { createWriteStream, existsSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import pg from "pg";
import { type Cluster, postgresBin, psql, run, startPostgres } from "../support/programs.ts";
import { TestServer } from "../support/server.ts";
import type { Context, Part } from "./context.ts";
import { type Keyed, keyedWrites } from "./keyed-writes.ts";
import { asRate, inTurn, type Measurement, type Side } from "./measure.ts";

/** What PostgreSQL's table has besides its columns; a declared key ours has, too. */
type TableKind = "indexed" | "bare" | "keyed";

/** Both servers, and a table of four columns on each. */
class Intake {
  readonly #context: Context;
  readonly ours: TestServer;
  readonly theirs: Cluster | undefined;

  private constructor(context: Context, ours: TestServer, theirs: Cluster | undefined) {
    this.#context = context;
    this.ours = ours;
    this.theirs = theirs;
  }

  static async open(context: Context): Promise<Intake> {
    const args = ["--allow-path", context.data.folder, "--log-level", "error"];
    const theirs = postgresBin === undefined ? undefined : await startPostgres(["fsync=on"]);
    return new Intake(context, await TestServer.start({ args }), theirs);
  }

  async close(): Promise<void> {
    await this.ours.dispose();
    await this.theirs?.stop();
  }

  /** A new table; its name. */
  async table(port: number, kind: TableKind): Promise<string> {
    const name = this.#context.fresh("intake");
    const key = kind === "keyed" ? ", PRIMARY KEY (host, ts)" : "";
    const columns = `(ts timestamptz, host text, usage float8, n bigint${key})`;
    const isOurs = port === this.ours.port;
    const overlap = kind === "keyed" ? "" : "ON OVERLAP ALLOW";
    const statements = isOurs
      ? [`CREATE TSTABLE ${name} ${columns} ENTITY (host) BUCKET '1 hour' ${overlap}`]
      : [
          `CREATE TABLE ${name} ${columns}`,
          ...(kind === "indexed" ? [`CREATE INDEX ON ${name} (ts)`] : []),
        ];
    await withClients(port, 1, async ([client]) => {
      for (const statement of statements) await client?.query(statement);
    });
    return name;
  }

  /** Times `act` on a new table of each server. */
  async pair(
    kind: TableKind,
    act: (port: number, table: string) => Promise<void>,
  ): Promise<{ readonly ours: number | undefined; readonly theirs: number | undefined }> {
    const side = (port: number): Side => {
      return async () => {
        const table = await this.table(port, kind);
        const start = performance.now();
        await act(port, table);
        const took = performance.now() - start;
        await withClients(port, 1, async ([client]) => {
          await client?.query(`DROP TABLE ${table}`);
        });
        return took;
      };
    };
    const theirs = this.theirs && side(this.theirs.port);
    return await inTurn(this.#context.rounds, side(this.ours.port), theirs);
  }
}

async function withClients(
  port: number,
  count: number,
  act: (clients: readonly pg.Client[]) => Promise<void>,
): Promise<void> {
  const clients = Array.from(
    { length: count },
    () => new pg.Client({ host: "127.0.0.1", port, user: "postgres", database: "postgres" }),
  );
  try {
    for (const client of clients) await client.connect();
    await act(clients);
  } finally {
    for (const client of clients) await client.end();
  }
}

function fieldsOf(i: number): readonly [string, string, number, number] {
  const time = new Date(Date.UTC(2026, 0, 1) + i * 100).toISOString();
  return [time, `host-${i % 100}`, (i % 1000) / 7, i];
}

async function copyFile(context: Context, rows: number, separator: string): Promise<string> {
  const path = join(context.scratch, `copy-${rows}-${separator === "," ? "csv" : "text"}`);
  if (existsSync(path)) return path;
  function* lines(): Generator<string> {
    for (let i = 0; i < rows; i += 1000) {
      const count = Math.min(1000, rows - i);
      const part = Array.from({ length: count }, (_, k) => fieldsOf(i + k).join(separator));
      yield `${part.join("\n")}\n`;
    }
  }
  await pipeline(Readable.from(lines()), createWriteStream(path));
  return path;
}

async function psqlCopy(port: number, command: string): Promise<void> {
  if (psql === undefined) throw new Error("PGTIDE_TEST_PSQL is not set");
  const where = ["-h", "127.0.0.1", "-p", String(port), "-U", "postgres", "-d", "postgres"];
  const done = await run(psql, ["-X", "-v", "ON_ERROR_STOP=1", ...where, "-c", command], {
    timeoutMs: 600_000,
  });
  if (done.status !== 0) throw new Error(done.stderr);
}

async function copies(intake: Intake, context: Context): Promise<readonly Measurement[]> {
  const rows = context.size.copyRows;
  const measured: Measurement[] = [];
  const add = async (
    what: string,
    against: "indexed" | "bare",
    atLeast: number,
    act: (port: number, table: string) => Promise<void>,
  ) => {
    measured.push({
      name: `COPY ${what}, ${rows.toLocaleString("en")} rows`,
      unit: "rows/s",
      against: against === "indexed" ? "PostgreSQL, index on ts" : "PostgreSQL, no index",
      goal: { atLeast },
      ...asRate(await intake.pair(against, act), rows),
    });
  };
  const csv = await copyFile(context, rows, ",");
  const text = await copyFile(context, rows, "\t");
  const fromCsv = (port: number, table: string) =>
    psqlCopy(port, `\\copy ${table} from '${csv}' csv`);
  const fromText = (port: number, table: string) =>
    psqlCopy(port, `\\copy ${table} from '${text}'`);
  await add("csv", "indexed", 2, fromCsv);
  await add("csv", "bare", 1, fromCsv);
  await add("text", "indexed", 2, fromText);
  await add("text", "bare", 1, fromText);
  const binary = join(context.scratch, `copy-${rows}-binary`);
  const source = await intake.table(intake.ours.port, "bare");
  await psqlCopy(intake.ours.port, `\\copy ${source} from '${csv}' csv`);
  await psqlCopy(intake.ours.port, `\\copy ${source} to '${binary}' binary`);
  await add("binary", "indexed", 1.5, (port, table) =>
    psqlCopy(port, `\\copy ${table} from '${binary}' binary`),
  );
  const parquet = join(context.scratch, `copy-${rows}.parquet`);
  await psqlCopy(intake.ours.port, `\\copy ${source} to '${parquet}' with (format parquet)`);
  await add("parquet, PostgreSQL csv", "bare", 5, (port, table) =>
    port === intake.ours.port
      ? psqlCopy(port, `\\copy ${table} from '${parquet}' with (format parquet)`)
      : fromCsv(port, table),
  );
  return measured;
}

/** `count` rows by statements of `perStatement`, shared among clients. */
function inserts(count: number, perStatement: number, clients: number, isPrepared: boolean) {
  const columns = 4;
  const tuple = (k: number) =>
    `(${Array.from({ length: columns }, (_, c) => `$${k * columns + c + 1}`).join(", ")})`;
  const parameters = Array.from({ length: perStatement }, (_, k) => tuple(k)).join(", ");
  return async (port: number, table: string) =>
    await withClients(port, clients, async (all) => {
      let next = 0;
      const work = async (client: pg.Client) => {
        while (next < count) {
          const from = next;
          next += perStatement;
          const rows = Array.from({ length: perStatement }, (_, k) => fieldsOf(from + k));
          if (isPrepared) {
            const text = `INSERT INTO ${table} VALUES ${parameters}`;
            await client.query({ name: "insert", text, values: rows.flat() });
          } else {
            const tuples = rows.map(
              ([ts, host, usage, n]) => `('${ts}', '${host}', ${usage}, ${n})`,
            );
            await client.query(`INSERT INTO ${table} VALUES ${tuples.join(", ")}`);
          }
        }
      };
      await Promise.all(all.map(work));
    });
}

async function insertions(intake: Intake, context: Context): Promise<readonly Measurement[]> {
  const rows = context.size.insertRows;
  const measured: Measurement[] = [];
  const add = async (
    name: string,
    atLeast: number,
    count: number,
    act: (port: number, table: string) => Promise<void>,
  ) => {
    measured.push({
      name,
      unit: "rows/s",
      against: "PostgreSQL, index on ts",
      goal: { atLeast },
      ...asRate(await intake.pair("indexed", act), count),
    });
  };
  await add("INSERT of 1,000 literal rows", 1.5, rows, inserts(rows, 1000, 1, false));
  await add("prepared INSERT of 100 rows", 1, rows, inserts(rows, 100, 1, true));
  for (const clients of [1, 4, 16]) {
    const single = rows / 50;
    const name = `durable INSERT of one row, ${clients} clients`;
    await add(name, 1, single, inserts(single, 1, clients, true));
  }
  return measured;
}

async function keyed(intake: Intake, context: Context): Promise<readonly Measurement[]> {
  const pair: Keyed["pair"] = (act) =>
    intake.pair("keyed", (port, table) =>
      withClients(port, 1, async ([client]) => {
        if (client !== undefined) await act(client, table);
      }),
    );
  return await keyedWrites({ pair, fieldsOf }, context.size);
}

export const writes: Part = {
  name: "writes",
  what: "COPY and INSERT",
  async run(context) {
    const intake = await Intake.open(context);
    try {
      return [
        ...(await insertions(intake, context)),
        ...(await keyed(intake, context)),
        ...(await copies(intake, context)),
      ];
    } finally {
      await intake.close();
    }
  },
};
