/**
 * Relations bound over segments: right types whatever the files hold, and filters down in the
 * reader.
 */

import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type BoundColumn, bindRows, bindTable } from "../../src/engine/bindings.ts";
import { BlockBuilder } from "../../src/engine/block-builder.ts";
import { Oid } from "../../src/types/oids.ts";
import type { Shape } from "../../src/types/shape.ts";
import {
  INT4,
  INT8,
  ISO,
  openEngine,
  request,
  shape,
  TEXT,
  type TestEngine,
  textsOf,
} from "./harness.ts";

let running: TestEngine;
beforeAll(async () => {
  running = await openEngine();
});
afterAll(async () => {
  await running.close();
});

async function written(name: string, query: string): Promise<string> {
  const path = join(running.directory, name);
  const connection = await (await DuckDBInstance.create()).connect();
  await connection.run(`COPY (${query}) TO '${path}' (FORMAT parquet)`);
  connection.closeSync();
  return path;
}

function column(name: string, typeOid: number, typmod = -1): BoundColumn {
  return { number: 1, name, typeOid, typmod, diskName: name };
}

const UTC = shape(Oid.timestamptz, { kind: "utc" });
const NUMERIC_10_2 = ((10 << 16) | 2) + 4;

/** All rows of the columns of the files, as a client sees them. */
async function read(
  columns: readonly (readonly [BoundColumn, Shape])[],
  paths: readonly string[],
  timeZone = "America/New_York",
): Promise<(string | null)[][]> {
  const bound = await running.engine.bindTable(
    columns.map(([first]) => first),
    paths,
  );
  const sql = `SELECT * FROM ${bound} AS r`;
  const shapes = columns.map(([, second]) => second);
  return await textsOf(running.engine, request(sql, shapes, { text: { ...ISO, timeZone } }));
}

test("a filter on a bare column reaches the Parquet reader, and unread columns are dropped", async () => {
  const path = await written(
    "push.parquet",
    "SELECT TIMESTAMP '2024-01-01' + to_seconds(i) AS ts, i AS v, 'x' AS unread FROM range(1000) t(i)",
  );
  const columns = [
    column("ts", Oid.timestamptz),
    column("v", Oid.int8),
    column("unread", Oid.text),
  ];
  const bound = await running.engine.bindTable(columns, [path, path]);
  const sql = `SELECT v AS c1 FROM ${bound} AS r1 WHERE ts >= TIMESTAMP '2024-01-01 00:10:00'`;
  const plan = await running.engine.explain(request(sql, [INT8]), false);
  expect(plan).toMatch(/READ_PARQUET/);
  expect(plan).not.toMatch(/FILTER\s*│/);
  expect(plan).toMatch(/Filters:[\s│]*ts>=/);
  expect(plan).not.toMatch(/unread/);
  expect(await textsOf(running.engine, request(sql, [INT8]))).toHaveLength(800);
});

test("a filter reaches the readers of all groups", async () => {
  const days = "FROM range(9) t(i)";
  const day = "TIMESTAMP '2024-01-01' + to_days(CAST(i AS INTEGER)) AS ts";
  const first = await written("g1.parquet", `SELECT ${day}, 1 AS v ${days}`);
  const second = await written("g2.parquet", `SELECT 2 AS v, 'b' AS name, ${day} ${days}`);
  const columns = [column("ts", Oid.timestamp), column("v", Oid.int4), column("name", Oid.text)];
  const bound = await running.engine.bindTable(columns, [first, second]);
  const sql = `SELECT v AS c1, name AS c2 FROM ${bound} AS r1 WHERE ts >= TIMESTAMP '2024-01-08' ORDER BY v`;
  const plan = await running.engine.explain(request(sql, [INT4, TEXT]), false);
  expect(plan).toMatch(/UNION/);
  expect(plan.match(/Filters:/g)).toHaveLength(2);
  expect(plan).not.toMatch(/FILTER\s*│/);
  expect(await textsOf(running.engine, request(sql, [INT4, TEXT]))).toEqual([
    ["1", null],
    ["1", null],
    ["2", "b"],
    ["2", "b"],
  ]);
});

test("one instant is one instant in every unit and zone, in a session far from UTC", async () => {
  const types = ["TIMESTAMP", "TIMESTAMPTZ", "TIMESTAMP_MS", "TIMESTAMP_NS", "TIMESTAMP_S"];
  const paths: string[] = [];
  for (const type of types) {
    const value = `timezone('UTC', TIMESTAMP '2024-06-01 12:00:30')`;
    const query = type === "TIMESTAMPTZ" ? value : `CAST(timezone('UTC', ${value}) AS ${type})`;
    paths.push(await written(`at-${type}.parquet`, `SELECT ${query} AS ts`));
  }
  const rows = await read([[column("ts", Oid.timestamptz), UTC]], paths);
  expect(rows).toEqual(types.map(() => ["2024-06-01 08:00:30-04"]));
});

test("nanoseconds are cut down to microseconds, before 1970 too", async () => {
  const path = await written(
    "ns.parquet",
    "SELECT make_timestamp_ns(x) AS ts FROM (VALUES (-1), (-1000), (1999), (0)) v(x)",
  );
  const rows = await read([[column("ts", Oid.timestamp), shape(Oid.timestamp)]], [path]);
  expect(rows.flat()).toEqual([
    "1969-12-31 23:59:59.999999",
    "1969-12-31 23:59:59.999999",
    "1970-01-01 00:00:00.000001",
    "1970-01-01 00:00:00",
  ]);
});

test("types of the shared format become PostgreSQL's again", async () => {
  const path = await written(
    "types.parquet",
    `SELECT 7::INTEGER AS small, '8f14e45f-ceea-467f-a0e6-1b1f5f3c1a2b' AS id, 19000::INTEGER AS day,
       45296000001::BIGINT AS clock, '1 day 02:03:04' AS span, 12.50::DECIMAL(10,2) AS price,
       TIMESTAMP '2024-01-02' AS midnight, [TIMESTAMP '2024-01-01'] AS stamps, 5::UTINYINT AS tiny`,
  );
  const array = shape(1185, { kind: "array", dimensions: 1, element: shape(Oid.timestamptz) });
  const rows = await read(
    [
      [column("small", Oid.int2), shape(Oid.int2)],
      [column("id", Oid.uuid), shape(Oid.uuid)],
      [column("day", Oid.date), shape(Oid.date)],
      [column("clock", Oid.time), shape(Oid.time)],
      [column("span", Oid.interval), shape(Oid.interval)],
      [
        column("price", Oid.numeric, NUMERIC_10_2),
        shape(Oid.numeric, { kind: "decimal", precision: 10, scale: 2 }),
      ],
      [column("price", Oid.numeric), shape(Oid.numeric, { kind: "numeric-text" })],
      [column("midnight", Oid.date), shape(Oid.date)],
      [column("stamps", 1185), array],
      [column("tiny", Oid.int4), INT4],
      [
        column("added", Oid.numeric, NUMERIC_10_2),
        shape(Oid.numeric, { kind: "decimal", precision: 10, scale: 2 }),
      ],
    ].map(
      ([bound, its], i) => [{ ...(bound as BoundColumn), name: `n${i}` }, its as Shape] as const,
    ),
    [path],
  );
  expect(rows).toEqual([
    [
      "7",
      "8f14e45f-ceea-467f-a0e6-1b1f5f3c1a2b",
      "2022-01-08",
      "12:34:56.000001",
      "1 day 02:03:04",
      "12.50",
      "12.50",
      "2024-01-02",
      '{"2023-12-31 19:00:00-05"}',
      "5",
      null,
    ],
  ]);
});

test("rows in memory are only those of a condition, the newest of each key", async () => {
  const ts = { ...column("c1", Oid.timestamptz), number: 1 };
  const v = { ...column("c2", Oid.int4), number: 2 };
  await running.engine.createRowTable("newest", [
    { columnNumber: 1, typeOid: Oid.timestamptz, typmod: -1 },
    { columnNumber: 2, typeOid: Oid.int4, typmod: -1 },
  ]);
  for (const sequence of [1, 2, 3]) {
    const builder = new BlockBuilder([ts, v]);
    for (const day of [1n, 2n]) builder.append([day * 86_400_000_000n, sequence]);
    await running.engine.appendRows("newest", [{ block: builder.take(), sequence }]);
  }
  const ranges = [{ relation: "newest", after: 0, through: 2, isReplacing: true }];
  const options = { keys: [1], where: "c1 = TIMESTAMP '1970-01-03 00:00:00'" };
  const bound = await running.engine.bindTable([ts, v], [], ranges, options);
  const found = await textsOf(running.engine, request(`SELECT c2 FROM ${bound} AS r`, [INT4]));
  expect(found).toEqual([["2"]]);
});

test("rows in memory follow the segments, only those of the range, and filters reach both", async () => {
  const path = await written("base.parquet", "SELECT TIMESTAMP '2024-01-01' AS ts, 1 AS v");
  const ts = { ...column("ts", Oid.timestamptz), number: 1 };
  const v = { ...column("v", Oid.int4), number: 2 };
  const added = { ...column("added", Oid.text), number: 7 };
  await running.engine.createRowTable("hot 1", [
    { columnNumber: 2, typeOid: Oid.int4, typmod: -1 },
    { columnNumber: 1, typeOid: Oid.timestamptz, typmod: -1 },
  ]);
  const day = (number: number) => BigInt(number) * 86_400_000_000n;
  for (const sequence of [3, 4, 5]) {
    const builder = new BlockBuilder([v, ts]);
    builder.append([sequence * 10, day(sequence)]);
    builder.append([sequence * 10 + 1, null]);
    await running.engine.appendRows("hot 1", [{ block: builder.take(), sequence }]);
  }
  const ranges = [
    { relation: "hot 1", after: 3, through: 4 },
    { relation: "hot 1", after: 4, through: 5 },
  ];
  const bound = await running.engine.bindTable([ts, v, added], [path], ranges, { identity: true });
  const shapes = [UTC, INT4, TEXT, TEXT, INT8];
  const all = await textsOf(
    running.engine,
    request(`SELECT * FROM ${bound} AS r1`, shapes, { text: { ...ISO, timeZone: "UTC" } }),
  );
  const second = 2 ** 40;
  expect(all).toEqual([
    ["2024-01-01 00:00:00+00", "1", null, path, "0"],
    ["1970-01-05 00:00:00+00", "40", null, null, "2"],
    [null, "41", null, null, "3"],
    ["1970-01-06 00:00:00+00", "50", null, null, String(second + 4)],
    [null, "51", null, null, String(second + 5)],
  ]);
  const late = `SELECT v AS c1 FROM ${bound} AS r1 WHERE ts >= TIMESTAMP '1970-01-06' AND v < 51`;
  const plan = await running.engine.explain(request(late, [INT4]), false);
  expect(plan.match(/c1>=/g)).toHaveLength(2);
  expect(plan).not.toMatch(/FILTER\s*│/);
  expect(await textsOf(running.engine, request(late, [INT4]))).toEqual([["1"], ["50"]]);
  const fewer = await running.engine.bindTable([v], [], ranges.slice(1));
  expect(await textsOf(running.engine, request(`SELECT * FROM ${fewer}`, [INT4]))).toEqual([
    ["50"],
    ["51"],
  ]);
});

test("a column that is called as DuckDB calls a row's place keeps rows from being told apart", async () => {
  const path = await written("places.parquet", "SELECT 1 AS v, 'x' AS Filename");
  const columns = [column("v", Oid.int4)];
  expect(await read([[column("v", Oid.int4), INT4]], [path])).toEqual([["1"]]);
  await expect(
    running.engine.bindTable(columns, [path], [], { identity: true }),
  ).rejects.toMatchObject({ fields: { sqlState: "0A000" } });
});

test("no segment gives no row, of the right types", async () => {
  const rows = await read(
    [
      [column("ts", Oid.timestamptz), UTC],
      [column("v", Oid.int4), INT4],
    ],
    [],
  );
  expect(rows).toEqual([]);
});

test("a count needs no column", async () => {
  const path = await written("count.parquet", "SELECT i AS v FROM range(70) t(i)");
  const bound = await running.engine.bindTable([], [path, path]);
  const sql = `SELECT count(*) AS c1 FROM ${bound} AS r1`;
  expect(await textsOf(running.engine, request(sql, [INT8], { isSmall: true }))).toEqual([["140"]]);
  const none = `SELECT count(*) AS c1 FROM ${bindTable([], [])} AS r1`;
  expect(await textsOf(running.engine, request(none, [INT8], { isSmall: true }))).toEqual([["0"]]);
});

test("columns that differ in case alone are told apart in files and refused in a statement", async () => {
  const path = join(running.directory, "case.parquet");
  const connection = await (await DuckDBInstance.create()).connect();
  await connection.run(
    `COPY (SELECT 1 AS a, 2 AS b) TO '${path}' (FORMAT parquet, FIELD_IDS {a: 1, b: 2})`,
  );
  connection.closeSync();
  expect(await read([[column("b", Oid.int4), INT4]], [path])).toEqual([["2"]]);
  await expect(
    read(
      [
        [column("a", Oid.int4), INT4],
        [column("A", Oid.int4), INT4],
      ],
      [path],
    ),
  ).rejects.toMatchObject({
    fields: { sqlState: "0A000" },
  });
});

test("a segment of a type that cannot be the column's is refused", async () => {
  const path = await written("wrong.parquet", "SELECT 'x' AS v");
  await expect(read([[column("v", Oid.int4), INT4]], [path])).rejects.toThrow(
    "a segment holds VARCHAR where the table has integer",
  );
});

test("rows of the session are a relation of every type", async () => {
  const columns = [
    { name: "a", typeOid: Oid.int8, typmod: -1 },
    { name: 'odd "name', typeOid: Oid.timestamptz, typmod: -1 },
    { name: "list", typeOid: 1009, typmod: -1 },
    { name: "n", typeOid: Oid.numeric, typmod: -1 },
    { name: "b", typeOid: Oid.bool, typmod: -1 },
  ];
  const list = {
    kind: "array",
    dimensions: [{ length: 2, lowerBound: 1 }],
    elements: ["x", null],
  } as const;
  const relation = {
    name: "rows_1",
    columns,
    rows: [
      [1n, 0n, list, "1.50", true],
      [null, null, null, null, null],
    ],
  };
  const shapes = [
    INT8,
    shape(Oid.timestamptz),
    shape(1009, { kind: "array", dimensions: 1, element: TEXT }),
    shape(Oid.numeric, { kind: "numeric-text" }),
    shape(Oid.bool),
  ];
  const sql = `SELECT * FROM ${bindRows("rows_1", columns)} AS r ORDER BY a`;
  for (let i = 0; i < 3; i += 1) {
    const rows = await textsOf(running.engine, request(sql, shapes, { rowsRelations: [relation] }));
    expect(rows).toEqual([
      ["1", "1970-01-01 00:00:00+00", "{x,NULL}", "1.50", "t"],
      [null, null, null, null, null],
    ]);
  }
});

test("a folder that comes again with other files is read anew once it is forgotten", async () => {
  const path = await written("again.parquet", "SELECT TIMESTAMP '2024-06-01 12:00:00' AS ts");
  const columns = [[column("ts", Oid.timestamptz), UTC]] as const;
  expect(await read(columns, [path])).toEqual([["2024-06-01 08:00:00-04"]]);
  await written("again.parquet", "SELECT TIMESTAMPTZ '2024-06-01 13:00:00+00' AS ts, 1 AS v");
  running.engine.forgetFiles(running.directory);
  expect(await read(columns, [path])).toEqual([["2024-06-01 09:00:00-04"]]);
});
