/** The store's port to Parquet, by DuckDB in this process: plain SQL, for tests of the store alone. */

import { DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { typeText } from "../../src/engine/disk-types.ts";
import type {
  EntityValue,
  IdentityBuckets,
  Inspection,
  InspectRequest,
  RewriteRequest,
  SegmentFiles,
} from "../../src/table/segment-files.ts";

export async function duckdbConnection(): Promise<DuckDBConnection> {
  const instance = await DuckDBInstance.create(":memory:", { threads: "1" });
  const connection = await DuckDBConnection.create(instance);
  await connection.run("SET TimeZone = 'UTC'");
  return connection;
}

export async function duckdbFiles(): Promise<SegmentFiles> {
  const connection = await duckdbConnection();
  const rowsOf = async (sql: string) =>
    (await connection.runAndReadAll(sql)).getRowObjects() as Record<string, unknown>[];
  return {
    async inspect(request) {
      return await inspect(rowsOf, request);
    },
    async rewrite(request) {
      await connection.run(await rewriteSql(rowsOf, request));
    },
  };
}

type RowsOf = (sql: string) => Promise<Record<string, unknown>[]>;

function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

async function rawTime(rowsOf: RowsOf, { path, timeColumn, timeKind }: InspectRequest) {
  const column = quote(timeColumn);
  if (timeKind !== "timestamp") return `${column}::HUGEINT`;
  const [described] = await rowsOf(
    `SELECT typeof(any_value(${column})) AS type FROM read_parquet(${literal(path)})`,
  );
  const isNanos = described?.["type"] === "TIMESTAMP_NS";
  return isNanos ? `epoch_ns(${column})::HUGEINT` : `epoch_us(${column})::HUGEINT * 1000`;
}

function bucketSql(raw: string, { timeKind, bucketWidth }: InspectRequest): string {
  const width = timeKind === "timestamp" ? bucketWidth * 1_000_000_000n : bucketWidth;
  return `((${raw}) - (((${raw}) % ${width}) + ${width}) % ${width}) // ${width}`;
}

async function inspect(rowsOf: RowsOf, request: InspectRequest): Promise<Inspection> {
  const { path, timeColumn, entityColumns, entityTypes } = request;
  const raw = await rawTime(rowsOf, request);
  const from = `FROM read_parquet(${literal(path)})`;
  const entities = entityColumns.map(quote);
  const noEntity = entities.map((column) => `${column} IS NULL`).join(" OR ") || "false";
  const [totals] = await rowsOf(
    `SELECT count(*) AS rows, min(${raw}) AS lo, max(${raw}) AS hi,
       count(*) FILTER (${quote(timeColumn)} IS NULL) AS no_time,
       count(*) FILTER (${noEntity}) AS no_entity ${from}`,
  );
  const keys = entities.map((column, i) => `${column} AS e${i}`);
  const pairs = await rowsOf(
    `SELECT DISTINCT ${[...keys, `${bucketSql(raw, request)} AS bucket`].join(", ")} ${from}
     WHERE ${quote(timeColumn)} IS NOT NULL ORDER BY ALL`,
  );
  const optional = (value: unknown) => (value === null ? undefined : (value as bigint));
  return {
    rows: Number(totals?.["rows"]),
    min: optional(totals?.["lo"]),
    max: optional(totals?.["hi"]),
    rowsWithoutTime: Number(totals?.["no_time"]),
    rowsWithoutEntity: Number(totals?.["no_entity"]),
    identities: identities(pairs, entityTypes, request.timeKind === "u_int64"),
  };
}

function identities(
  pairs: readonly Record<string, unknown>[],
  types: readonly EntityValue["type"][],
  isUnsigned: boolean,
): readonly IdentityBuckets[] {
  const byKey = new Map<string, { entity: EntityValue[]; runs: bigint[] }>();
  for (const pair of pairs) {
    const entity = types.map((type, i) => ({ type, value: pair[`e${i}`] }) as EntityValue);
    const key = entity.map(({ value }) => `${String(value).length}:${value}`).join("");
    let found = byKey.get(key);
    if (found === undefined) {
      found = { entity, runs: [] };
      byKey.set(key, found);
    }
    const bucket = pair["bucket"] as bigint;
    if (found.runs.at(-1) === bucket - 1n) found.runs[found.runs.length - 1] = bucket;
    else found.runs.push(bucket, bucket);
  }
  return [...byKey.values()].map(({ entity, runs }) => ({
    entity,
    runs: isUnsigned ? BigUint64Array.from(runs) : BigInt64Array.from(runs),
  }));
}

async function rewriteSql(rowsOf: RowsOf, request: RewriteRequest): Promise<string> {
  const { source, target, columns, without } = request;
  const list = columns.map(({ name, type, isMissing }) => {
    const value = isMissing ? "NULL" : quote(name);
    return `CAST(${value} AS ${typeText(type, name)}) AS ${quote(name)}`;
  });
  let where = "";
  if (without !== undefined) {
    const bucket = bucketSql(await rawTime(rowsOf, { ...without, path: source }), without);
    const dropped = without.identities.map(({ entity, runs }) => {
      const isEntity = entity.map(({ value }, i) => {
        const column = quote(without.entityColumns[i] as string);
        return `${column} = ${typeof value === "string" ? literal(value) : value}`;
      });
      const ranges: string[] = [];
      for (let i = 0; i < runs.length; i += 2) {
        ranges.push(`${bucket} BETWEEN ${runs[i]} AND ${runs[i + 1]}`);
      }
      return `(${[...isEntity, `(${ranges.join(" OR ")})`].join(" AND ")})`;
    });
    where = `WHERE NOT (${dropped.join(" OR ")})`;
  }
  return `COPY (SELECT ${list.join(", ")} FROM read_parquet(${literal(source)}) ${where})
    TO ${literal(target)} (FORMAT parquet, COMPRESSION zstd)`;
}
