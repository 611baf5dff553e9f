/** The data to measure on: series of many hosts, written by DuckDB, kept for the next run. */

import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import type { Reference } from "../support/python-peer.ts";

/** The first instant of every series. */
export const EPOCH = "2026-01-01 00:00:00";

export interface FileSpec {
  readonly name: string;
  readonly hosts: number;
  readonly firstHost?: number;
  /** The file's hours are [fromHour, fromHour + hours). */
  readonly fromHour: number;
  readonly hours: number;
  readonly pointsPerHour: number;
}

export function rowsOf(spec: FileSpec): number {
  return spec.hosts * spec.hours * spec.pointsPerHour;
}

/** `fromHour` as a literal of the time column's type. */
export function atHour(hour: number): string {
  const time = new Date(Date.parse(`${EPOCH.replace(" ", "T")}Z`) + hour * 3_600_000);
  return time.toISOString().slice(0, 19).replace("T", " ");
}

/** SELECT of one file's rows, in order of time: ts, host, usage, load. */
function rowsSql(spec: FileSpec): string {
  const stepMicros = 3_600_000_000 / spec.pointsPerHour;
  const first = spec.fromHour * spec.pointsPerHour;
  const until = (spec.fromHour + spec.hours) * spec.pointsPerHour;
  const firstHost = spec.firstHost ?? 0;
  return `
    SELECT TIMESTAMP '${EPOCH}' + to_microseconds(i * ${stepMicros}) AS ts,
      'host-' || lpad(h::VARCHAR, 6, '0') AS host,
      round(50 + 40 * sin(i / 97.0 + h) + (hash(i, h) % 1000)::DOUBLE / 100, 2) AS usage,
      (hash(h, i) % 100000)::BIGINT AS load
    FROM range(${first}, ${until}) r(i), range(${firstHost}, ${firstHost + spec.hosts}) s(h)
    ORDER BY i, h`;
}

export class DataFolder {
  readonly folder: string;
  readonly #instance: DuckDBInstance;

  private constructor(folder: string, instance: DuckDBInstance) {
    this.folder = folder;
    this.#instance = instance;
  }

  static async open(folder: string): Promise<DataFolder> {
    mkdirSync(folder, { recursive: true });
    return new DataFolder(folder, await DuckDBInstance.create(":memory:"));
  }

  /**
   * Folder with one Parquet file for each spec, made unless it is there. With the reference library the
   * files are written again by pyarrow, which both sides then read.
   */
  async series(
    name: string,
    specs: readonly FileSpec[],
    reference?: Reference,
  ): Promise<{ readonly folder: string; readonly files: readonly string[] }> {
    const folder = join(this.folder, reference === undefined ? name : `${name}-pyarrow`);
    const path = (spec: FileSpec, below = folder) => join(below, `${spec.name}.parquet`);
    if (!existsSync(folder)) {
      const making = `${folder}.making`;
      rmSync(making, { recursive: true, force: true });
      mkdirSync(making);
      const connection = await this.#instance.connect();
      for (const spec of specs) {
        await connection.run(
          `COPY (${rowsSql(spec)}) TO '${path(spec, making)}' (FORMAT parquet, COMPRESSION zstd)`,
        );
      }
      connection.closeSync();
      await reference?.rewrite(specs.map((spec) => path(spec, making)));
      renameSync(making, folder);
    }
    return { folder, files: specs.map((spec) => path(spec)) };
  }

  close(): void {
    this.#instance.closeSync();
  }
}

/** DuckDB in this process, as somebody would use it who knows which files to read. */
export class HandWritten {
  readonly #connection: DuckDBConnection;

  private constructor(connection: DuckDBConnection) {
    this.#connection = connection;
  }

  static async open(): Promise<HandWritten> {
    const instance = await DuckDBInstance.create(":memory:");
    return new HandWritten(await instance.connect());
  }

  /** Milliseconds until all rows are in this process' memory; no JavaScript value is made of them. */
  async query(sql: string): Promise<{ readonly ms: number; readonly rows: number }> {
    const startedMs = performance.now();
    const result = await this.#connection.run(sql);
    const chunks = await result.fetchAllChunks();
    const ms = performance.now() - startedMs;
    return { ms, rows: chunks.reduce((sum, chunk) => sum + chunk.rowCount, 0) };
  }

  close(): void {
    this.#connection.closeSync();
  }
}

/** `read_parquet` over a list of files. */
export function readParquet(files: readonly string[]): string {
  return `read_parquet([${files.map((file) => `'${file}'`).join(", ")}])`;
}
