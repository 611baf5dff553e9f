/**
 * A crash after every single call of create and append, with everything unsynced at risk: what opens
 * afterwards is the old version or the new one, whole, and goes on working.
 */

import { readFileSync } from "node:fs";
import { beforeAll, expect, test } from "vitest";
import { setLogLevel } from "../../src/base/telemetry.ts";
import { StorageError } from "../../src/storage/error.ts";
import { openLocalStore } from "../../src/storage/local-store.ts";
import { appendFiles } from "../../src/table/append.ts";
import { countPairs } from "../../src/table/coverage.ts";
import { StoreError } from "../../src/table/error.ts";
import type { Inspection, SegmentFiles } from "../../src/table/segment-files.ts";
import { segmentsOf } from "../../src/table/snapshot.ts";
import type { Table } from "../../src/table/table.ts";
import { duckdbFiles } from "../support/inspect-with-duckdb.ts";
import { Crash, SimulatedFiles } from "../support/sim-store.ts";
import { createMeters, reopen, temporaryFolder, writeHours } from "../support/tables.ts";

// Staged files that a dead machine does not remove are told in the log: expected here.
setLogLevel("error");

const ROOT = "/tables/meters";
const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
/** The same file for all runs: inspected once by DuckDB, its bytes placed in the simulated folder. */
const bytes: Uint8Array[] = [];
const inspections: Inspection[] = [];

beforeAll(async () => {
  const folder = temporaryFolder();
  const port = await duckdbFiles();
  for (const device of ["a", "b"]) {
    const path = await writeHours(folder.file(`${device}.parquet`), device, [0, 1, 5]);
    bytes.push(readFileSync(path));
    inspections.push(
      await port.inspect({
        path,
        timeColumn: "ts",
        timeKind: "timestamp",
        entityColumns: ["device"],
        entityTypes: ["utf8"],
        bucketWidth: 3600n,
      }),
    );
  }
  folder.remove();
});

/** Knows the two files by the order in which they are appended. */
function portFor(file: 0 | 1): SegmentFiles {
  return { inspect: async () => inspections[file] as Inspection };
}

function machine(): SimulatedFiles {
  const files = new SimulatedFiles();
  files.place("/tables/.keep", new Uint8Array(0));
  files.place("/in/a.parquet", bytes[0] as Uint8Array);
  files.place("/in/b.parquet", bytes[1] as Uint8Array);
  return files;
}

async function append(table: Table, file: 0 | 1) {
  const path = file === 0 ? "/in/a.parquet" : "/in/b.parquet";
  return await appendFiles(table, portFor(file), { files: [path], overlap: "reject" });
}

/** Everything that the newest version names is there and readable. */
async function expectWhole(table: Table, files: SimulatedFiles): Promise<void> {
  const store = openLocalStore(ROOT, files);
  for (const segment of segmentsOf(table.snapshot)) {
    const stored = await store.get(segment.path);
    expect(stored?.length, segment.path).toBe(segment.sizeBytes);
    expect(Buffer.from(stored?.subarray(-4) ?? []).toString()).toBe("PAR1");
    const coverage = await table.segmentCoverage(table.snapshot, segment);
    expect(countPairs(coverage)).toBe(3n);
  }
  expect(countPairs(await table.coverage())).toBe(BigInt(table.snapshot.totals.segments) * 3n);
}

async function untilCrash(act: () => Promise<unknown>): Promise<"done" | "crashed"> {
  try {
    await act();
    return "done";
  } catch (cause) {
    if (cause instanceof Crash || isCrash(cause)) return "crashed";
    throw cause;
  }
}

function isCrash(cause: unknown): boolean {
  if (cause instanceof Crash || cause instanceof AggregateError) return true;
  return cause instanceof Error && cause.cause !== undefined && isCrash(cause.cause);
}

test.each(SEEDS)("create: nothing or version 1, seed %i", async (seed) => {
  let crashAfter = 0;
  for (let outcome = "crashed"; outcome === "crashed"; ) {
    crashAfter += 1;
    const files = machine();
    files.arm({ crashAfter });
    outcome = await untilCrash(async () => await createMeters(ROOT, files));
    files.restart(seed * 1000 + crashAfter);
    const where = `seed ${seed}, crash after call ${crashAfter}`;
    const table = await reopen(ROOT, files).catch(async (cause: unknown) => {
      expect(outcome, where).toBe("crashed");
      expect((cause as StoreError).reason, where).toBe("no-table");
      return await createMeters(ROOT, files);
    });
    expect(table.snapshot.version, where).toBe(1);
    await append(table, 0);
    await expectWhole(await reopen(ROOT, files), files);
  }
  expect(crashAfter).toBeGreaterThan(10);
});

test.each(SEEDS)("append: the version before or after, never another, seed %i", async (seed) => {
  let crashAfter = 0;
  const seen = new Set<number>();
  for (let outcome = "crashed"; outcome === "crashed"; ) {
    crashAfter += 1;
    const files = machine();
    const table = await createMeters(ROOT, files);
    await append(table, 0);
    files.arm({ crashAfter });
    outcome = await untilCrash(async () => await append(table, 1));
    files.restart(seed * 1000 + crashAfter);
    const where = `seed ${seed}, crash after call ${crashAfter}`;
    const again = await reopen(ROOT, files);
    seen.add(again.snapshot.version);
    expect([2, 3], where).toContain(again.snapshot.version);
    // What was acknowledged stays.
    if (outcome === "done") expect(again.snapshot.version, where).toBe(3);
    expect(again.snapshot.totals.rows, where).toBe(again.snapshot.version === 3 ? 6 : 3);
    await expectWhole(again, files);
    // Neither leftovers nor a version rolled forward stand in the way.
    if (again.snapshot.version === 2) await append(again, 1);
    const last = await reopen(ROOT, files);
    expect(last.snapshot).toMatchObject({ version: 3, totals: { rows: 6 } });
    await expectWhole(last, files);
  }
  expect(crashAfter).toBeGreaterThan(20);
  expect(seen).toEqual(new Set([2, 3]));
});

test.each(["ENOSPC", "EIO", "EACCES"])(
  "append: any call that fails with %s changes nothing",
  async (errno) => {
    let failAt = 0;
    for (let isDone = false; !isDone; ) {
      failAt += 1;
      const files = machine();
      const table = await createMeters(ROOT, files);
      await append(table, 0);
      files.arm({ failAt, errno });
      const error = await append(table, 1).catch((cause: unknown) => cause);
      isDone = files.calls < failAt;
      files.arm({});
      const where = `call ${failAt}`;
      if (error instanceof StorageError && error.reason === "outcome-unknown") {
        // The rename has happened, its durability is unknown: readers see the new version.
        expect((await reopen(ROOT, files)).snapshot.version, where).toBe(3);
        continue;
      }
      if (error instanceof Error) {
        expect(error, where).toBeInstanceOf(
          error instanceof StoreError ? StoreError : StorageError,
        );
        if (error instanceof StorageError && errno === "ENOSPC")
          expect(error.reason).toBe("disk-full");
        expect((await reopen(ROOT, files)).snapshot.version, where).toBe(2);
        // The same handle goes on.
        await append(table, 1);
      }
      const again = await reopen(ROOT, files);
      expect(again.snapshot, where).toMatchObject({ version: 3, totals: { rows: 6 } });
      await expectWhole(again, files);
    }
    expect(failAt).toBeGreaterThan(20);
  },
);
