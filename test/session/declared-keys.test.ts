/** Keys of time-series tables as ORMs and migrations declare them: with the table or afterwards. */

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

const T = "2026-01-05 00:00+00";
const REPEATED = "23505";

/** `list`: columns and keys. */
async function create(list: string, options = ""): Promise<string> {
  tables += 1;
  const name = `m${tables}`;
  await server.rows(`CREATE TABLE ${name} (${list}) USING tstable ${options}`);
  return name;
}

async function entityOf(table: string): Promise<string | undefined> {
  const sql = `SELECT unnest(reloptions) FROM pg_class WHERE relname = '${table}'`;
  const options = (await server.rows(sql)).map(([option]) => option ?? "");
  return options.find((option) => option.startsWith("entity="))?.slice("entity=".length);
}

async function indexes(table: string): Promise<(string | null)[][]> {
  return await server.rows(`SELECT indexdef FROM pg_indexes WHERE tablename = '${table}'`);
}

describe("without ENTITY, columns of the key besides the time", () => {
  test("are the entity", async () => {
    const m = await create("ts timestamptz, host text, n int, PRIMARY KEY (host, n, ts)");
    expect(await entityOf(m)).toBe("host, n");
    const u = await create("ts timestamptz, host text, v float8, UNIQUE (ts, host)");
    expect(await entityOf(u)).toBe("host");
    await server.rows(`INSERT INTO ${u} VALUES ('${T}', 'a', 1)`);
    expect(await server.refusal(`INSERT INTO ${u} VALUES ('${T}', 'a', 2)`)).toMatchObject({
      code: REPEATED,
      detail: "Key (ts, host)=(2026-01-05 00:00:00+00, a) already exists.",
      constraint: `${u}_ts_host_key`,
    });
    expect(await server.refusal(`INSERT INTO ${u} VALUES ('${T}', NULL, 2)`)).toMatchObject({
      code: "23502",
    });
    const upsert = `INSERT INTO ${u} VALUES ('${T}', 'a', 7)
      ON CONFLICT (host, ts) DO UPDATE SET v = excluded.v RETURNING v`;
    expect(await server.rows(upsert)).toEqual([["7"]]);
  });

  test("are none where the table says so, or where each row draws its own", async () => {
    const none = await create(
      "ts timestamptz, host text, PRIMARY KEY (host, ts)",
      "WITH (entity='')",
    );
    const serial = await create("id bigserial, ts timestamptz, v int, PRIMARY KEY (id, ts)");
    const uuid = await create(
      "id uuid DEFAULT gen_random_uuid(), ts timestamptz, v int, PRIMARY KEY (id, ts)",
    );
    for (const name of [none, serial, uuid]) expect(await entityOf(name)).toBeUndefined();
  });

  test("may be of no other types", async () => {
    const refusal = await server.refusal(
      "CREATE TABLE no (ts timestamptz, on_ bool, PRIMARY KEY (on_, ts)) USING tstable",
    );
    expect(refusal).toMatchObject({
      code: "0A000",
      message: 'key column "on_" cannot be of type boolean',
    });
    expect(
      await server.refusal("CREATE TABLE no (ts timestamptz, id int PRIMARY KEY) USING tstable"),
    ).toMatchObject({ code: "0A000", hint: "Declare PRIMARY KEY (ts, id)." });
  });
});

describe("a key that is not the entity", () => {
  test("is kept in memory, in segments and after a restart", async () => {
    const m = await create(
      "id int, ts timestamptz, host text, v int, PRIMARY KEY (id, ts)",
      "WITH (entity='host')",
    );
    const repeated = {
      code: REPEATED,
      detail: "Key (id, ts)=(1, 2026-01-05 00:00:00+00) already exists.",
      constraint: `${m}_pkey`,
    };
    await server.rows(`INSERT INTO ${m} VALUES (1, '${T}', 'a', 1), (2, '${T}', 'a', 1)`);
    const again = `INSERT INTO ${m} VALUES (1, '${T}', 'b', 2)`;
    expect(await server.refusal(again)).toMatchObject(repeated);
    await server.rows(`FLUSH ${m}`);
    expect(await server.refusal(again)).toMatchObject(repeated);
    await server.restart();
    expect(await server.refusal(again)).toMatchObject(repeated);
    await server.rows(`INSERT INTO ${m} VALUES (3, '${T}', 'a', 1), (1, '2026-01-04', 'a', 1)`);
    const some = `INSERT INTO ${m} VALUES (1, '${T}', 'c', 5), (4, '${T}', 'c', 5)`;
    expect(await server.rows(`${some} ON CONFLICT (ts, id) DO NOTHING RETURNING id`)).toEqual([
      ["4"],
    ]);
    expect(await server.rows(`SELECT count(*), count(DISTINCT (id, ts)) FROM ${m}`)).toEqual([
      ["5", "5"],
    ]);
  });

  test("is looked for when files come", async () => {
    const m = await create(
      "ts timestamptz, host text, n int NOT NULL, UNIQUE (ts, n)",
      "WITH (entity='host')",
    );
    const file = async (name: string, list: string) => {
      const columns = `SELECT TIMESTAMP '2026-01-05' AS ts, host, n::INTEGER AS n`;
      return await server.parquet(`${m}${name}.parquet`, `${columns} FROM (${list}) AS r(host, n)`);
    };
    const b = await file("b", "VALUES ('b', 1), ('b', 2)");
    const twice = [await file("c", "VALUES ('c', 3)"), await file("d", "VALUES ('d', 3)")];
    await server.rows(`BEGIN; INSERT INTO ${m} VALUES ('${T}', 'a', 1); SAVEPOINT s`);
    const detail = "Key (ts, n)=(2026-01-05 00:00:00+00, 1) already exists.";
    const refused = { code: REPEATED, detail, constraint: `${m}_ts_n_key` };
    expect(await server.refusal(`APPEND PARQUET '${b}' INTO ${m}`)).toMatchObject(refused);
    await server.rows("ROLLBACK TO s; COMMIT");
    expect(await server.refusal(`APPEND PARQUET '${b}' INTO ${m}`)).toMatchObject(refused);
    const both = `APPEND PARQUET ARRAY['${twice.join("', '")}'] INTO ${m}`;
    expect(await server.refusal(both)).toMatchObject({ code: REPEATED });
    const skip = `APPEND PARQUET '${b}' INTO ${m} ON OVERLAP SKIP`;
    expect(await server.refusal(skip)).toMatchObject({ code: "0A000" });
    await server.rows(`APPEND PARQUET '${twice[0]}' INTO ${m}`);
    expect(await server.rows(`SELECT n FROM ${m} ORDER BY n`)).toEqual([["1"], ["3"]]);
  });

  test("is not updated, nor followed by DO UPDATE and REPLACE", async () => {
    const m = await create("id bigserial, ts timestamptz, v int, PRIMARY KEY (id, ts)");
    await server.rows(`INSERT INTO ${m} (ts, v) VALUES ('${T}', 1)`);
    const upsert = `INSERT INTO ${m} VALUES (1, '${T}', 2) ON CONFLICT (id, ts) DO UPDATE SET v = 3`;
    for (const sql of [`UPDATE ${m} SET id = 9`, upsert]) {
      expect(await server.refusal(sql)).toMatchObject({ code: "0A000" });
    }
    await server.rows("SET tstable.on_overlap = 'replace'");
    const replacing = await server.refusal(`INSERT INTO ${m} VALUES (1, '${T}', 2)`);
    await server.rows("RESET tstable.on_overlap");
    expect(replacing).toMatchObject({ code: "0A000" });
    await server.rows(`UPDATE ${m} SET v = 4`);
    expect(await server.rows(`SELECT id, v FROM ${m}`)).toEqual([["1", "4"]]);
  });
});

describe("ALTER TABLE", () => {
  const plain = "ts timestamptz, host text, v int";

  test("gives a key that is kept from then on, and takes it", async () => {
    const m = await create(plain);
    await server.rows(`INSERT INTO ${m} VALUES ('${T}', 'a', 1), ('${T}', 'b', 1)`);
    await server.rows(`ALTER TABLE ${m} ADD CONSTRAINT one PRIMARY KEY (host, ts)`);
    expect(await indexes(m)).toEqual([
      [`CREATE UNIQUE INDEX one ON public.${m} USING btree (host, ts)`],
    ]);
    const again = `INSERT INTO ${m} VALUES ('${T}', 'a', 2)`;
    const repeated = { code: REPEATED, constraint: "one" };
    expect(await server.refusal(again)).toMatchObject(repeated);
    await server.restart();
    expect(await server.refusal(again)).toMatchObject(repeated);
    expect(await server.refusal(`INSERT INTO ${m} VALUES ('${T}', NULL, 2)`)).toMatchObject({
      code: "23502",
    });
    await server.rows(`ALTER TABLE ${m} RENAME CONSTRAINT one TO other`);
    expect(await server.refusal(again)).toMatchObject({ code: REPEATED, constraint: "other" });
    await server.rows(`ALTER TABLE ${m} DROP CONSTRAINT other`);
    await server.rows(again);
    await server.restart();
    await server.rows(again);
    expect(await server.rows(`SELECT count(*) FROM ${m}`)).toEqual([["4"]]);
  });

  test("refuses a key that rows which are there do not keep, and leaves nothing", async () => {
    const m = await create(plain);
    await server.rows(`INSERT INTO ${m} VALUES ('${T}', 'a', 1)`);
    await server.rows(`FLUSH ${m}`);
    await server.rows(`INSERT INTO ${m} VALUES ('${T}', 'a', 2)`);
    expect(await server.refusal(`ALTER TABLE ${m} ADD UNIQUE (ts)`)).toMatchObject({
      code: REPEATED,
      message: `could not create unique index "${m}_ts_key"`,
      detail: "Key (ts)=(2026-01-05 00:00:00+00) is duplicated.",
      table: m,
      constraint: `${m}_ts_key`,
    });
    await server.rows(`INSERT INTO ${m} VALUES ('2026-01-06', NULL, 2)`);
    await server.rows(`DELETE FROM ${m} WHERE v = 2 AND host IS NOT NULL`);
    expect(await server.refusal(`ALTER TABLE ${m} ADD PRIMARY KEY (host, ts)`)).toMatchObject({
      code: "23502",
      message: `column "host" of relation "${m}" contains null values`,
    });
    expect(await server.refusal(`ALTER TABLE ${m} ADD UNIQUE (host, ts)`)).toMatchObject({
      code: "0A000",
      hint: "Declare it NOT NULL.",
    });
    expect(await indexes(m)).toEqual([]);
    await server.rows(`INSERT INTO ${m} SELECT * FROM ${m}`);
  });

  test("sees rows of its own transaction, and goes back with it", async () => {
    const m = await create(plain);
    const row = `INSERT INTO ${m} VALUES ('${T}', 'a', 1)`;
    await server.rows("BEGIN");
    await server.rows(row);
    await server.rows("SAVEPOINT one");
    await server.rows(`ALTER TABLE ${m} ADD UNIQUE (ts)`);
    await server.rows("SAVEPOINT two");
    expect(await server.refusal(row)).toMatchObject({ code: REPEATED });
    await server.rows("ROLLBACK TO two");
    await server.rows(`INSERT INTO ${m} VALUES ('2026-01-06', 'a', 1)`);
    await server.rows("ROLLBACK TO one");
    await server.rows(row);
    await server.rows("ROLLBACK TO one");
    await server.rows(`ALTER TABLE ${m} ADD UNIQUE (ts)`);
    await server.rows("COMMIT");
    expect(await server.refusal(row)).toMatchObject({ code: REPEATED });
    await server.rows("BEGIN");
    await server.rows(`ALTER TABLE ${m} DROP CONSTRAINT ${m}_ts_key`);
    await server.rows(row);
    await server.rows("ROLLBACK");
    expect(await server.refusal(row)).toMatchObject({ code: REPEATED });
    expect(await server.rows(`SELECT count(*) FROM ${m}`)).toEqual([["1"]]);
  });

  test("a dump's order in one transaction: table, rows, key", async () => {
    const m = "dumped";
    const file = join(server.folder, "dumped");
    writeFileSync(file, `${T}\ta\t1\n${T}\tb\t1\n`);
    await server.rows("BEGIN");
    await server.rows(`CREATE TABLE ${m} (${plain}) USING tstable WITH (entity='host')`);
    await server.rows(`COPY ${m} FROM '${file}'`);
    await server.rows(`ALTER TABLE ONLY ${m} ADD CONSTRAINT ${m}_pkey PRIMARY KEY (host, ts)`);
    await server.rows("COMMIT");
    expect(await server.refusal(`COPY ${m} FROM '${file}'`)).toMatchObject({ code: REPEATED });
    const upsert = `INSERT INTO ${m} VALUES ('${T}', 'a', 5) ON CONFLICT (host, ts) DO UPDATE SET v = 9`;
    await server.rows(upsert);
    expect(await server.rows(`SELECT sum(v) FROM ${m}`)).toEqual([["10"]]);
  });

  test("after upserts in memory, dropping the key lets rows repeat", async () => {
    const m = await create(`${plain}, PRIMARY KEY (host, ts)`);
    const upsert = `INSERT INTO ${m} VALUES ('${T}', 'a', 5) ON CONFLICT (host, ts) DO UPDATE SET v = 9`;
    await server.rows(upsert);
    await server.rows(upsert);
    await server.rows("BEGIN");
    await server.rows(upsert);
    await server.rows(`ALTER TABLE ${m} DROP CONSTRAINT ${m}_pkey`);
    await server.rows(`INSERT INTO ${m} VALUES ('${T}', 'a', 1)`);
    await server.rows("COMMIT");
    await server.rows(`INSERT INTO ${m} VALUES ('${T}', 'a', 2)`);
    expect(await server.rows(`SELECT v FROM ${m} ORDER BY v`)).toEqual([["1"], ["2"], ["9"]]);
    const key = `ALTER TABLE ${m} ADD PRIMARY KEY (host, ts)`;
    expect(await server.refusal(key)).toMatchObject({ code: REPEATED });
    await server.rows(`DELETE FROM ${m} WHERE v < 9`);
    await server.rows(key);
    expect(await server.refusal(`INSERT INTO ${m} VALUES ('${T}', 'a', 1)`)).toMatchObject({
      code: REPEATED,
    });
  });

  test("waits for those who have rows under way, and they for it", async () => {
    const m = await create(plain);
    const other = await server.connect();
    const row = `INSERT INTO ${m} VALUES ('${T}', 'a', 1)`;
    await other.query("BEGIN");
    await other.query(row);
    await server.rows(row);
    const key = `ALTER TABLE ${m} ADD UNIQUE (ts)`;
    const refused = server.refusal(key);
    await waiting(other, 1);
    await other.query("COMMIT");
    expect(await refused).toMatchObject({ code: REPEATED });
    await server.rows(`DELETE FROM ${m}`);
    await server.rows("BEGIN");
    await server.rows(key);
    await server.rows(row);
    const late = other.query(row).then(
      () => "inserted",
      (cause: pg.DatabaseError) => cause.code,
    );
    await waiting(server.client, 1);
    await server.rows("COMMIT");
    // The definition it was analysed with is gone.
    expect(await late).toBe("40001");
    expect(await server.refusal(row)).toMatchObject({ code: REPEATED });
    await other.end();
  });

  test.each([
    ["ALTER v SET NOT NULL", "INSERT INTO $t VALUES ('2026-01-06', 'b', NULL)"],
    ["ALTER v SET NOT NULL", "UPDATE $t SET v = NULL"],
    ["ALTER v SET NOT NULL, ADD UNIQUE (ts, v)", "UPDATE $t SET v = 1"],
  ])("%s holds for those who waited for it: %s", async (rule, change) => {
    const m = await create(plain);
    await server.rows(`INSERT INTO ${m} VALUES ('${T}', 'a', 1), ('${T}', 'a', 2)`);
    const other = await server.connect();
    await server.rows("BEGIN");
    await server.rows(`ALTER TABLE ${m} ${rule}`);
    const late = other.query(change.replace("$t", m)).then(
      () => "changed",
      (cause: pg.DatabaseError) => cause.code,
    );
    await waiting(server.client, 1);
    await server.rows("COMMIT");
    expect(await late).toBe("40001");
    expect(await server.rows(`SELECT v FROM ${m} ORDER BY v`)).toEqual([["1"], ["2"]]);
    await other.end();
  });

  test("CREATE UNIQUE INDEX is a key, and DROP INDEX takes it", async () => {
    const m = await create(plain);
    const row = `INSERT INTO ${m} VALUES ('${T}', 'a', 1)`;
    await server.rows(row);
    await server.rows(`ALTER TABLE ${m} ALTER host SET NOT NULL`);
    await server.rows(`CREATE UNIQUE INDEX ${m}_i ON ${m} (ts, host)`);
    expect(await server.refusal(row)).toMatchObject({ code: REPEATED, constraint: `${m}_i` });
    await server.rows(`${row} ON CONFLICT (host, ts) DO NOTHING`);
    for (const sql of [
      `CREATE UNIQUE INDEX ON ${m} (ts, v)`,
      `ALTER TABLE ${m} ADD UNIQUE (host)`,
      `ALTER TABLE ${m} ALTER ts DROP NOT NULL`,
      `ALTER TABLE ${m} ADD CHECK (v > 0)`,
    ]) {
      expect(await server.refusal(sql), sql).toMatchObject({ code: "0A000" });
    }
    await server.rows(`DROP INDEX ${m}_i`);
    await server.rows(row);
    for (const index of ["(lower(host), ts)", "(ts) WHERE v > 0"]) {
      const sql = `CREATE UNIQUE INDEX ON ${m} ${index}`;
      expect(await server.refusal(sql), sql).toMatchObject({ code: "0A000" });
    }
    expect(await server.rows(`SELECT count(*) FROM ${m}`)).toEqual([["2"]]);
  });
});

/** Until so many wait for a lock. */
async function waiting(client: pg.Client, count: number): Promise<void> {
  for (;;) {
    const { rows } = await client.query(
      "SELECT count(*)::int AS n FROM pg_locks WHERE NOT granted",
    );
    if (Number(rows[0]?.n) >= count) return;
  }
}
