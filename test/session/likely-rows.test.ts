/** A guess of a result's size decides how it is fetched, and nothing else. */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { likelyRows } from "../../src/session/likely-rows.ts";
import type { PruneQuery } from "../../src/table/pruning.ts";
import type { Segment } from "../../src/table/segment.ts";
import type { TableView } from "../../src/table/table-view.ts";
import { type LocalServer, startLocalServer } from "../support/local-server.ts";

describe("the guess", () => {
  const view = {
    snapshot: {
      meta: { index: { entityColumns: ["region", "host"] } },
      history: { index: { identities: 50 } },
    },
    hotBounds: () => ({ min: 0n, max: 1000n }),
  } as unknown as TableView;
  const at = (raw: bigint) => ({ type: "int64", raw }) as const;
  const segment = { min: at(0n), max: at(1000n), rows: 100_000, own: { identities: 100 } };
  const mixed = { ...segment, layout: { kind: "Mixed" } } as unknown as Segment;
  const single = { ...segment, layout: { kind: "Single", entity: [] } } as unknown as Segment;
  const is = (component: number, ...values: string[]) => {
    return { component, anyOf: values.map((value) => ({ type: "utf8", value }) as const) };
  };
  const host = [is(0, "eu"), is(1, "a", "b")];

  test.each<readonly [string, readonly Segment[], number, PruneQuery, number]>([
    ["everything", [mixed, single], 0, {}, 200_000],
    ["a tenth of the time", [mixed], 0, { min: 900n }, 10_000],
    ["an instant", [mixed], 0, { min: 5n, max: 5n }, 1],
    ["two of a hundred entities", [mixed], 0, { entities: host }, 2000],
    ["the only entity", [single], 0, { entities: host }, 100_000],
    ["a part of an identity", [mixed], 0, { entities: [is(1, "a")] }, 100_000],
    ["hot rows", [], 1000, { max: 499n, entities: host }, 1000 * (2 / 50) * 0.499],
  ])("of %s", (_, segments, hotRows, query, expected) => {
    expect(likelyRows(view, segments, hotRows, query)).toBeCloseTo(expected);
  });
});

describe("a table where it is wrong", () => {
  let server: LocalServer;
  beforeAll(async () => {
    server = await startLocalServer();
    // One host has nearly all rows, and in one minute.
    const path = await server.parquet(
      "skewed.parquet",
      `SELECT TIMESTAMP '2026-01-01' + to_milliseconds(i) AS ts, 'busy' AS host, i::BIGINT AS v
         FROM range(60000) r(i) UNION ALL
       SELECT TIMESTAMP '2026-01-01' + to_hours(i), 'host-' || i, i FROM range(500) r(i)`,
    );
    await server.client.query(
      `CREATE TSTABLE m LIKE PARQUET '${path}' ENTITY (host) BUCKET '1 minute'`,
    );
    await server.client.query(`APPEND PARQUET '${path}' INTO m`);
    await server.client.query("INSERT INTO m VALUES ('2026-01-01 00:00:30.0005', 'busy', -1)");
  });
  afterAll(async () => await server.stop());

  test("all rows come, in order", async () => {
    const busy = "SELECT v FROM m WHERE host = 'busy' AND ts < '2026-01-01 00:01:00'";
    const all = await server.rows(`${busy} ORDER BY ts`);
    expect(all.length).toBe(60_001);
    const expected = Array.from({ length: 60_000 }, (_, i) => String(i));
    expected.splice(30_001, 0, "-1");
    expect(all.map(([v]) => v)).toEqual(expected);
  });

  test("rows of a right guess are the same", async () => {
    expect(await server.rows("SELECT v FROM m WHERE host = 'host-77'")).toEqual([["77"]]);
    const few = "SELECT v FROM m WHERE host = $1 AND ts BETWEEN $2 AND $3 ORDER BY ts";
    const bounds = ["2026-01-01 00:00:30", "2026-01-01 00:00:30.001"];
    expect(await server.rows(few, ["busy", ...bounds])).toEqual([["30000"], ["-1"], ["30001"]]);
  });

  test("a row that fails is told, near or far", async () => {
    for (const v of [5, 59_999]) {
      const sql = `SELECT 1 / (v - ${v}) FROM m WHERE host = 'busy'`;
      expect(await server.refusal(sql)).toMatchObject({ code: "22012" });
    }
  });

  test("statement_timeout ends a read that is thought small", async () => {
    const slow = "SELECT md5(repeat(host, 1000)) FROM m WHERE host = 'busy' AND v >= 0";
    // In one message: what fails takes its SET back, which no RESET has to do within 5 ms.
    const late = await server.refusal(`SET statement_timeout = '5ms'; ${slow}`);
    expect(late).toMatchObject({ code: "57014" });
  });
});
