/** The DuckDB instance: its limits, what it may touch, and its pool of connections. */

import { mkdirSync } from "node:fs";
import { DuckDBConnection } from "@duckdb/node-api";
import duckdb from "@duckdb/node-bindings";
import { SqlError } from "../base/errors.ts";
import { EngineError } from "./error.ts";
import { registerFunctions } from "./functions/registry.ts";
import { makePlainLog } from "./plain-log.ts";
import type { EngineOptions } from "./protocol.ts";
import { quoteText } from "./quoting.ts";

/** A connection is a thread's worth of state in DuckDB; beyond this something leaks cursors. */
const CONNECTIONS_MAX = 512;
const IDLE_MAX = 16;
/** Inspections may take this part of the memory that queries may take. */
const UNCACHED_SHARE = 4;

/** One DuckDB connection with what we have set on it. */
export interface Lane {
  readonly connection: duckdb.Connection;
  /** DuckDB's number of the connection, by which our functions know their statement. */
  readonly id: number;
  timeZone: string;
  /** Statements that come again, by text. */
  readonly prepared: Map<string, duckdb.PreparedStatement>;
}

export class Database {
  readonly #database: duckdb.Database;
  readonly #idle: Lane[] = [];
  /** Connections whose statement shall stop; our functions look here for every chunk. */
  readonly #cancelled = new Set<number>();
  #open = 0;

  private constructor(database: duckdb.Database) {
    this.#database = database;
  }

  static async open(options: EngineOptions): Promise<Database> {
    const database = await Database.#start(options, options.memoryLimitBytes);
    await withLane(database, "UTC", async ({ connection }) => {
      registerFunctions(new DuckDBConnection(connection), (id) => database.#cancelled.has(id));
      for (const statement of [...CACHES, ...plainFile(options), ...limits(options)]) {
        await duckdb.query(connection, statement);
      }
      if (options.plainFile !== undefined) await makePlainLog(connection, options.plainFile);
    });
    return database;
  }

  /** An instance for files that may still change under their name. */
  static async openUncached(options: EngineOptions): Promise<Database> {
    const database = await Database.#start(options, options.memoryLimitBytes / UNCACHED_SHARE);
    await withLane(database, "UTC", async ({ connection }) => {
      await duckdb.query(connection, "SET GLOBAL enable_external_file_cache = false");
      for (const statement of limits(options)) await duckdb.query(connection, statement);
    });
    return database;
  }

  static async #start(options: EngineOptions, memoryBytes: number): Promise<Database> {
    mkdirSync(options.tempDirectory, { recursive: true });
    const config = duckdb.create_config();
    duckdb.set_config(config, "threads", String(options.threads));
    duckdb.set_config(config, "memory_limit", `${Math.floor(memoryBytes)}B`);
    duckdb.set_config(config, "temp_directory", options.tempDirectory);
    duckdb.set_config(config, "autoinstall_known_extensions", "false");
    duckdb.set_config(config, "autoload_known_extensions", "false");
    return new Database(await duckdb.open(":memory:", config));
  }

  /** A connection nobody else uses, its session in the zone. Give it back or drop it. */
  async lane(zone: string): Promise<Lane> {
    const at = this.#idle.findLastIndex(({ timeZone }) => timeZone === zone);
    let lane = at < 0 ? this.#idle.pop() : this.#idle.splice(at, 1)[0];
    if (lane === undefined) {
      if (this.#open >= CONNECTIONS_MAX) {
        throw new EngineError("too-many-cursors", "too many open cursors and portals", {
          hint: "Close cursors, or read their results to the end.",
        });
      }
      this.#open += 1;
      try {
        const connection = await duckdb.connect(this.#database);
        const context = duckdb.connection_get_client_context(connection);
        const id = duckdb.client_context_get_connection_id(context);
        lane = { connection, id, timeZone: "", prepared: new Map() };
      } catch (cause) {
        this.#open -= 1;
        throw cause;
      }
    }
    if (lane.timeZone !== zone) {
      try {
        await duckdb.query(lane.connection, `SET TimeZone = ${quoteText(zone)}`);
      } catch (cause) {
        this.drop(lane);
        throw cause;
      }
      lane.timeZone = zone;
      // They may have been planned with the other zone in them.
      for (const prepared of lane.prepared.values()) duckdb.destroy_prepare_sync(prepared);
      lane.prepared.clear();
    }
    return lane;
  }

  /** Makes our functions fail with 57014 in this connection until it is given back. */
  markCancelled(lane: Lane): void {
    this.#cancelled.add(lane.id);
  }

  /** Takes back a connection on which nothing is open. */
  release(lane: Lane): void {
    this.#cancelled.delete(lane.id);
    if (this.#idle.length < IDLE_MAX) this.#idle.push(lane);
    else this.drop(lane);
  }

  /** Ends a connection together with whatever is open on it. */
  drop(lane: Lane): void {
    this.#cancelled.delete(lane.id);
    this.#open -= 1;
    for (const prepared of lane.prepared.values()) duckdb.destroy_prepare_sync(prepared);
    duckdb.disconnect_sync(lane.connection);
  }

  close(): void {
    for (const lane of this.#idle.splice(0)) this.drop(lane);
    duckdb.close_sync(this.#database);
  }
}

/** Runs `task` on a connection of its own, whose results are all read when it returns. */
export async function withLane<T>(
  database: Database,
  zone: string,
  task: (lane: Lane) => Promise<T>,
): Promise<T> {
  const lane = await database.lane(zone);
  try {
    return await task(lane);
  } finally {
    database.release(lane);
  }
}

/** Segments never change, so their footers are kept and never checked again. */
const CACHES = [
  "SET GLOBAL parquet_metadata_cache = true",
  "SET GLOBAL validate_external_file_cache = 'NO_VALIDATION'",
];

/**
 * A checkpoint gives rows other rowids, so none may come by itself: whoever commits to `plain`
 * orders it when nobody remembers rowids.
 */
function plainFile({ plainFile: path }: EngineOptions): string[] {
  if (path === undefined) return [];
  return ["SET GLOBAL checkpoint_threshold = '1TB'", `ATTACH ${quoteText(path)} AS plain`];
}

/** What generated SQL may touch and spill, and that it may not change that. */
function limits(options: EngineOptions): string[] {
  const allowed = [...options.allowedDirectories, options.tempDirectory];
  const { temporaryBytesMax } = options;
  const kilobytes = Math.floor((temporaryBytesMax ?? 0) / 1024);
  return [
    // As an option of opening DuckDB shows it, but does not keep to it.
    ...(temporaryBytesMax === undefined
      ? []
      : [`SET GLOBAL max_temp_directory_size = '${kilobytes}KiB'`]),
    `SET GLOBAL allowed_directories = [${allowed.map(quoteText).join(", ")}]`,
    "SET GLOBAL allowed_configs = ['TimeZone']",
    "SET GLOBAL enable_external_access = false",
    "SET GLOBAL lock_configuration = true",
  ];
}

/**
 * DuckDB takes names only; a fixed offset has one when it is a whole hour (their sign is reversed).
 */
export function duckdbZone(timeZone: string | number, sql: string): string {
  if (typeof timeZone === "string") return timeZone;
  const hours = timeZone / 3600;
  if (hours === 0) return "UTC";
  if (Number.isInteger(hours) && hours >= -12 && hours <= 14) {
    return `Etc/GMT${hours > 0 ? "-" : "+"}${Math.abs(hours)}`;
  }
  // Generated SQL adds such an offset itself; only what has a zone in DuckDB would use another.
  if (!/TIMESTAMPTZ|WITH TIME ZONE|timestamptz|timezone\(/.test(sql)) return "UTC";
  throw new SqlError("0A000", "a time zone that is a fixed offset must be of whole hours", {
    hint: "Set TimeZone to the name of a zone.",
  });
}
