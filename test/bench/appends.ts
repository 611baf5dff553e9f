/** Appending files: against the reference library, and against the same table with fewer segments. */

import { join } from "node:path";
import { type Context, createTable, lazily, type Part } from "./context.ts";
import { atHour, type FileSpec, rowsOf } from "./data.ts";
import { asRate, inTurn, type Measurement, median, type Pair, type Side } from "./measure.ts";

const BULK = { hosts: 100, pointsPerHour: 500 };

export const append: Part = {
  name: "append",
  what: "one large file into a new table",
  async run(context) {
    const spec: FileSpec = { name: "bulk", ...BULK, fromHour: 0, hours: context.size.bulkHours };
    const { files } = await context.data.series(`bulk-${spec.hours}h`, [spec], context.reference);
    const pair = await appendInTurn(context, files, (ms) => sum(ms));
    const rows = rowsOf(spec);
    return [
      {
        name: `append ${rows.toLocaleString("en")} rows in one file`,
        unit: "rows/s",
        against: "reference library",
        goal: { atLeast: 1.5 },
        ...asRate(pair, rows),
      },
    ];
  },
};

export const smallFiles: Part = {
  name: "small-files",
  what: "many files of 5,000 rows one by one",
  async run(context) {
    const specs = Array.from({ length: context.size.smallFiles }, (_, hour) => ({
      name: `small-${String(hour).padStart(5, "0")}`,
      hosts: 100,
      pointsPerHour: 50,
      fromHour: hour,
      hours: 1,
    }));
    const name = `small-${specs.length}`;
    const { files } = await context.data.series(name, specs, context.reference);
    const pair = await appendInTurn(context, files, (ms) => sum(ms) / ms.length, false);
    return [
      {
        name: `append ${files.length} files of 5,000 rows, each`,
        unit: "ms",
        against: "reference library",
        goal: { atMost: 1 },
        ...pair,
      },
    ];
  },
};

export const daily: Part = {
  name: "daily",
  what: "a bulk load, then a file a day",
  async run(context) {
    const { days, daysFirst } = context.size;
    const shape = { hosts: 50, pointsPerHour: 60 };
    const load = { name: "load", ...shape, fromHour: 0, hours: 24 * daysFirst };
    const specs = Array.from({ length: days }, (_, day) => ({
      name: `day-${String(day).padStart(3, "0")}`,
      ...shape,
      fromHour: 24 * (daysFirst + day),
      hours: 24,
    }));
    const series = `daily-${daysFirst}-${days}`;
    const { files } = await context.data.series(series, [load, ...specs], context.reference);
    const loaded: Pair = await appendInTurn(context, files.slice(0, 1), sum, false);
    const pair = await appendInTurn(context, files, (ms) => sum(ms.slice(1)) / days, false);
    return [
      {
        name: `bulk load of ${rowsOf(load).toLocaleString("en")} rows`,
        unit: "ms",
        against: "reference library",
        ...loaded,
      },
      {
        name: `then ${days} daily appends of ${(50 * 60 * 24).toLocaleString("en")} rows, each`,
        unit: "ms",
        against: "reference library",
        ...pair,
      },
    ];
  },
};

export const appendDepth: Part = {
  name: "append-depth",
  what: "appends to a table of many segments, against one of few, by number of entities",
  async run(context) {
    const measured: Measurement[] = [];
    for (const entities of context.size.entities) measured.push(await depth(context, entities));
    return measured;
  },
};

const DEPTH_APPENDS = 10;

/**
 * The first file holds every entity for one hour, each later one an hour of up to 100 of them, so that
 * the table knows all entities however few segments it has.
 */
function depthSpecs(entities: number, segments: number): readonly FileSpec[] {
  const hosts = Math.min(entities, 100);
  const numbered = (prefix: string, index: number, width: number) =>
    `${prefix}-${String(index).padStart(width, "0")}`;
  const later = (name: string, hour: number): FileSpec => ({
    name,
    hosts,
    firstHost: (hour * hosts) % entities,
    fromHour: hour,
    hours: 1,
    pointsPerHour: 4,
  });
  return [
    { ...later(numbered("seg", 0, 5), 0), hosts: entities, firstHost: 0 },
    ...Array.from({ length: segments - 1 }, (_, i) => later(numbered("seg", i + 1, 5), i + 1)),
    ...Array.from({ length: DEPTH_APPENDS }, (_, i) => later(numbered("extra", i, 3), 20_000 + i)),
  ];
}

/** Glob over the first `segments` files: 10 is seg-0000?, 10,000 is seg-0????. */
function depthGlob(folder: string, segments: number): string {
  const free = Math.round(Math.log10(segments));
  return join(folder, `seg-${"0".repeat(5 - free)}${"?".repeat(free)}.parquet`);
}

function depthFolder(context: Context, entities: number) {
  const most = Math.max(...context.size.depths);
  return context.data.series(`depth-${entities}-${most}`, depthSpecs(entities, most));
}

async function depth(context: Context, entities: number): Promise<Measurement> {
  const { folder, files } = await depthFolder(context, entities);
  const extras = files.slice(-DEPTH_APPENDS);
  const [few, many] = [Math.min(...context.size.depths), Math.max(...context.size.depths)];
  const side = (segments: number): Side => {
    const table = context.fresh("depth");
    const ready = lazily(async () => {
      const client = await context.ours();
      await client.query(createTable(table, files[0] ?? ""));
      await client.query(`APPEND PARQUET '${depthGlob(folder, segments)}' INTO ${table}`);
      return client;
    });
    let next = 0;
    return async () => {
      const client = await ready();
      return (await client.query(`APPEND PARQUET '${extras[next++]}' INTO ${table}`)).ms;
    };
  };
  const pair = await inTurn(extras.length - 1, side(many), side(few));
  return {
    name: `append at ${many.toLocaleString("en")} segments, ${entities.toLocaleString("en")} entities`,
    unit: "ms",
    against: `at ${few} segments`,
    ...(entities === 100 ? { goal: { atMost: 1.3 } } : {}),
    ...pair,
  };
}

/** Appends the files one by one to a new table on each side; `of` makes one figure of the times. */
function appendInTurn(
  context: Context,
  files: readonly string[],
  of: (ms: readonly number[]) => number,
  warmUp = true,
): Promise<Pair> {
  const ours = async () => {
    const client = await context.ours();
    const table = context.fresh("appended");
    await client.query(createTable(table, files[0] ?? ""));
    const times: number[] = [];
    for (const file of files) {
      times.push((await client.query(`APPEND PARQUET '${file}' INTO ${table}`)).ms);
    }
    await client.query(`DROP TSTABLE ${table}`);
    return of(times);
  };
  const reference = context.reference;
  const theirs = async () => {
    const folder = join(context.scratch, context.fresh("reference"));
    await reference?.create(folder, ["host"], "1h");
    const times = (await reference?.append(folder, files)) ?? [];
    await reference?.forget(folder);
    return of(times);
  };
  return inTurn(context.rounds, ours, reference === undefined ? undefined : theirs, warmUp);
}

/** Milliseconds until a table of as many segments answers for one hour; the median of many hours. */
export const pruning: Part = {
  name: "pruning",
  what: "one hour out of many segments",
  async run(context) {
    const { folder, files } = await depthFolder(context, 100);
    const sides = context.size.depths.map((segments) =>
      prunedHour(context, folder, files, segments),
    );
    const [few, ...more] = sides;
    const least = Math.min(...context.size.depths);
    const measured: Measurement[] = [];
    for (const [index, side] of more.entries()) {
      const segments = context.size.depths[index + 1] ?? 0;
      const pair = await inTurn(context.rounds, side, few);
      measured.push({
        name: `one hour of ${segments.toLocaleString("en")} segments, p50`,
        unit: "ms",
        against: `of ${least} segments`,
        ...(segments === 10_000 ? { goal: { atMost: 1.5 } } : {}),
        ...pair,
      });
    }
    return measured;
  },
};

function prunedHour(
  context: Context,
  folder: string,
  files: readonly string[],
  segments: number,
): Side {
  const table = context.fresh("pruned");
  const ready = lazily(async () => {
    const client = await context.ours();
    await client.query(createTable(table, files[0] ?? ""));
    await client.query(`APPEND PARQUET '${depthGlob(folder, segments)}' INTO ${table}`);
    return client;
  });
  return async () => {
    const client = await ready();
    const times: number[] = [];
    for (let i = 0; i < context.size.prunedQueries; i++) {
      const hour = 1 + ((i * 7919) % (segments - 1));
      const answer = await client.query(
        `SELECT host, avg(usage) FROM ${table} WHERE ts >= '${atHour(hour)}' ` +
          `AND ts < '${atHour(hour + 1)}' GROUP BY host`,
      );
      if (answer.rows !== 100) throw new Error(`expected 100 hosts, got ${answer.rows}`);
      times.push(answer.ms);
    }
    return median(times);
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
