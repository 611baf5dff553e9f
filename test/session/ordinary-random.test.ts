/** Random scripts over ordinary tables with every kind of rule answer as PostgreSQL does. */

import { PGlite } from "@electric-sql/pglite";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type LocalServer, startLocalServer } from "../support/local-server.ts";
import { randomFrom, seedOf } from "../support/random.ts";
import { runOnPostgres, runOnServer } from "../support/scripts.ts";

const SCRIPTS = Number(process.env["SCRIPTS"] ?? 3);
const STATEMENTS = 90;

let server: LocalServer;
let postgres: PGlite;
beforeAll(async () => {
  server = await startLocalServer();
  postgres = await PGlite.create();
}, 600_000);
afterAll(async () => {
  await postgres.close();
  await server.stop();
});

function script(seed: number): string[] {
  const random = randomFrom(seed);
  const below = (bound: number) => Math.floor(random() * bound);
  const pick = <T>(items: readonly T[]): T => items[below(items.length)] as T;
  const [a, b, c] = [`ra${seed}`, `rb${seed}`, `rc${seed}`];
  const savepoints: string[] = [];
  let isOpen = false;
  const id = () => String(below(8));
  const text = () => pick(["NULL", "'a'", "'b'", "'c'", "'d'"]);
  const number = () => pick(["NULL", "-1", "0", "1", "5", "9"]);
  const rowOfA = () => `(${pick([id(), id(), id(), "NULL"])}, ${text()}, ${number()})`;
  const rowOfB = () => `(${id()}, ${pick([id(), "NULL"])}, ${number()})`;
  const rowOfC = () => `(${id()}, ${text()}, ${number()}, ${pick([id(), "NULL", "NULL"])})`;
  const rows = (row: () => string) => Array.from({ length: 1 + below(3) }, row).join(", ");
  const makers: (() => string)[] = [
    () => `INSERT INTO ${a} (id, t, n) VALUES ${rows(rowOfA)} RETURNING *`,
    () => `INSERT INTO ${a} (id, t, n) VALUES ${rows(rowOfA)} ON CONFLICT DO NOTHING RETURNING *`,
    () =>
      `INSERT INTO ${a} (id, t, n) VALUES ${rowOfA()} ON CONFLICT (id) DO UPDATE` +
      ` SET n = coalesce(${a}.n, 0) + 1, t = excluded.t RETURNING *`,
    () => `INSERT INTO ${b} VALUES ${rows(rowOfB)} RETURNING *`,
    () => `UPDATE ${a} SET n = ${number()} WHERE id = ${id()} RETURNING *`,
    () => `UPDATE ${a} SET t = ${text()}, n = n + 1 WHERE id = ${id()}`,
    () => `UPDATE ${a} SET id = ${id()} WHERE id = ${id()} RETURNING id`,
    () => `UPDATE ${b} SET a = ${pick([id(), "NULL"])} WHERE id = ${id()} RETURNING *`,
    () => `UPDATE ${b} SET n = ${b}.n + 1 FROM ${a} WHERE ${a}.id = ${b}.a RETURNING ${b}.id`,
    () => `DELETE FROM ${a} WHERE id = ${id()} RETURNING *`,
    () => `DELETE FROM ${b} WHERE id = ${id()}`,
    () =>
      `INSERT INTO ${c} VALUES ${rowOfC()} ON CONFLICT (id) DO UPDATE` +
      ` SET n = ${c}.n + excluded.n, a = excluded.a${pick(["", ` WHERE ${c}.n < 5`])} RETURNING *`,
    () => `INSERT INTO ${c} VALUES ${rowOfC()} ON CONFLICT (id) DO UPDATE SET t = excluded.t`,
    () => `INSERT INTO ${c} VALUES ${rowOfC()} ON CONFLICT (t) DO NOTHING RETURNING *`,
    () => `UPDATE ${c} SET n = n - 1, a = ${pick([id(), "a"])} WHERE id = ${id()} RETURNING *`,
    () => `UPDATE ${c} SET n = ${number()} WHERE t = ${text()} RETURNING old.n, new.n, id`,
    () => `DELETE FROM ${c} WHERE id = ${id()} RETURNING *`,
    () => `SELECT * FROM ${c} ORDER BY id`,
    () => `SELECT * FROM ${a} ORDER BY id, t, n`,
    () => `SELECT * FROM ${b} ORDER BY id`,
    () => `SELECT count(*), sum(n), max(g) FROM ${a}`,
    () => {
      if (!isOpen) {
        isOpen = true;
        return "BEGIN";
      }
      savepoints.push(`s${savepoints.length}`);
      return `SAVEPOINT ${savepoints.at(-1)}`;
    },
    () => {
      const name = pick(savepoints);
      if (name === undefined) return "SELECT 1";
      savepoints.length = savepoints.indexOf(name) + 1;
      return `ROLLBACK TO ${name}`;
    },
    () => {
      if (!isOpen) return "SELECT 2";
      isOpen = false;
      savepoints.length = 0;
      return pick(["COMMIT", "COMMIT", "ROLLBACK"]);
    },
  ];
  return [
    `CREATE TABLE ${a} (id int PRIMARY KEY, t text UNIQUE, n int CHECK (n >= 0),` +
      " g int GENERATED ALWAYS AS (n * 2) STORED)",
    `CREATE TABLE ${b} (id int UNIQUE, a int REFERENCES ${a} ${pick([
      "",
      "ON DELETE CASCADE ON UPDATE CASCADE",
      "ON DELETE SET NULL",
      "ON UPDATE SET NULL ON DELETE RESTRICT",
    ])}, n int NOT NULL)`,
    `CREATE TABLE ${c} (id int PRIMARY KEY, t text UNIQUE, n int NOT NULL CHECK (n >= 0),` +
      ` a int REFERENCES ${a})`,
    ...Array.from({ length: STATEMENTS }, () => pick(makers)()),
    "COMMIT",
    `SELECT * FROM ${a} ORDER BY id`,
    `SELECT * FROM ${b} ORDER BY id`,
    `SELECT * FROM ${c} ORDER BY id`,
  ];
}

test("random scripts", async () => {
  const first = seedOf("ordinary tables");
  for (let seed = first; seed < first + SCRIPTS; seed += 1) {
    const statements = script(seed);
    const expected = await runOnPostgres(postgres, statements);
    const client = await server.connect();
    const found = await runOnServer(client, statements);
    await client.end();
    expect(found, `PGTIDE_TEST_SEED=${seed} runs it first`).toEqual(expected);
  }
}, 600_000);
