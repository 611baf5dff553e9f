/** Columns of Parquet files as DuckDB reads them, told once for all files that are alike. */

import duckdb from "@duckdb/node-bindings";
import { assert } from "../base/errors.ts";
import type { PhysicalColumn, PhysicalType } from "./bindings.ts";
import { readData, readValidity, Strings } from "./chunks.ts";
import { type ColumnType, columnTypeOf } from "./column-types.ts";
import { type Database, type Lane, withLane } from "./database.ts";
import { pathList, readParquet } from "./quoting.ts";
import { fillSql } from "./sql-file.ts";

const { Type } = duckdb;

export interface FileSchema {
  /** The same for files with the same columns, as long as the engine lives. */
  readonly key: string;
  readonly columns: readonly PhysicalColumn[];
}

export interface FileSchemas {
  readonly schemas: readonly FileSchema[];
  /** For each path its place in `schemas`. */
  readonly of: readonly number[];
}

export async function readSchemas(
  database: Database,
  paths: readonly string[],
): Promise<FileSchemas> {
  return await withLane(database, "UTC", async (lane) => {
    const keys = await readKeys(lane, paths);
    const schemas: FileSchema[] = [];
    const places = new Map<string, number>();
    const of: number[] = [];
    for (const path of paths) {
      const key = keys.get(path);
      assert(key !== undefined, () => `no schema was read for ${path}`);
      let place = places.get(key);
      if (place === undefined) {
        place = schemas.length;
        places.set(key, place);
        schemas.push({ key, columns: await readColumns(lane, path) });
      }
      of.push(place);
    }
    return { schemas, of };
  });
}

/** One text a file, made of all its schema elements. */
async function readKeys(
  lane: Lane,
  paths: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const sql = fillSql("segment-schemas.sql", { files: pathList(paths) });
  const result = await duckdb.query(lane.connection, sql);
  const keys = new Map<string, string>();
  for (;;) {
    const chunk = await duckdb.fetch_chunk(result);
    const rows = chunk === null ? 0 : duckdb.data_chunk_get_size(chunk);
    if (chunk === null || rows === 0) return keys;
    const names = new Strings(duckdb.data_chunk_get_vector(chunk, 0), rows, undefined);
    const texts = new Strings(duckdb.data_chunk_get_vector(chunk, 1), rows, undefined);
    for (let row = 0; row < rows; row += 1) keys.set(names.text(row), texts.text(row));
  }
}

/** The columns of one file, in order. */
export async function readColumns(lane: Lane, path: string): Promise<PhysicalColumn[]> {
  const names = await topLevelNames(lane, path);
  const sql = `SELECT * FROM ${readParquet([path])}`;
  const prepared = await duckdb.prepare(lane.connection, sql);
  try {
    const count = duckdb.prepared_statement_column_count(prepared);
    assert(count === names.length, () => `${path} has ${names.length} columns, DuckDB ${count}`);
    return names.map((name, i) => ({
      name,
      sqlName: duckdb.prepared_statement_column_name(prepared, i),
      type: physicalType(columnTypeOf(duckdb.prepared_statement_column_logical_type(prepared, i))),
    }));
  } finally {
    duckdb.destroy_prepare_sync(prepared);
  }
}

function physicalType(type: ColumnType): PhysicalType {
  const id = Type[type.id];
  assert(id !== undefined, "a type of DuckDB has a name");
  if (type.id === Type.DECIMAL) return { id, scale: type.scale };
  const [element] = type.children;
  if (type.id === Type.LIST && element !== undefined) return { id, element: physicalType(element) };
  return { id };
}

/** The file's own names: the elements are listed depth first, each with its number of children. */
async function topLevelNames(lane: Lane, path: string): Promise<string[]> {
  const result = await duckdb.query(
    lane.connection,
    `SELECT name, CAST(coalesce(num_children, 0) AS INTEGER)
     FROM parquet_schema(${pathList([path])}) ORDER BY column_id`,
  );
  const elements: { readonly name: string; readonly children: number }[] = [];
  for (;;) {
    const chunk = await duckdb.fetch_chunk(result);
    const rows = chunk === null ? 0 : duckdb.data_chunk_get_size(chunk);
    if (chunk === null || rows === 0) break;
    const vector = duckdb.data_chunk_get_vector(chunk, 0);
    const names = new Strings(vector, rows, readValidity(vector, rows));
    const { buffer, byteOffset } = readData(duckdb.data_chunk_get_vector(chunk, 1), rows, 4);
    const counts = new Int32Array(buffer, byteOffset, rows);
    for (let row = 0; row < rows; row += 1) {
      elements.push({ name: names.text(row), children: counts[row] as number });
    }
  }
  const top: string[] = [];
  let at = 1;
  const skip = () => {
    const { children } = elements[at] as { readonly children: number };
    at += 1;
    for (let i = 0; i < children; i += 1) skip();
  };
  while (at < elements.length) {
    top.push((elements[at] as { readonly name: string }).name);
    skip();
  }
  return top;
}
