/**
 * What a Parquet file holds, for the store: two queries over its time and entity columns.
 *
 * They run in an instance of DuckDB that caches nothing about files. A staged file's footer may
 * still be corrected after this, and the engine's own caches never look again whether a file has
 * changed.
 */

import duckdb from "@duckdb/node-bindings";
import { assert } from "../base/errors.ts";
import type { EntityValue, Inspection, InspectRequest } from "../table/segment-files.ts";
import { BucketRuns } from "./bucket-runs.ts";
import { isNull, readData, readValidity } from "./chunks.ts";
import { interruptible } from "./cursor.ts";
import { type Database, type Lane, withLane } from "./database.ts";
import { type EntityColumn, entityColumn } from "./entity-columns.ts";
import { bucketOf, checkedTimeUnit, NANOS_PER_SECOND, type TimeUnit } from "./inspect-time.ts";
import { quoteName, readParquet } from "./quoting.ts";
import { fillSql } from "./sql-file.ts";

/** Columns of the buckets' query before the entity columns. */
const ENTITY_FROM = 2;

/** @throws EngineError "bad-file", "file-missing", "time-column-type", "entity-column-type" */
export async function inspectFile(
  database: Database,
  request: InspectRequest,
  isCancelled: () => boolean,
): Promise<Inspection> {
  return await withLane(database, "UTC", async (lane) => {
    const unit = await checkedTimeUnit(lane, request);
    const bounds = await readBounds(lane, request, unit, isCancelled);
    const identities = await readIdentities(lane, request, unit, isCancelled);
    return { ...bounds, identities };
  });
}

/** What both queries read: the file, the time as t, the entity columns as e1, e2... */
function source(request: InspectRequest, unit: TimeUnit) {
  const columns = request.entityColumns.map((name, i) => `, ${quoteName(name)} AS e${i + 1}`);
  return {
    time: unit.expression(quoteName(request.timeColumn)),
    columns: columns.join(""),
    file: readParquet([request.path]),
  };
}

function entityNames(request: InspectRequest): string[] {
  return request.entityColumns.map((_, i) => `e${i + 1}`);
}

async function readBounds(
  lane: Lane,
  request: InspectRequest,
  unit: TimeUnit,
  isCancelled: () => boolean,
): Promise<Omit<Inspection, "identities">> {
  const incomplete = entityNames(request).map((name) => `${name} IS NULL`);
  const sql = fillSql("segment-bounds.sql", {
    ...source(request, unit),
    incomplete: incomplete.join(" OR ") || "false",
  });
  const result = await interruptible(lane.connection, isCancelled, () =>
    duckdb.query(lane.connection, sql),
  );
  const chunk = duckdb.result_get_chunk(result, 0);
  const integer = (column: number): bigint | undefined => {
    const vector = duckdb.data_chunk_get_vector(chunk, column);
    if (isNull(readValidity(vector, 1), 0)) return undefined;
    const { buffer, byteOffset } = readData(vector, 1, 8);
    const isTime = column >= 3 && request.timeKind === "u_int64";
    return new (isTime ? BigUint64Array : BigInt64Array)(buffer as ArrayBuffer, byteOffset, 1)[0];
  };
  const [rows, timed, incompleteRows] = [integer(0), integer(1), integer(2)].map(Number);
  assert(rows !== undefined && timed !== undefined && incompleteRows !== undefined, "three counts");
  const nanosPerUnit = NANOS_PER_SECOND / unit.perSecond;
  const scale = (time: bigint | undefined) =>
    time === undefined ? undefined : time * nanosPerUnit;
  return {
    rows,
    min: scale(integer(3)),
    max: scale(integer(4)),
    rowsWithoutTime: rows - timed,
    rowsWithoutEntity: incompleteRows,
  };
}

async function readIdentities(
  lane: Lane,
  request: InspectRequest,
  unit: TimeUnit,
  isCancelled: () => boolean,
): Promise<Inspection["identities"]> {
  const names = entityNames(request);
  const whole = names.map((name) => `${name} IS NOT NULL`);
  const sql = fillSql("segment-buckets.sql", {
    ...source(request, unit),
    bucket: bucketOf("t", request, unit),
    entities: names.map((name) => `, ${name}`).join(""),
    where: whole.length === 0 ? "" : `WHERE ${whole.join(" AND ")}`,
    order: [...names, "word"].join(", "),
  });
  const result = await interruptible(lane.connection, isCancelled, () =>
    duckdb.query(lane.connection, sql),
  );
  const collector = new Collector(request);
  for (let i = 0; i < duckdb.result_chunk_count(result); i += 1) {
    const chunk = duckdb.result_get_chunk(result, i);
    collector.add(chunk, duckdb.data_chunk_get_size(chunk));
  }
  return collector.finish();
}

interface Identity {
  readonly entity: readonly EntityValue[];
  readonly runs: BucketRuns;
}

/** Takes the query's rows, which come sorted by entity and word. */
class Collector {
  readonly #request: InspectRequest;
  readonly #identities: Identity[] = [];

  constructor(request: InspectRequest) {
    this.#request = request;
    if (request.entityColumns.length === 0) this.#begin([]);
  }

  add(chunk: duckdb.DataChunk, rows: number): void {
    const vector = duckdb.data_chunk_get_vector(chunk, 0);
    const isTimed = readValidity(vector, rows);
    const { buffer, byteOffset } = readData(vector, rows, 8);
    const words = new BigInt64Array(buffer, byteOffset, rows);
    const bitData = readData(duckdb.data_chunk_get_vector(chunk, 1), rows, 8);
    const bits = new Uint32Array(bitData.buffer, bitData.byteOffset, rows * 2);
    const columns = this.#request.entityTypes.map((type, i) =>
      entityColumn(type, duckdb.data_chunk_get_vector(chunk, ENTITY_FROM + i), rows),
    );
    for (let row = 0; row < rows; row += 1) {
      if (columns.length > 0) this.#turnTo(columns, row);
      if (isNull(isTimed, row)) continue;
      const { runs } = this.#identities.at(-1) as Identity;
      runs.add(words[row] as bigint, bits[row * 2] as number, bits[row * 2 + 1] as number);
    }
  }

  /** Most rows are of the same entity as the one before. */
  #turnTo(columns: readonly EntityColumn[], row: number): void {
    if (row > 0 && columns.every((column) => column.isAsBefore(row))) return;
    const entity = columns.map((column) => column.value(row));
    const last = this.#identities.at(-1)?.entity;
    if (row > 0 || !entity.every(({ value }, i) => value === last?.[i]?.value)) {
      this.#begin(entity);
    }
  }

  #begin(entity: readonly EntityValue[]): void {
    this.#identities.push({ entity, runs: new BucketRuns() });
  }

  finish(): Inspection["identities"] {
    const isUnsigned = this.#request.timeKind === "u_int64";
    return this.#identities.map(({ entity, runs }) => ({ entity, runs: runs.finish(isUnsigned) }));
  }
}
