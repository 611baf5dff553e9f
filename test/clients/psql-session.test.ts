/** The session that README promises, typed into psql; its queries answer as PostgreSQL does. */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { postgresBin, psql, runPsql } from "../support/programs.ts";
import { TestServer } from "../support/server.ts";
import { APPEND_NVDA, CREATE_NVDA, type Target, targets } from "./targets.ts";

const QUERIES = [
  "SELECT date_trunc('day', ts) AS day, avg(close), max(high) FROM nvda WHERE ts >= '2024-06-03' GROUP BY 1 ORDER BY 1;",
  "SELECT ts, close, avg(close) OVER (ORDER BY ts ROWS BETWEEN 4 PRECEDING AND CURRENT ROW) AS ma_5 FROM nvda LIMIT 5;",
  "SELECT count(*), min(ts), max(ts), sum(volume), round(avg(close)::numeric, 6) FROM nvda;",
  "SELECT symbol, extract(hour FROM ts) AS hour, count(*) FROM nvda GROUP BY 1, 2 HAVING min(volume) > 0 ORDER BY 2 DESC LIMIT 3;",
  "WITH d AS (SELECT ts::date AS day, max(high) - min(low) AS span FROM nvda GROUP BY 1) SELECT * FROM d ORDER BY span DESC LIMIT 3;",
  "SELECT ts, close - lag(close) OVER (ORDER BY ts) AS change FROM nvda ORDER BY change DESC NULLS LAST, ts LIMIT 4;",
  "SELECT NULL AS nothing, '' AS empty, true AS yes, 1.50 AS exact, ARRAY['a', NULL] AS list;",
];

describe.skipIf(psql === undefined)("the session in README", () => {
  let server: TestServer;
  const type = async (script: string) => runPsql(server.port, script);

  beforeAll(async () => {
    server = await TestServer.start();
  });
  afterAll(() => server?.dispose());

  test("CREATE TSTABLE says which column is the time", async () => {
    const { stdout, stderr } = await type(`${CREATE_NVDA};`);
    expect(stderr).toBe('NOTICE:  00000: using column "ts" as time column\n');
    expect(stdout).toBe("CREATE TABLE\n");
  });

  test("CREATE TSTABLE of a name that is taken is 42P07", async () => {
    expect((await type(`${CREATE_NVDA};`)).stderr).toBe(
      'ERROR:  42P07: relation "nvda" already exists\n',
    );
    const again = CREATE_NVDA.replace("TSTABLE", "TSTABLE IF NOT EXISTS");
    expect((await type(`${again};`)).stderr).toMatch(
      /^NOTICE: {2}42P07: relation "nvda" already exists, skipping\n$/,
    );
  });

  test("APPEND PARQUET answers a row for its file", async () => {
    const { stdout, stderr } = await type(`\\pset format unaligned\n${APPEND_NVDA};`);
    expect(stderr).toBe("");
    const [header, row, count] = stdout.trim().split("\n").slice(-3);
    expect(header).toBe(
      "file|action|segment|rows|rows_skipped|bytes|min_time|max_time|entities|buckets|overlap_buckets|version",
    );
    expect(row).toMatch(
      /nvda_1h\.parquet\|copied\|[^|]+\|240\|0\|\d+\|2024-06-01 00:00:00\+00\|2024-06-10 23:00:00\+00\|\d\|240\|0\|2$/,
    );
    expect(count).toBe("(1 row)");
  });

  test("appending it again is 23P01, with the first bucket and what to do", async () => {
    const { stdout, stderr } = await type(`${APPEND_NVDA};`);
    expect(stdout).toBe("");
    const [error, detail, hint] = stderr.split("\n");
    expect(error).toBe('ERROR:  23P01: append to "nvda" overlaps 240 covered buckets');
    expect(detail).toMatch(/^DETAIL: {2}First: .*2024-06-01 00:00:00\+00.*\(version 2\)/);
    expect(hint).toMatch(/^HINT: {2}.*ON OVERLAP/);
    expect(stderr).toContain("CONSTRAINT NAME:  nvda_coverage_excl");
    expect((await type("SELECT count(*) FROM nvda;")).stdout).toContain("240");
  });

  test("ON OVERLAP SKIP appends nothing of what is there", async () => {
    const { stdout, stderr } = await type(
      `\\pset format unaligned\n${APPEND_NVDA} ON OVERLAP SKIP;`,
    );
    expect(stderr).toBe("");
    expect(stdout).toMatch(/\|skipped\|[^|]*\|0\|240\|/);
  });

  test("coverage answers from what the table knows", async () => {
    const script = `\\pset format unaligned\n\\pset tuples_only on
      SELECT coverage_ratio('nvda', '2024-06-01', '2024-07-01');
      SELECT coverage_ratio('nvda', '2024-06-01', '2024-06-11');
      SELECT * FROM coverage_gaps('nvda');
      SELECT gap_start, gap_end, buckets, duration FROM coverage_gaps('nvda', '2024-05-31 22:00+00', '2024-06-11 03:00+00');`;
    const { stdout, stderr } = await type(script);
    expect(stderr).toBe("");
    expect(stdout.split("\n").filter((line) => !/is (unaligned|on)\.$/.test(line))).toEqual([
      "0.3333333333333333",
      "1",
      "2024-05-31 22:00:00+00|2024-06-01 00:00:00+00|2|02:00:00",
      "2024-06-11 00:00:00+00|2024-06-11 03:00:00+00|3|03:00:00",
      "",
    ]);
  });

  test("\\d shows the columns with PostgreSQL's types", async () => {
    const { stdout, stderr } = await type("\\d nvda");
    expect(stderr).toBe("");
    expect(stdout).toMatch(/Table "public\.nvda"/);
    expect(stdout).toMatch(/^ ts +\| timestamp with time zone \| +\| not null \|/m);
    expect(stdout).toMatch(/^ symbol +\| text +\|/m);
    expect(stdout).toMatch(/^ volume +\| bigint +\|/m);
  });

  test("EXPLAIN (ANALYZE) tells segments considered and read, the range, DuckDB's plan", async () => {
    const { stdout, stderr } = await type(
      "EXPLAIN (ANALYZE) SELECT avg(close) FROM nvda WHERE ts >= '2024-06-03';",
    );
    expect(stderr).toBe("");
    expect(stdout).toMatch(/QUERY PLAN/);
    expect(stdout).toMatch(/segments/i);
    expect(stdout).toMatch(/2024-06-03/);
    expect(stdout).toMatch(/PARQUET/);
  });

  test.each([
    ["42P01", "APPEND PARQUET 'sql/examples/nvda_1h.parquet' INTO no_such_table;"],
    ["58P01", "APPEND PARQUET 'sql/examples/no_such_file*.parquet' INTO nvda;"],
    ["42501", "APPEND PARQUET '/etc/passwd' INTO nvda;"],
    ["42P01", "SELECT * FROM coverage_gaps('no_such_table');"],
    ["22023", "SELECT coverage_ratio('nvda', '2024-07-01', '2024-06-01');"],
    ["42703", "CREATE TSTABLE t LIKE PARQUET 'sql/examples/nvda_1h.parquet' ENTITY (nope);"],
    ["22023", "CREATE TSTABLE t LIKE PARQUET 'sql/examples/nvda_1h.parquet' BUCKET '0 s';"],
    ["42P16", "CREATE TSTABLE t (a text, b int) ENTITY (a);"],
    ["0A000", "CREATE DATABASE another;"],
    ["0A000", "UPDATE nvda SET ts = now();"],
    ["42501", "COPY nvda TO '/etc/nvda';"],
    ["42601", "APPEND PARQUET INTO nvda;"],
  ])("SQLSTATE %s for %s", async (state, statement) => {
    const { stderr } = await type(statement);
    expect(/^ERROR: {2}(\w{5}):/m.exec(stderr)?.[1]).toBe(state);
  });

  test("DROP TSTABLE takes it away, and its name is free again", async () => {
    const { stdout, stderr } = await type(
      `DROP TSTABLE nvda;\nSELECT to_regclass('nvda') IS NULL AS gone;\n${CREATE_NVDA};`,
    );
    expect(stderr).toMatch(/^NOTICE: {2}00000: using column "ts" as time column\n$/);
    expect(stdout).toMatch(/^DROP (TABLE|TSTABLE)$/m);
    expect(stdout).toMatch(/^ t$/m);
  });
});

describe.skipIf(psql === undefined || postgresBin === undefined)("the session's queries", () => {
  const opened: Target[] = [];

  beforeAll(async () => {
    for (const [, open] of targets) opened.push(await open());
  });
  afterAll(async () => {
    for (const target of opened) await target.close();
  });

  test.each(QUERIES)("psql prints what PostgreSQL prints: %s", async (query) => {
    const script = `\\pset format unaligned\n\\pset null <null>\n${query}\n`;
    const printed: string[][] = [];
    for (const target of opened) {
      const { stdout, stderr } = await runPsql(target.port, script);
      expect(stderr).toBe("");
      printed.push(cells(stdout));
    }
    const [ours = [], theirs = []] = printed;
    expect(ours.length).toBe(theirs.length);
    expect(theirs.length).toBeGreaterThan(5);
    for (const [index, cell] of ours.entries()) {
      const other = theirs[index] ?? "";
      if (cell === other) continue;
      // The last digits of float aggregates depend on the order of addition.
      expect([cell, other].map(isFloat)).toEqual([true, true]);
      const difference = Math.abs(Number(cell) - Number(other));
      expect(difference).toBeLessThanOrEqual(1e-12 * Math.abs(Number(other)));
    }
  });
});

function cells(printed: string): string[] {
  return printed.split("\n").flatMap((line) => line.split("|"));
}

function isFloat(cell: string): boolean {
  return /^-?\d+\.\d+$/.test(cell);
}
