/** Small words for tests of the store: a folder, a table in it, a Parquet file of some rows. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type LocalFiles, nodeFiles } from "../../src/storage/local-files.ts";
import { openLocalStore } from "../../src/storage/local-store.ts";
import type { IndexSpec, LogicalField, LogicalType } from "../../src/table/format.ts";
import { createTable, openTable, type Table } from "../../src/table/table.ts";
import { duckdbConnection, literal } from "./inspect-with-duckdb.ts";

export const WAL_ID = "wal-of-this-server";
const OPTIONS = { walId: WAL_ID, foreignCommitWaitMs: 60 };

export interface Folder {
  readonly path: string;
  file(name: string): string;
  remove(): void;
}

export function temporaryFolder(): Folder {
  const path = mkdtempSync(join(tmpdir(), "pgtide-table-"));
  return {
    path,
    file: (name) => join(path, name),
    remove: () => rmSync(path, { recursive: true, force: true }),
  };
}

export const MICROS: LogicalType = { kind: "Timestamp", unit: "Micros", timezone: undefined };

export function field(name: string, type: LogicalType | LogicalType["kind"]): LogicalField {
  const made = typeof type === "string" ? ({ kind: type } as LogicalType) : type;
  return { name, type: made, nullable: true };
}

export function hourly(entityColumns: readonly string[]): IndexSpec {
  const kind = { type: "timestamp", unit: "Hours", count: 1, timezone: undefined } as const;
  return { column: "ts", entityColumns, kind };
}

/** `ts`, `device`, `kwh`; one hour a bucket, by device. */
export const METERS = {
  index: hourly(["device"]),
  schema: [field("ts", MICROS), field("device", "Utf8"), field("kwh", "Float64")],
};

export async function createMeters(root: string, files: LocalFiles = nodeFiles): Promise<Table> {
  return await createTable(openLocalStore(root, files), OPTIONS, METERS);
}

export async function reopen(root: string, files: LocalFiles = nodeFiles): Promise<Table> {
  return await openTable(openLocalStore(root, files), OPTIONS);
}

let connection: ReturnType<typeof duckdbConnection> | undefined;

/** Writes what a DuckDB query gives; returns the path. */
export async function writeParquet(path: string, sql: string, options = ""): Promise<string> {
  connection ??= duckdbConnection();
  await (await connection).run(`COPY (${sql}) TO ${literal(path)} (FORMAT parquet ${options})`);
  return path;
}

export async function query(sql: string): Promise<readonly (readonly unknown[])[]> {
  connection ??= duckdbConnection();
  return (await (await connection).runAndReadAll(sql)).getRows();
}

/** Rows of one device, one at the half of each hour of 5 January 2026. */
export async function writeHours(
  path: string,
  device: string,
  hours: readonly number[],
): Promise<string> {
  const rows = hours.map((hour) => `(${hour})`).join(", ");
  return await writeParquet(
    path,
    `SELECT TIMESTAMP '2026-01-05 00:30:00' + to_hours(h::INT) AS ts,
       ${literal(device)} AS device, h + 0.5::DOUBLE AS kwh FROM (VALUES ${rows}) AS v(h)`,
  );
}
