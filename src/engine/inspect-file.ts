/**
 * What a Parquet file holds, for the store: one query over the time and entity columns of a file.
 *
 * It runs in an instance of DuckDB that caches nothing about files. A staged file's footer may still
 * be corrected after this, and the engine's own caches never look again whether a file has changed.
 */

import duckdb from "@duckdb/node-bindings";
import { assert } from "../base/errors.ts";
import type { EntityValue, Inspection, InspectRequest } from "../table/segment-files.ts";
import { isNull, readData, readValidity, Strings, type Validity } from "./chunks.ts";
import { interruptible } from "./cursor.ts";
import { type Database, withLane } from "./database.ts";
import { bucketOf, checkedTimeUnit, NANOS_PER_SECOND, type TimeUnit } from "./inspect-time.ts";
import { quoteName, readParquet } from "./quoting.ts";
import { fillSql } from "./sql-file.ts";

/** Columns of the query before the entity columns. */
const ENTITY_FROM = 4;

/** @throws EngineError "bad-file", "file-missing", "time-column-type", "entity-column-type" */
export async function inspectFile(
  database: Database,
  request: InspectRequest,
  isCancelled: () => boolean,
): Promise<Inspection> {
  return await withLane(database, "UTC", async (lane) => {
    const unit = await checkedTimeUnit(lane, request);
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

function inspectSql(request: InspectRequest, unit: TimeUnit): string {
  const names = request.entityColumns.map((_, i) => `e${i + 1}`);
  const columns = request.entityColumns.map((name, i) => `, ${quoteName(name)} AS ${names[i]}`);
  return fillSql("segment-inspect.sql", {
    bucket: bucketOf("t", request, unit),
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
