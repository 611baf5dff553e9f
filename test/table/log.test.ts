/** Logs as writers, crashes and accidents leave them: what still opens, what is refused, and why. */

import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openLocalStore } from "../../src/storage/local-store.ts";
import { appendFiles } from "../../src/table/append.ts";
import { countPairs } from "../../src/table/coverage.ts";
import { CoverageOverlapError, type StoreError } from "../../src/table/error.ts";
import { commitKey } from "../../src/table/format.ts";
import type { SegmentFiles } from "../../src/table/segment-files.ts";
import { createTable, openTable } from "../../src/table/table.ts";
import { copyOfTable, expectedOf, fixtureNames, fixturePath } from "../support/fixtures.ts";
import { duckdbFiles } from "../support/inspect-with-duckdb.ts";
import {
  createMeters,
  type Folder,
  METERS,
  reopen,
  temporaryFolder,
  WAL_ID,
  writeHours,
} from "../support/tables.ts";

const port: SegmentFiles = await duckdbFiles();
const request = (file: string) => ({ files: [file], overlap: "reject" as const });

async function reasonOf(act: Promise<unknown>): Promise<string | undefined> {
  return await act.then(
    () => undefined,
    (cause: StoreError) => cause.reason ?? cause.message,
  );
}

test("a copy of the server rolls forward what the original had not published", async () => {
  const folder = temporaryFolder();
  const root = folder.file("t");
  const table = await createMeters(root);
  await appendFiles(table, port, request(await writeHours(folder.file("a.parquet"), "a", [1])));
  writeFileSync(join(root, "_timeseries_log/CURRENT"), "1\n");
  const store = openLocalStore(root);
  const stranger = await openTable(store, { walId: "new id" });
  expect(stranger.snapshot.version).toBe(1);
  const copy = await openTable(store, { walId: "new id", earlierWalIds: ["older", WAL_ID] });
  expect(copy.snapshot.version).toBe(2);
  folder.remove();
});

describe("the reference library's own refusals", () => {
  const DIFFERENT: Readonly<Record<string, string>> = {
    // A dictionary is a way of storing: without the Arrow schema it is plain text.
    "dictionary/inputs/dictionary_entity.parquet": "accepted",
  };
  const REASON: Readonly<Record<string, string>> = {
    "index_int64/inputs/int32.parquet": "schema-mismatch",
    "nullable/inputs/all_null_time.parquet": "null-time",
    "one_entity/inputs/null_entity.parquet": "null-entity",
    "plain/inputs/wrong_type.parquet": "schema-mismatch",
    "plain/inputs/extra_column.parquet": "extra-column",
    "required/inputs/optional.parquet": "schema-mismatch",
    "stale_current/inputs/next.parquet": "unfinished-commit",
    "torn_commit/inputs/next.parquet": "unfinished-commit",
    "unit_ms/inputs/other_unit.parquet": "schema-mismatch",
    "unit_s/inputs/other_unit.parquet": "schema-mismatch",
  };
  const refusals = fixtureNames().flatMap((name) =>
    (expectedOf(name).refused_appends ?? []).map((refused: Record<string, unknown>) => ({
      ...refused,
      name,
      key: `${name}/${refused["file"]}`,
    })),
  );

  test.each(refusals)("$key is refused here, too", async (refused) => {
    const { name, key } = refused;
    const copy = copyOfTable(name);
    try {
      const table = await reopen(copy.root);
      const file = fixturePath(name, refused["file"]);
      const error = await appendFiles(table, port, request(file)).catch((cause: unknown) => cause);
      if (DIFFERENT[key] === "accepted") {
        expect(error).not.toBeInstanceOf(Error);
      } else if (refused["overlap_count"] !== undefined) {
        expect(error).toBeInstanceOf(CoverageOverlapError);
        const { overlap } = error as CoverageOverlapError;
        expect(overlap.count).toBe(BigInt(refused["overlap_count"]));
        const values = overlap.first.entity.map(({ value }) => String(value));
        const expected = Object.values(refused["example_entity_identity"] ?? {}).map(String);
        expect(values).toEqual(expected);
      } else {
        expect((error as StoreError).reason).toBe(REASON[key]);
      }
    } finally {
      copy.remove();
    }
  });
});

describe("a damaged log", () => {
  let folder: Folder;
  let root: string;
  const log = (version: number) => join(root, commitKey(version));

  beforeEach(async () => {
    folder = temporaryFolder();
    root = folder.file("meters");
    const table = await createMeters(root);
    for (const hour of [0, 1, 2]) {
      const file = await writeHours(folder.file(`${hour}.parquet`), "a", [hour]);
      await appendFiles(table, port, request(file));
    }
  });
  afterEach(() => folder.remove());

  function edit(version: number, change: (text: string) => string): void {
    writeFileSync(log(version), change(readFileSync(log(version), "utf8")));
  }

  test.each<readonly [string, () => void]>([
    ["a gap", () => rmSync(log(2))],
    ["a torn last commit", () => edit(4, (text) => text.slice(0, text.length / 2))],
    ["an empty commit file", () => edit(3, () => "")],
    ["bad JSON", () => edit(2, (text) => text.replace("{", "{,"))],
    ["a byte order mark", () => edit(2, (text) => `\ufeff${text}`)],
    [
      "another version's number",
      () => edit(3, (text) => text.replace('"version":3', '"version":4')),
    ],
    ["an unknown action", () => edit(3, (text) => text.replace("AddSegment", "AddThing"))],
    [
      "a number that is none",
      () => edit(3, (text) => text.replace('"row_count":1', '"row_count":1.0')),
    ],
    [
      "a path out of the table",
      () => edit(3, (text) => text.replace('"path":"data/', '"path":"../')),
    ],
    [
      "a segment added twice",
      () => edit(3, () => readFileSync(log(2), "utf8").replace('"version":2', '"version":3')),
    ],
    [
      "bounds upside down",
      () =>
        edit(3, (text) =>
          text.replace(
            /"index_max":\{[^}]*\}/,
            '"index_max":{"type":"timestamp","value":"1999-01-01T00:00:00Z"}',
          ),
        ),
    ],
    [
      "an identity of another type",
      () =>
        edit(3, (text) =>
          text.replace('"type":"utf8"', '"type":"int32"').replace('"value":"a"', '"value":1'),
        ),
    ],
    [
      "a key that an index cannot have",
      () => edit(1, (text) => text.replace('"column":"ts"', '"column":"ts","x_more":1')),
    ],
    ["no word in CURRENT", () => writeFileSync(join(root, "_timeseries_log/CURRENT"), "four\n")],
  ])("%s is corruption", async (_what, damage) => {
    damage();
    expect(await reasonOf(reopen(root))).toBe("log-corrupt");
  });

  test("another format version is said to be one", async () => {
    edit(1, (text) => text.replace('"format_version":6', '"format_version":7'));
    expect(await reasonOf(reopen(root))).toBe("unsupported-format");
  });

  test("a CURRENT that is lost or went back is corruption, not an older table", async () => {
    writeFileSync(join(root, "_timeseries_log/CURRENT"), "2\n");
    expect(await reasonOf(reopen(root))).toBe("log-corrupt");
    rmSync(join(root, "_timeseries_log/CURRENT"));
    expect(await reasonOf(reopen(root))).toBe("log-corrupt");
  });

  test("a folder without a log holds no table", async () => {
    rmSync(join(root, "_timeseries_log"), { recursive: true });
    expect(await reasonOf(reopen(root))).toBe("no-table");
    expect(await reasonOf(reopen(folder.file("nowhere")))).toBe("no-table");
  });

  test("keys that nobody knows change nothing", async () => {
    edit(1, (text) =>
      text.replace('"format_version":6', '"format_version":6,"x_note":{"a":[1.5]}'),
    );
    edit(3, (text) => text.replace('"row_count":1', '"row_count":1,"x_stats":1e3'));
    expect((await reopen(root)).snapshot.totals.rows).toBe(3);
  });

  test("a lost or cut coverage file is made up for by the segments' own", async () => {
    const table = await reopen(root);
    const pointer = join(root, table.snapshot.pointer?.path ?? "");
    for (const damage of [() => writeFileSync(pointer, "TSTECOV2xx"), () => rmSync(pointer)]) {
      damage();
      const again = await reopen(root);
      expect(countPairs(await again.coverage())).toBe(3n);
      const file = await writeHours(folder.file("again.parquet"), "a", [1]);
      expect(await reasonOf(appendFiles(again, port, request(file)))).toBe("coverage-overlap");
    }
    const file = await writeHours(folder.file("more.parquet"), "a", [7]);
    await appendFiles(await reopen(root), port, request(file));
    expect(countPairs(await (await reopen(root)).coverage())).toBe(4n);
  });

  test("when both are lost, reading goes on and appending does not", async () => {
    const table = await reopen(root);
    rmSync(join(root, "_coverage"), { recursive: true });
    expect((await reopen(root)).snapshot.totals.rows).toBe(3);
    expect(await reasonOf((await reopen(root)).coverage())).toBe("unreadable-coverage");
    expect(table.snapshot.version).toBe(4);
  });
});

describe("a commit above CURRENT", () => {
  let folder: Folder;
  let root: string;

  beforeEach(async () => {
    folder = temporaryFolder();
    root = folder.file("meters");
    const table = await createMeters(root);
    const file = await writeHours(folder.file("a.parquet"), "a", [0]);
    await appendFiles(table, port, request(file));
    // The crash between the commit's file and CURRENT.
    writeFileSync(join(root, "_timeseries_log/CURRENT"), "1\n");
  });
  afterEach(() => folder.remove());

  test("of our own is rolled forward when the table opens", async () => {
    expect((await reopen(root)).snapshot.version).toBe(2);
    expect(readFileSync(join(root, "_timeseries_log/CURRENT"), "utf8")).toBe("2\n");
  });

  test("of another server is left alone: reads stay, writes wait and then say so", async () => {
    const options = { walId: "another", foreignCommitWaitMs: 50 };
    const table = await openTable(openLocalStore(root), options);
    expect(table.snapshot.version).toBe(1);
    const file = await writeHours(folder.file("b.parquet"), "b", [0]);
    expect(await reasonOf(appendFiles(table, port, request(file)))).toBe("unfinished-commit");
    expect(readFileSync(join(root, "_timeseries_log/CURRENT"), "utf8")).toBe("1\n");

    expect((await table.adoptCommit()).version).toBe(2);
    await appendFiles(table, port, request(file));
    expect((await table.refresh()).totals.rows).toBe(2);
  });

  test("is waited for while its writer is alive", async () => {
    const options = { walId: "another", foreignCommitWaitMs: 5000 };
    const table = await openTable(openLocalStore(root), options);
    const file = await writeHours(folder.file("b.parquet"), "b", [0]);
    const append = appendFiles(table, port, request(file));
    await expect.poll(() => existsSync(join(root, "data"))).toBe(true);
    writeFileSync(join(root, "_timeseries_log/CURRENT"), "2\n");
    expect((await append).version).toBe(3);
  });

  test("is not adopted when a file it names is missing", async () => {
    rmSync(join(root, "data"), { recursive: true });
    const table = await openTable(openLocalStore(root), { walId: "another" });
    expect(await reasonOf(table.adoptCommit())).toBe("unfinished-commit");
  });
});

test("a table is not created over another, nor over one that is about to be", async () => {
  const folder = temporaryFolder();
  try {
    const root = folder.file("meters");
    await createMeters(root);
    expect(await reasonOf(createMeters(root))).toBe("table-exists");
    const half = folder.file("half");
    cpSync(root, half, { recursive: true });
    rmSync(join(half, "_timeseries_log/CURRENT"));
    const store = openLocalStore(half);
    expect(await reasonOf(createTable(store, { walId: "another" }, METERS))).toBe("table-exists");
    expect((await openTable(store, { walId: WAL_ID })).snapshot.version).toBe(1);
  } finally {
    folder.remove();
  }
});
