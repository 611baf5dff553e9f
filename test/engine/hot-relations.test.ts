/** Rows in memory into a table's files and back: every value of every type as it was. */

import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BlockBuilder } from "../../src/engine/block-builder.ts";
import { HotRelations } from "../../src/engine/hot-relations.ts";
import { readBlock } from "../../src/engine/read-block.ts";
import { boundShape } from "../../src/engine/stored-expressions.ts";
import { logicalField } from "../../src/session/column-types.ts";
import { openLocalStore } from "../../src/storage/local-store.ts";
import { appendFiles } from "../../src/table/append.ts";
import { createTable } from "../../src/table/table.ts";
import { Oid } from "../../src/types/oids.ts";
import type { SqlValue } from "../../src/types/value.ts";
import { openEngine, request, type TestEngine } from "./harness.ts";
import { TYPES, withNulls } from "./row-values.ts";

let running: TestEngine;
beforeAll(async () => {
  running = await openEngine();
});
afterAll(async () => {
  await running.close();
});

interface Column {
  readonly columnNumber: number;
  readonly typeOid: number;
  readonly typmod: number;
  readonly diskName: string;
}

const HOURLY = { type: "timestamp", unit: "Hours", count: 1, timezone: undefined } as const;
let tables = 0;

/** The rows as they come back from a table's files, sorted by entity and time. */
async function throughFiles(
  columns: readonly Column[],
  rows: readonly (readonly SqlValue[])[],
): Promise<SqlValue[][]> {
  const { engine, directory } = running;
  tables += 1;
  const [time, entity] = columns as readonly [Column, Column];
  const codec = { compression: "zstd" } as const;
  const shape = { columns, timeColumn: 1, entityColumns: [2], codec };
  const hot = new HotRelations(
    engine,
    () => columns,
    () => shape,
  );
  const relation = `hot_${tables}`;
  await hot.create(relation, 1);
  const half = Math.ceil(rows.length / 2);
  const blocks = [rows.slice(half), rows.slice(0, half)].map((part) => {
    const builder = new BlockBuilder(columns);
    for (const row of part) builder.append(row);
    return builder.take();
  });
  await hot.append(
    relation,
    blocks.map((block, i) => ({ block, sequence: i + 5 })),
  );
  const target = join(directory, `${relation}.parquet`);
  const ranges = [
    { relation, after: 4, through: 5 },
    { relation, after: 5, through: 9 },
  ];
  await hot.write(ranges, target);

  const folder = join(directory, `table_${tables}`);
  const schema = columns.map((column) => {
    const typed = { ...column, name: column.diskName, typeText: "" };
    return logicalField(typed, column === time);
  });
  const index = { column: time.diskName, entityColumns: [entity.diskName], kind: HOURLY };
  const table = await createTable(
    openLocalStore(folder),
    { walId: "wal", foreignCommitWaitMs: 60 },
    { index, schema },
  );
  const { files, snapshot } = await appendFiles(table, engine, {
    files: [target],
    overlap: "reject",
  });
  expect(files).toHaveLength(1);
  const bound = columns.map((column) => ({
    ...column,
    number: column.columnNumber,
    name: column.diskName,
  }));
  const paths = (await table.prune(snapshot, {})).map(({ path }) => join(folder, path));
  const source = await engine.bindTable(bound, paths);
  const shapes = columns.map(boundShape);
  const query = request(`SELECT * FROM ${source} AS r`, shapes);
  const block = await engine.collect(query, columns, 1000);
  return readBlock(block as NonNullable<typeof block>, columns);
}

const TIME = { columnNumber: 1, typeOid: Oid.timestamptz, typmod: -1, diskName: "ts" };
const ENTITY = { columnNumber: 2, typeOid: Oid.text, typmod: -1, diskName: "device" };

describe.each(TYPES)("$name", (type) => {
  test("is the same in a table's files", async () => {
    const rows = withNulls(type.values).map((value, i) => [BigInt(i) * 1_000_000n, "a", value]);
    const column = { ...type, columnNumber: 3, diskName: "v" };
    expect(await throughFiles([TIME, ENTITY, column], rows)).toEqual(rows);
  });
});

test.each([
  [Oid.timestamp, [0n, 1n, 1_000_000_000_000_000n]],
  [Oid.date, [0, 1, 20_000]],
])("a time column of type %s comes back as it was", async (typeOid, times) => {
  const rows = times.map((time) => [time, "a"]);
  expect(await throughFiles([{ ...TIME, typeOid }, ENTITY], rows)).toEqual(rows);
});

test("rows are sorted by entity and time, wherever they came from", async () => {
  const rows: SqlValue[][] = [];
  for (const device of ["a", "b", "c"]) {
    for (let i = 0; i < 50; i += 1) rows.push([BigInt(i), device]);
  }
  const mixed = rows.map((_, i) => rows[(i * 37) % rows.length] as SqlValue[]);
  expect(await throughFiles([TIME, ENTITY], mixed)).toEqual(rows);
});
