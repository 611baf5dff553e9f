/**
 * Functions that the embedded PostgreSQL only declares: judged by what they mean in PostgreSQL's
 * own functions, and by TimescaleDB's documented answers.
 */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Differential, openDifferential, type Row } from "../../support/differential.ts";
import { VALUES_SCHEMA } from "./values-table.ts";

let differential: Differential;

beforeAll(async () => {
  differential = await openDifferential(VALUES_SCHEMA);
});
afterAll(() => differential?.close());

async function ours(sql: string): Promise<readonly Row[] | string> {
  const { ours } = await differential.compare(sql);
  return ours.kind === "rows" ? ours.rows : `${ours.sqlState} ${ours.message}`;
}

async function postgres(sql: string): Promise<readonly Row[] | string> {
  const { postgres } = await differential.compare(sql);
  return postgres.kind === "rows" ? postgres.rows : `${postgres.sqlState} ${postgres.message}`;
}

const ZONES = ["UTC", "America/New_York", "Asia/Kolkata"];

describe.each(ZONES)("with the session in %s, time_bucket", (zone) => {
  beforeAll(() => differential.setTimeZone(zone));

  test.each(["1 minute", "15 minutes", "1 hour", "7 hours", "1 day", "1 week", "36 hours"])(
    "of %s is date_bin from Monday 2000-01-03",
    async (width) => {
      const select = (ts: string, tl: string) => `SELECT id, ${ts}, ${tl} FROM t ORDER BY id`;
      const actual = await ours(
        select(`time_bucket('${width}', ts)`, `time_bucket('${width}', tl)`),
      );
      const expected = await postgres(
        select(
          `date_bin('${width}', ts, '2000-01-03 00:00+00')`,
          `date_bin('${width}', tl, '2000-01-03')`,
        ),
      );
      expect(actual).toEqual(expected);
    },
  );

  test("takes an origin, and an offset that moves the buckets", async () => {
    expect(
      await ours(
        "SELECT id, time_bucket('2 hours', tl, '2024-01-01 01:00'::timestamp), time_bucket('1 day', tl, '6 hours'::interval) FROM t ORDER BY id",
      ),
    ).toEqual(
      await postgres(
        "SELECT id, date_bin('2 hours', tl, '2024-01-01 01:00'), date_bin('1 day', tl - '6 hours'::interval, '2000-01-03') + '6 hours'::interval FROM t ORDER BY id",
      ),
    );
  });

  test("of months begins at the first", async () => {
    expect(
      await ours(
        "SELECT id, time_bucket('1 month', tl), time_bucket('3 months', d), time_bucket('1 year', tl) FROM t WHERE id <> 9 ORDER BY id",
      ),
    ).toEqual(
      await postgres(
        "SELECT id, date_trunc('month', tl), date_trunc('quarter', d::timestamp)::date, date_trunc('year', tl) FROM t WHERE id <> 9 ORDER BY id",
      ),
    );
  });

  test("in a named zone follows its local days", async () => {
    expect(
      await ours(
        "SELECT id, time_bucket('1 day', ts, 'Europe/Berlin') FROM t WHERE id <> 9 ORDER BY id",
      ),
    ).toEqual(
      await postgres(
        "SELECT id, date_trunc('day', ts, 'Europe/Berlin') FROM t WHERE id <> 9 ORDER BY id",
      ),
    );
  });
});

describe("time_bucket", () => {
  beforeAll(() => differential.setTimeZone("UTC"));

  test("of integers floors toward minus infinity, with an offset modulo the width", async () => {
    const sql =
      "SELECT time_bucket(5, -12 + id), time_bucket(5, 11 + id, 1), time_bucket(5, 11 + id, -7) FROM t WHERE id = 1";
    expect(await ours(sql)).toEqual([["-15", "11", "8"]]);
    expect(await ours("SELECT time_bucket(4, 2147483644 + id, -3) FROM t WHERE id = 1")).toMatch(
      /^22003/,
    );
    expect(await ours("SELECT time_bucket(0, id) FROM t")).toMatch(
      /^22023 period must be greater than 0/,
    );
  });

  test("in a zone starts no bucket after its moment when the clock goes back", async () => {
    const sql = `SELECT time_bucket('2 hours', ts, 'Europe/Berlin') FROM
      generate_series('2024-10-26 22:00+00'::timestamptz, '2024-10-27 04:00+00', '1 hour') ts`;
    expect(await ours(sql)).toEqual(
      ["26 22", "26 22", "26 23", "27 01", "27 01", "27 03", "27 03"].map((hour) => [
        `2024-10-${hour}:00:00+00`,
      ]),
    );
  });

  test("refuses widths as TimescaleDB does", async () => {
    expect(await ours("SELECT time_bucket('0 s', ts) FROM t")).toMatch(
      /^22023 period must be greater/,
    );
    expect(await ours("SELECT time_bucket('1 month 1 day', ts) FROM t")).toMatch(
      /^0A000 month intervals/,
    );
    expect(await ours("SELECT time_bucket('1 hour', d) FROM t")).toMatch(
      /^0A000 interval must not have sub-day/,
    );
    expect(await ours("SELECT time_bucket('25 hours', d) FROM t")).toMatch(
      /^0A000 interval must be a multiple/,
    );
  });
});

describe("first and last", () => {
  test("give the value at the smallest and largest time, NULL values included, NULL times not", async () => {
    const pick = (order: string, value: string, time: string) =>
      `(array_agg(${value} ORDER BY ${time} ${order}) FILTER (WHERE ${time} IS NOT NULL))[1]`;
    expect(
      await ours(
        "SELECT g, first(i4, ts), last(nf, ts), last(s, i2), first(b, d), last(n, nf), first(ts, id) FROM t GROUP BY g ORDER BY g",
      ),
    ).toEqual(
      await postgres(
        `SELECT g, ${pick("", "i4", "ts")}, ${pick("DESC", "nf", "ts")}, ${pick("DESC", "s", "i2")}, ${pick("", "b", "d")}, ${pick("DESC", "n", "nf")}, ${pick("", "ts", "id")} FROM t GROUP BY g ORDER BY g`,
      ),
    );
  });
});

describe("histogram", () => {
  beforeAll(() => differential.setTimeZone("UTC"));

  test("counts below, in equal cells, and at or above, as width_bucket places the values", async () => {
    const cells = (value: string) =>
      `(SELECT array_agg((SELECT count(*)::int4 FROM t WHERE width_bucket(${value}, 0, 10, 5) = cell)
        ORDER BY cell) FROM generate_series(0, 6) cell)`;
    expect(
      await ours(
        "SELECT histogram(i2::float8, 0, 10, 5), histogram(r::float8, 0, 10, 5) FROM t WHERE id <> 5",
      ),
    ).toEqual([["{1,3,1,0,1,0,1}", "{2,3,0,0,0,0,2}"]]);
    expect(await ours("SELECT histogram(id::float8, 0, 10, 5) FROM t")).toEqual(
      await postgres(`SELECT ${cells("id::float8")}`),
    );
  });

  test("gives NULL without rows and refuses bad bounds", async () => {
    expect(await ours("SELECT histogram(f, 0, 10, 5) FROM t WHERE id > 100")).toEqual([[null]]);
    expect(await ours("SELECT histogram(f, 1, 1, 5) FROM t")).toMatch(/^2201G/);
    expect(await ours("SELECT histogram(f, 2, 1, 5) FROM t")).toMatch(/^22023/);
    expect(await ours("SELECT histogram(f, 0, 1, 0) FROM t")).toMatch(/^2201G/);
  });
});
