/** Sequences in queries over rows, and built-ins that only PostgreSQL's catalogues can answer there. */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type LocalServer, startLocalServer } from "../support/local-server.ts";

let server: LocalServer;

beforeAll(async () => {
  server = await startLocalServer();
  await server.rows(
    "CREATE TABLE t (id serial PRIMARY KEY, name text); COMMENT ON TABLE t IS 'a table';" +
      "INSERT INTO t (id, name) SELECT g, 'n' || g FROM generate_series(1, 40) g;" +
      "CREATE SEQUENCE s; CREATE ROLE guest; GRANT SELECT ON t TO guest",
  );
});

afterAll(async () => {
  await server.stop();
});

describe("a sequence", () => {
  test("is set from the rows of its table, as Django does it", async () => {
    const sql =
      `SELECT setval(pg_get_serial_sequence('"t"','id'), coalesce(max("id"), 1),` +
      ' max("id") IS NOT null) FROM "t"';
    expect(await server.rows(sql)).toEqual([["40"]]);
    expect(await server.rows("INSERT INTO t (name) VALUES ('x') RETURNING id")).toEqual([["41"]]);
  });

  test("gives a value for each row, in the order of the rows, up to the limit", async () => {
    expect(await server.rows("SELECT nextval('s'), id FROM t ORDER BY id DESC LIMIT 2")).toEqual([
      ["1", "41"],
      ["2", "40"],
    ]);
    expect(await server.rows("SELECT id, currval('s') FROM t WHERE id < 3 ORDER BY 1")).toEqual([
      ["1", "2"],
      ["2", "2"],
    ]);
    expect(await server.rows("SELECT setval('s', $1), setval('s', NULL) FROM t LIMIT 1", [7])) //
      .toEqual([["7", null]]);
  });

  test("can be read as a relation of one row", async () => {
    await server.rows("CREATE SEQUENCE fresh");
    expect(await server.rows("SELECT * FROM fresh")).toEqual([["1", "0", "f"]]);
    await server.rows("SELECT nextval('fresh')");
    expect(await server.rows("SELECT * FROM fresh")).toEqual([["1", "32", "t"]]);
    expect(await server.rows("SELECT last_value + 1, name FROM fresh JOIN t ON id = last_value")) //
      .toEqual([["2", "n1"]]);
  });

  test("asks for the rights that PostgreSQL asks for", async () => {
    await server.rows("SET ROLE guest");
    const codes = [];
    for (const sql of [
      "SELECT nextval('s') FROM t LIMIT 1",
      "SELECT setval(pg_get_serial_sequence('t', 'id'), max(id)) FROM t",
      "SELECT * FROM s",
    ]) {
      codes.push((await server.refusal(sql)).code);
    }
    await server.rows("RESET ROLE");
    expect(codes).toEqual(["42501", "42501", "42501"]);
    await server.rows("BEGIN READ ONLY");
    expect((await server.refusal("SELECT nextval('s') FROM t")).code).toBe("25006");
    await server.rows("ROLLBACK");
    expect((await server.refusal("SELECT nextval('t'::regclass) FROM t")).code).toBe("42809");
  });
});

test("built-ins of known arguments are PostgreSQL's own beside rows of tables", async () => {
  const [row] = await server.rows(
    "SELECT pg_backend_pid() > 0, obj_description('t'::regclass, 'pg_class')," +
      " pg_get_serial_sequence('t', 'id'), has_table_privilege('t', 'select')," +
      " 't'::text::regclass::oid = tableoid, format_type(1700, 655366)," +
      " pg_size_pretty(pg_relation_size('t')) <> '' FROM t LIMIT 1",
  );
  expect(row).toEqual(["t", "a table", "public.t_id_seq", "t", "t", "numeric(10,2)", "t"]);
  const refusal = await server.refusal("SELECT to_regclass(name)::oid FROM t");
  expect(refusal.code).toBe("0A000");
});
