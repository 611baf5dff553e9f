/** A server in this process, its sources from src, for tests that ask it by SQL. Workers are from dist. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import pg from "pg";
import type { Config } from "../../src/server/config.ts";
import { type RunningServer, startServer } from "../../src/server/server.ts";

export interface LocalServer {
  readonly folder: string;
  readonly client: pg.Client;
  readonly port: number;
  connect(): Promise<pg.Client>;
  /** Writes the rows of a DuckDB SELECT to a Parquet file below `folder`; gives its path. */
  parquet(name: string, select: string): Promise<string>;
  /** Rows as arrays of text. */
  rows(sql: string, values?: readonly unknown[]): Promise<(string | null)[][]>;
  /** The error's fields; fails when there is none. */
  refusal(sql: string, values?: readonly unknown[]): Promise<pg.DatabaseError>;
  /** `between` runs while it is down. */
  restart(between?: () => void): Promise<void>;
  stop(): Promise<void>;
}

/** `folders`: what its statements may read besides its own. */
export async function startLocalServer(
  folders: readonly string[] = [],
  more: Partial<Config> = {},
): Promise<LocalServer> {
  const folder = mkdtempSync(join(tmpdir(), "pgtide-local-"));
  const config = {
    data: join(folder, "data"),
    host: "127.0.0.1",
    port: 0,
    allowPaths: [folder, ...folders],
    memoryBytes: 512 * 2 ** 20,
    threads: 2,
    maxConnections: 20,
    logLevel: "error",
    ...more,
  } as const;
  let server: RunningServer = await startServer(config, undefined);
  const clients = new Set<pg.Client>();
  const connect = async () => {
    const client = new pg.Client({
      host: "127.0.0.1",
      port: server.port,
      user: "postgres",
      database: "postgres",
      types: { getTypeParser: () => (text: string) => text },
    });
    client.on("error", () => undefined);
    await client.connect();
    clients.add(client);
    return client;
  };
  let client = await connect();
  const closeClients = async () => {
    for (const one of clients) await one.end().catch(() => undefined);
    clients.clear();
  };
  const query = async (sql: string, values: readonly unknown[] = []) =>
    await client.query({ text: sql, values: [...values], rowMode: "array" });
  return {
    folder,
    get client() {
      return client;
    },
    get port() {
      return server.port;
    },
    connect,
    parquet: async (name, select) => {
      const path = join(folder, name);
      const instance = await DuckDBInstance.create();
      const connection = await instance.connect();
      await connection.run(`COPY (${select}) TO '${path}' (FORMAT parquet)`);
      connection.closeSync();
      instance.closeSync();
      return path;
    },
    rows: async (sql, values) => (await query(sql, values)).rows,
    refusal: async (sql, values) => {
      const result = await query(sql, values).then(
        () => undefined,
        (cause: unknown) => cause,
      );
      if (result instanceof pg.DatabaseError) return result;
      throw new Error(`no error from: ${sql}`, { cause: result });
    },
    restart: async (between) => {
      await closeClients();
      await server.stop();
      between?.();
      server = await startServer(config, undefined);
      client = await connect();
    },
    stop: async () => {
      await closeClients();
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
