/** Questions over a wide table, wire to wire, against DuckDB in process over the right files. */

import { join } from "node:path";
import { createTable, lazily, type Part } from "./context.ts";
import { atHour, type FileSpec, HandWritten, readParquet } from "./data.ts";
import { inTurn, type Measurement } from "./measure.ts";

const HOURS_PER_SEGMENT = 2;

interface Question {
  readonly name: string;
  /** SELECT over a relation. */
  readonly ours: (relation: string) => string;
  /** In DuckDB's words, where they differ. */
  readonly theirs?: (relation: string) => string;
  /** Hours counted from the end that the files read by hand must hold; all when absent. */
  readonly lastHours?: number;
  readonly rows: number;
}

function questions(hoursMax: number): readonly Question[] {
  const since = (hours: number) => atHour(hoursMax - hours);
  const newest = (relation: string) => `SELECT * FROM ${relation} ORDER BY ts DESC LIMIT 100`;
  const lastPoint = (relation: string) =>
    `SELECT DISTINCT ON (host) host, ts, usage FROM ${relation} ORDER BY host, ts DESC`;
  const lastPointByHand = (relation: string) =>
    `SELECT host, max(ts), arg_max(usage, ts) FROM ${relation} GROUP BY host ORDER BY host`;
  return [
    {
      name: "last hour by minute",
      ours: (relation) =>
        `SELECT date_trunc('minute', ts) AS minute, avg(usage), max(load) FROM ${relation} ` +
        `WHERE ts >= '${since(1)}' GROUP BY 1 ORDER BY 1`,
      lastHours: 1,
      rows: 60,
    },
    {
      name: "one entity's last day by hour",
      ours: (relation) =>
        `SELECT date_trunc('hour', ts) AS hour, avg(usage), max(load) FROM ${relation} ` +
        `WHERE host = 'host-000042' AND ts >= '${since(24)}' GROUP BY 1 ORDER BY 1`,
      lastHours: 24,
      rows: 24,
    },
    {
      name: "12 hours by hour and entity",
      ours: (relation) =>
        `SELECT date_trunc('hour', ts) AS hour, host, avg(usage), max(load) FROM ${relation} ` +
        `WHERE ts >= '${since(12)}' GROUP BY 1, 2 ORDER BY 1, 2`,
      lastHours: 12,
      rows: 1200,
    },
    {
      name: "last point per entity (by hand: all files)",
      ours: lastPoint,
      theirs: lastPointByHand,
      rows: 100,
    },
    {
      name: "last point per entity (by hand: newest file)",
      ours: lastPoint,
      theirs: lastPointByHand,
      lastHours: 1,
      rows: 100,
    },
    { name: "newest 100 (by hand: all files)", ours: newest, rows: 100 },
    { name: "newest 100 (by hand: newest file)", ours: newest, lastHours: 1, rows: 100 },
    {
      name: "whole table by entity",
      ours: (relation) =>
        `SELECT host, count(*), avg(usage), max(load) FROM ${relation} GROUP BY host ORDER BY host`,
      rows: 100,
    },
    { name: "count(*)", ours: (relation) => `SELECT count(*) FROM ${relation}`, rows: 1 },
  ];
}

export const queries: Part = {
  name: "queries",
  what: "questions over a wide table",
  async run(context) {
    const segments = context.size.wideSegments;
    const specs: readonly FileSpec[] = Array.from({ length: segments }, (_, index) => ({
      name: `wide-${String(index).padStart(4, "0")}`,
      hosts: 100,
      pointsPerHour: 500,
      fromHour: index * HOURS_PER_SEGMENT,
      hours: HOURS_PER_SEGMENT,
    }));
    const { folder, files } = await context.data.series(`wide-${segments}`, specs);
    const ready = lazily(async () => {
      const client = await context.ours();
      await client.query(createTable("wide", files[0] ?? ""));
      await client.query(`APPEND PARQUET '${join(folder, "wide-*.parquet")}' INTO wide`);
      return client;
    });
    const byHand = await HandWritten.open();
    const measured: Measurement[] = [];
    for (const question of questions(segments * HOURS_PER_SEGMENT)) {
      const { name, lastHours, rows } = question;
      const count = lastHours === undefined ? segments : Math.ceil(lastHours / HOURS_PER_SEGMENT);
      const sql = (question.theirs ?? question.ours)(readParquet(files.slice(-count)));
      const expectRows = (answer: { readonly rows: number; readonly ms: number }) => {
        if (answer.rows !== rows) throw new Error(`${answer.rows} rows instead of ${rows}`);
        return answer.ms;
      };
      const pair = await inTurn(
        3 * context.rounds,
        async () => expectRows(await (await ready()).query(question.ours("wide"))),
        async () => expectRows(await byHand.query(sql)),
      );
      const against = "DuckDB in process";
      measured.push({ name, unit: "ms", against, goal: { atMost: 1.25 }, ...pair });
    }
    byHand.close();
    return measured;
  },
};
