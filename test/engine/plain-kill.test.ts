/** plain.duckdb after kill -9: every commit that was told is there, no half of one. */

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Engine } from "../../src/engine/remote.ts";
import { INT8 } from "./harness.ts";

const script = new URL("../support/plain-writer.mjs", import.meta.url).pathname;

/** The last number that the writer told before it was killed. */
async function killedWriter(folder: string, first: number, after: number): Promise<number> {
  const child = spawn(process.execPath, [script, folder, String(first)]);
  let last = first - 1;
  let errors = "";
  child.stderr.on("data", (data) => {
    errors += data;
  });
  child.stdout.on("data", (data: Buffer) => {
    last = Number(data.toString().trim().split("\n").at(-1));
    if (last - first >= after) child.kill("SIGKILL");
  });
  const signal = await new Promise((resolve) => {
    child.on("exit", (_, killedBy) => resolve(killedBy));
  });
  expect(signal, errors).toBe("SIGKILL");
  return last;
}

test("what was committed before kill -9 is there whole, with checkpoints between", async () => {
  const folder = mkdtempSync(join(tmpdir(), "pgtide-plain-"));
  try {
    let next = 0;
    for (const after of [0, 7, 25]) {
      const last = await killedWriter(folder, next, after);
      const engine = await Engine.open({
        memoryLimitBytes: 2 ** 28,
        threads: 1,
        tempDirectory: join(folder, "spill"),
        allowedDirectories: [folder],
        plainFile: join(folder, "plain.duckdb"),
      });
      const sql = "SELECT a, count(*) FROM plain.main.t GROUP BY a ORDER BY a";
      const [result] = await engine.run({ statements: [{ sql, shapes: [INT8, INT8] }] });
      await engine.close();
      const rows = result?.rows ?? [];
      // One more may have been committed and not yet told.
      expect(rows.length).toBeOneOf([last + 1, last + 2]);
      expect(rows).toEqual(rows.map((_, i) => [BigInt(i), 2n]));
      next = rows.length;
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
