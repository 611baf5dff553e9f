/** kill -9 before every file system call of create and append, by a real process. */

import { execFile } from "node:child_process";
import { availableParallelism } from "node:os";
import { serialize } from "node:v8";
import { afterAll, beforeAll, expect, test } from "vitest";
import { appendFiles } from "../../src/table/append.ts";
import { countPairs } from "../../src/table/coverage.ts";
import type { Inspection, SegmentFiles } from "../../src/table/segment-files.ts";
import { segmentsOf } from "../../src/table/snapshot.ts";
import { duckdbFiles, literal } from "../support/inspect-with-duckdb.ts";
import { REFERENCE_MISSING, Reference } from "../support/reference.ts";
import {
  createMeters,
  type Folder,
  METERS,
  query,
  reopen,
  temporaryFolder,
  WAL_ID,
  writeHours,
} from "../support/tables.ts";

let folder: Folder;
let port: SegmentFiles;
let source: string;
let later: string;
let inspection: Inspection;
const reference = REFERENCE_MISSING === undefined ? new Reference() : undefined;

beforeAll(async () => {
  folder = temporaryFolder();
  port = await duckdbFiles();
  source = await writeHours(folder.file("a.parquet"), "a", [0, 1, 5]);
  later = await writeHours(folder.file("b.parquet"), "b", [0]);
  inspection = await port.inspect({
    path: source,
    timeColumn: "ts",
    timeKind: "timestamp",
    entityColumns: ["device"],
    entityTypes: ["utf8"],
    bucketWidth: 3600n,
  });
});
afterAll(() => {
  reference?.close();
  folder.remove();
});

test("whatever moment a writer is killed at, its table is whole and goes on", async () => {
  let killAt = 0;
  let isDone = false;
  const seen = new Set<number>();
  const work = async () => {
    while (!isDone) {
      killAt += 1;
      const at = killAt;
      const said = await writer(at);
      if (said.survived) isDone = true;
      seen.add(await expectWhole(at, said.output));
    }
  };
  await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, work));
  expect(killAt).toBeGreaterThan(30);
  expect(seen).toEqual(new Set([0, 1, 2]));
});

async function writer(
  killAt: number,
): Promise<{ readonly output: string; readonly survived: boolean }> {
  const script = new URL("../support/killed-writer.mjs", import.meta.url).pathname;
  const root = folder.file(`t${killAt}`);
  const table = METERS;
  const input = serialize({ root, source, inspection, table, walId: WAL_ID, killAt });
  return await new Promise((resolve, reject) => {
    execFile(process.execPath, [script, input.toString("base64")], (cause, stdout, stderr) => {
      if (cause !== null && cause.signal !== "SIGKILL") reject(new Error(stderr));
      else resolve({ output: stdout, survived: cause === null });
    });
  });
}

/** Returns the version found: 0 for no table. */
async function expectWhole(killAt: number, output: string): Promise<number> {
  const root = folder.file(`t${killAt}`);
  const where = `killed at ${killAt}`;
  let found = 0;
  const table = await reopen(root).then(
    (opened) => {
      found = opened.snapshot.version;
      return opened;
    },
    async (cause: { reason?: string }) => {
      expect(cause.reason, where).toBe("no-table");
      return await createMeters(root);
    },
  );
  if (output.includes("created")) expect(found, where).toBeGreaterThanOrEqual(1);
  if (output.includes("appended")) expect(found, where).toBe(2);
  expect(table.snapshot.totals.rows, where).toBe(found === 2 ? 3 : 0);
  expect(countPairs(await table.coverage()), where).toBe(found === 2 ? 3n : 0n);

  if (found === 2) {
    const [segment] = segmentsOf(table.snapshot);
    const stored = literal(`${root}/${segment?.path}`);
    expect(await query(`SELECT count(*) FROM read_parquet(${stored})`), where).toEqual([[3n]]);
  } else {
    await appendFiles(table, port, { files: [source], overlap: "reject" });
  }
  await appendFiles(table, port, { files: [later], overlap: "reject" });
  expect((await reopen(root)).snapshot.totals.rows, where).toBe(4);
  if (reference !== undefined) {
    const sql = { root, query: "SELECT count(*), sum(kwh) FROM t" };
    expect(await reference.call("sql", sql), where).toEqual([[4, 0.5 + 1.5 + 5.5 + 0.5]]);
  }
  return found;
}
