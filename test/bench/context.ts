/** What every part of the benchmark is given: sizes, data, and the programs to compare. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Reference } from "../support/python-peer.ts";
import { TestServer } from "../support/server.ts";
import { DataFolder } from "./data.ts";
import type { Measurement } from "./measure.ts";
import { RawClient } from "./raw-client.ts";

export interface Size {
  /** Of the file appended at once, and of `SELECT *`. */
  readonly bulkHours: number;
  readonly selectHours: number;
  readonly smallFiles: number;
  /** Segments of two hours, a hundred hosts, 500 points an hour. */
  readonly wideSegments: number;
  /** Segments of the tables that pruning and append depth are measured on, ascending. */
  readonly depths: readonly number[];
  readonly entities: readonly number[];
  readonly days: number;
  readonly daysFirst: number;
  readonly prunedQueries: number;
  readonly copyRows: number;
  readonly insertRows: number;
  readonly keyedRows: number;
  readonly upserts: number;
  readonly savepoints: number;
  /** Of a day's feed. */
  readonly feedFlushes: number;
  /** Rows of one COPY, how long another one goes on, rows read before they are flushed. */
  readonly sustainedRows: number;
  readonly sustainedMs: number;
  readonly hotRows: number;
  /** Rows of a result that a slow client reads, and how long it does. */
  readonly slowRows: number;
  readonly slowMs: number;
  readonly idleConnections: number;
}

export const SIZES: Readonly<Record<string, Size>> = {
  full: {
    bulkHours: 100,
    selectHours: 100,
    smallFiles: 1000,
    wideSegments: 500,
    depths: [10, 1000, 10_000],
    entities: [1, 100, 1000, 100_000],
    days: 90,
    daysFirst: 60,
    prunedQueries: 100,
    copyRows: 2_000_000,
    insertRows: 100_000,
    keyedRows: 100_000,
    upserts: 10_000,
    savepoints: 5000,
    feedFlushes: 480,
    sustainedRows: 20_000_000,
    sustainedMs: 60_000,
    hotRows: 1_000_000,
    slowRows: 50_000_000,
    slowMs: 30_000,
    idleConnections: 1000,
  },
  small: {
    bulkHours: 2,
    selectHours: 2,
    smallFiles: 10,
    wideSegments: 14,
    depths: [10, 100],
    entities: [1, 100],
    days: 3,
    daysFirst: 3,
    prunedQueries: 10,
    copyRows: 20_000,
    insertRows: 5000,
    keyedRows: 5000,
    upserts: 200,
    savepoints: 200,
    feedFlushes: 20,
    sustainedRows: 200_000,
    sustainedMs: 2000,
    hotRows: 20_000,
    slowRows: 1_000_000,
    slowMs: 2000,
    idleConnections: 50,
  },
};

export interface Part {
  readonly name: string;
  readonly what: string;
  run(context: Context): Promise<readonly Measurement[]>;
}

/** Calls `make` at the first use, once; if it fails, every use fails alike. */
export function lazily<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

export class Context {
  readonly size: Size;
  readonly rounds: number;
  readonly data: DataFolder;
  /** undefined: no Python named. */
  readonly reference: Reference | undefined;
  /** pgtide's client; fails where pgtide does not start. */
  readonly ours: () => Promise<RawClient>;
  readonly scratch: string;
  #server: TestServer | undefined;
  #fresh = 0;

  private constructor(size: Size, rounds: number, data: DataFolder) {
    this.size = size;
    this.rounds = rounds;
    this.data = data;
    this.reference = Reference.start();
    this.scratch = mkdtempSync(join(tmpdir(), "pgtide-bench-"));
    this.ours = lazily(async () => {
      const args = ["--allow-path", data.folder, "--log-level", "error"];
      this.#server = await TestServer.start({ args });
      return RawClient.connect(this.#server.port);
    });
  }

  static async open(size: Size, rounds: number, dataFolder: string): Promise<Context> {
    return new Context(size, rounds, await DataFolder.open(dataFolder));
  }

  /** Another name each time, for a table or a folder. */
  fresh(prefix: string): string {
    this.#fresh += 1;
    return `${prefix}_${this.#fresh}`;
  }

  async close(): Promise<void> {
    this.reference?.stop();
    this.data.close();
    await this.#server?.dispose();
    rmSync(this.scratch, { recursive: true, force: true });
  }
}

/** CREATE TSTABLE for series of hosts, empty, as their first file has it. */
export function createTable(name: string, file: string): string {
  return `CREATE TSTABLE ${name} LIKE PARQUET '${file}' TIME COLUMN ts ENTITY (host) BUCKET '1 hour'`;
}
