/** Every row of a table to a client that only counts them, against PostgreSQL. */

import { postgresBin, startPostgres } from "../support/programs.ts";
import { createTable, lazily, type Part } from "./context.ts";
import { EPOCH, type FileSpec, rowsOf } from "./data.ts";
import { asRate, inTurn, type Measurement } from "./measure.ts";
import { type Answer, RawClient } from "./raw-client.ts";

const FETCH_SIZE = 1000;

interface Way {
  readonly name: string;
  readonly atLeast: number;
  readonly ask: (client: RawClient) => Promise<Answer>;
  /** Messages that are no rows. */
  readonly more?: number;
}

const SELECT = "SELECT * FROM everything";

const WAYS: readonly Way[] = [
  { name: "SELECT *, binary", atLeast: 1.3, ask: (client) => client.execute(SELECT, "binary") },
  { name: "SELECT *, text", atLeast: 1, ask: (client) => client.execute(SELECT, "text") },
  {
    name: `SELECT * by ${FETCH_SIZE.toLocaleString("en")} rows, binary`,
    atLeast: 1,
    ask: (client) => client.pages(SELECT, "binary", FETCH_SIZE),
  },
  { name: "COPY TO, text", atLeast: 1.5, ask: (client) => client.query(copyTo("text")) },
  { name: "COPY TO, csv", atLeast: 1.5, ask: (client) => client.query(copyTo("csv")) },
  {
    name: "COPY TO, binary",
    atLeast: 1.5,
    ask: (client) => client.query(copyTo("binary")),
    more: 1, // the trailer
  },
];

function copyTo(format: string): string {
  return `COPY everything TO STDOUT (FORMAT ${format})`;
}

/** 50,000 rows an hour. */
export function everythingOf(hours: number): FileSpec {
  return { name: "all", hosts: 100, pointsPerHour: 500, fromHour: 0, hours };
}

export const selectAll: Part = {
  name: "select-all",
  what: "every row of a table of four columns",
  async run(context) {
    const spec = everythingOf(context.size.selectHours);
    const { files } = await context.data.series(`all-${spec.hours}h`, [spec]);
    const rows = rowsOf(spec);
    const ready = lazily(async () => {
      const client = await context.ours();
      await client.query(createTable("everything", files[0] ?? ""));
      await client.query(`APPEND PARQUET '${files[0]}' INTO everything`);
      return client;
    });
    const cluster =
      postgresBin === undefined ? undefined : await startPostgres(["shared_buffers=1GB"]);
    try {
      const postgres = cluster === undefined ? undefined : await RawClient.connect(cluster.port);
      await postgres?.query(fillEverything(spec));
      await postgres?.query("VACUUM ANALYZE everything");
      const measured: Measurement[] = [];
      for (const { name, atLeast, ask, more = 0 } of WAYS) {
        const timed = async (client: RawClient) => {
          const answer = await ask(client);
          if (answer.rows === rows + more) return answer.ms;
          throw new Error(`${answer.rows} rows instead of ${rows}`);
        };
        const pair = await inTurn(
          context.rounds,
          async () => timed(await ready()),
          postgres === undefined ? undefined : () => timed(postgres),
        );
        measured.push({
          name: `${name}, ${rows.toLocaleString("en")} rows x 4`,
          unit: "rows/s",
          against: "PostgreSQL",
          goal: { atLeast },
          ...asRate(pair, rows),
        });
      }
      postgres?.close();
      return measured;
    } finally {
      await cluster?.stop();
    }
  },
};

/** The same columns with values of the same lengths, in PostgreSQL's own words. */
export function fillEverything(spec: FileSpec): string {
  const points = spec.hours * spec.pointsPerHour;
  const stepMicros = 3_600_000_000 / spec.pointsPerHour;
  return `CREATE UNLOGGED TABLE everything AS
    SELECT timestamp '${EPOCH}' + i * interval '${stepMicros} microseconds' AS ts,
      'host-' || lpad(h::text, 6, '0') AS host,
      round((50 + 40 * sin(i / 97.0 + h) + abs(hashint4(i * 131 + h)) % 1000 / 100.0)::numeric, 2)::float8
        AS usage,
      (abs(hashint4(h * 131 + i)) % 100000)::bigint AS load
    FROM generate_series(0, ${points - 1}) i, generate_series(0, ${spec.hosts - 1}) h`;
}
