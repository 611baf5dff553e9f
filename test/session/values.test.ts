/** Values that files may hold and columns may not, and statements that a first user tripped over. */

import { afterAll, beforeAll, expect, test } from "vitest";
import { type LocalServer, startLocalServer } from "../support/local-server.ts";

let server: LocalServer;

beforeAll(async () => {
  server = await startLocalServer();
});
afterAll(async () => await server.stop());

let files = 0;
async function fileOf(column: string): Promise<string> {
  files += 1;
  return await server.parquet(
    `file-${files}.parquet`,
    `SELECT TIMESTAMP '2024-01-01 00:10:00' AS ts, ${column}`,
  );
}

test.each([
  ["j json", "'{bad' AS j", "22P02"],
  ["u uuid", "'nope' AS u", "22P02"],
  ["i interval", "'soon' AS i", "22007"],
  ["n numeric", "'1,5' AS n", "22P02"],
  ["s varchar(1)", "'xy' AS s", "22001"],
])("a file whose text is no %s is refused and leaves nothing", async (column, value, code) => {
  const table = `bad_${column.split(" ")[0]}`;
  await server.client.query(`CREATE TSTABLE ${table} (ts timestamp, ${column})`);
  const refused = await server.refusal(`APPEND PARQUET '${await fileOf(value)}' INTO ${table}`);
  expect(refused.code).toBe(code);
  expect(await server.rows(`SELECT count(*) FROM ${table}`)).toEqual([["0"]]);
});

test("json that another program left behind is an error, not the end of the engine", async () => {
  await server.client.query("CREATE TSTABLE raw (ts timestamp, j text)");
  await server.client.query(`APPEND PARQUET '${await fileOf("'{bad' AS j")}' INTO raw`);
  expect((await server.refusal("SELECT j::json -> 'a' FROM raw")).code).toBe("22P02");
  expect(await server.rows("SELECT count(*) FROM raw")).toEqual([["1"]]);
});

test("types that a file's text cannot stand for are refused by name", async () => {
  for (const column of ["j jsonb", "c char(3)"]) {
    expect((await server.refusal(`CREATE TSTABLE x (ts timestamp, ${column})`)).code).toBe("0A000");
  }
  const wide = "CREATE TSTABLE x (idx bigint, v int) TIME COLUMN idx BUCKET 9223372036854775808";
  expect((await server.refusal(wide)).code).toBe("22003");
  expect((await server.refusal("CREATE TSTABLE tstable.x (ts timestamp)")).code).toBe("42501");
});

test("an APPEND that is prepared runs as often as it is executed", async () => {
  await server.client.query("CREATE TSTABLE prepared (ts timestamp, v int)");
  const path = await fileOf("1::INTEGER AS v");
  const text = `APPEND PARQUET '${path}' INTO prepared ON OVERLAP ALLOW`;
  for (let round = 0; round < 3; round += 1) {
    await server.client.query({ name: "append", text, values: [] });
  }
  expect(await server.rows("SELECT count(*) FROM prepared")).toEqual([["3"]]);
});

test("columns depend on a grouped key; what DuckDB would group otherwise is refused", async () => {
  await server.client.query("CREATE TSTABLE keyed (ts timestamp, v int, PRIMARY KEY (ts))");
  await server.client.query("INSERT INTO keyed VALUES ('2024-01-01', 7), ('2024-01-02', 7)");
  const byKey = "SELECT ts::date, v, count(*) FROM keyed GROUP BY keyed.ts ORDER BY ts";
  expect(await server.rows(byKey)).toEqual([
    ["2024-01-01", "7", "1"],
    ["2024-01-02", "7", "1"],
  ]);
  const sets = "SELECT generate_series(1, 2), count(*) FROM keyed GROUP BY 1";
  expect((await server.refusal(sets)).code).toBe("0A000");
});
