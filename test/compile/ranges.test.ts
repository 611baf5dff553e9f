import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Scalar, Scan } from "../../src/compile/plan.ts";
import { type Differential, openDifferential } from "../support/differential.ts";
import { root } from "../support/root.ts";

let differential: Differential;

beforeAll(async () => {
  const schema = readFileSync(join(root, "test/differential/schema.sql"), "utf8");
  differential = await openDifferential(schema);
});

afterAll(async () => {
  await differential.close();
});

function show(value: Scalar): string {
  if (value.kind === "sql") return `(${value.sql})`;
  if (value.kind === "parameter") return `$${value.number}`;
  const isMoment = value.typeOid === 1184 || value.typeOid === 1114;
  if (!isMoment) return String(value.value);
  return new Date(Number(value.value as bigint) / 1000).toISOString().slice(0, 16);
}

/** `> a, dev in (b)` of each table scan. */
async function filters(sql: string): Promise<readonly string[]> {
  const plan = await differential.compile(sql);
  const tables = plan.scans.filter(
    (scan): scan is Extract<Scan, { kind: "table" }> => scan.kind === "table",
  );
  return tables.map(({ filter }) =>
    [
      ...filter.time.map((each) => `${each.operator} ${show(each.bound)}`),
      ...filter.entities.map((each) => `entity in ${each.anyOf.map(show).join(" ")}`),
      ...(filter.newest === undefined
        ? []
        : [`${filter.newest.descending ? "newest" : "oldest"} ${show(filter.newest.limit)}`]),
      ...(filter.newestOfEntities === undefined
        ? []
        : [`${filter.newestOfEntities.descending ? "newest" : "oldest"} of each entity`]),
    ].join(", "),
  );
}

const DAY = "'2024-03-10 00:00+00'";
const IN_DAY = [">= 2024-03-10T00:00"];

describe("a scan is restricted", () => {
  test.each([
    ["by comparisons of WHERE", `SELECT 1 FROM readings WHERE ts >= ${DAY}`, IN_DAY],
    ["with the constant on the left", `SELECT 1 FROM readings WHERE ${DAY} <= ts`, IN_DAY],
    [
      "by BETWEEN",
      `SELECT 1 FROM readings WHERE ts BETWEEN ${DAY} AND '2024-03-11 00:00+00'`,
      [">= 2024-03-10T00:00, <= 2024-03-11T00:00"],
    ],
    [
      "through a view",
      `SELECT 1 FROM recent WHERE ts < '2024-03-12 00:00+00'`,
      [">= 2024-03-10T00:00, < 2024-03-12T00:00"],
    ],
    [
      "through subqueries and a CTE",
      `WITH a AS (SELECT ts AS t FROM readings)
       SELECT 1 FROM (SELECT t AS u FROM a) b WHERE u >= ${DAY}`,
      IN_DAY,
    ],
    [
      "through a grouping key",
      `SELECT 1 FROM (SELECT ts, count(*) FROM readings GROUP BY ts) x WHERE ts >= ${DAY}`,
      IN_DAY,
    ],
    ["through a view grouped by hour", `SELECT n FROM hourly WHERE hour >= ${DAY}`, IN_DAY],
    ["by HAVING over a key", `SELECT ts FROM readings GROUP BY ts HAVING ts >= ${DAY}`, IN_DAY],
    [
      "in both leaves of a union",
      `SELECT 1 FROM (SELECT ts FROM readings UNION ALL SELECT since FROM devices) u
       WHERE ts >= ${DAY}`,
      [IN_DAY[0], IN_DAY[0]],
    ],
    [
      "by the ON of an inner join",
      `SELECT 1 FROM readings r JOIN devices d ON r.ts >= ${DAY}`,
      [IN_DAY[0], ""],
    ],
    [
      "on the nullable side of an outer join",
      `SELECT 1 FROM devices d LEFT JOIN readings r ON r.ts >= ${DAY}`,
      ["", IN_DAY[0]],
    ],
    [
      "by WHERE over the nullable side",
      `SELECT 1 FROM devices d LEFT JOIN readings r ON true WHERE r.ts >= ${DAY}`,
      ["", IN_DAY[0]],
    ],
    ["by an entity", "SELECT 1 FROM readings WHERE device = 'dev-1'", ["entity in dev-1"]],
    [
      "by a list of entities without its NULLs",
      "SELECT 1 FROM readings WHERE device IN ('a', NULL, 'b')",
      ["entity in a b"],
    ],
    [
      "by an array of entities",
      "SELECT 1 FROM readings WHERE device = ANY ('{a,b}')",
      ["entity in a b"],
    ],
    ["by integer entities", "SELECT 1 FROM ticks WHERE sym IN (1, 2)", ["entity in 1 2"]],
    ["by an integer time", "SELECT 1 FROM ticks WHERE seq > 10 AND seq <= 20", ["> 10, <= 20"]],
    ["to its newest rows", "SELECT ts FROM readings ORDER BY ts DESC LIMIT 7", ["newest 7"]],
    [
      "to the newest row of each entity",
      "SELECT DISTINCT ON (device) device, ts, temp FROM readings ORDER BY device, ts DESC",
      ["newest of each entity"],
    ],
    ["to its oldest rows", "SELECT id FROM readings ORDER BY ts LIMIT 7", ["oldest 7"]],
  ])("%s", async (_name, sql, expected) => {
    expect(await filters(sql)).toEqual(expected);
  });

  test("by an expression over now() and parameters", async () => {
    expect(await filters("SELECT 1 FROM readings WHERE ts >= now() - interval '1 day'")).toEqual([
      expect.stringMatching(/^>= \(.*\$1.*\)$/),
    ]);
    expect(await filters("SELECT 1 FROM readings WHERE ts < $1 AND device = $2")).toEqual([
      "< $1, entity in $2",
    ]);
  });

  test("by functions that round down, from below exactly and from above with a span", async () => {
    const [filter] = await filters(
      `SELECT 1 FROM readings WHERE date_trunc('day', ts) >= ${DAY} AND ts::date <= '2024-03-10'`,
    );
    expect(filter).toMatch(/^>= 2024-03-10T00:00, <= \(.*2024-03-10.*1 day.*\)$/);
  });
});

describe("a scan is not restricted", () => {
  test.each([
    ["by OR", `SELECT 1 FROM readings WHERE ts >= ${DAY} OR id = 1`],
    ["by NOT", `SELECT 1 FROM readings WHERE NOT ts >= ${DAY}`],
    ["by another column", "SELECT 1 FROM readings r WHERE r.ts >= r.local"],
    ["by another relation", "SELECT 1 FROM readings r, readings s WHERE r.ts >= s.ts"],
    ["by a subquery", "SELECT 1 FROM readings WHERE ts >= (SELECT now())"],
    ["by a volatile bound", "SELECT 1 FROM readings WHERE ts >= clock_timestamp()"],
    ["below a LIMIT", `SELECT 1 FROM (SELECT ts FROM readings LIMIT 5) x WHERE ts >= ${DAY}`],
    [
      "below a window function",
      `SELECT 1 FROM (SELECT ts, lag(id) OVER (ORDER BY ts) FROM readings) x WHERE ts >= ${DAY}`,
    ],
    [
      "below DISTINCT ON",
      `SELECT 1 FROM (SELECT DISTINCT ON (id) ts FROM readings ORDER BY id, ts) x
       WHERE ts >= ${DAY}`,
    ],
    [
      "below grouping sets",
      `SELECT 1 FROM (SELECT ts FROM readings GROUP BY ROLLUP (ts)) x WHERE ts >= ${DAY}`,
    ],
    ["by an aggregate", `SELECT 1 FROM readings HAVING max(ts) >= ${DAY}`],
    [
      "on the preserved side by ON",
      `SELECT 1 FROM readings r LEFT JOIN (VALUES (1)) d(n) ON r.ts >= ${DAY}`,
    ],
    [
      "by the ON of a full join",
      `SELECT 1 FROM readings r FULL JOIN (VALUES (1)) d(n) ON r.id = n AND r.ts >= ${DAY}`,
    ],
    [
      "through a CTE that is read twice",
      `WITH a AS (SELECT ts FROM readings)
       SELECT 1 FROM a WHERE ts >= ${DAY} UNION ALL SELECT count(*) FROM a`,
    ],
    [
      "to its newest rows with a filter",
      "SELECT ts FROM readings WHERE id > 5 ORDER BY ts DESC LIMIT 7",
    ],
    [
      "to the newest row of each entity with a filter",
      "SELECT DISTINCT ON (device) ts FROM readings WHERE ok ORDER BY device, ts DESC",
    ],
    [
      "to the newest row of another key",
      "SELECT DISTINCT ON (device, ok) ts FROM readings ORDER BY device, ok, ts DESC",
    ],
    ["to its newest rows by a second key", "SELECT ts FROM readings ORDER BY ts DESC, id LIMIT 7"],
    [
      "to its newest rows where times may be NULL",
      "SELECT since FROM devices ORDER BY since DESC LIMIT 7",
    ],
    [
      "to its newest rows below DISTINCT",
      "SELECT DISTINCT ts FROM readings ORDER BY ts DESC LIMIT 7",
    ],
  ])("%s", async (_name, sql) => {
    for (const filter of await filters(sql)) expect(filter).toBe("");
  });
});

describe("a plan", () => {
  test("reads only the columns that the statement names", async () => {
    const plan = await differential.compile("SELECT avg(temp) FROM readings WHERE ok");
    expect(plan.scans.map((scan) => (scan.kind === "table" ? scan.columnNumbers : []))).toEqual([
      [4, 9],
    ]);
  });

  test.each([
    ["an ungrouped aggregate", "SELECT count(*) FROM readings", true],
    ["a small LIMIT", "SELECT id FROM readings LIMIT 2048", true],
    ["a query over nothing", "SELECT 1", true],
    ["a large LIMIT", "SELECT id FROM readings LIMIT 2049", false],
    ["a LIMIT from a parameter", "SELECT id FROM readings LIMIT $1", false],
    ["groups", "SELECT device, count(*) FROM readings GROUP BY 1", false],
    ["a set-returning function", "SELECT generate_series(1, 100000)", false],
  ])("says whether %s is small", async (_name, sql, isSmall) => {
    expect((await differential.compile(sql)).isSmall).toBe(isSmall);
  });
});
