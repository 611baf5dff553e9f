/**
 * What a client test talks to: pgtide with the sample appended, and a real PostgreSQL with the same
 * rows, which proves that what the tests expect is what PostgreSQL answers.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { postgresBin, startPostgres } from "../support/programs.ts";
import { root } from "../support/root.ts";
import { TestServer } from "../support/server.ts";

export interface Target {
  readonly port: number;
  /** Makes CREATE TABLE one of a time series, where there are such. */
  readonly using: string;
  close(): Promise<void>;
}

export const CREATE_NVDA =
  "CREATE TSTABLE nvda LIKE PARQUET 'sql/examples/nvda_1h.parquet' BUCKET '1 hour'";
export const APPEND_NVDA = "APPEND PARQUET 'sql/examples/nvda_1h.parquet' INTO nvda";

/** Runs statements one after the other on a connection of their own. */
async function runStatements(port: number, statements: readonly string[]): Promise<void> {
  const client = await connect(port);
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}

export async function connect(port: number): Promise<pg.Client> {
  const client = new pg.Client({
    host: "127.0.0.1",
    port,
    user: "postgres",
    database: "postgres",
  });
  await client.connect();
  return client;
}

async function openPgtide(): Promise<Target> {
  const server = await TestServer.start();
  try {
    await runStatements(server.port, [CREATE_NVDA, APPEND_NVDA]);
  } catch (error) {
    await server.dispose();
    throw error;
  }
  return { port: server.port, using: "USING tstable", close: () => server.dispose() };
}

async function openPostgres(): Promise<Target> {
  const cluster = await startPostgres();
  const lines = readFileSync(join(root, "test/fixtures/tstf/nvda_1h.csv"), "utf8").trim();
  const rows = lines.split("\n").slice(1);
  const values = rows.map((row) => {
    const [ts, symbol, ...numbers] = row.split(",");
    return `('${ts}', '${symbol}', ${numbers.join(", ")})`;
  });
  await runStatements(cluster.port, [
    "CREATE TABLE nvda (ts timestamptz NOT NULL, symbol text, open float8, high float8, " +
      "low float8, close float8, volume bigint)",
    `INSERT INTO nvda VALUES ${values.join(", ")}`,
  ]);
  return { port: cluster.port, using: "", close: () => cluster.stop() };
}

export const targets: readonly (readonly [name: string, open: () => Promise<Target>])[] = [
  ["pgtide", openPgtide],
  ...(postgresBin === undefined ? [] : [["PostgreSQL", openPostgres] as const]),
];
