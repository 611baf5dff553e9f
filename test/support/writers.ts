/** Clients that write in every way there is, and note in a ledger what was acknowledged. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import pg from "pg";
import type { Change, FoundGroup, Group, GroupState, Ledger } from "./ledger.ts";

/** tide and ebb are tstables, shore is an ordinary table. */
const TABLES = ["tide", "ebb", "shore"] as const;

export const SCHEMA = [
  `CREATE TSTABLE tide (ts timestamptz, writer int, operation int, n int, value int)
     ENTITY (writer) BUCKET '1 minute' ON OVERLAP ALLOW`,
  `CREATE TSTABLE ebb (ts timestamptz, writer int, operation int, n int, value int)
     ENTITY (writer) BUCKET '1 hour' ON OVERLAP ALLOW`,
  `CREATE TABLE shore (id serial PRIMARY KEY, ts timestamptz, writer int, operation int, n int,
     value int, UNIQUE (writer, operation, n))`,
];

export async function connectTo(port: number): Promise<pg.Client> {
  const client = new pg.Client({
    host: "127.0.0.1",
    port,
    user: "postgres",
    database: "postgres",
  });
  client.on("error", () => undefined); // the server may be killed under it
  await client.connect();
  return client;
}

export async function foundGroups(client: pg.Client): Promise<readonly FoundGroup[]> {
  const parts = TABLES.map(
    (table) =>
      `SELECT '${table}' AS "table", writer, operation, count(*)::int AS rows,
         count(DISTINCT n)::int AS distinct, max(n) AS highest,
         min(value) AS "lowestValue", max(value) AS "highestValue"
       FROM ${table} GROUP BY writer, operation`,
  );
  return (await client.query<FoundGroup>(parts.join(" UNION ALL "))).rows;
}

export interface WriterOptions {
  readonly writer: number;
  readonly port: number;
  /** The server may read files here. */
  readonly folder: string;
  readonly parquet: DuckDBConnection;
  readonly ledger: Ledger;
  /** In [0, 1). */
  readonly random: () => number;
  /** Counts a writer's operations over all rounds. */
  readonly nextOperation: () => number;
}

interface Step {
  readonly changes: readonly Change[];
  readonly run: (client: pg.Client) => Promise<void>;
}

/** Writes until the connection breaks or `isStopped`. @throws what the server refused */
export async function write(options: WriterOptions, isStopped: () => boolean): Promise<void> {
  const { writer, ledger } = options;
  let client: pg.Client;
  try {
    client = await connectTo(options.port);
  } catch {
    return;
  }
  try {
    while (!isStopped()) {
      const step = await choose(options);
      ledger.begin(writer, step.changes);
      try {
        await step.run(client);
      } catch (cause) {
        if (!(cause instanceof pg.DatabaseError) || isShutdown(cause)) return;
        ledger.refuse(writer);
        if (cause.code !== "40001" && cause.code !== "40P01") throw cause;
        await client.query("ROLLBACK");
        continue;
      }
      ledger.acknowledge(writer);
    }
  } finally {
    await client.end().catch(() => undefined);
  }
}

function isShutdown(cause: pg.DatabaseError): boolean {
  return cause.code?.startsWith("57P") === true;
}

async function choose(options: WriterOptions): Promise<Step> {
  const { random } = options;
  const kinds = [one, many, many, copy, append, tables, mixed, mixed, savepoints, change, remove];
  const kind = kinds[Math.floor(random() * kinds.length)] ?? one;
  return await kind(options);
}

function pick<T>(items: readonly T[], random: () => number): T | undefined {
  return items[Math.floor(random() * items.length)];
}

function fresh(options: WriterOptions, table: string): Group {
  return { table, writer: options.writer, operation: options.nextOperation() };
}

function added(group: Group, rows: number, value = 0): Change {
  return { group, before: undefined, after: { rows, value } };
}

/** Rows stand a second apart, each operation in an hour of its own. */
function timeOf({ operation }: Group, n: number): string {
  return new Date(Date.UTC(2026, 0, 1) + operation * 3_600_000 + n * 1000).toISOString();
}

function insertText(group: Group, rows: number, value = 0): string {
  const { table, writer, operation } = group;
  const tuples = Array.from(
    { length: rows },
    (_, n) => `('${timeOf(group, n)}', ${writer}, ${operation}, ${n}, ${value})`,
  );
  return `INSERT INTO ${table} (ts, writer, operation, n, value) VALUES ${tuples.join(", ")}`;
}

async function one(options: WriterOptions): Promise<Step> {
  const group = fresh(options, pick(TABLES, options.random) ?? "tide");
  const { table, writer, operation } = group;
  const text = `INSERT INTO ${table} (ts, writer, operation, n, value) VALUES ($1, $2, $3, $4, $5)`;
  const values = [timeOf(group, 0), writer, operation, 0, 0];
  return {
    changes: [added(group, 1)],
    run: async (client) => void (await client.query({ name: `one-${table}`, text, values })),
  };
}

async function many(options: WriterOptions): Promise<Step> {
  const group = fresh(options, pick(TABLES, options.random) ?? "tide");
  const rows = 1 + Math.floor(options.random() * 200);
  return {
    changes: [added(group, rows)],
    run: async (client) => void (await client.query(insertText(group, rows))),
  };
}

async function copy(options: WriterOptions): Promise<Step> {
  const group = fresh(options, options.random() < 0.5 ? "tide" : "ebb");
  const rows = options.random() < 0.8 ? 50 : 3000;
  const { table, writer, operation } = group;
  const lines = Array.from(
    { length: rows },
    (_, n) => `${timeOf(group, n)},${writer},${operation},${n},0\n`,
  );
  const path = join(options.folder, `copy-${writer}-${operation}.csv`);
  writeFileSync(path, lines.join(""));
  return {
    changes: [added(group, rows)],
    run: async (client) => void (await client.query(`COPY ${table} FROM '${path}' (FORMAT csv)`)),
  };
}

async function append(options: WriterOptions): Promise<Step> {
  const group = fresh(options, options.random() < 0.5 ? "tide" : "ebb");
  const { table, writer, operation } = group;
  const rows = 40;
  const path = join(options.folder, `append-${writer}-${operation}.parquet`);
  await options.parquet.run(
    `COPY (SELECT TIMESTAMP '${timeOf(group, 0).slice(0, -1)}' + to_seconds(i) AS ts,
       ${writer}::INTEGER AS writer, ${operation}::INTEGER AS operation, i::INTEGER AS n,
       0::INTEGER AS value FROM range(${rows}) r(i)) TO '${path}' (FORMAT parquet)`,
  );
  return {
    changes: [added(group, rows)],
    run: async (client) => void (await client.query(`APPEND PARQUET '${path}' INTO ${table}`)),
  };
}

/** Two tstables in one transaction. */
async function tables(options: WriterOptions): Promise<Step> {
  return await together(options, ["tide", "ebb"]);
}

/** Tables of both kinds in one transaction. */
async function mixed(options: WriterOptions): Promise<Step> {
  return await together(options, options.random() < 0.5 ? ["tide", "shore"] : TABLES);
}

async function together(options: WriterOptions, names: readonly string[]): Promise<Step> {
  const groups = names.map((table) => fresh(options, table));
  const rows = 1 + Math.floor(options.random() * 20);
  return {
    changes: groups.map((group) => added(group, rows)),
    run: async (client) => {
      await client.query("BEGIN");
      for (const group of groups) await client.query(insertText(group, rows));
      await client.query("COMMIT");
    },
  };
}

async function savepoints(options: WriterOptions): Promise<Step> {
  const kept = fresh(options, pick(TABLES, options.random) ?? "tide");
  const undone = fresh(options, pick(TABLES, options.random) ?? "tide");
  return {
    changes: [added(kept, 3), { group: undone, before: undefined, after: undefined }],
    run: async (client) => {
      await client.query("BEGIN");
      await client.query(insertText(kept, 3));
      await client.query("SAVEPOINT a");
      await client.query(insertText(undone, 5));
      await client.query("ROLLBACK TO a");
      await client.query("COMMIT");
    },
  };
}

async function change(options: WriterOptions): Promise<Step> {
  const found = known(options);
  if (found === undefined) return await many(options);
  const { group, state } = found;
  const value = state.value + 1;
  return {
    changes: [{ group, before: state, after: { ...state, value } }],
    run: async (client) =>
      void (await client.query(
        `UPDATE ${group.table} SET value = ${value} WHERE ${conditionOf(group)}`,
      )),
  };
}

async function remove(options: WriterOptions): Promise<Step> {
  const found = known(options);
  if (found === undefined) return await many(options);
  const { group, state } = found;
  return {
    changes: [{ group, before: state, after: undefined }],
    run: async (client) =>
      void (await client.query(`DELETE FROM ${group.table} WHERE ${conditionOf(group)}`)),
  };
}

function known({
  writer,
  ledger,
  random,
}: WriterOptions):
  | { readonly group: Group; readonly state: Exclude<GroupState, undefined> }
  | undefined {
  const group = pick(ledger.groupsOf(writer, pick(TABLES, random) ?? "tide"), random);
  const state = group && ledger.stateOf(group);
  return group === undefined || state === undefined ? undefined : { group, state };
}

function conditionOf({ writer, operation }: Group): string {
  return `writer = ${writer} AND operation = ${operation}`;
}
