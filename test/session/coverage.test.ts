/** The coverage functions over the two meters of the surface's own examples. */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type LocalServer, startLocalServer } from "../support/local-server.ts";

let server: LocalServer;
const DAY = "'2026-01-05 00:00+00','2026-01-05 08:00+00'";

beforeAll(async () => {
  server = await startLocalServer();
  await server.client.query(
    "CREATE TSTABLE meters (ts timestamptz, device text, kwh float8) ENTITY (device) BUCKET '1 h'",
  );
  for (const [device, hours] of [
    ["a", "0,1,2,5,6,7"],
    ["b", "0,1,2,3,6,7"],
  ]) {
    const path = await server.parquet(
      `${device}.parquet`,
      `SELECT TIMESTAMPTZ '2026-01-05 00:00:00+00' + to_hours(h) AS ts, '${device}' AS device,
         h + 0.5::DOUBLE AS kwh FROM unnest([${hours}]) t(h)`,
    );
    await server.client.query(`APPEND PARQUET '${path}' INTO meters`);
  }
});
afterAll(async () => await server.stop());

describe("coverage_ratio", () => {
  test("means over entities, their union and their intersection differ", async () => {
    expect(
      await server.rows(
        `SELECT coverage_ratio('meters',${DAY},'a'), coverage_ratio('meters',${DAY}),
           coverage_ratio('meters',${DAY}, across=>'any'), coverage_ratio('meters',${DAY}, across=>'all')`,
      ),
    ).toEqual([["0.75", "0.75", "0.875", "0.625"]]);
  });

  test("an entity is a bare value, JSON text or jsonb", async () => {
    const forms = [`'a'`, `'{"device":"a"}'`, `'{"device":"a"}'::jsonb`, "'\"a\"'::jsonb"];
    for (const entity of forms) {
      const rows = await server.rows(`SELECT coverage_ratio('meters',${DAY},${entity})`);
      expect(rows, entity).toEqual([["0.75"]]);
    }
  });

  test("an entity never seen has nothing covered", async () => {
    expect(await server.rows(`SELECT coverage_ratio('meters',${DAY},'z')`)).toEqual([["0"]]);
  });

  test("bounds arrive as parameters", async () => {
    const bounds = ["2026-01-05 00:00+00", "2026-01-05 08:00+00"];
    const sql = "SELECT coverage_ratio('meters', $1, $2, across => $3)";
    expect(await server.rows(sql, [...bounds, "any"])).toEqual([["0.875"]]);
  });

  test("an empty range is NULL, bounds that cross are 22023", async () => {
    const at = "'2026-01-05 03:00+00'";
    expect(await server.rows(`SELECT coverage_ratio('meters',${at},${at})`)).toEqual([[null]]);
    const crossed = await server.refusal(`SELECT coverage_ratio('meters',${at},'2026-01-01+00')`);
    expect(crossed.code).toBe("22023");
  });

  test("a version is asked as it was", async () => {
    const sql = `SELECT coverage_ratio('meters',${DAY},version => `;
    expect(await server.rows(`${sql}2), coverage_ratio('meters',${DAY},'b',version => 2)`)).toEqual(
      [["0.75", "0"]],
    );
    expect((await server.refusal(`${sql}9)`)).code).toBe("22023");
  });
});

describe("coverage_gaps", () => {
  test("each entity has its own, the table's are those of union or intersection", async () => {
    expect(await server.rows(`SELECT * FROM coverage_gaps('meters',${DAY})`)).toEqual([
      ["a", "2026-01-05 03:00:00+00", "2026-01-05 05:00:00+00", "2", "02:00:00"],
      ["b", "2026-01-05 04:00:00+00", "2026-01-05 06:00:00+00", "2", "02:00:00"],
    ]);
    const sql = `SELECT gap_start, buckets FROM coverage_gaps('meters',${DAY}, across => `;
    expect(await server.rows(`${sql}'any')`)).toEqual([["2026-01-05 04:00:00+00", "1"]]);
    expect(await server.rows(`${sql}'all')`)).toEqual([["2026-01-05 03:00:00+00", "3"]]);
  });

  test("gaps join with rows of the table", async () => {
    expect(
      await server.rows(
        `SELECT g.device, count(*) FROM coverage_gaps('meters') g JOIN meters m
           ON m.device = g.device AND m.ts < g.gap_start GROUP BY 1 ORDER BY 1`,
      ),
    ).toEqual([
      ["a", "3"],
      ["b", "4"],
    ]);
  });

  test("min_gap keeps the long ones, include_edges drops those at the bounds", async () => {
    const wide = "'2026-01-04 22:00+00','2026-01-05 09:00+00'";
    const of = async (more: string) =>
      (await server.rows(`SELECT 1 FROM coverage_gaps('meters',${wide},'a'${more})`)).length;
    expect(await of("")).toBe(3);
    expect(await of(", include_edges => false")).toBe(1);
    expect(await of(", min_gap => '2 hours'")).toBe(2);
    expect(await of(", min_gap => '3 hours'")).toBe(0);
  });

  test("the relation must be a constant that is a time-series table", async () => {
    const codes = await Promise.all(
      [
        "SELECT * FROM coverage_gaps('nope')",
        "SELECT * FROM coverage_gaps('tstable.tables')",
        "SELECT * FROM coverage_gaps(relname) FROM pg_class",
        `SELECT coverage_ratio('meters', entity => '{"x":"a"}')`,
        `SELECT coverage_ratio('meters', entity => '{"device":1}')`,
        "SELECT coverage_ratio('meters', across => 'nobody')",
      ].map(async (sql) => (await server.refusal(sql)).code),
    );
    expect(codes).toEqual(["42P01", "42809", "0A000", "42703", "42804", "22023"]);
  });

  test("an error's position is where the user wrote it", async () => {
    const error = await server.refusal("SELECT coverage_ratio('meters'), nope");
    expect([error.code, error.position]).toEqual(["42703", "34"]);
  });
});

test("coverage_summary has a row for each entity, in order", async () => {
  expect(
    await server.rows(
      `SELECT device, expected, covered, gaps, max_gap, rows FROM coverage_summary('meters',${DAY})`,
    ),
  ).toEqual([
    ["a", "8", "6", "1", "02:00:00", null],
    ["b", "8", "6", "1", "02:00:00", null],
  ]);
  expect(await server.rows("SELECT device, rows FROM coverage_summary('meters')")).toEqual([
    ["a", "6"],
    ["b", "6"],
  ]);
});

test("an overlap names its first bucket in the session's zone, and nothing of it stays", async () => {
  await server.client.query("SET timezone = 'America/New_York'");
  const path = `${server.folder}/a.parquet`;
  const error = await server.refusal(`APPEND PARQUET '${path}' INTO meters`);
  await server.client.query("RESET timezone");
  expect([error.code, error.message, error.constraint]).toEqual([
    "23P01",
    'append to "meters" overlaps 6 covered buckets',
    "meters_coverage_excl",
  ]);
  expect(error.detail).toMatch(
    /^First: device = 'a', bucket \[2026-01-04 19:00:00-05, 2026-01-04 20:00:00-05\), already in segment /,
  );
  expect(await server.rows("SELECT count(*) FROM meters")).toEqual([["12"]]);
});
