/** node-postgres, with pg-cursor, pg-query-stream and pg-copy-streams. */

import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import {
  connected,
  errorOf,
  fieldsOf,
  line,
  literals,
  load,
  quoted,
  ssl,
  tables,
  target,
} from "./report.mjs";

const pg = load("pg");
const Cursor = load("pg-cursor");
const QueryStream = load("pg-query-stream");
const { from: copyFrom, to: copyTo } = load("pg-copy-streams");
const { series, plain, statements } = tables("nodepg");
const START = Date.UTC(2024, 5, 3);

/** In text: what this driver makes of binary results is not their value. */
async function types(client) {
  for (const { type, literal } of literals()) {
    const text = `SELECT ${quoted(literal)}::${type} AS x`;
    const { rows, fields } = await client.query({ text, queryMode: "extended" });
    const value = rows[0].x;
    const back = type.startsWith("json") && !type.endsWith("[]") ? JSON.stringify(value) : value;
    const same = `SELECT $1::${type}::text IS NOT DISTINCT FROM ${quoted(literal)}::${type}::text AS same`;
    const sent = await client
      .query(same, [back])
      .catch((error) => ({ rows: [{ same: error.code }] }));
    line("text", `${type} ${JSON.stringify(literal)}`, [
      value,
      fields[0].dataTypeID,
      fields[0].format,
      sent.rows[0].same,
    ]);
  }
}

async function stored(client) {
  const row = [new Date(START), "d", Number.NaN, "-9223372036854775808", null];
  const inserted = await client.query(`INSERT INTO ${series} VALUES ($1, $2, $3, $4, $5)`, row);
  line("text", "inserted", [inserted.command, inserted.rowCount]);
  line("text", "row of the series", (await client.query(`SELECT * FROM ${series}`)).rows);
  const values = [1, "ü", "12.50", new Date(START), ["a", null, 'b "c"'], { k: [1] }];
  const returned = await client.query({
    text: `INSERT INTO ${plain} VALUES ($1, $2, $3, $4, $5, $6) RETURNING *`,
    values,
    rowMode: "array",
  });
  line("text", "row of the table", returned.rows);
  const fields = returned.fields.map((f) => [
    f.name,
    f.dataTypeID,
    f.dataTypeSize,
    f.dataTypeModifier,
    f.columnID,
  ]);
  line("text", "columns", fields);
}

async function prepared(client) {
  const query = {
    name: "by-device",
    text: `SELECT count(*)::int AS c, max(n) FROM ${series} WHERE device = $1 AND n < $2`,
  };
  const answers = [];
  for (const n of [10, 100, 100])
    answers.push((await client.query({ ...query, values: ["d1", n] })).rows[0]);
  line("prepared", "named", answers);
  const known =
    "SELECT name, parameter_types::text FROM pg_prepared_statements WHERE name = 'by-device'";
  line("prepared", "known to the server", (await client.query(known)).rows);
  const again = await errorOf(() => client.query({ ...query, text: "SELECT 1" }));
  line("prepared", "one name, another text", again?.message);
}

async function batch(client) {
  await client.query(`DELETE FROM ${series}`);
  const insert = `INSERT INTO ${series} SELECT * FROM unnest($1::timestamptz[], $2::text[], $3::float8[], $4::int8[], $5::text[])`;
  const indexes = Array.from({ length: 1000 }, (_, n) => n);
  const arrays = [
    indexes.map((n) => new Date(START + n * 1000)),
    indexes.map((n) => `d${n % 3}`),
    indexes.map((n) => n / 8),
    indexes,
    indexes.map((n) => (n % 2 ? null : `note, "${n}"`)),
  ];
  line("batch", "unnest of arrays", (await client.query(insert, arrays)).rowCount);
  const all = await Promise.all(
    indexes.slice(0, 20).map((n) => client.query("SELECT $1::int AS n", [n])),
  );
  line(
    "batch",
    "queued",
    all.map(({ rows }) => rows[0].n),
  );
  const results = await client.query(
    `SELECT 1 AS a; INSERT INTO ${plain} (id, name) VALUES (2, 'x'); SELECT 2 AS b`,
  );
  line(
    "batch",
    "several statements",
    results.map(({ command, rowCount, rows }) => [command, rowCount, rows]),
  );
  const marks = indexes.slice(0, 200).map((n) => `($${n * 2 + 1}, $${n * 2 + 2})`);
  const upsert = `INSERT INTO ${plain} (id, name) VALUES ${marks} ON CONFLICT (id) DO UPDATE SET name = excluded.name RETURNING id`;
  const upserted = await client.query(
    upsert,
    indexes.slice(0, 200).flatMap((n) => [n, `v${n}`]),
  );
  line("batch", "upsert of many", [upserted.rowCount, upserted.rows.at(-1)]);
}

async function streaming(client) {
  const cursor = client.query(
    new Cursor(`SELECT n FROM ${series} WHERE n >= $1 ORDER BY n`, [5], { rowMode: "array" }),
  );
  const parts = [
    await cursor.read(3),
    (await cursor.read(400)).length,
    (await cursor.read(4000)).length,
    await cursor.read(10),
  ];
  line("streaming", "cursor", parts);
  const early = client.query(new Cursor(`SELECT n FROM ${series} ORDER BY n`));
  line("streaming", "cursor, closed early", await early.read(2));
  await early.close();
  let sum = 0;
  for await (const row of client.query(
    new QueryStream(`SELECT n FROM ${series}`, [], { batchSize: 64 }),
  ))
    sum += Number(row.n);
  line("streaming", "stream", sum);
  const failing = client.query(
    new QueryStream("SELECT 10 / (5 - n) AS x FROM generate_series(1, 9) n", [], { batchSize: 2 }),
  );
  const error = await errorOf(async () => {
    for await (const _ of failing);
  });
  line("streaming", "stream that fails", error?.code);
  await client.query("BEGIN");
  await client.query(`DECLARE c SCROLL CURSOR FOR SELECT n FROM ${series} ORDER BY n`);
  const fetched = [];
  for (const how of ["FORWARD 2", "ABSOLUTE 500", "PRIOR", "LAST", "NEXT"]) {
    const { rows } = await client.query(`FETCH ${how} FROM c`);
    fetched.push(rows.map(({ n }) => n));
  }
  await client.query("COMMIT");
  line("streaming", "DECLARE and FETCH", fetched);
}

async function transactions(client) {
  const count = async () =>
    (await client.query(`SELECT count(*)::int FROM ${plain} WHERE id >= 1000`)).rows[0].count;
  await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ");
  await client.query(`INSERT INTO ${plain} (id, name) VALUES (1000, 'x')`);
  await client.query("SAVEPOINT a");
  const error = await errorOf(() =>
    client.query(`INSERT INTO ${plain} (id, name) VALUES (1000, 'x')`),
  );
  const failed = await errorOf(() => client.query("SELECT 1"));
  await client.query("ROLLBACK TO a");
  const inside = await count();
  const ended = await client.query("COMMIT");
  line("transactions", "savepoint", [
    error?.code,
    failed?.code,
    inside,
    ended.command,
    await count(),
  ]);
  await client.query("BEGIN");
  await client.query(`DELETE FROM ${series}`);
  await client.query(`DELETE FROM ${plain}`);
  await client.query("ROLLBACK");
  const { rows } = await client.query(`SELECT count(*)::int FROM ${series}`);
  line("transactions", "rolled back", [rows[0].count, await count()]);
}

async function errors(client) {
  for (const [what, text, values] of [
    ["unique", `INSERT INTO ${plain} (id, name) VALUES ($1, 'y')`, [1]],
    ["check", `INSERT INTO ${plain} (id, name) VALUES (5000, $1)`, [""]],
    ["not null", `INSERT INTO ${series} (ts, device) VALUES ($1, $2)`, [new Date(START), null]],
    ["syntax", "SELECT 'ü' 1 FROM", []],
    ["column", `SELECT devise FROM ${series}`, []],
    ["parameters", "SELECT $1::int", []],
    ["parameter type", "SELECT $1::int", ["zwölf"]],
    ["division", `SELECT 1 / (n - n) FROM ${series}`, []],
    ["string length", "SELECT 'abc'::varchar(2)::char(1)::int", []],
  ]) {
    const error = await errorOf(() => client.query(text, values));
    line("errors", what, fieldsOf(error));
  }
  const notices = [];
  client.on("notice", (notice) => notices.push(fieldsOf(notice)));
  await client.query("DROP TABLE IF EXISTS nodepg_nothing; ROLLBACK");
  line("errors", "notices", notices);
}

async function cancel(client) {
  const { rows } = await client.query("SELECT pg_backend_pid() AS pid");
  const other = new pg.Client({ ...target, ssl });
  await other.connect();
  const long = `SELECT count(*) FROM ${series} a, ${series} b, ${series} c, ${series} d`;
  let isDone = false;
  const running = errorOf(() => client.query(long)).finally(() => {
    isDone = true;
  });
  while (!isDone) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    await other.query("SELECT pg_cancel_backend($1)", [rows[0].pid]);
  }
  await other.end();
  line("cancel", "by another session", fieldsOf(await running));
  const limited = new pg.Client({ ...target, ssl, statement_timeout: 50 });
  await limited.connect();
  line(
    "cancel",
    "statement_timeout of the connection",
    fieldsOf(await errorOf(() => limited.query("SELECT pg_sleep(10)"))),
  );
  await limited.end();
}

async function copy(client) {
  const lines = Readable.from(["2024-07-01\td\t1.5\t7\t\\N\n2024-07-", "02\te\t\\N\t8\ta\\tb\n"]);
  const into = client.query(copyFrom(`COPY ${series} FROM STDIN`));
  await pipeline(lines, into);
  line("copy", "in", into.rowCount);
  const out = client.query(
    copyTo(
      `COPY (SELECT * FROM ${series} WHERE ts >= '2024-07-01' ORDER BY ts) TO STDOUT (FORMAT csv, HEADER)`,
    ),
  );
  const pieces = [];
  for await (const piece of out) pieces.push(piece);
  line("copy", "out", Buffer.concat(pieces).toString());
  const broken = client.query(copyFrom(`COPY ${series} FROM STDIN`));
  const error = await errorOf(() =>
    pipeline(Readable.from(["2024-07-01\td\tx\t7\t\\N\n"]), broken),
  );
  line("copy", "bad value", [error?.code, error?.message, error?.where]);
}

async function listen(client) {
  const heard = [];
  const done = new Promise((resolve) => {
    client.on("notification", ({ channel, payload }) => {
      if (heard.push([channel, payload]) === 2) resolve();
    });
  });
  await client.query("LISTEN nodepg_news");
  const pool = new pg.Pool({ ...target, ssl, max: 2 });
  await pool.query("NOTIFY nodepg_news, 'hello'");
  await pool.query("SELECT pg_notify('nodepg_news', 'ü')");
  await done;
  line("listen", "heard", heard);
  const idle = await Promise.all(
    Array.from({ length: 6 }, (_, n) => pool.query("SELECT $1::int AS n", [n])),
  );
  line(
    "catalogue",
    "pool",
    idle.map(({ rows }) => rows[0].n),
  );
  await pool.end();
}

const client = new pg.Client({ ...target, ssl });
await client.connect();
connected();
for (const statement of statements) await client.query(statement);
await types(client);
await stored(client);
await batch(client);
await prepared(client);
await streaming(client);
await transactions(client);
await errors(client);
await cancel(client);
await copy(client);
await listen(client);
await client.query(`DROP TABLE ${series}, ${plain}`);
await client.end();
