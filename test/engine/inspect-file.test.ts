/**
 * What the store learns about a Parquet file, against what the reference library says of the same.
 */

import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Engine } from "../../src/engine/remote.ts";
import type { InspectRequest } from "../../src/table/segment-files.ts";
import { openEngine, type TestEngine } from "./harness.ts";

let running: TestEngine;
beforeAll(async () => {
  running = await openEngine();
});
afterAll(async () => {
  await running.close();
});

const MICROS = 1_000n;

/** Writes a file of a query with DuckDB and gives its path. */
async function written(name: string, query: string): Promise<string> {
  const path = join(running.directory, name);
  const connection = await (await DuckDBInstance.create()).connect();
  await connection.run(`COPY (${query}) TO '${path}' (FORMAT parquet)`);
  connection.closeSync();
  return path;
}

function about(path: string, more: Partial<InspectRequest> = {}): InspectRequest {
  return {
    path,
    timeColumn: "ts",
    timeKind: "timestamp",
    entityColumns: [],
    entityTypes: [],
    bucketWidth: 60n,
    ...more,
  };
}

const inspect = (request: InspectRequest) => running.engine.inspect(request);

test("buckets are floors, before 1970 too, and runs join neighbours", async () => {
  const path = await written(
    "floor.parquet",
    `SELECT make_timestamp(x) AS ts FROM (VALUES (-60000001), (-60000000), (-1), (0), (59999999),
       (60000000), (240000000)) v(x)`,
  );
  const { rows, min, max, identities } = await inspect(about(path));
  expect({ rows, min, max }).toEqual({
    rows: 7,
    min: -60_000_001n * MICROS,
    max: 240_000_000n * MICROS,
  });
  expect(identities).toEqual([{ entity: [], runs: BigInt64Array.of(-2n, 1n, 4n, 4n) }]);
});

test("every unit and zone of a timestamp says the same", async () => {
  const types = ["TIMESTAMP", "TIMESTAMPTZ", "TIMESTAMP_MS", "TIMESTAMP_NS", "TIMESTAMP_S"];
  for (const type of types) {
    const path = await written(
      `${type}.parquet`,
      `SELECT CAST(TIMESTAMP '2024-06-01 12:00:30' AS ${type}) AS ts`,
    );
    const { min, identities } = await inspect(about(path));
    expect([type, min]).toEqual([type, 1_717_243_230_000_000_000n]);
    expect(identities[0]?.runs).toEqual(BigInt64Array.of(28_620_720n, 28_620_720n));
  }
});

test("bounds of nanoseconds are exact", async () => {
  const path = await written("ns.parquet", "SELECT make_timestamp_ns(-1) AS ts");
  expect(await inspect(about(path))).toMatchObject({ min: -1n, max: -1n });
});

test("entities are told apart, NULLs are counted and join no identity", async () => {
  const path = await written(
    "entities.parquet",
    `SELECT * FROM (VALUES ('a', 1, TIMESTAMP '2024-01-01'), ('a', 1, NULL), ('a', 2, TIMESTAMP '2024-01-02'),
       (NULL, 1, TIMESTAMP '2024-01-03'), ('b', NULL, NULL)) v(name, nr, ts)`,
  );
  const found = await inspect(
    about(path, {
      entityColumns: ["name", "nr"],
      entityTypes: ["utf8", "int32"],
      bucketWidth: 86_400n,
    }),
  );
  expect(found).toMatchObject({ rows: 5, rowsWithoutTime: 2, rowsWithoutEntity: 2 });
  const entity = (nr: number) => [
    { type: "utf8", value: "a" },
    { type: "int32", value: nr },
  ];
  expect(found.identities).toEqual([
    { entity: entity(1), runs: BigInt64Array.of(19_723n, 19_723n) },
    { entity: entity(2), runs: BigInt64Array.of(19_724n, 19_724n) },
  ]);
});

test("integer time columns count in their own unit, unsigned ones above 2^63", async () => {
  const signed = await written("int.parquet", "SELECT unnest([-11, -10, 9, 10])::BIGINT AS ts");
  const int = { timeKind: "int64", bucketWidth: 10n } as const;
  expect(await inspect(about(signed, int))).toMatchObject({
    min: -11n,
    max: 10n,
    identities: [{ runs: BigInt64Array.of(-2n, 1n) }],
  });
  const path = await written("uint.parquet", "SELECT 18446744073709551615::UBIGINT AS ts");
  const unsigned = { timeKind: "u_int64", bucketWidth: 10n } as const;
  const bucket = 1_844_674_407_370_955_161n;
  expect(await inspect(about(path, unsigned))).toMatchObject({
    max: 2n ** 64n - 1n,
    identities: [{ runs: BigUint64Array.of(bucket, bucket) }],
  });
});

test("a file that is no Parquet, is gone, or has other columns is refused by reason", async () => {
  const garbage = join(running.directory, "garbage.parquet");
  writeFileSync(garbage, "PAR1 this is none PAR1");
  const empty = join(running.directory, "empty.parquet");
  writeFileSync(empty, "");
  const integer = await written("i.parquet", "SELECT 1 AS ts, 1 AS e");
  const reason = async (request: InspectRequest) =>
    await inspect(request).then(
      () => "fine",
      (error) => error.reason,
    );
  expect(await reason(about(garbage))).toBe("bad-file");
  expect(await reason(about(empty))).toBe("bad-file");
  expect(await reason(about(join(running.directory, "gone.parquet")))).toBe("file-missing");
  expect(await reason(about(integer))).toBe("time-column-type");
  expect(await reason(about(integer, { timeColumn: "nope" }))).toBe("time-column-type");
  const text = await written("t.parquet", "SELECT TIMESTAMP '2024-01-01' AS ts, 1 AS e");
  const entity = { entityColumns: ["e"], entityTypes: ["utf8" as const] };
  expect(await reason(about(text, entity))).toBe("entity-column-type");
});

test("a file that changes under its name is seen anew", async () => {
  const path = await written("again.parquet", "SELECT TIMESTAMP '2024-01-01' AS ts");
  expect((await inspect(about(path))).rows).toBe(1);
  await written("again.parquet", "SELECT TIMESTAMP '2024-01-01' AS ts FROM range(7)");
  expect((await inspect(about(path))).rows).toBe(7);
});

test("names with quotes, stars, brackets and equal signs mean themselves", async () => {
  mkdirSync(join(running.directory, "ts=7"), { recursive: true });
  for (const name of ["a*b.parquet", "a[1]b.parquet", "a?.parquet", "ts=7/x.parquet"]) {
    const path = await written(name, "SELECT TIMESTAMP '2024-01-01' AS ts");
    expect([name, (await inspect(about(path))).rows]).toEqual([name, 1]);
  }
});

const FIXTURES = new URL("../fixtures/tstf/", import.meta.url).pathname;

/** Segments that the reference library's logs speak of, with what it says of each. */
function* loggedSegments(): Generator<{ readonly request: InspectRequest; readonly rows: number }> {
  for (const name of readdirSync(FIXTURES)) {
    const root = join(FIXTURES, name, "table");
    const log = join(root, "_timeseries_log");
    if (!existsSync(log)) continue;
    let about: InspectRequest | undefined;
    for (const file of readdirSync(log)
      .filter((entry) => entry.endsWith(".json"))
      .sort()) {
      const text = readFileSync(join(log, file), "utf8");
      if (!text.trimEnd().endsWith("}")) continue; // a torn commit, there on purpose
      const { actions } = JSON.parse(text);
      for (const action of actions) {
        const index = action.UpdateTableMeta?.kind?.TimeSeries;
        if (index?.kind.type === "timestamp" && index.entity_columns.length === 0) {
          about = {
            path: "",
            timeColumn: index.column,
            timeKind: "timestamp",
            entityColumns: [],
            entityTypes: [],
            bucketWidth: 60n,
          };
        }
        const added = action.AddSegment;
        if (added === undefined || about === undefined) continue;
        const path = join(root, added.path);
        if (existsSync(path)) yield { request: { ...about, path }, rows: added.row_count };
      }
    }
  }
}

test("segments of the reference library have the rows that it counted", async () => {
  const engine = await Engine.open({
    memoryLimitBytes: 2 ** 28,
    threads: 1,
    tempDirectory: join(running.directory, "spill2"),
    allowedDirectories: [FIXTURES],
  });
  let seen = 0;
  for (const { request, rows } of loggedSegments()) {
    const inspection = await engine.inspect(request);
    expect([request.path, inspection.rows]).toEqual([request.path, rows]);
    expect(inspection.rowsWithoutTime < rows).toBe(inspection.min !== undefined);
    seen += 1;
  }
  expect(seen).toBeGreaterThan(10);
  await engine.close();
});
