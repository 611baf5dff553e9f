/** Small segments become few, by themselves and by OPTIMIZE TSTABLE; nobody notices but by the clock. */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sleep } from "../../src/base/async.ts";
import { type LocalServer, startLocalServer } from "../support/local-server.ts";

let server: LocalServer;
let tables = 0;

beforeAll(async () => {
  server = await startLocalServer();
});
afterAll(async () => await server.stop());

async function meters(rest = ""): Promise<string> {
  tables += 1;
  const name = `f${tables}`;
  await server.rows(
    `CREATE TSTABLE ${name} (ts timestamptz NOT NULL, dev text, kwh float8, tags text[]${rest})
     TIME COLUMN ts ENTITY (dev) BUCKET '1 minute'`,
  );
  return name;
}

/** So many flushes, each a minute later and of two devices. */
async function feed(name: string, from: number, until: number): Promise<void> {
  for (let i = from; i < until; i += 1) {
    await server.rows(
      `INSERT INTO ${name} SELECT timestamptz '2026-01-05 00:00+00' + ${i} * interval '1 minute',
         dev, ${i}, ARRAY['é', NULL] FROM unnest(ARRAY['a', 'b']) AS dev`,
    );
    await server.rows(`FLUSH ${name}`);
  }
}

async function live(name: string): Promise<(string | null)[][]> {
  return await server.rows(
    `SELECT rows, min_time, max_time FROM tstable.segments
     WHERE table_name = '${name}' AND version_removed IS NULL ORDER BY min_time`,
  );
}

async function operations(name: string): Promise<(string | null)[]> {
  const rows = await server.rows(
    `SELECT operation FROM tstable.versions WHERE table_name = '${name}' ORDER BY version`,
  );
  return rows.map(([operation]) => operation ?? null);
}

async function content(name: string): Promise<unknown> {
  return [
    await server.rows(`SELECT * FROM ${name} ORDER BY dev, ts`),
    await server.rows(`SELECT * FROM coverage_gaps('${name}')`),
    await server.rows(`SELECT * FROM coverage_summary('${name}')`),
  ];
}

/** In a minute at most. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 300; i += 1) {
    if (await isSo()) return;
    await sleep(200);
  }
  throw new Error("it did not happen");
}

async function optimize(name: string, rest = ""): Promise<Record<string, string>> {
  const { rows } = await server.client.query(`OPTIMIZE TSTABLE ${name} ${rest}`);
  return rows[0] as Record<string, string>;
}

describe("in the background", () => {
  test("eight flushes become one segment, with the same rows and coverage", async () => {
    const name = await meters();
    await feed(name, 0, 7);
    await sleep(1200);
    expect(await live(name)).toHaveLength(7);
    await server.rows(`INSERT INTO ${name} VALUES ('2026-01-05 01:00+00', 'b', 7, '{}')`);
    const before = await content(name);
    await server.rows(`FLUSH ${name}`);
    await until(async () => (await operations(name)).includes("OPTIMIZE"));
    expect(await content(name)).toEqual(before);
    expect(await live(name)).toHaveLength(1);
    const [version] = await server.rows(
      `SELECT rows_added, rows_removed, segments_added, segments_removed FROM tstable.versions
       WHERE table_name = '${name}' AND operation = 'OPTIMIZE'`,
    );
    expect(version).toEqual(["15", "15", "1", "8"]);
    await server.restart();
    expect(await content(name)).toEqual(before);
  });

  test("a block that may yet change what it reads holds it back, one that only reads goes on", async () => {
    const [held, free] = [await meters(), await meters()];
    await feed(held, 0, 4);
    const writer = await server.connect();
    await writer.query("BEGIN ISOLATION LEVEL REPEATABLE READ");
    await writer.query(`SELECT count(*) FROM ${held}`);
    const reader = await server.connect();
    await feed(free, 0, 4);
    await reader.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    await reader.query(`SELECT count(*) FROM ${free}`);
    await feed(held, 4, 9);
    await sleep(1500);
    expect(await operations(held)).not.toContain("OPTIMIZE");
    const { rowCount } = await writer.query(`UPDATE ${held} SET kwh = -1 WHERE kwh = 2`);
    expect(rowCount).toBe(2);
    await writer.query("COMMIT");
    await until(async () => (await operations(held)).includes("OPTIMIZE"));
    const sum = await server.rows(`SELECT sum(kwh), count(*) FROM ${held}`);
    expect(sum).toEqual([["66", "18"]]);
    await feed(free, 4, 9);
    await until(async () => (await operations(free)).includes("OPTIMIZE"));
    const counted = await reader.query(`SELECT count(*) FROM ${free}`);
    expect(counted.rows).toEqual([{ count: "8" }]);
    await reader.query("COMMIT");
  });

  test("a transaction that has changed segments is not disturbed", async () => {
    const name = await meters();
    await feed(name, 0, 5);
    const other = await server.connect();
    await other.query("BEGIN");
    await other.query(`DELETE FROM ${name} WHERE kwh = 1 AND dev = 'a'`);
    await feed(name, 5, 9);
    await sleep(1500);
    expect(await operations(name)).not.toContain("OPTIMIZE");
    await other.query("COMMIT");
    await server.rows(`FLUSH ${name}`);
    await until(async () => (await operations(name)).includes("OPTIMIZE"));
    expect(await server.rows(`SELECT count(*), sum(kwh) FROM ${name}`)).toEqual([["17", "71"]]);
  });

  test("keys go on being checked", async () => {
    const name = await meters(", PRIMARY KEY (dev, ts)");
    await feed(name, 0, 9);
    await until(async () => (await operations(name)).includes("OPTIMIZE"));
    const twin = `INSERT INTO ${name} VALUES ('2026-01-05 00:03+00', 'b', 99, NULL)`;
    expect((await server.refusal(twin)).code).toBe("23505");
    await server.rows(`${twin} ON CONFLICT (dev, ts) DO UPDATE SET kwh = excluded.kwh`);
    expect(await server.rows(`SELECT count(*), sum(kwh) FROM ${name}`)).toEqual([["18", "168"]]);
  });
});

describe("OPTIMIZE TSTABLE", () => {
  test("makes one segment of all at once, and nothing the second time", async () => {
    const name = await meters();
    await feed(name, 0, 3);
    await server.rows(`INSERT INTO ${name} VALUES ('2026-01-05 01:00+00', 'b', 7, '{}')`);
    const before = await content(name);
    const plan = await optimize(name, "MERGE DRY RUN");
    expect([plan["no_op"], plan["candidate_source_segments"]]).toEqual(["t", "4"]);
    const report = await optimize(name);
    expect(report).toMatchObject({
      starting_version: "5",
      committed_version: "6",
      source_segments_replaced: "4",
      replacement_segments_written: "1",
      rows_read: "7",
      rows_written: "7",
      no_op: "f",
    });
    expect(await content(name)).toEqual(before);
    expect(await optimize(name, "MERGE TARGET '1 MB'")).toMatchObject({
      committed_version: "6",
      no_op: "t",
    });
  });

  test("keeps rows apart that lie far apart in time", async () => {
    const name = await meters();
    await feed(name, 0, 5);
    await server.rows(`INSERT INTO ${name} VALUES ('1969-03-01 12:34:56.789012+00', 'a', 1, NULL)`);
    await server.rows(`FLUSH ${name}`);
    const before = await content(name);
    await optimize(name);
    expect(await live(name)).toEqual([
      ["1", "1969-03-01 12:34:56.789012+00", "1969-03-01 12:34:56.789012+00"],
      ["10", "2026-01-05 00:00:00+00", "2026-01-05 00:04:00+00"],
    ]);
    expect(await content(name)).toEqual(before);
  });

  test("takes the files of users, too, whatever their columns are", async () => {
    const name = await meters();
    await feed(name, 0, 2);
    const file = await server.parquet(
      "given.parquet",
      `SELECT TIMESTAMP '2026-01-06' AS ts, 'c' AS dev, 1.5::DOUBLE AS kwh, NULL::VARCHAR[] AS tags`,
    );
    await server.rows(`APPEND PARQUET '${file}' INTO ${name}`);
    const before = await content(name);
    expect(await optimize(name)).toMatchObject({ no_op: "f", replacement_segments_written: "1" });
    expect(await content(name)).toEqual(before);
  });

  test("is refused where it cannot be, or cannot be yet", async () => {
    const name = await meters();
    const code = async (sql: string) => (await server.refusal(sql)).code;
    await server.rows("BEGIN");
    expect(await code(`OPTIMIZE TSTABLE ${name}`)).toBe("25001");
    await server.rows("ROLLBACK");
    expect(await code(`OPTIMIZE TSTABLE ${name} SPLIT BY ENTITY`)).toBe("0A000");
    expect(await code(`OPTIMIZE TSTABLE ${name} TARGET '0 MB'`)).toBe("22023");
    expect(await code(`OPTIMIZE TSTABLE ${name} TARGET '32'`)).toBe("22023");
    expect(await code(`OPTIMIZE TSTABLE ${name} NOW`)).toBe("42601");
    expect(await code("OPTIMIZE TSTABLE nowhere")).toBe("42P01");
  });
});
