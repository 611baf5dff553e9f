/** pgbench: its own tables and scripts, and one of ours, in every mode; the sums must agree. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { postgresBin, run } from "../support/programs.ts";
import { TestServer } from "../support/server.ts";
import { connect } from "./targets.ts";

const timeout = 180_000;
const SCRIPT = `
\\set aid random(1, 1000)
SELECT abalance AS bal FROM pgbench_accounts WHERE aid = :aid \\gset
\\if :bal < -1000000
SELECT 1/0;
\\endif
UPDATE pgbench_accounts SET abalance = abalance + 1 WHERE aid = :aid;
`;
const PIPELINE = `
\\set aid random(1, 1000)
\\startpipeline
SELECT abalance FROM pgbench_accounts WHERE aid = :aid;
BEGIN;
UPDATE pgbench_accounts SET abalance = abalance + 1 WHERE aid = :aid;
END;
SELECT :aid;
\\endpipeline
`;

describe.skipIf(postgresBin === undefined)("pgbench", { timeout }, () => {
  let server: TestServer;
  let folder: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "pgtide-bench-"));
    writeFileSync(join(folder, "gset.sql"), SCRIPT);
    writeFileSync(join(folder, "pipeline.sql"), PIPELINE);
    server = await TestServer.start();
    expect(await pgbench(["-i", "-I", "dtgvpf", "-q"])).toContain("done in ");
  }, timeout);
  afterAll(async () => {
    await server?.dispose();
    rmSync(folder, { recursive: true, force: true });
  });

  async function pgbench(args: readonly string[]): Promise<string> {
    const connection = ["-h", "127.0.0.1", "-p", String(server.port), "-U", "postgres"];
    const program = join(postgresBin ?? "", "pgbench");
    const all = [...connection, ...args, "postgres"];
    const finished = await run(program, all, { cwd: folder, timeoutMs: timeout });
    expect([finished.status, finished.stderr.match(/error.*/)?.[0]]).toEqual([0, undefined]);
    return finished.stdout + finished.stderr;
  }

  test.each([
    ["-t 5", 5],
    ["-t 5 -M extended", 5],
    ["-t 5 -M prepared -c 2 -j 2", 10],
    ["-t 10 -S -M prepared -c 2", 20],
    ["-t 3 -N -C", 3],
    ["-t 3 -f gset.sql", 3],
    ["-t 3 -f gset.sql -M prepared", 3],
    ["-t 3 -f pipeline.sql -M extended", 3],
    ["-t 3 -f pipeline.sql -M prepared -r --max-tries=2", 3],
  ])("%s does all of its transactions", async (args, transactions) => {
    const printed = await pgbench(["-n", ...args.split(" ")]);
    expect(printed).toContain(`processed: ${transactions}/${transactions}`);
    expect(printed).toContain("failed transactions: 0 ");
  });

  test("balances of accounts, tellers and branches are the sums of their history", async () => {
    const client = await connect(server.port);
    try {
      await client.query("UPDATE pgbench_accounts SET abalance = 0");
      await client.query("TRUNCATE pgbench_history");
      await client.query("UPDATE pgbench_tellers SET tbalance = 0");
      await client.query("UPDATE pgbench_branches SET bbalance = 0");
      await pgbench(["-n", "-t", "5", "-c", "2"]);
      const { rows } = await client.query(
        "SELECT (SELECT sum(abalance) FROM pgbench_accounts) AS a," +
          " (SELECT sum(tbalance) FROM pgbench_tellers) AS t," +
          " (SELECT sum(bbalance) FROM pgbench_branches) AS b," +
          " (SELECT sum(delta) FROM pgbench_history) AS h," +
          " (SELECT count(*) FROM pgbench_history) AS n",
      );
      const { a, t, b, h, n } = rows[0];
      expect([t, b, h, n]).toEqual([a, a, a, "10"]);
    } finally {
      await client.end();
    }
  });
});
