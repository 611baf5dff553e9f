/** postgres.js: parameters by the server's types, pipelined queries, cursors, COPY, notifications. */

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

const postgres = load("postgres");
const { series, plain, statements } = tables("postgresjs");
const START = Date.UTC(2024, 5, 3);
const notices = [];
const sql = postgres({
  ...target,
  username: target.user,
  ssl,
  max: 3,
  onnotice: (notice) => notices.push(fieldsOf(notice)),
});

async function types() {
  for (const { type, literal } of literals()) {
    if (type === "jsonb[]") continue; // it cannot read one
    const result = await sql.unsafe(`SELECT ${quoted(literal)}::${type} AS x`);
    const value = result[0].x;
    const asText = `SELECT $1::${type}::text IS NOT DISTINCT FROM ${quoted(literal)}::${type}::text AS same`;
    const sent = await sql.unsafe(asText, [value]).catch((error) => [{ same: error.code }]);
    const { type: oid } = result.columns[0];
    line("text", `${type} ${JSON.stringify(literal)}`, [value, oid, sent[0].same]);
  }
  const big =
    await sql`SELECT ${9007199254740993n}::int8 AS x, ${sql.array([1, 2])}::int[] AS a, ${sql.json({ a: [1] })} AS j`;
  line("text", "tagged values", big[0]);
}

async function stored() {
  const row = { ts: new Date(START), device: "d", v: Number.NaN, n: -5, note: null };
  const inserted = await sql`INSERT INTO ${sql(series)} ${sql(row)} RETURNING *`;
  line("text", "row of the series", [inserted.command, inserted.count, inserted[0]]);
  const other = {
    id: 1,
    name: "ü",
    price: "12.50",
    made: new Date(START),
    tags: ["a", null, 'b "c"'],
    info: { k: [1] },
  };
  const returned = await sql`INSERT INTO ${sql(plain)} ${sql(other)} RETURNING *`;
  line("text", "row of the table", returned[0]);
  line(
    "text",
    "columns",
    returned.columns.map(({ name, type }) => [name, type]),
  );
  const updated =
    await sql`UPDATE ${sql(plain)} SET ${sql({ name: "changed", price: 1 })} WHERE id = ${1} RETURNING name, price`;
  line("built", "update", updated[0]);
}

async function batch() {
  const rows = Array.from({ length: 1000 }, (_, n) => ({
    ts: new Date(START + 1000 * (n + 1)),
    device: `d${n % 3}`,
    v: n / 8,
    n,
  }));
  const inserted = await sql`INSERT INTO ${sql(series)} ${sql(rows, "ts", "device", "v", "n")}`;
  line("batch", "many rows", inserted.count);
  const piped = await Promise.all(
    Array.from(
      { length: 30 },
      (_, n) => sql`SELECT ${n}::int AS n, count(*)::int AS c FROM ${sql(series)} WHERE n < ${n}`,
    ),
  );
  line(
    "batch",
    "pipelined",
    piped.map(([one]) => one.c).reduce((a, b) => a + b, 0),
  );
  const several = await sql.unsafe("SELECT 1 AS a; SELECT 2 AS b, 3 AS c").simple();
  line(
    "batch",
    "several statements",
    several.map((one) => [...one]),
  );
  const changed = await sql`
    UPDATE ${sql(plain)} SET name = u.name FROM (VALUES ${sql([
      [1, "x"],
      [2, "y"],
    ])}) AS u(id, name)
    WHERE ${sql(plain)}.id = u.id::int RETURNING ${sql(plain)}.id, u.name`;
  line("batch", "update from values", [...changed]);
}

async function prepared() {
  const answers = [];
  for (const device of ["d0", "d1", "d1"]) {
    const [one] =
      await sql`SELECT count(*)::int AS c, max(v) AS v FROM ${sql(series)} WHERE device = ${device} AND ts >= ${new Date(START)}`;
    answers.push(one);
  }
  line("prepared", "by itself", answers);
  const described =
    await sql`SELECT device, sum(n) AS total FROM ${sql(series)} WHERE ts > ${null} AND n = ANY(${null}) GROUP BY 1`.describe();
  line("prepared", "described", [
    described.types,
    described.columns.map(({ name, type }) => [name, type]),
  ]);
  const one = await sql.reserve();
  await one`SELECT ${1}::int + ${2}::int AS x`;
  const known =
    await one`SELECT statement, parameter_types::text FROM pg_prepared_statements WHERE statement LIKE 'SELECT $1::int + %'`;
  line("prepared", "known to the server", [...known]);
  const [changedBefore] = [(await one`SELECT * FROM ${one(plain)} WHERE id = ${1}`).columns.length];
  await one.unsafe(`ALTER TABLE ${plain} ADD COLUMN extra int`);
  const again = await one`SELECT * FROM ${one(plain)} WHERE id = ${1}`;
  line("prepared", "of a changed table", [changedBefore, again.columns.length]);
  const insert = (extra) =>
    one`INSERT INTO ${one(plain)} (id, name, extra) VALUES (50, 'x', ${extra}) ON CONFLICT (id) DO UPDATE SET extra = excluded.extra RETURNING extra`;
  const before = await insert(1);
  await one.unsafe(`ALTER TABLE ${plain} ALTER COLUMN extra TYPE text`);
  line("prepared", "of a column of another type", [before[0], (await insert("2"))[0]]);
  await one
    .unsafe(
      `ALTER TABLE ${plain} DROP COLUMN extra; DELETE FROM ${plain} WHERE id = 50; DEALLOCATE ALL`,
    )
    .simple();
  line("prepared", "after DEALLOCATE ALL", (await one`SELECT ${1}::int + ${2}::int AS x`)[0]);
  one.release();
}

async function streaming() {
  const sizes = [];
  await sql`SELECT n FROM ${sql(series)} ORDER BY n`.cursor(300, (rows) => {
    sizes.push(rows.length);
  });
  line("streaming", "cursor", sizes);
  let sum = 0;
  for await (const [row] of sql`SELECT n FROM ${sql(series)} ORDER BY n`.cursor()) {
    sum += Number(row.n);
    if (sum > 100) break;
  }
  line("streaming", "cursor, ended early", sum);
  let total = 0;
  await sql`SELECT n FROM ${sql(series)}`.forEach(({ n }) => {
    total += Number(n);
  });
  line("streaming", "forEach", total);
  const raw = await sql`SELECT ts, n FROM ${sql(series)} ORDER BY n LIMIT 2`.values();
  line("streaming", "values", [...raw]);
}

async function transactions() {
  const count = async (one = sql) =>
    (await one`SELECT count(*)::int AS c FROM ${one(plain)} WHERE id >= 100`)[0].c;
  const inside = await sql.begin("isolation level repeatable read", async (one) => {
    await one`INSERT INTO ${one(plain)} (id, name) VALUES (100, 'x')`;
    const error = await errorOf(() =>
      one.savepoint((nested) => nested`INSERT INTO ${nested(plain)} (id, name) VALUES (100, 'x')`),
    );
    const [{ transaction_isolation }] = await one`SHOW transaction_isolation`;
    return [error.code, await count(one), transaction_isolation];
  });
  line("transactions", "savepoint", [inside, await count()]);
  const failed = await errorOf(() =>
    sql.begin(async (one) => {
      await one`DELETE FROM ${one(series)}`;
      await one`INSERT INTO ${one(plain)} (id, name) VALUES (101, 'x')`;
      throw new Error("no");
    }),
  );
  const [{ c }] = await sql`SELECT count(*)::int AS c FROM ${sql(series)}`;
  line("transactions", "rolled back", [failed.message, c, await count()]);
  const readOnly = await errorOf(() =>
    sql.begin("read only", (one) => one`DELETE FROM ${one(series)}`),
  );
  line("transactions", "read only", readOnly.code);
  const both = await sql.begin((one) => [one`SELECT 1 AS a`, one`SELECT 2 AS b`]);
  line(
    "transactions",
    "pipelined",
    both.map((rows) => rows[0]),
  );
}

async function errors() {
  for (const [what, action] of [
    ["unique", () => sql`INSERT INTO ${sql(plain)} (id, name) VALUES (${1}, 'y')`],
    ["check", () => sql`INSERT INTO ${sql(plain)} (id, name) VALUES (5000, ${""})`],
    [
      "not null",
      () => sql`INSERT INTO ${sql(series)} (ts, device) VALUES (${new Date(START)}, ${null})`,
    ],
    ["syntax", () => sql`SELECT FROM WHERE`],
    ["column", () => sql`SELECT devise FROM ${sql(series)}`],
    ["parameter", () => sql`SELECT ${"zwölf"}::int`],
    ["undetermined", () => sql`SELECT ${"x"} IS NULL`],
    ["division", () => sql`SELECT 1 / ${0}::int`],
    [
      "while streaming",
      () => sql`SELECT 10 / (5 - n) AS x FROM generate_series(1, 9) n`.cursor(2, () => undefined),
    ],
  ]) {
    line("errors", what, fieldsOf(await errorOf(action)));
  }
  notices.length = 0;
  await sql`DROP TABLE IF EXISTS postgresjs_nothing`;
  line("errors", "notices", notices);
}

async function cancel() {
  const query = sql.unsafe(
    `SELECT count(*) FROM ${series} a, ${series} b, ${series} c, ${series} d`,
  );
  const running = errorOf(() => query);
  await new Promise((resolve) => setTimeout(resolve, 500));
  query.cancel();
  line("cancel", "of a query", fieldsOf(await running));
  line("cancel", "afterwards", (await sql`SELECT 1 AS one`)[0]);
}

async function copy() {
  const into = await sql.unsafe(`COPY ${series} (ts, device, n) FROM STDIN`).writable();
  await pipeline(Readable.from(["2024-07-01\td\t7\n2024-07-", "02\te\t\\N\n"]), into);
  const out = await sql
    .unsafe(
      `COPY (SELECT * FROM ${series} WHERE ts >= '2024-07-01' ORDER BY ts) TO STDOUT (FORMAT csv)`,
    )
    .readable();
  const pieces = [];
  for await (const piece of out) pieces.push(piece);
  line("copy", "in and out", Buffer.concat(pieces).toString());
}

async function listen() {
  const heard = [];
  const [first, second] = [
    Promise.withResolvers?.() ?? withResolvers(),
    Promise.withResolvers?.() ?? withResolvers(),
  ];
  await sql.listen("postgresjs_news", (payload) => {
    heard.push(payload);
    if (heard.length === 1) first.resolve();
    else second.resolve();
  });
  await sql.notify("postgresjs_news", "hello");
  await first.promise;
  await sql.begin((one) => one.notify("postgresjs_news", "of a block ü"));
  await second.promise;
  line("listen", "heard", heard);
}

function withResolvers() {
  let resolve;
  const promise = new Promise((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

connected();
for (const statement of statements) await sql.unsafe(statement);
await types();
await stored();
await batch();
await prepared();
await streaming();
await transactions();
await errors();
await cancel();
await copy();
await listen();
const shownTypes =
  await sql`SELECT 'x'::name AS n, 23::regtype AS t, ARRAY['a']::name[] AS ns, '1 2'::int2vector AS v`;
line("catalogue", "types", shownTypes[0]);
await sql.unsafe(`DROP TABLE ${series}, ${plain}`);
await sql.end();
