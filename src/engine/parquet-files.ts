/**
 * The store's port to Parquet contents: one query over the time and entity columns of a file.
 *
 * It runs in an instance of DuckDB that caches nothing about files. A staged file's footer may still
 * be corrected after this, and the engine's own caches never look again whether a file has changed.
 */

import duckdb from "@duckdb/node-bindings";
import { assert } from "../base/errors.ts";
import type { EntityValue, Inspection, InspectRequest } from "../table/segment-files.ts";
import { isNull, readData, readValidity, Strings, type Validity } from "./chunks.ts";
import { interruptible } from "./cursor.ts";
import { type Database, type Lane, withLane } from "./database.ts";
import { EngineError } from "./error.ts";
import { quoteName, readParquet } from "./quoting.ts";
import { fillSql } from "./sql-file.ts";

const { Type } = duckdb;

/** Columns of the query before the entity columns. */
const ENTITY_FROM = 4;
const NANOS_PER_SECOND = 1_000_000_000n;

interface TimeUnit {
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

/** @throws EngineError "bad-file", "file-missing", "time-column-type", "entity-column-type" */
export async function inspectFile(
  database: Database,
  request: InspectRequest,
  isCancelled: () => boolean,
): Promise<Inspection> {
  return await withLane(database, "UTC", async (lane) => {
    const unit = await timeUnit(lane, request);
    const sql = inspectSql(request, unit);
    const prepared = await duckdb.prepare(lane.connection, sql);
    try {
      const result = await interruptible(lane.connection, isCancelled, () =>
        duckdb.execute_prepared(prepared),
      );
      const collector = new Collector(request, NANOS_PER_SECOND / unit.perSecond);
      for (;;) {
        const chunk = await duckdb.fetch_chunk(result);
        const rows = chunk === null ? 0 : duckdb.data_chunk_get_size(chunk);
        if (chunk === null || rows === 0) return collector.finish();
        collector.add(chunk, rows);
      }
    } finally {
      duckdb.destroy_prepare_sync(prepared);
    }
  });
}

/** Reads the file's schema and holds it against the table's. */
async function timeUnit(lane: Lane, request: InspectRequest): Promise<TimeUnit> {
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

function inspectSql(request: InspectRequest, unit: TimeUnit): string {
  const isTimestamp = request.timeKind === "timestamp";
  const width = request.bucketWidth * (isTimestamp ? unit.perSecond : 1n);
  const names = request.entityColumns.map((_, i) => `e${i + 1}`);
  const columns = request.entityColumns.map((name, i) => `, ${quoteName(name)} AS ${names[i]}`);
  const floor = `CASE WHEN t < 0 THEN (t + 1) // ${width} - 1 ELSE t // ${width} END`;
  return fillSql("segment-inspect.sql", {
    bucket: request.timeKind === "u_int64" ? `t // ${width}` : floor,
    time: unit.expression(quoteName(request.timeColumn)),
    file: readParquet([request.path]),
    entities: names.map((name) => `, ${name}`).join(""),
    columns: columns.join(""),
    order: [...names, "bucket"].join(", "),
  });
}

interface Identity {
  readonly entity: readonly EntityValue[];
  /** first, last, first, last... */
  readonly runs: bigint[];
}

/** Adds up the query's rows, which come sorted by entity and bucket, NULLs at the end of each. */
class Collector {
  readonly #request: InspectRequest;
  readonly #nanosPerUnit: bigint;
  readonly #identities: Identity[] = [];
  #last: readonly EntityValue[] | undefined;
  #rows = 0;
  #rowsWithoutTime = 0;
  #rowsWithoutEntity = 0;
  #min: bigint | undefined;
  #max: bigint | undefined;

  constructor(request: InspectRequest, nanosPerUnit: bigint) {
    this.#request = request;
    this.#nanosPerUnit = nanosPerUnit;
    if (request.entityColumns.length === 0) this.#begin([]);
  }

  add(chunk: duckdb.DataChunk, rows: number): void {
    const vectors = [0, 1, 2, 3].map((i) => duckdb.data_chunk_get_vector(chunk, i));
    const [buckets, counts, firsts, lasts] = vectors.map((vector) => this.#integers(vector, rows));
    assert(buckets && counts && firsts && lasts, "the inspection gives four integers");
    const hasTime = readValidity(vectors[0] as duckdb.Vector, rows);
    const entities = this.#request.entityTypes.map((type, i) =>
      readEntities(type, duckdb.data_chunk_get_vector(chunk, ENTITY_FROM + i), rows),
    );
    for (let row = 0; row < rows; row += 1) {
      const count = Number(counts[row]);
      this.#rows += count;
      const isTimed = !isNull(hasTime, row);
      if (isTimed) this.#extend(firsts[row] as bigint, lasts[row] as bigint);
      else this.#rowsWithoutTime += count;
      const entity = entities.map((at) => at(row));
      if (entity.some((value) => value === undefined)) {
        this.#rowsWithoutEntity += count;
        continue;
      }
      this.#turnTo(entity as EntityValue[]);
      if (isTimed) this.#addBucket(buckets[row] as bigint);
    }
  }

  finish(): Inspection {
    const isTimestamp = this.#request.timeKind === "timestamp";
    const scale = (time: bigint | undefined) =>
      time !== undefined && isTimestamp ? time * this.#nanosPerUnit : time;
    const array = this.#request.timeKind === "u_int64" ? BigUint64Array : BigInt64Array;
    return {
      rows: this.#rows,
      min: scale(this.#min),
      max: scale(this.#max),
      rowsWithoutTime: this.#rowsWithoutTime,
      rowsWithoutEntity: this.#rowsWithoutEntity,
      identities: this.#identities.map(({ entity, runs }) => ({ entity, runs: array.from(runs) })),
    };
  }

  #integers(vector: duckdb.Vector, rows: number): BigInt64Array | BigUint64Array {
    const { buffer, byteOffset } = readData(vector, rows, 8);
    return this.#request.timeKind === "u_int64"
      ? new BigUint64Array(buffer, byteOffset, rows)
      : new BigInt64Array(buffer, byteOffset, rows);
  }

  #extend(first: bigint, last: bigint): void {
    if (this.#min === undefined || first < this.#min) this.#min = first;
    if (this.#max === undefined || last > this.#max) this.#max = last;
  }

  #turnTo(entity: readonly EntityValue[]): void {
    const isSame = this.#last?.every(({ value }, i) => value === entity[i]?.value);
    if (isSame !== true) this.#begin(entity);
  }

  #begin(entity: readonly EntityValue[]): void {
    this.#last = entity;
    this.#identities.push({ entity, runs: [] });
  }

  #addBucket(bucket: bigint): void {
    const { runs } = this.#identities.at(-1) as Identity;
    if (runs.length > 0 && runs.at(-1) === bucket - 1n) runs[runs.length - 1] = bucket;
    else runs.push(bucket, bucket);
  }
}

/** undefined for NULL. */
function readEntities(
  type: EntityValue["type"],
  vector: duckdb.Vector,
  rows: number,
): (row: number) => EntityValue | undefined {
  const validity = readValidity(vector, rows);
  const read = readPresent(type, vector, rows, validity);
  return (row) => (isNull(validity, row) ? undefined : read(row));
}

function readPresent(
  type: EntityValue["type"],
  vector: duckdb.Vector,
  rows: number,
  validity: Validity,
): (row: number) => EntityValue {
  if (type === "utf8") {
    const strings = new Strings(vector, rows, validity);
    return (row) => ({ type, value: strings.text(row) });
  }
  const { buffer, byteOffset } = readData(vector, rows, type === "int32" ? 4 : 8);
  if (type === "int32") {
    const data = new Int32Array(buffer, byteOffset, rows);
    return (row) => ({ type, value: data[row] as number });
  }
  const data =
    type === "int64"
      ? new BigInt64Array(buffer, byteOffset, rows)
      : new BigUint64Array(buffer, byteOffset, rows);
  return (row) => ({ type, value: data[row] as bigint });
}
