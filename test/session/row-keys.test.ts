/** Tables with a declared key or GRAIN ROW: no key twice, whatever comes at once or comes again. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type LocalServer, startLocalServer } from "../support/local-server.ts";

let server: LocalServer;
let tables = 0;

beforeAll(async () => {
  server = await startLocalServer();
});
afterAll(async () => await server.stop());

const DAY = "2026-01-05";

/** A new table of meters; `rest` follows the column list. */
async function meters(key = ", PRIMARY KEY (dev, ts)", rest = ""): Promise<string> {
  tables += 1;
  const name = `m${tables}`;
  await server.rows(
    `CREATE TSTABLE ${name} (ts timestamptz NOT NULL, dev text, kwh float8${key})
     TIME COLUMN ts ENTITY (dev) BUCKET '1 hour' ${rest}`,
  );
  return name;
}

/** `rows`: like `01:00 a 1`. */
function copy(table: string, rows: readonly string[], options = ""): string {
  const file = join(server.folder, `in-${Math.random().toString(36).slice(2)}`);
  const lines = rows.map((row) => {
    const [time, dev, kwh] = row.split(" ");
    return `${DAY} ${time}+00\t${dev}\t${kwh}\n`;
  });
  writeFileSync(file, lines.join(""));
  return `COPY ${table} FROM '${file}' WITH (FORMAT text${options})`;
}

async function tag(sql: string, client: pg.Client = server.client): Promise<string> {
  const { command, rowCount } = await client.query(sql);
  return `${command} ${rowCount}`;
}

async function all(table: string): Promise<string> {
  const rows = await server.rows(
    `SELECT to_char(ts AT TIME ZONE 'UTC', 'HH24:MI'), dev, kwh FROM ${table} ORDER BY dev, ts, kwh`,
  );
  return rows.map((row) => row.join(" ")).join(", ");
}

test("a key that is there is refused with PostgreSQL's error, in memory and in segments", async () => {
  const m = await meters();
  expect(await tag(copy(m, ["01:00 a 1", "02:00 a 2", "01:00 b 3"]))).toBe("COPY 3");
  const fields = {
    code: "23505",
    message: `duplicate key value violates unique constraint "${m}_pkey"`,
    detail: `Key (dev, ts)=(a, ${DAY} 02:00:00+00) already exists.`,
    schema: "public",
    table: m,
    constraint: `${m}_pkey`,
  };
  expect(await server.refusal(copy(m, ["03:00 a 9", "02:00 a 9"]))).toMatchObject(fields);
  await server.rows(`FLUSH ${m}`);
  expect(await server.refusal(copy(m, ["03:00 a 9", "02:00 a 9"]))).toMatchObject(fields);
  await server.restart();
  expect(await server.refusal(copy(m, ["03:00 a 9", "02:00 a 9"]))).toMatchObject(fields);
  expect(await tag(copy(m, ["02:30 a 9", "00:10 a 8"]))).toBe("COPY 2");
  expect(await all(m)).toBe("00:10 a 8, 01:00 a 1, 02:00 a 2, 02:30 a 9, 01:00 b 3");
});

test("a key that stands twice in one statement is refused", async () => {
  const m = await meters();
  expect(await server.refusal(copy(m, ["03:00 a 1", "03:00 b 1", "03:00 a 2"]))).toMatchObject({
    code: "23505",
    detail: `Key (dev, ts)=(a, ${DAY} 03:00:00+00) already exists.`,
  });
  expect(await all(m)).toBe("");
});

test("OVERLAP 'skip' leaves out what is there and counts what went in", async () => {
  const m = await meters();
  await server.rows(copy(m, ["01:00 a 1"]));
  const notices: (string | undefined)[] = [];
  const listen = ({ message }: { message?: string | undefined }) => notices.push(message);
  server.client.on("notice", listen);
  const again = copy(m, ["01:00 a 9", "02:00 a 2", "02:00 a 3", "01:00 b 4"], ", OVERLAP 'skip'");
  expect(await tag(again)).toBe("COPY 2");
  expect(await tag(again)).toBe("COPY 0");
  server.client.off("notice", listen);
  expect(notices).toEqual(["2 rows skipped (already covered)", "4 rows skipped (already covered)"]);
  expect(await all(m)).toBe("01:00 a 1, 02:00 a 2, 01:00 b 4");
});

describe("INSERT", () => {
  const row = (time: string, dev: string, kwh: number) => `('${DAY} ${time}+00', '${dev}', ${kwh})`;

  test("fails for a key that is there or comes twice, by VALUES and by SELECT", async () => {
    const m = await meters();
    await server.rows(`INSERT INTO ${m} VALUES ${row("01:00", "a", 1)}`);
    const repeated = { code: "23505", constraint: `${m}_pkey` };
    const twice = `INSERT INTO ${m} VALUES ${row("02:00", "a", 1)}, ${row("02:00", "a", 2)}`;
    expect(await server.refusal(twice)).toMatchObject(repeated);
    const again = `INSERT INTO ${m} SELECT ts, dev, kwh + 1 FROM ${m}`;
    expect(await server.refusal(again)).toMatchObject(repeated);
    const late = `INSERT INTO ${m} VALUES ($1, $2, 3)`;
    expect(await server.refusal(late, [`${DAY} 01:00+00`, "a"])).toMatchObject(repeated);
    await server.rows(late, [`${DAY} 01:03+00`, "a"]);
    expect(await all(m)).toBe("01:00 a 1, 01:03 a 3");
  });

  test("ON CONFLICT DO NOTHING inserts and returns the others", async () => {
    const m = await meters();
    const sql = (target: string) =>
      `INSERT INTO ${m} VALUES ${row("01:00", "a", 1)}, ${row("02:00", "a", 2)},
         ${row("02:00", "a", 3)} ON CONFLICT ${target} DO NOTHING RETURNING dev, kwh`;
    await server.rows(`INSERT INTO ${m} VALUES ${row("01:00", "a", 7)}`);
    expect(await server.rows(sql("(ts, dev)"))).toEqual([["a", "2"]]);
    expect(await server.rows(sql(""))).toEqual([]);
    expect(await server.rows(sql(`ON CONSTRAINT ${m}_pkey`))).toEqual([]);
    expect(await server.refusal(sql("(ts)"))).toMatchObject({ code: "42P10" });
    expect(await all(m)).toBe("01:00 a 7, 02:00 a 2");
  });

  test("without a key DO NOTHING inserts everything", async () => {
    const m = await meters("");
    const sql = `INSERT INTO ${m} VALUES ${row("01:00", "a", 1)} ON CONFLICT DO NOTHING`;
    expect(await tag(sql)).toBe("INSERT 1");
    expect(await tag(sql)).toBe("INSERT 1");
  });
});

test("GRAIN ROW without a key follows the policy of table and session", async () => {
  const m = await meters("", "GRAIN ROW ON OVERLAP SKIP");
  await server.rows(copy(m, ["01:00 a 1"]));
  expect(await tag(copy(m, ["01:00 a 9", "02:00 a 2"]))).toBe("COPY 1");
  await server.rows("SET tstable.on_overlap = 'reject'");
  expect(await server.refusal(copy(m, ["01:00 a 9"]))).toMatchObject({ code: "23505" });
  await server.rows("SET tstable.on_overlap = 'allow'");
  expect(await tag(copy(m, ["01:00 a 9"]))).toBe("COPY 1");
  await server.rows("RESET tstable.on_overlap");
  expect(await tag(copy(m, ["01:00 a 9", "02:00 a 7"]))).toBe("COPY 0");
  expect(await all(m)).toBe("01:00 a 1, 01:00 a 9, 02:00 a 2");
});

describe("transactions", () => {
  test("see their own keys, and savepoints give them back", async () => {
    const m = await meters();
    await server.rows("BEGIN");
    await server.rows(copy(m, ["01:00 a 1"]));
    await server.rows("SAVEPOINT s");
    await server.rows(copy(m, ["02:00 a 2"]));
    expect(await server.refusal(copy(m, ["01:00 a 9"]))).toMatchObject({ code: "23505" });
    await server.rows("ROLLBACK TO s");
    await server.rows(copy(m, ["02:00 a 3"]));
    await server.rows("COMMIT");
    expect(await all(m)).toBe("01:00 a 1, 02:00 a 3");
  });

  test("wait for another one that inserts the same key, and go by how it ends", async () => {
    for (const end of ["COMMIT", "ROLLBACK"]) {
      const m = await meters();
      const other = await server.connect();
      await other.query("BEGIN");
      await other.query(copy(m, ["01:00 a 1"]));
      let isDone = false;
      const waiting = tag(copy(m, ["01:00 a 2"]))
        .catch(({ code }) => code)
        .finally(() => (isDone = true));
      // The other key does not wait.
      const third = await server.connect();
      expect(await tag(copy(m, ["01:00 b 3"]), third)).toBe("COPY 1");
      expect(isDone).toBe(false);
      await other.query(end);
      expect(await waiting).toBe(end === "COMMIT" ? "23505" : "COPY 1");
      await other.end();
      await third.end();
    }
  });

  test("that wait for each other are a deadlock, and one of them goes on", async () => {
    const m = await meters();
    const other = await server.connect();
    await server.rows("BEGIN");
    await other.query("BEGIN");
    await server.rows(copy(m, ["01:00 a 1"]));
    await other.query(copy(m, ["01:00 b 1"]));
    const second = async () => {
      const outcome = await tag(copy(m, ["01:00 a 2"]), other).catch(({ code }) => code);
      await other.query("ROLLBACK");
      return outcome;
    };
    const first = tag(copy(m, ["01:00 b 2"])).catch(({ code }) => code);
    const outcomes = await Promise.all([first, second()]);
    expect(outcomes.toSorted()).toEqual(["40P01", "COPY 1"]);
    await server.rows("COMMIT");
    await other.end();
  });

  test("give up waiting after lock_timeout", async () => {
    const m = await meters();
    const other = await server.connect();
    await other.query("BEGIN");
    await other.query(copy(m, ["01:00 a 1"]));
    await server.rows("SET lock_timeout = '20ms'");
    expect(await server.refusal(copy(m, ["01:00 a 2"]))).toMatchObject({ code: "55P03" });
    await server.rows("RESET lock_timeout");
    await other.query("COMMIT");
    await other.end();
  });
});

test("many clients that insert the same keys at once insert each once", async () => {
  const m = await meters();
  const clients = await Promise.all(Array.from({ length: 6 }, () => server.connect()));
  const two = (n: number) => String(n).padStart(2, "0");
  const counts = await Promise.all(
    clients.map(async (client, i) => {
      let inserted = 0;
      for (let round = 0; round < 8; round += 1) {
        const rows = Array.from({ length: 12 }, (_, j) => {
          const minute = round * 7 + ((j * 5 + i) % 12);
          return `01:${two(minute % 60)} ${"ab"[j % 2]} ${i}`;
        });
        const { rowCount } = await client.query(copy(m, rows.toSorted(), ", OVERLAP 'skip'"));
        inserted += rowCount ?? 0;
        if (i === 0 && round % 3 === 0) await client.query(`FLUSH ${m}`);
      }
      return inserted;
    }),
  );
  const [[total, distinct] = []] = await server.rows(
    `SELECT count(*), count(DISTINCT (dev, ts)) FROM ${m}`,
  );
  expect(total).toBe(distinct);
  expect(Number(total)).toBe(counts.reduce((a, b) => a + b, 0));
  for (const client of clients) await client.end();
});

test("files and rows know of each other", async () => {
  const m = await meters();
  await server.rows(copy(m, ["01:00 a 1", "02:30 a 2"]));
  const select = (hour: number, kwh: number) =>
    `SELECT TIMESTAMP '${DAY} 0${hour}:00' AS ts, 'a' AS dev, ${kwh}::DOUBLE AS kwh`;
  const there = await server.parquet("there.parquet", select(2, 5));
  expect(await server.refusal(`APPEND PARQUET '${there}' INTO ${m}`)).toMatchObject({
    code: "23P01",
  });
  const fresh = await server.parquet("fresh.parquet", select(5, 6));
  await server.rows(`APPEND PARQUET '${fresh}' INTO ${m}`);
  expect(await server.refusal(copy(m, ["05:00 a 7"]))).toMatchObject({ code: "23505" });
  expect(await tag(copy(m, ["04:00 a 8", "05:01 a 8"]))).toBe("COPY 2");
});

test.each([
  ["date", "DATE '2026-01-05'", "bigint", "7", "'1 day'"],
  ["int8", "42", "uuid", "'0d4c2f36-6b0e-4c8c-a7b5-6b1d5c0f1a11'", "10"],
  ["timestamp", "'1969-12-31 23:59:59.999999'", "smallint", "-3", "'1 hour'"],
])("keys of %s and other entity types are found again", async (time, at, type, entity, bucket) => {
  tables += 1;
  const m = `m${tables}`;
  await server.rows(
    `CREATE TSTABLE ${m} (t ${time} NOT NULL, e ${type}, v text, UNIQUE (e, t))
     TIME COLUMN t ENTITY (e) BUCKET ${bucket}`,
  );
  const file = join(server.folder, `${m}.csv`);
  const bare = (text: string) => text.replace(/^DATE /, "").replaceAll("'", "");
  writeFileSync(file, `${bare(at)},${bare(entity)},x\n`);
  await server.rows(`COPY ${m} FROM '${file}' WITH (FORMAT csv)`);
  for (const sql of ["SELECT 1", `FLUSH ${m}`]) {
    await server.rows(sql);
    expect(await server.refusal(`COPY ${m} FROM '${file}' WITH (FORMAT csv)`)).toMatchObject({
      code: "23505",
      constraint: `${m}_e_t_key`,
    });
  }
});
