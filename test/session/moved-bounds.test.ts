/** Bounds like now() - interval '1 hour' let exactly the rows through that the same condition does. */

import { afterAll, beforeAll, expect, test } from "vitest";
import { type LocalServer, startLocalServer } from "../support/local-server.ts";

let server: LocalServer;

/** A row every 20 minutes around a night in which clocks go back, in a segment for each day. */
beforeAll(async () => {
  server = await startLocalServer();
  for (const type of ["timestamp", "timestamptz"]) {
    const name = type === "timestamp" ? "local" : "instants";
    await server.client.query(
      `CREATE TSTABLE ${name} (ts ${type} NOT NULL, v int) TIME COLUMN ts BUCKET '1 hour'`,
    );
    for (let day = 23; day <= 27; day += 1) {
      const first = `timestamp '2026-10-${day} 00:00'`;
      await server.client.query(
        `INSERT INTO ${name} SELECT timezone('UTC', ${first} + i * interval '20 min')${
          type === "timestamp" ? "::timestamp" : ""
        }, i FROM generate_series(0, 71) i`,
      );
      await server.client.query(`FLUSH ${name}`);
    }
  }
});
afterAll(async () => await server.stop());

const INTERVALS = [
  "0",
  "1 hour",
  "-90 minutes",
  "1 day",
  "-1 day -1 hour",
  "36:00:00.000001",
  "1 month",
  "-1 month 5 days",
];

test.each(["UTC", "Europe/Berlin", "-05:30"])("in zone %s", async (zone) => {
  await server.client.query(`SET TimeZone = '${zone}'`);
  for (const [name, type] of [
    ["local", "timestamp"],
    ["instants", "timestamptz"],
  ]) {
    for (const interval of INTERVALS) {
      const at = `${type} '2026-10-25 01:20'`;
      const by = `interval '${interval}'`;
      const bounds = [`< ${at} + ${by}`, `>= ${by} + ${at}`, `> ${at} - ${by}`, `= ${at} - ${by}`];
      const count = (condition: string) => `(SELECT count(*) FROM ${name} WHERE ${condition})`;
      // The other column prunes nothing.
      const pruned = bounds.map((bound) => count(`ts ${bound}`));
      const all = bounds.map((bound) => count(`greatest(ts, ts) ${bound}`));
      const [row = []] = await server.rows(`SELECT ${[...pruned, ...all].join(", ")}`);
      expect(row.slice(0, 4), interval).toEqual(row.slice(4));
    }
  }
  await server.client.query("RESET TimeZone");
});

test("of parameters, of now(), of infinities and NULL", async () => {
  const few = "SELECT count(*) FROM instants WHERE ts >= $1::timestamptz - interval '1 hour'";
  const count = async (value: string | null) => (await server.rows(few, [value]))[0]?.[0];
  expect(await count("2026-10-27 23:00Z")).toBe("6");
  expect(await count("infinity")).toBe("0");
  expect(await count("-infinity")).toBe("360");
  expect(await count(null)).toBe("0");
  const { code } = await server.refusal(few, ["4714-11-24 00:00Z BC"]);
  expect(code).toBe("22008");
  await server.client.query("INSERT INTO instants VALUES (now() - interval '10 min', -1)");
  const recent = "SELECT v FROM instants WHERE ts > now() - interval '1 hour' AND ts < now()";
  expect(await server.rows(recent)).toEqual([["-1"]]);
});

test("they prune", async () => {
  const sql = "SELECT * FROM local WHERE ts < timestamp '2026-10-25 00:00' - interval '1 day'";
  const plan = (await server.rows(`EXPLAIN ${sql}`)).flat().join("\n");
  expect(plan).toMatch(/5 considered, 1 read/);
});
