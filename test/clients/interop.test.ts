/** One folder, two implementations: pgtide and the reference library. Needs PGTIDE_TEST_VENV. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type pg from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { python } from "../support/programs.ts";
import { type FileOfOneHour, Reference, WRITERS } from "../support/python-peer.ts";
import { TestServer } from "../support/server.ts";
import { connect } from "./targets.ts";

const HOSTS = ["a", "b"];
const ROWS_PER_FILE = 120;
const SUMMARY = "count(*) AS n, sum(level) AS total, min(ts) AS first, max(ts) AS last";

describe.skipIf(python === undefined)("pgtide and the reference library", () => {
  let reference: Reference;
  let folder: string;
  let server: TestServer;
  let client: pg.Client;

  beforeAll(async () => {
    const started = Reference.start();
    if (started === undefined) throw new Error("no Python");
    reference = started;
    folder = mkdtempSync(join(tmpdir(), "pgtide-interop-"));
    server = await TestServer.start({ args: ["--allow-path", folder] });
  });
  afterAll(async () => {
    reference?.stop();
    await server?.dispose();
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  });
  beforeEach(async () => {
    client = await connect(server.port);
  });
  afterEach(() => client.end());

  async function hourFile(hour: number, more: Partial<FileOfOneHour> = {}): Promise<string> {
    const path = more.path ?? join(folder, `hour-${hour}.parquet`);
    await reference.write({ writer: "pyarrow", hosts: HOSTS, path, hour, ...more });
    return path;
  }

  /** The table's summary on both sides, which must be the same. */
  async function agreed(table: string, root: string): Promise<{ readonly rows: number }> {
    const ours = await client.query({
      text: `SELECT count(*)::int, sum(level), min(ts)::text, max(ts)::text FROM ${table}`,
      rowMode: "array",
    });
    const [theirs = []] = await reference.sql(root, `SELECT ${SUMMARY} FROM t`);
    const [n, total, ...times] = theirs;
    const asText = times.map((time) => String(time).replace("T", " "));
    expect(ours.rows[0]).toEqual([n, total, ...asText]);
    return { rows: Number(n) };
  }

  async function locationOf(table: string): Promise<string> {
    const sql = "SELECT location FROM tstable.tables WHERE table_name = $1";
    return String((await client.query(sql, [table])).rows[0]?.location);
  }

  test.each(WRITERS)(
    "a file written by %s is appended with every row and value",
    async (writer) => {
      const table = `w_${WRITERS.indexOf(writer)}`;
      const file = await hourFile(1, { writer, path: join(folder, `${table}.parquet`) });
      await client.query(
        `CREATE TSTABLE ${table} LIKE PARQUET '${file}' ENTITY (host) BUCKET '1 hour'`,
      );
      await client.query(`APPEND PARQUET '${file}' INTO ${table}`);
      const { rows } = await client.query(
        `SELECT count(*)::int AS n, count(level)::int AS levels, sum(level) AS total,
        min(ts)::text AS first, max(ts)::text AS last, count(DISTINCT host)::int AS hosts FROM ${table}`,
      );
      const levels = Array.from({ length: ROWS_PER_FILE }, (_, i) => (i % 7 === 3 ? 0 : 1 + i / 8));
      expect(rows[0]).toEqual({
        n: ROWS_PER_FILE,
        levels: ROWS_PER_FILE - 17,
        total: levels.reduce((sum, level) => sum + level, 0),
        first: "2026-01-01 01:00:00",
        last: "2026-01-01 01:59:00",
        hosts: 2,
      });
      await expect(client.query(`APPEND PARQUET '${file}' INTO ${table}`)).rejects.toMatchObject({
        code: "23P01",
      });
    },
  );

  test("a table of ours is read, appended to and optimised by the library, in turn with us", async () => {
    const files: string[] = [];
    for (let hour = 0; hour < 6; hour++) files.push(await hourFile(hour));
    await client.query(
      `CREATE TSTABLE ours LIKE PARQUET '${files[0]}' ENTITY (host) BUCKET '1 hour'`,
    );
    const root = await locationOf("ours");
    for (let hour = 0; hour < 4; hour += 2) {
      await client.query(`APPEND PARQUET '${files[hour]}' INTO ours`);
      await reference.open(root);
      await reference.append(root, [files[hour + 1] ?? ""]);
      expect(await agreed("ours", root)).toEqual({ rows: (hour + 2) * ROWS_PER_FILE });
    }
    await expect(reference.append(root, [files[2] ?? ""])).rejects.toThrow(/CoverageOverlap/);
    await expect(client.query(`APPEND PARQUET '${files[3]}' INTO ours`)).rejects.toMatchObject({
      code: "23P01",
    });
    await reference.optimize(root);
    expect(await agreed("ours", root)).toEqual({ rows: 4 * ROWS_PER_FILE });
    await client.query(`APPEND PARQUET '${files[4]}' INTO ours`);
    expect(await agreed("ours", root)).toEqual({ rows: 5 * ROWS_PER_FILE });
  });

  test("a table whose segments we have merged is read, appended to and optimised by the library", async () => {
    const file = await hourFile(20);
    await client.query(
      `CREATE TSTABLE merged LIKE PARQUET '${file}' ENTITY (host) BUCKET '1 hour'`,
    );
    const root = await locationOf("merged");
    for (let hour = 0; hour < 3; hour++) {
      await client.query(
        `INSERT INTO merged (ts, host, level)
         SELECT timestamp '2026-01-01' + ${hour} * interval '1 hour', host, ${hour}
         FROM unnest(ARRAY['a', 'b', 'c']) AS host`,
      );
      await client.query("FLUSH merged");
    }
    const { rows } = await client.query("OPTIMIZE TSTABLE merged");
    expect(rows[0]).toMatchObject({ source_segments_replaced: "3", no_op: false });
    await reference.open(root);
    expect(await agreed("merged", root)).toEqual({ rows: 9 });
    await reference.append(root, [file]);
    const covered = await hourFile(1, { path: join(folder, "covered.parquet") });
    await expect(reference.append(root, [covered])).rejects.toThrow(/CoverageOverlap/);
    expect(await agreed("merged", root)).toEqual({ rows: 9 + ROWS_PER_FILE });
    await client.query("OPTIMIZE TSTABLE merged");
    await reference.open(root);
    await reference.optimize(root);
    expect(await agreed("merged", root)).toEqual({ rows: 9 + ROWS_PER_FILE });
  });

  test("a table of the library is adopted, read and appended to", async () => {
    const root = join(folder, "theirs");
    const files = [await hourFile(10), await hourFile(11), await hourFile(12)];
    await reference.create(root, ["host"], "1h");
    await reference.append(root, files.slice(0, 1));
    await client.query(`CREATE TSTABLE theirs FROM '${root}'`);
    expect(await agreed("theirs", root)).toEqual({ rows: ROWS_PER_FILE });
    await client.query(`APPEND PARQUET '${files[1]}' INTO theirs`);
    await reference.open(root);
    await reference.append(root, files.slice(2));
    expect(await agreed("theirs", root)).toEqual({ rows: 3 * ROWS_PER_FILE });
    const { rows } = await client.query(
      "SELECT * FROM coverage_gaps('theirs', '2026-01-01 10:00', '2026-01-01 13:00')",
    );
    expect(rows).toEqual([]);
  });

  test("in a race for one hour exactly one of both wins; for two hours both do", async () => {
    const root = join(folder, "race");
    await reference.create(root, ["host"], "1h");
    await reference.append(root, [await hourFile(20)]);
    await client.query(`CREATE TSTABLE race FROM '${root}'`);
    for (let round = 0; round < 8; round++) {
      const isSame = round % 2 === 0;
      const [ours, theirs] = [30 + 2 * round, 30 + 2 * round + (isSame ? 0 : 1)];
      const files = [await hourFile(ours), await hourFile(theirs)];
      await reference.open(root);
      const won = async (attempt: Promise<unknown>) =>
        attempt.then(
          () => 1,
          (error: { readonly code?: string; readonly message: string }) => {
            expect(error.code ?? error.message).toMatch(
              /23P01|CoverageOverlap|Conflict|already exists/,
            );
            return 0;
          },
        );
      const outcomes = await Promise.all([
        won(client.query(`APPEND PARQUET '${files[0]}' INTO race`)),
        won(reference.append(root, files.slice(1))),
      ]);
      const winners = outcomes[0] + outcomes[1];
      // The library does not try again: it may lose to us although the hours differ.
      if (isSame) expect(winners).toBe(1);
      else expect(outcomes[0]).toBe(1);
    }
    await agreed("race", root);
  });

  test("a foreign orphan above CURRENT is never read, and holds writes up", async () => {
    const root = join(folder, "orphan");
    await reference.create(root, ["host"], "1h");
    await reference.append(root, [await hourFile(60)]);
    await client.query(`CREATE TSTABLE orphan FROM '${root}'`);
    writeFileSync(join(root, "_timeseries_log/0000000003.json"), "{");
    expect(await agreed("orphan", root)).toEqual({ rows: ROWS_PER_FILE });
    await expect(
      client.query(`APPEND PARQUET '${await hourFile(61)}' INTO orphan`),
    ).rejects.toMatchObject({ code: "55000" });
    expect(await agreed("orphan", root)).toEqual({ rows: ROWS_PER_FILE });
  });
});
