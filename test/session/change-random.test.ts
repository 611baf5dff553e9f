/**
 * Random INSERT, UPDATE, DELETE, savepoints, rollbacks and flushes on a time-series table and on an
 * ordinary one: the same rows after each, and coverage that is what the rows cover.
 */

import { afterAll, beforeAll, expect, test } from "vitest";
import { type LocalServer, startLocalServer } from "../support/local-server.ts";
import { randomFrom, seedOf } from "../support/random.ts";

const HOURS = 48;
const STATEMENTS = 60;

let server: LocalServer;
beforeAll(async () => {
  server = await startLocalServer();
});
afterAll(async () => await server.stop());

const columns = "ts timestamptz NOT NULL, device text NOT NULL, v int8, note text";

function hour(n: number): string {
  return `timestamptz '2026-01-01' + interval '${n} hours'`;
}

async function expectSame(what: string): Promise<void> {
  const rows = (table: string) =>
    server.rows(`SELECT ts, device, v, note FROM ${table} ORDER BY 2, 1, 3, 4`);
  expect(await rows("r"), what).toEqual(await rows("p"));
  const covered = await server.rows(
    "SELECT device, count(DISTINCT date_trunc('hour', ts)) FROM p GROUP BY 1 ORDER BY 1",
  );
  const gaps = await server.rows(
    `SELECT device, sum(buckets) FROM coverage_gaps('r', ${hour(0)}, ${hour(HOURS)})
     GROUP BY 1 ORDER BY 1`,
  );
  const missing = covered
    .map(([device, hours]) => [device, String(HOURS - Number(hours))])
    .filter(([, hours]) => hours !== "0");
  expect(gaps, what).toEqual(missing);
}

test("a time-series table changes as an ordinary table does", async () => {
  const seed = seedOf("changes");
  const random = randomFrom(seed);
  const upTo = (n: number) => Math.floor(random() * n);
  await server.client.query(`CREATE TSTABLE r (${columns}) ENTITY (device)`);
  await server.client.query(`CREATE TABLE p (${columns})`);
  const both = async (statement: string) => {
    const counts: (number | null)[] = [];
    for (const table of ["r", "p"]) {
      counts.push((await server.client.query(statement.replaceAll("$T", table))).rowCount);
    }
    expect(counts[0], statement).toBe(counts[1]);
  };
  const where = () => {
    const device = `device = 'd${upTo(3)}'`;
    const span = `ts >= ${hour(upTo(HOURS))} AND ts < ${hour(upTo(HOURS))}`;
    return [device, span, `${device} AND ${span}`, `v % 7 = ${upTo(7)}`, "note IS NULL"][upTo(5)];
  };
  let savepoints = 0;
  let isOpen = false;
  for (let i = 0; i < STATEMENTS; i += 1) {
    let statement = "";
    const kind = upTo(12);
    if (kind < 4) {
      const rows = Array.from({ length: 1 + upTo(20) }, () => {
        const note = upTo(3) === 0 ? "NULL" : `'note ${upTo(50)}'`;
        return `(${hour(upTo(HOURS))}, 'd${upTo(3)}', ${upTo(100)}, ${note})`;
      });
      statement = `INSERT INTO $T VALUES ${rows.join(", ")}`;
    } else if (kind < 7) {
      const set = ["v = v + 1", "note = NULL", "v = length(note), note = device"][upTo(3)];
      statement = `UPDATE $T SET ${set} WHERE ${where()}`;
    } else if (kind < 9) {
      statement = `DELETE FROM $T WHERE ${where()}`;
    } else if (isOpen) {
      savepoints += kind === 9 ? 1 : 0;
      if (kind === 9) statement = `SAVEPOINT s${savepoints}`;
      else if (kind === 10 && savepoints > 0) statement = `ROLLBACK TO s${1 + upTo(savepoints)}`;
      else statement = upTo(2) === 0 ? "COMMIT" : "ROLLBACK";
    } else {
      statement = kind === 9 ? "FLUSH r" : "BEGIN";
    }
    const rolledBack = /^ROLLBACK TO s(\d+)$/.exec(statement)?.[1];
    if (rolledBack !== undefined) savepoints = Number(rolledBack);
    if (/^(BEGIN|COMMIT|ROLLBACK)$/.test(statement)) {
      isOpen = statement === "BEGIN";
      savepoints = 0;
    }
    if (/\$T/.test(statement)) await both(statement);
    else await server.client.query(statement);
    await expectSame(`seed ${seed}, statement ${i}: ${statement}`);
  }
  if (isOpen) await server.client.query("COMMIT");
  await expectSame("at the end");
  await server.restart();
  await expectSame("after a restart");
});
