/** The time column of a Parquet file as raw integers, whatever its unit, and its buckets. */

import duckdb from "@duckdb/node-bindings";
import type { EntityValue, InspectRequest } from "../table/segment-files.ts";
import type { Lane } from "./database.ts";
import { EngineError } from "./error.ts";
import { readParquet } from "./quoting.ts";

const { Type } = duckdb;

export const NANOS_PER_SECOND = 1_000_000_000n;

export interface TimeUnit {
  /** Raw integer of a time, as SQL over the quoted column. */
  readonly expression: (column: string) => string;
  readonly perSecond: bigint;
}

const TIMESTAMP_UNITS: ReadonlyMap<duckdb.Type, TimeUnit> = new Map<duckdb.Type, TimeUnit>([
  [Type.TIMESTAMP, { expression: (column) => `epoch_us(${column})`, perSecond: 1_000_000n }],
  [Type.TIMESTAMP_TZ, { expression: (column) => `epoch_us(${column})`, perSecond: 1_000_000n }],
  [
    Type.TIMESTAMP_NS,
    { expression: (column) => `epoch_ns(${column})`, perSecond: NANOS_PER_SECOND },
  ],
  [Type.TIMESTAMP_MS, { expression: (column) => `epoch_ms(${column})`, perSecond: 1_000n }],
  [Type.TIMESTAMP_S, { expression: (column) => `epoch_ms(${column})`, perSecond: 1_000n }],
]);

const ENTITY_TYPES: Readonly<Record<EntityValue["type"], duckdb.Type>> = {
  utf8: Type.VARCHAR,
  int32: Type.INTEGER,
  int64: Type.BIGINT,
  uint64: Type.UBIGINT,
};

/** Reads the file's schema and holds it against the table's. */
export async function checkedTimeUnit(lane: Lane, request: InspectRequest): Promise<TimeUnit> {
  const { path, timeColumn, timeKind, entityColumns, entityTypes } = request;
  const types = await columnTypes(lane, path, [timeColumn, ...entityColumns]);
  entityColumns.forEach((name, i) => {
    const wanted = entityTypes[i] as EntityValue["type"];
    const found = types[i + 1];
    if (found === ENTITY_TYPES[wanted]) return;
    throw new EngineError("entity-column-type", typeMessage("entity", name, found, wanted));
  });
  const [found] = types;
  const integer = { int64: Type.BIGINT, u_int64: Type.UBIGINT, timestamp: undefined }[timeKind];
  if (integer !== undefined && found === integer) {
    return { expression: (column) => column, perSecond: NANOS_PER_SECOND };
  }
  const unit = found === undefined ? undefined : TIMESTAMP_UNITS.get(found);
  if (timeKind === "timestamp" && unit !== undefined) return unit;
  throw new EngineError("time-column-type", typeMessage("time", timeColumn, found, timeKind));
}

function typeMessage(
  role: string,
  name: string,
  found: duckdb.Type | undefined,
  wanted: string,
): string {
  if (found === undefined) return `the file has no column "${name}"`;
  return `${role} column "${name}" is ${Type[found]} in the file, the table's is ${wanted}`;
}

/** Types by name; undefined for a column that the file lacks. */
async function columnTypes(
  lane: Lane,
  path: string,
  names: readonly string[],
): Promise<(duckdb.Type | undefined)[]> {
  const sql = `SELECT * FROM ${readParquet([path])}`;
  const prepared = await duckdb.prepare(lane.connection, sql);
  try {
    const found = new Map<string, duckdb.Type>();
    const count = duckdb.prepared_statement_column_count(prepared);
    for (let i = 0; i < count; i += 1) {
      const name = duckdb.prepared_statement_column_name(prepared, i);
      found.set(name, duckdb.prepared_statement_column_type(prepared, i));
    }
    return names.map((name) => found.get(name));
  } finally {
    duckdb.destroy_prepare_sync(prepared);
  }
}

/** The bucket of a raw time, an integer: "//" cuts toward zero, buckets floor. */
export function bucketOf(time: string, request: InspectRequest, unit: TimeUnit): string {
  const isTimestamp = request.timeKind === "timestamp";
  const width = request.bucketWidth * (isTimestamp ? unit.perSecond : 1n);
  if (request.timeKind === "u_int64") return `${time} // ${width}`;
  return `CASE WHEN ${time} < 0 THEN (${time} + 1) // ${width} - 1 ELSE ${time} // ${width} END`;
}
