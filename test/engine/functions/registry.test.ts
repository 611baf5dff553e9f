import { DuckDBInstance } from "@duckdb/node-api";
import { expect, test } from "vitest";
import { registerFunctions, scalarFunctions } from "../../../src/engine/functions/registry.ts";

async function open(isCancelled?: (connectionId: number) => boolean) {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  registerFunctions(connection, isCancelled);
  return { instance, connection };
}

test("NULL in any argument gives NULL without a call, in the middle of a chunk too", async () => {
  const { connection } = await open();
  const sql =
    "SELECT num_add(CASE WHEN i % 2 = 0 THEN '1.5' END, '1') FROM range(4) t(i) ORDER BY i";
  const rows = (await connection.runAndReadAll(sql)).getRows();
  expect(rows).toEqual([["2.5"], [null], ["2.5"], [null]]);
});

test("an error arrives with its SQLSTATE, whichever layer raised it", async () => {
  const { connection } = await open();
  await expect(connection.runAndReadAll("SELECT num_div('1', '0')")).rejects.toThrow(
    "PG:22012:division by zero",
  );
  await expect(connection.runAndReadAll("SELECT pg_int('x', 32)")).rejects.toThrow(
    'PG:22P02:invalid input syntax for type integer: "x"',
  );
});

test("a function asks before every chunk whether its connection's statement was cancelled", async () => {
  const asked = new Set<number>();
  let isCancelled = false;
  const { instance, connection } = await open((id) => {
    asked.add(id);
    return isCancelled;
  });
  const other = await instance.connect();
  await connection.runAndReadAll("SELECT num_key('1') FROM range(3000)");
  await other.runAndReadAll("SELECT num_key(CAST(i AS VARCHAR)) FROM range(3000) t(i)");
  expect(asked.size).toBe(2);
  isCancelled = true;
  const sql = "SELECT num_key(CAST(i AS VARCHAR)) FROM range(3000) t(i)";
  await expect(other.runAndReadAll(sql)).rejects.toThrow("PG:57014:canceling statement");
});

test("no name is taken twice with the same parameters", () => {
  const names = scalarFunctions.map((each) => `${each.name}(${each.parameters.join()})`);
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
});
