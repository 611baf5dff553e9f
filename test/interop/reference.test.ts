/** One table, two libraries: each reads and extends what the other wrote, and refuses its overlaps. */

import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { openLocalStore } from "../../src/storage/local-store.ts";
import { appendFiles } from "../../src/table/append.ts";
import { countPairs } from "../../src/table/coverage.ts";
import { CoverageOverlapError } from "../../src/table/error.ts";
import { segmentsOf } from "../../src/table/snapshot.ts";
import { createTable, type Table } from "../../src/table/table.ts";
import { duckdbFiles } from "../support/inspect-with-duckdb.ts";
import { REFERENCE_MISSING, Reference, RefusedByReference } from "../support/reference.ts";
import {
  createMeters,
  type Folder,
  field,
  hourly,
  MICROS,
  query,
  reopen,
  temporaryFolder,
  WAL_ID,
  writeHours,
  writeParquet,
} from "../support/tables.ts";

const TOTALS = "SELECT count(*), sum(kwh), count(DISTINCT device) FROM t";

describe.skipIf(REFERENCE_MISSING !== undefined)(
  `with the reference library${REFERENCE_MISSING === undefined ? "" : ` (${REFERENCE_MISSING})`}`,
  () => {
    const files = REFERENCE_MISSING === undefined ? duckdbFiles() : undefined;
    const reference = REFERENCE_MISSING === undefined ? new Reference() : undefined;
    let folder: Folder;
    let root: string;

    beforeEach(() => {
      folder = temporaryFolder();
      root = folder.file("meters");
    });
    afterEach(() => folder.remove());
    afterAll(() => reference?.close());

    async function append(table: Table, ...paths: readonly string[]) {
      const port = await files;
      if (port === undefined) throw new Error("not reached");
      return await appendFiles(table, port, { files: paths, overlap: "reject" });
    }
    async function ask<T>(name: string, args: Record<string, unknown> = {}): Promise<T> {
      return (await reference?.call<T>(name, { root, ...args })) as T;
    }
    const hours = async (device: string, list: readonly number[], name = device) =>
      await writeHours(folder.file(`${name}.parquet`), device, list);
    /** Both devices in one file. */
    const mixed = async (name: string, from: number, until: number) =>
      await writeParquet(
        folder.file(`${name}.parquet`),
        `SELECT TIMESTAMP '2026-01-05' + to_hours(h::INT) AS ts, d AS device, h::DOUBLE AS kwh
         FROM range(${from}, ${until}) r(h), (VALUES ('a'), ('b')) v(d)`,
      );
    const toArrow = async (name: string, more: Record<string, unknown> = {}) =>
      await reference?.call("write_parquet", {
        path: folder.file(`${name}.parquet`),
        columns: more,
      });

    test("it opens, counts, filters and optimizes what we wrote", async () => {
      const table = await createMeters(root);
      await append(table, await hours("c", [0, 1]), await mixed("m1", 0, 5));
      await append(table, await mixed("m2", 5, 9));
      expect(await ask("version")).toBe(3);
      expect(await ask("sql", { query: TOTALS })).toEqual([[20, 2 + 20 + 52, 3]]);
      const filtered = "SELECT count(*) FROM t WHERE device = 'a' AND ts >= '2026-01-05T03:00:00'";
      expect(await ask("sql", { query: filtered })).toEqual([[6]]);

      expect(await ask("optimize")).toEqual({ replaced: 2, rows: 18 });
      expect(await ask("sql", { query: TOTALS })).toEqual([[20, 74, 3]]);
      await table.refresh();
      expect(table.snapshot.totals).toMatchObject({ segments: 5, rows: 20 });
      expect(segmentsOf(table.snapshot).every(({ layout }) => layout.kind === "Single")).toBe(true);
      expect(countPairs(await table.coverage())).toBe(20n);
      expect((await reopen(root)).snapshot.totals.rows).toBe(20);
    });

    test("appends in turn: each continues from the other's version", async () => {
      const table = await createMeters(root);
      for (const round of [0, 1, 2]) {
        await append(table, await hours("ours", [round], `ours${round}`));
        await toArrow(`theirs${round}`, {
          ts: ["pa.timestamp('us')", true, [1_767_571_200_000_000 + round * 3_600_000_000]],
          device: ["pa.string()", true, ["theirs"]],
          kwh: ["pa.float64()", true, [round]],
        });
        await ask("append", { path: folder.file(`theirs${round}.parquet`) });
      }
      await table.refresh();
      expect(table.snapshot).toMatchObject({ version: 7, totals: { rows: 6 } });
      expect(await ask("sql", { query: TOTALS })).toEqual([[6, 0.5 + 1.5 + 2.5 + 3, 2]]);
    });

    test("each refuses what the other has covered", async () => {
      const table = await createMeters(root);
      await append(table, await hours("a", [1, 2]));
      await toArrow("again", {
        ts: ["pa.timestamp('us')", true, [1_767_571_200_000_000 + 2 * 3_600_000_000]],
        device: ["pa.string()", true, ["a"]],
        kwh: ["pa.float64()", true, [1]],
      });
      const theirs = await ask("append", { path: folder.file("again.parquet") }).catch(
        (cause: unknown) => cause,
      );
      expect(theirs).toBeInstanceOf(RefusedByReference);
      expect(theirs).toMatchObject({
        kind: "CoverageOverlapError",
        count: 1,
        entity: { device: "a" },
      });

      await toArrow("new", {
        ts: ["pa.timestamp('us')", true, [1_767_571_200_000_000 + 5 * 3_600_000_000]],
        device: ["pa.string()", true, ["a"]],
        kwh: ["pa.float64()", true, [1]],
      });
      await ask("append", { path: folder.file("new.parquet") });
      const ours = await append(table, await hours("a", [5, 6], "late")).catch((c: unknown) => c);
      expect(ours).toBeInstanceOf(CoverageOverlapError);
      expect((ours as CoverageOverlapError).overlap).toMatchObject({
        count: 1n,
        first: { version: 3, entity: [{ type: "utf8", value: "a" }] },
      });
    });

    test("both race, and no row is lost or doubled", async () => {
      const table = await createMeters(root);
      const rounds = [0, 1, 2, 3, 4, 5, 6, 7];
      const ours: string[] = [];
      for (const round of rounds) {
        ours.push(await hours("ours", [round], `ours${round}`));
        await toArrow(`theirs${round}`, {
          ts: ["pa.timestamp('us')", true, [1_767_571_200_000_000 + round * 3_600_000_000]],
          device: ["pa.string()", true, ["theirs"]],
          kwh: ["pa.float64()", true, [round]],
        });
      }
      const theirs = rounds.map((round) => folder.file(`theirs${round}.parquet`));
      // The other process may hold a version for a while.
      const patient = await createPatient(root);
      const mine = (async () => {
        for (const path of ours) await append(patient, path);
      })();
      await Promise.all([mine, ask("append_until_done", { paths: theirs })]);
      await table.refresh();
      expect(table.snapshot).toMatchObject({ version: 17, totals: { rows: 16, segments: 16 } });
      expect(countPairs(await (await reopen(root)).coverage())).toBe(16n);
      expect(await ask("sql", { query: "SELECT count(*) FROM t" })).toEqual([[16]]);
    });

    test("we open and extend what it created without a schema", async () => {
      await ask("create", {
        index_column: "ts",
        index_type: "timestamp",
        entity_columns: ["device"],
        bucket: "1h",
      });
      const table = await reopen(root);
      await append(table, await hours("a", [0, 1]));
      expect(await ask("sql", { query: TOTALS })).toEqual([[2, 2, 1]]);
      await toArrow("b", {
        ts: ["pa.timestamp('us')", true, [1_767_571_200_000_000]],
        device: ["pa.string()", true, ["b"]],
        kwh: ["pa.float64()", true, [1]],
      });
      expect(await ask("append", { path: folder.file("b.parquet") })).toBe(3);
    });

    test("every type we store is one it reads and optimizes", async () => {
      const table = await createTable(
        openLocalStore(root),
        { walId: WAL_ID },
        {
          index: hourly(["device"]),
          schema: [
            field("ts", MICROS),
            field("device", "Utf8"),
            field("flag", "Bool"),
            field("small", "Int32"),
            field("big", "Int64"),
            field("huge", "UInt64"),
            field("single", "Float32"),
            field("double", "Float64"),
            field("bytes", "Binary"),
            field("price", { kind: "Decimal", precision: 12, scale: 3 }),
            field("list", { kind: "List", element: field("element", "Int64") }),
            field("other_ts", MICROS),
          ],
        },
      );
      const path = await writeParquet(
        folder.file("all.parquet"),
        `SELECT TIMESTAMP '2026-01-05' + to_hours(h::INT) AS ts, d AS device, h % 2 = 0 AS flag,
           h::INTEGER AS small, h::BIGINT AS big, 18446744073709551615::UBIGINT AS huge,
           h::FLOAT AS single, h::DOUBLE AS double, 'x'::BLOB AS bytes,
           (h + 0.125)::DECIMAL(12,3) AS price, [h, NULL]::BIGINT[] AS list,
           TIMESTAMPTZ '2026-01-05 01:00:00+00' AS other_ts
         FROM range(3) r(h), (VALUES ('a'), ('b')) v(d)`,
      );
      await append(table, path);
      const sums = "SELECT sum(small), sum(big), max(huge), sum(single), min(device) FROM t";
      expect(await ask("sql", { query: sums })).toEqual([[6, 6, 2 ** 64, 6, "a"]]);
      expect(await ask("optimize")).toEqual({ replaced: 1, rows: 6 });
      expect(await ask("sql", { query: sums })).toEqual([[6, 6, 2 ** 64, 6, "a"]]);
      await table.refresh();
      const stored = segmentsOf(table.snapshot).map(({ path }) => `'${root}/${path}'`);
      expect(
        await query(`SELECT count(*), sum(price)::VARCHAR FROM read_parquet([${stored.join()}])`),
      ).toEqual([[6n, "6.750"]]);
    });

    test("files of pyarrow go in as they are, dictionaries and Arrow schemas included", async () => {
      const table = await createMeters(root);
      await toArrow("arrow", {
        ts: ["pa.timestamp('us', 'UTC')", true, [1_767_571_200_000_000, 1_767_574_800_000_000]],
        device: ["pa.dictionary(pa.int32(), pa.string())", true, ["a", "b"]],
        kwh: ["pa.float64()", true, [1, 2]],
      });
      const result = await append(table, folder.file("arrow.parquet"));
      expect(result.files[0]).toMatchObject({ action: "copied", entities: 2 });
      expect(await ask("optimize")).toEqual({ replaced: 1, rows: 2 });
      expect(await ask("sql", { query: TOTALS })).toEqual([[2, 3, 2]]);
    });

    test("required columns are written again as optional ones", async () => {
      const table = await createMeters(root);
      await toArrow("required", {
        ts: ["pa.timestamp('us')", false, [1_767_571_200_000_000]],
        device: ["pa.string()", false, ["a"]],
        kwh: ["pa.float64()", false, [1]],
      });
      const result = await append(table, folder.file("required.parquet"));
      expect(result.files[0]?.action).toBe("rewritten");
      expect(await ask("sql", { query: TOTALS })).toEqual([[1, 1, 1]]);
    });
  },
);

async function createPatient(root: string): Promise<Table> {
  const { openTable } = await import("../../src/table/table.ts");
  return await openTable(openLocalStore(root), { walId: WAL_ID });
}
