/** Rows where a key is declared, and savepoints: shown against PostgreSQL, without a goal. */

import type pg from "pg";
import type { Size } from "./context.ts";
import { asRate, type Measurement, type Pair } from "./measure.ts";

/** A table and what is done to it, on either server. */
export interface Keyed {
  /** Times `act` on a new table of each server, which has the columns of `fieldsOf` and a key. */
  pair(act: (client: pg.Client, table: string) => Promise<void>): Promise<Pair>;
  fieldsOf(i: number): readonly [string, string, number, number];
}

const ROWS_A_STATEMENT = 100;
/** One row in so many comes this many rows late. */
const LATE_EVERY = 20;
const LATE_BY = 5000;
const FAILS_EVERY = 100;
const UPDATE = "ON CONFLICT (host, ts) DO UPDATE SET usage = excluded.usage, n = excluded.n";

export async function keyedWrites(keyed: Keyed, size: Size): Promise<readonly Measurement[]> {
  const { keyedRows, upserts, savepoints } = size;
  const against = "PostgreSQL, primary key";
  const shown = async (
    name: string,
    count: number,
    act: (client: pg.Client, table: string) => Promise<void>,
  ): Promise<Measurement> => {
    return { name, unit: "rows/s", against, ...asRate(await keyed.pair(act), count) };
  };
  const rows = keyedRows.toLocaleString("en");
  return [
    await shown(`INSERT of ${rows} rows by a key, in order`, keyedRows, (client, table) =>
      insertAll(keyed, client, table, keyedRows, (i) => i),
    ),
    await shown(`INSERT of ${rows} rows by a key, 5 % late`, keyedRows, (client, table) =>
      insertAll(keyed, client, table, keyedRows, lateness(keyedRows)),
    ),
    await shown(`${upserts.toLocaleString("en")} upserts of one row`, upserts, (client, table) =>
      upsertAll(keyed, client, table, upserts),
    ),
    await shown(
      `${savepoints.toLocaleString("en")} savepoints, 1 % fail`,
      savepoints,
      (client, table) => saveAll(keyed, client, table, savepoints),
    ),
  ];
}

/** Which row comes i-th: of each twenty the last waits, if the rows suffice. */
function lateness(rows: number): (i: number) => number {
  const isLate = (i: number) => i % LATE_EVERY === LATE_EVERY - 1;
  const by = Math.min(LATE_BY, Math.floor(rows / 2 / LATE_EVERY) * LATE_EVERY);
  return (i) => (isLate(i) ? (i + rows - by) % rows : i);
}

async function insertAll(
  { fieldsOf }: Keyed,
  client: pg.Client,
  table: string,
  count: number,
  row: (i: number) => number,
): Promise<void> {
  const tuple = (k: number) => `(${[1, 2, 3, 4].map((c) => `$${k * 4 + c}`).join(", ")})`;
  const list = Array.from({ length: ROWS_A_STATEMENT }, (_, k) => tuple(k)).join(", ");
  const text = `INSERT INTO ${table} VALUES ${list}`;
  for (let from = 0; from + ROWS_A_STATEMENT <= count; from += ROWS_A_STATEMENT) {
    const values = Array.from({ length: ROWS_A_STATEMENT }, (_, k) => fieldsOf(row(from + k)));
    await client.query({ name: "insert", text, values: values.flat() });
  }
}

/** Half of them meet a row that is there. */
async function upsertAll(
  { fieldsOf }: Keyed,
  client: pg.Client,
  table: string,
  count: number,
): Promise<void> {
  const text = `INSERT INTO ${table} VALUES ($1, $2, $3, $4) ${UPDATE}`;
  for (let i = 0; i < count; i += 1) {
    const values = fieldsOf(i % Math.ceil(count / 2));
    await client.query({ name: "upsert", text, values: [...values] });
  }
}

/** One transaction; what fails has a key that is there. */
async function saveAll(
  { fieldsOf }: Keyed,
  client: pg.Client,
  table: string,
  count: number,
): Promise<void> {
  const text = `INSERT INTO ${table} VALUES ($1, $2, $3, $4)`;
  await client.query("BEGIN");
  for (let i = 0; i < count; i += 1) {
    const fails = i % FAILS_EVERY === FAILS_EVERY - 1;
    await client.query("SAVEPOINT s");
    const values = [...fieldsOf(fails ? i - 1 : i)];
    const failure = await client.query({ name: "insert", text, values }).then(
      () => undefined,
      (cause: unknown) => cause,
    );
    if (fails !== (failure !== undefined)) throw failure ?? new Error("a key came twice");
    await client.query(fails ? "ROLLBACK TO s" : "RELEASE s");
  }
  await client.query("COMMIT");
}
