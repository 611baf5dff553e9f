/** Files into a table: what is accepted, what is refused, and what is left behind. */

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openLocalStore } from "../../src/storage/local-store.ts";
import { type AppendRequest, appendFiles } from "../../src/table/append.ts";
import { bucketOf } from "../../src/table/buckets.ts";
import { countPairs, runsOfEntity } from "../../src/table/coverage.ts";
import { CoverageOverlapError, StoreError } from "../../src/table/error.ts";
import { parseInstant } from "../../src/table/rfc3339.ts";
import type { SegmentFiles } from "../../src/table/segment-files.ts";
import { segmentsOf, versionsOf } from "../../src/table/snapshot.ts";
import { openTable, type Table } from "../../src/table/table.ts";
import { duckdbFiles, literal } from "../support/inspect-with-duckdb.ts";
import {
  createMeters,
  type Folder,
  query,
  reopen,
  temporaryFolder,
  writeHours,
  writeParquet,
} from "../support/tables.ts";

const files: SegmentFiles = await duckdbFiles();
let folder: Folder;
let root: string;
let table: Table;

beforeEach(async () => {
  folder = temporaryFolder();
  root = folder.file("meters");
  table = await createMeters(root);
});
afterEach(() => folder.remove());

async function append(paths: readonly string[], more: Partial<AppendRequest> = {}) {
  return await appendFiles(table, files, { files: paths, overlap: "reject", ...more });
}

async function hours(device: string, list: readonly number[], name = device): Promise<string> {
  return await writeHours(folder.file(`${name}.parquet`), device, list);
}

test("an append is one version, whatever the number of files, and survives reopening", async () => {
  const paths = [await hours("a", [0, 1, 2, 5, 6, 7]), await hours("b", [0, 1, 2, 3, 6, 7])];
  const result = await append(paths);
  expect(result.version).toBe(2);
  expect(
    result.files.map(({ action, rows, buckets, entities }) => [action, rows, buckets, entities]),
  ).toEqual([
    ["copied", 6, 6n, 1],
    ["copied", 6, 6n, 1],
  ]);
  const again = await reopen(root);
  expect(again.snapshot.version).toBe(2);
  expect(again.snapshot.totals).toEqual(result.snapshot.totals);
  expect(again.snapshot.totals.rows).toBe(12);
  const coverage = await again.coverage();
  expect(countPairs(coverage)).toBe(12n);
  const { kind } = again.snapshot.meta.index;
  const first = bucketOf(kind, parseInstant("2026-01-05T00:00:00Z") as bigint);
  expect(runsOfEntity(coverage, [{ type: "utf8", value: "a" }])).toEqual(
    BigInt64Array.of(first, first + 2n, first + 5n, first + 7n),
  );
  expect(versionsOf(again.snapshot).map(({ operation }) => operation)).toEqual([
    "CREATE",
    "APPEND",
  ]);
});

test("the rows are those of the files, and the source is untouched", async () => {
  const path = await hours("a", [3, 4]);
  await append([path]);
  const stored = segmentsOf(table.snapshot).map((segment) => literal(join(root, segment.path)));
  const rows = `ts, device, kwh FROM read_parquet`;
  expect(await query(`SELECT ${rows}([${stored.join(", ")}])`)).toEqual(
    await query(`SELECT ${rows}(${literal(path)})`),
  );
});

test("a covered bucket is refused with its place, and nothing is left behind", async () => {
  await append([await hours("a", [0, 1, 2])]);
  const before = listAll(root);
  const again = await hours("a", [1, 2, 3], "a-again");
  const error = await append([await hours("b", [1]), again]).catch((cause: unknown) => cause);
  expect(error).toBeInstanceOf(CoverageOverlapError);
  const { overlap } = error as CoverageOverlapError;
  expect(overlap.count).toBe(2n);
  expect(overlap.first).toMatchObject({
    entity: [{ type: "utf8", value: "a" }],
    min: parseInstant("2026-01-05T01:00:00Z"),
    segment: segmentsOf(table.snapshot)[0]?.path,
    version: 2,
    file: again,
  });
  expect(listAll(root)).toEqual(before);
  expect((await reopen(root)).snapshot.version).toBe(2);
});

test("two files of one statement may not cover the same bucket either", async () => {
  const [one, two] = [await hours("a", [0, 1]), await hours("a", [1, 2], "a2")];
  const error = await append([one, two]).catch((cause: unknown) => cause);
  expect((error as CoverageOverlapError).overlap).toMatchObject({
    count: 1n,
    first: { file: two, otherFile: one, segment: undefined },
  });
  expect(table.snapshot.version).toBe(1);
});

test("the same bucket of another entity is no overlap", async () => {
  await append([await hours("a", [0, 1])]);
  await append([await hours("b", [0, 1])]);
  expect(table.snapshot.version).toBe(3);
});

test("skip leaves out covered buckets only, and files that are covered whole", async () => {
  await append([await hours("a", [0, 1, 2])]);
  const paths = [await hours("a", [1, 2], "inner"), await hours("a", [2, 3, 4], "later")];
  const result = await append(paths, { overlap: "skip" });
  expect(
    result.files.map(({ action, rows, rowsSkipped, overlapBuckets }) => [
      action,
      rows,
      rowsSkipped,
      overlapBuckets,
    ]),
  ).toEqual([
    ["skipped", 0, 2, 2n],
    ["rewritten", 2, 1, 1n],
  ]);
  expect(table.snapshot.totals).toMatchObject({ rows: 5, segments: 2 });
  expect(listAll(root).filter((name) => name.endsWith(".parquet"))).toHaveLength(2);
  const nothing = await append([paths[0] as string], { overlap: "skip" });
  expect(nothing.version).toBeUndefined();
});

test("allow keeps both", async () => {
  await append([await hours("a", [0, 1])]);
  const result = await append([await hours("a", [1, 2], "again")], { overlap: "allow" });
  expect(result.files[0]?.overlapBuckets).toBe(1n);
  expect(table.snapshot.totals.rows).toBe(4);
  expect(countPairs(await table.coverage())).toBe(3n);
});

test("a dry run says what would happen and changes nothing", async () => {
  const before = listAll(root);
  const result = await append([await hours("a", [0, 1])], { isDryRun: true });
  expect(result.files[0]).toMatchObject({ action: "copied", rows: 2, version: undefined });
  expect(result.version).toBeUndefined();
  expect(listAll(root).filter((name) => !name.endsWith("/"))).toEqual(
    before.filter((name) => !name.endsWith("/")),
  );
});

test("a file without rows is skipped", async () => {
  const path = folder.file("none.parquet");
  await writeParquet(
    path,
    "SELECT TIMESTAMP '2026-01-01' AS ts, 'a' AS device, 1.0::DOUBLE AS kwh LIMIT 0",
  );
  const result = await append([path]);
  expect(result.files[0]).toMatchObject({ action: "skipped", rows: 0 });
  expect(result.version).toBeUndefined();
});

const TS = "TIMESTAMP '2026-01-05 00:00:00' AS ts";
test.each([
  [
    "a time that is null",
    "SELECT NULL::TIMESTAMP AS ts, 'a' AS device, 1.0::DOUBLE AS kwh",
    "null-time",
  ],
  [
    "an entity that is null",
    `SELECT ${TS}, NULL::VARCHAR AS device, 1.0::DOUBLE AS kwh`,
    "null-entity",
  ],
  [
    "a column too many",
    `SELECT ${TS}, 'a' AS device, 1.0::DOUBLE AS kwh, 1 AS more`,
    "extra-column",
  ],
  ["another type", `SELECT ${TS}, 'a' AS device, 'x' AS kwh`, "schema-mismatch"],
  ["a narrower type", `SELECT ${TS}, 'a' AS device, 1.0::FLOAT AS kwh`, "schema-mismatch"],
  [
    "text for time",
    "SELECT '2026-01-05' AS ts, 'a' AS device, 1.0::DOUBLE AS kwh",
    "schema-mismatch",
  ],
  ["numbers for entities", `SELECT ${TS}, 1 AS device, 1.0::DOUBLE AS kwh`, "schema-mismatch"],
])("%s is refused", async (_what, sql, reason) => {
  const before = listAll(root);
  const path = await writeParquet(folder.file("bad.parquet"), sql);
  const error = await append([path]).catch((cause: unknown) => cause);
  expect(error).toBeInstanceOf(StoreError);
  expect((error as StoreError).reason).toBe(reason);
  expect(listAll(root).filter((name) => !name.endsWith("/"))).toEqual(
    before.filter((name) => !name.endsWith("/")),
  );
});

test.each([
  ["columns in another order", `SELECT 1.0::DOUBLE AS kwh, 'a' AS device, ${TS}`, "copied"],
  [
    "an instant with time zone",
    `SELECT TIMESTAMPTZ '2026-01-05 00:00:00+00' AS ts, 'a' AS device, 1.0::DOUBLE AS kwh`,
    "copied",
  ],
  [
    "milliseconds",
    "SELECT TIMESTAMP_MS '2026-01-05 00:00:00' AS ts, 'a' AS device, 1.0::DOUBLE AS kwh",
    "rewritten",
  ],
  [
    "nanoseconds",
    "SELECT TIMESTAMP_NS '2026-01-05 00:00:00.000000001' AS ts, 'a' AS device, 1.0::DOUBLE AS kwh",
    "rewritten",
  ],
  ["a date", "SELECT DATE '2026-01-05' AS ts, 'a' AS device, 1.0::DOUBLE AS kwh", "rewritten"],
  ["a missing column", `SELECT ${TS}, 'a' AS device`, "rewritten"],
])("%s is accepted", async (_what, sql, action) => {
  const path = await writeParquet(folder.file("good.parquet"), sql);
  const result = await append([path]);
  expect(result.files[0]?.action).toBe(action);
  expect(result.files[0]?.min).toBe(parseInstant("2026-01-05T00:00:00Z"));
  const [segment] = segmentsOf(table.snapshot);
  const stored = literal(join(root, segment?.path ?? ""));
  expect(await query(`SELECT device, epoch_us(ts) FROM read_parquet(${stored})`)).toEqual([
    ["a", 1_767_571_200_000_000n],
  ]);
});

test("a narrower type is widened when asked for", async () => {
  const sql = `SELECT ${TS}, 'a' AS device, 1.5::FLOAT AS kwh`;
  const result = await append([await writeParquet(folder.file("f.parquet"), sql)], {
    widens: true,
  });
  expect(result.files[0]?.action).toBe("rewritten");
});

test("appends that race through one handle all get in", async () => {
  const paths = await Promise.all([0, 1, 2, 3, 4, 5].map((n) => hours(`d${n}`, [0, 1])));
  await Promise.all(paths.map((path) => append([path])));
  expect(table.snapshot).toMatchObject({ version: 7, totals: { rows: 12 } });
  expect((await reopen(root)).snapshot.totals.rows).toBe(12);
});

test("handles of two processes lose nothing, and one bucket goes in once", async () => {
  const options = { walId: "the other process", foreignCommitWaitMs: 20_000 };
  const other = await openTable(openLocalStore(root), options);
  const own = await openTable(openLocalStore(root), { ...options, walId: "this process" });
  const ours = await Promise.all([0, 1, 2].map((n) => hours(`o${n}`, [0])));
  const theirs = await Promise.all([0, 1, 2].map((n) => hours(`t${n}`, [0])));
  const same = await hours("same", [0]);
  const request = (path: string) => ({ files: [path], overlap: "reject" as const });
  const results = await Promise.allSettled([
    ...[...ours, same].map((path) => appendFiles(own, files, request(path))),
    ...[...theirs, same].map((path) => appendFiles(other, files, request(path))),
  ]);
  const refused = results.filter((result) => result.status === "rejected");
  expect(refused).toHaveLength(1);
  expect((await table.refresh()).totals.rows).toBe(7);
  expect((await reopen(root)).snapshot.totals.rows).toBe(7);
});

function listAll(path: string): readonly string[] {
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .map((entry) => `${join(entry.parentPath, entry.name)}${entry.isDirectory() ? "/" : ""}`)
    .filter((name) => !name.endsWith("/"))
    .sort();
}
