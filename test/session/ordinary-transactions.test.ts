/** What waits for COMMIT, and what must not wait: scripts answer as PostgreSQL does. */

import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { Engine } from "../../src/engine/remote.ts";
import { type BothServers, openBoth } from "../support/both-servers.ts";

let both: BothServers;
beforeAll(async () => {
  both = await openBoth();
});
afterAll(async () => await both.close());

const sameAsPostgres = async (script: string) => await both.compare(script);

test("VACUUM and ANALYZE refuse what PostgreSQL refuses, and do no more", async () => {
  await sameAsPostgres(`
    CREATE TABLE v1 (a int, b text);
    VACUUM v1;
    VACUUM (ANALYZE, VERBOSE) v1 (a, b);
    VACUUM FULL v1, v1;
    ANALYZE public.v1 (b);
    ANALYZE pg_class;
    VACUUM nowhere;
    VACUUM v1 (a);
    ANALYZE v1 (c);
    ANALYZE v1 (a, a);
    VACUUM (speed) v1;
    ANALYZE (freeze) v1;
    BEGIN;
    ANALYZE v1;
    VACUUM v1;
    ROLLBACK`);
});

test("ON COMMIT is of the table that is made, not of those it references", async () => {
  await sameAsPostgres(`
    CREATE TABLE o0 ON COMMIT DROP AS SELECT 1 AS a;
    BEGIN;
    CREATE TEMP TABLE o1 (a int PRIMARY KEY);
    CREATE TEMP TABLE o2 (a int REFERENCES o1) ON COMMIT DELETE ROWS;
    CREATE TEMP TABLE o3 (a int REFERENCES o1) ON COMMIT DROP;
    INSERT INTO o1 VALUES (1);
    INSERT INTO o2 VALUES (1);
    INSERT INTO o3 VALUES (1);
    COMMIT;
    SELECT * FROM o1;
    SELECT * FROM o2;
    INSERT INTO o2 VALUES (1);
    SELECT * FROM o2`);
});

test("deferrable constraints wait for COMMIT or SET CONSTRAINTS", async () => {
  await sameAsPostgres(`
    CREATE TABLE d1 (id int PRIMARY KEY, up int REFERENCES d1 DEFERRABLE INITIALLY DEFERRED);
    INSERT INTO d1 VALUES (1, 2);
    INSERT INTO d1 VALUES (1, 2), (2, 1);
    BEGIN;
    INSERT INTO d1 VALUES (3, 4);
    INSERT INTO d1 VALUES (5, 6);
    INSERT INTO d1 VALUES (4, NULL);
    COMMIT;
    SELECT * FROM d1 ORDER BY id;
    BEGIN;
    INSERT INTO d1 VALUES (3, 4);
    SAVEPOINT s;
    SET CONSTRAINTS ALL IMMEDIATE;
    ROLLBACK TO s;
    INSERT INTO d1 VALUES (4, 3);
    SET CONSTRAINTS d1_up_fkey IMMEDIATE;
    INSERT INTO d1 VALUES (5, 9);
    ROLLBACK;
    BEGIN;
    DELETE FROM d1 WHERE id = 1;
    SELECT * FROM d1 ORDER BY id;
    INSERT INTO d1 VALUES (1, NULL);
    COMMIT;
    BEGIN;
    DELETE FROM d1 WHERE id = 1;
    INSERT INTO d1 VALUES (10, 10);
    COMMIT;
    BEGIN;
    UPDATE d1 SET id = id + 100;
    UPDATE d1 SET up = up + 100;
    COMMIT;
    SELECT * FROM d1 ORDER BY id;
    BEGIN;
    INSERT INTO d1 VALUES (7, 8);
    ALTER TABLE d1 ADD COLUMN more int;
    ROLLBACK;
    BEGIN;
    INSERT INTO d1 VALUES (7, 8);
    DROP TABLE d1;
    ROLLBACK;
    BEGIN;
    INSERT INTO d1 VALUES (7, 8);
    TRUNCATE d1;
    ROLLBACK;
    BEGIN;
    INSERT INTO d1 VALUES (7, 8);
    DELETE FROM d1 WHERE id = 7;
    COMMIT;
    CREATE TABLE d2 (a int, b int UNIQUE DEFERRABLE,
      CONSTRAINT d2_a UNIQUE (a) DEFERRABLE INITIALLY DEFERRED);
    INSERT INTO d2 VALUES (1, 1), (2, 2), (3, 3);
    UPDATE d2 SET b = b + 1;
    INSERT INTO d2 VALUES (4, 4);
    BEGIN;
    INSERT INTO d2 VALUES (1, 5), (9, 6), (9, 7);
    INSERT INTO d2 VALUES (10, 7);
    ROLLBACK;
    BEGIN;
    INSERT INTO d2 VALUES (9, 6), (1, 5), (9, 7);
    DELETE FROM d2 WHERE b = 6;
    COMMIT;
    BEGIN;
    INSERT INTO d2 VALUES (1, 5);
    DELETE FROM d2 WHERE b = 2;
    SET CONSTRAINTS d2_b_key DEFERRED;
    INSERT INTO d2 VALUES (11, 5);
    SET CONSTRAINTS d2_a IMMEDIATE;
    UPDATE d2 SET b = 12 WHERE a = 11;
    COMMIT;
    SELECT * FROM d2 ORDER BY a, b;
    INSERT INTO d2 VALUES (1, 90) ON CONFLICT DO NOTHING;
    INSERT INTO d2 VALUES (1, 90) ON CONFLICT (a) DO UPDATE SET b = 91;
    SET CONSTRAINTS ALL DEFERRED;
    SET CONSTRAINTS nobody DEFERRED;
    BEGIN;
    SET CONSTRAINTS d1_pkey IMMEDIATE;
    SET CONSTRAINTS d1_pkey DEFERRED;
    ROLLBACK;
    SET CONSTRAINTS nowhere.d2_a DEFERRED;
    CREATE TABLE d3 (id int PRIMARY KEY);
    CREATE TABLE d4 (d3_id int);
    INSERT INTO d4 VALUES (1);
    ALTER TABLE d4 ADD FOREIGN KEY (d3_id) REFERENCES d3 DEFERRABLE INITIALLY DEFERRED;
    INSERT INTO d3 VALUES (1), (2);
    ALTER TABLE d4 ADD FOREIGN KEY (d3_id) REFERENCES d3 DEFERRABLE INITIALLY DEFERRED;
    DELETE FROM d3 WHERE id = 1;
    BEGIN;
    DELETE FROM d3 WHERE id = 1;
    DELETE FROM d4;
    COMMIT;
    BEGIN;
    CREATE TABLE d5 (id int REFERENCES d3 ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED);
    INSERT INTO d5 VALUES (2);
    DELETE FROM d3;
    SELECT * FROM d5;
    INSERT INTO d5 VALUES (3);
    COMMIT;
    SELECT * FROM d5;
    BEGIN;
    CREATE TABLE d6 (id int PRIMARY KEY, up int REFERENCES d6 INITIALLY DEFERRED);
    INSERT INTO d6 VALUES (1, 2);
    INSERT INTO d6 VALUES (2, 2);
    COMMIT;
    DELETE FROM d6 WHERE id = 2;
    ALTER TABLE d6 ALTER CONSTRAINT d6_up_fkey NOT DEFERRABLE;
    BEGIN;
    DELETE FROM d6 WHERE id = 2;
    ROLLBACK`);
});

test("the modes of a transaction stand once it has read something", async () => {
  await sameAsPostgres(`
    CREATE TEMP TABLE m1 (a int);
    CREATE TEMP SEQUENCE m2;
    SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY;
    INSERT INTO m1 VALUES (1), (2);
    UPDATE m1 SET a = a + 1;
    DELETE FROM m1 WHERE a = 2;
    SELECT nextval('m2');
    SELECT setval('m2', 5);
    CREATE TABLE m3 (a int);
    SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE;
    DROP SEQUENCE m2;
    SELECT lastval();
    BEGIN ISOLATION LEVEL SERIALIZABLE, READ ONLY, DEFERRABLE;
    SHOW transaction_deferrable;
    SHOW transaction_isolation;
    RESET transaction_isolation;
    ROLLBACK;
    BEGIN;
    SET transaction_read_only TO DEFAULT;
    ROLLBACK;
    BEGIN;
    SELECT 1;
    SET TRANSACTION ISOLATION LEVEL SERIALIZABLE;
    ROLLBACK;
    BEGIN;
    SHOW transaction_isolation;
    SET TRANSACTION ISOLATION LEVEL REPEATABLE READ;
    SHOW transaction_isolation;
    COMMIT;
    BEGIN READ ONLY;
    SELECT count(*) FROM m1;
    SET TRANSACTION READ WRITE;
    ROLLBACK`);
});

test("a COMMIT that DuckDB fails is an error, and nothing of it is there (91)", async () => {
  const { server } = both;
  await server.client.query("CREATE TABLE failing91 (a int)");
  await server.client.query("CREATE TSTABLE also91 (ts timestamptz, a int)");
  for (const also of ["", "INSERT INTO also91 VALUES (now(), 1);"]) {
    await server.client.query(`BEGIN; INSERT INTO failing91 VALUES (1); ${also}`);
    const run = vi.spyOn(Engine.prototype, "run").mockRejectedValueOnce(new Error("disk is gone"));
    const refusal = await server.refusal("COMMIT");
    run.mockRestore();
    expect(refusal.code).toBe("XX000");
    expect(await server.rows("SELECT count(*) FROM failing91")).toEqual([["0"]]);
    expect(await server.rows("SELECT count(*) FROM also91")).toEqual([["0"]]);
    await server.client.query("INSERT INTO failing91 VALUES (2); TRUNCATE failing91");
  }
});
