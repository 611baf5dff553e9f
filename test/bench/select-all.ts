/** `SELECT *` of many rows to a client that only counts them, against PostgreSQL. */

import { postgresBin, startPostgres } from "../support/programs.ts";
import { createTable, lazily, type Part } from "./context.ts";
import { EPOCH, type FileSpec, rowsOf } from "./data.ts";
import { asRate, inTurn, type Measurement } from "./measure.ts";
import { RawClient } from "./raw-client.ts";

export const selectAll: Part = {
  name: "select-all",
  what: "every row of a table of four columns",
  async run(context) {
    const shape = { hosts: 100, pointsPerHour: 500 };
    const spec: FileSpec = { name: "all", ...shape, fromHour: 0, hours: context.size.selectHours };
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
      await postgres?.query(fill(spec));
      await postgres?.query("VACUUM ANALYZE everything");
      const measured: Measurement[] = [];
      for (const format of ["binary", "text"] as const) {
        const ask = async (client: RawClient) => {
          const answer = await client.execute("SELECT * FROM everything", format);
          if (answer.rows !== rows) throw new Error(`${answer.rows} rows instead of ${rows}`);
          return answer.ms;
        };
        const pair = await inTurn(
          context.rounds,
          async () => ask(await ready()),
          postgres === undefined ? undefined : () => ask(postgres),
        );
        measured.push({
          name: `SELECT * of ${rows.toLocaleString("en")} rows x 4, ${format}`,
          unit: "rows/s",
          against: "PostgreSQL",
          goal: { atLeast: format === "binary" ? 1.3 : 1 },
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
function fill(spec: FileSpec): string {
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
