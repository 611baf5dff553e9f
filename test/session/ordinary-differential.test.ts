/** Scripts over ordinary tables answer as PostgreSQL does, errors and all their fields included. */

import { afterAll, beforeAll, test } from "vitest";
import { type BothServers, openBoth } from "../support/both-servers.ts";

let both: BothServers;
beforeAll(async () => {
  both = await openBoth();
});
afterAll(async () => await both.close());

const sameAsPostgres = async (script: string) => await both.compare(script);

test("rules about one row are told as PostgreSQL tells them", async () => {
  await sameAsPostgres(`
    CREATE TABLE r1 (id int PRIMARY KEY, a text NOT NULL, b int CHECK (b > 0), c int,
      CONSTRAINT zebra CHECK (c < 10), CONSTRAINT aardvark CHECK (c <> 3));
    INSERT INTO r1 VALUES (1, 'x', 5, 1), (2, 'y', 6, 2);
    INSERT INTO r1 VALUES (3, NULL, 5, 1);
    INSERT INTO r1 VALUES (NULL, NULL, 5, 1);
    INSERT INTO r1 VALUES (3, 'z', 0, 1);
    INSERT INTO r1 VALUES (3, 'z', NULL, NULL);
    INSERT INTO r1 VALUES (4, 'ok', 1, 1), (5, 'bad', -1, 30), (6, NULL, 1, 1);
    INSERT INTO r1 VALUES (4, 'ok', 1, 30), (4, NULL, 1, 1);
    INSERT INTO r1 VALUES (1, 'dup', 1, 1), (6, NULL, 1, 1);
    INSERT INTO r1 VALUES (7, 'dup', 1, 3);
    UPDATE r1 SET b = b - 5;
    UPDATE r1 SET a = NULL WHERE id = 2;
    UPDATE r1 SET a = repeat('long', 40), b = 0 WHERE id = 2;
    SELECT * FROM r1 ORDER BY id`);
});

test("keys are told as PostgreSQL tells them", async () => {
  await sameAsPostgres(`
    CREATE TABLE k1 (a int, b text, c numeric(6,2), d timestamptz, PRIMARY KEY (a, b), UNIQUE (c),
      CONSTRAINT by_time UNIQUE (d));
    INSERT INTO k1 VALUES (1, 'x', 1.5, '2024-01-01 00:00+00'), (1, 'y', 2.5, NULL);
    INSERT INTO k1 VALUES (1, 'x', 3, NULL);
    INSERT INTO k1 VALUES (2, 'x', 1.50, NULL);
    INSERT INTO k1 VALUES (3, 'x', 4, NULL), (3, 'x', 5, NULL);
    INSERT INTO k1 VALUES (4, 'x', NULL, '2024-01-01 01:00+01');
    INSERT INTO k1 VALUES (5, 'x', NULL, NULL), (6, 'x', NULL, NULL);
    UPDATE k1 SET a = 1, b = 'x' WHERE a = 5;
    UPDATE k1 SET c = 2.5 WHERE a = 5;
    UPDATE k1 SET a = a + 100;
    SELECT * FROM k1 ORDER BY a, b;
    CREATE TABLE k2 (a int, b int, UNIQUE NULLS NOT DISTINCT (a, b));
    INSERT INTO k2 VALUES (1, NULL), (NULL, NULL);
    INSERT INTO k2 VALUES (1, NULL);
    INSERT INTO k2 VALUES (NULL, NULL);
    CREATE TABLE k3 (name text, gone boolean);
    CREATE UNIQUE INDEX k3_alive ON k3 (name) WHERE NOT gone;
    CREATE UNIQUE INDEX k3_upper ON k3 (upper(name)) WHERE gone;
    INSERT INTO k3 VALUES ('a', false), ('a', true), ('b', true);
    INSERT INTO k3 VALUES ('a', false);
    UPDATE k3 SET gone = false;
    SELECT * FROM k3 ORDER BY name, gone;
    CREATE TABLE k4 (v numeric UNIQUE, f float8 UNIQUE, j char(5) UNIQUE);
    INSERT INTO k4 VALUES (1.0, 0, 'ab');
    INSERT INTO k4 VALUES (1.00, 1, 'b');
    INSERT INTO k4 VALUES (2, -0.0, 'c');
    INSERT INTO k4 VALUES (3, 'NaN', 'ab   ');
    INSERT INTO k4 VALUES (3, 'NaN', 'd'), (4, 'NaN', 'e');
    CREATE TABLE k5 ("Key" int, "two words" text, UNIQUE ("Key", "two words"));
    INSERT INTO k5 VALUES (1, 'a'), (1, 'a');
    INSERT INTO k5 VALUES (1, 'a') RETURNING old."Key", new."Key"`);
});

test("foreign keys are told as PostgreSQL tells them", async () => {
  await sameAsPostgres(`
    CREATE TABLE f1 (id int PRIMARY KEY, code text UNIQUE);
    CREATE TABLE f2 (id int PRIMARY KEY, f int REFERENCES f1, code text REFERENCES f1 (code)
      ON DELETE CASCADE ON UPDATE CASCADE);
    CREATE TABLE f3 (id int PRIMARY KEY, f2 int REFERENCES f2 ON DELETE SET NULL);
    CREATE TABLE f4 (a int, f2 int REFERENCES f2 ON DELETE RESTRICT);
    INSERT INTO f1 VALUES (1, 'a'), (2, 'b'), (3, 'c');
    INSERT INTO f2 VALUES (1, 1, NULL), (2, NULL, 'b'), (3, 2, 'c');
    INSERT INTO f2 VALUES (4, 9, NULL);
    INSERT INTO f2 VALUES (4, 1, 'zz');
    INSERT INTO f3 VALUES (1, 1), (2, 2), (3, 3);
    DELETE FROM f1 WHERE id = 1;
    DELETE FROM f1 WHERE id = 3;
    SELECT * FROM f2 ORDER BY id;
    SELECT * FROM f3 ORDER BY id;
    UPDATE f1 SET code = 'bb' WHERE id = 2;
    SELECT * FROM f2 ORDER BY id;
    UPDATE f1 SET id = 7 WHERE id = 1;
    UPDATE f1 SET id = id WHERE id = 1;
    INSERT INTO f4 VALUES (1, 2);
    DELETE FROM f2 WHERE id = 2;
    UPDATE f2 SET id = 20 WHERE id = 2;
    UPDATE f2 SET f = 99;
    CREATE TABLE tree (id int PRIMARY KEY, parent int REFERENCES tree ON DELETE CASCADE);
    INSERT INTO tree VALUES (1, NULL), (2, 1), (3, 2), (4, 4), (5, 1);
    INSERT INTO tree VALUES (6, 60);
    DELETE FROM tree WHERE id = 1;
    SELECT * FROM tree ORDER BY id;
    CREATE TABLE p2 (a int, b int, PRIMARY KEY (a, b));
    CREATE TABLE c2 (a int, b int, FOREIGN KEY (a, b) REFERENCES p2 MATCH FULL);
    INSERT INTO p2 VALUES (1, 1);
    INSERT INTO c2 VALUES (1, 1), (NULL, NULL);
    INSERT INTO c2 VALUES (1, NULL);
    INSERT INTO c2 VALUES (1, 2);
    DELETE FROM p2`);
});

test("ON CONFLICT does what PostgreSQL does", async () => {
  await sameAsPostgres(`
    CREATE TABLE o1 (id int PRIMARY KEY, name text UNIQUE, n int DEFAULT 0 CHECK (n < 100));
    INSERT INTO o1 VALUES (1, 'a', 1), (2, 'b', 2);
    INSERT INTO o1 VALUES (1, 'z', 5), (3, 'c', 3) ON CONFLICT DO NOTHING RETURNING *;
    INSERT INTO o1 VALUES (4, 'd', 5), (4, 'e', 3) ON CONFLICT (id) DO NOTHING RETURNING *;
    INSERT INTO o1 VALUES (5, 'a', 5) ON CONFLICT (id) DO NOTHING;
    INSERT INTO o1 VALUES (1, 'a', 5), (9, 'i', 9) ON CONFLICT (id) DO UPDATE
      SET n = o1.n + excluded.n RETURNING *;
    INSERT INTO o1 VALUES (1, 'a', 5), (1, 'b', 9) ON CONFLICT (id) DO UPDATE SET n = excluded.n;
    INSERT INTO o1 VALUES (20, 'a', 5), (20, 'b', 9) ON CONFLICT (id) DO UPDATE SET n = excluded.n;
    INSERT INTO o1 VALUES (1, 'a', 50) ON CONFLICT ON CONSTRAINT o1_name_key DO UPDATE
      SET n = excluded.n WHERE o1.n > 1000 RETURNING *;
    INSERT INTO o1 VALUES (1, 'a', 50) ON CONFLICT (id) DO UPDATE SET n = 100;
    INSERT INTO o1 VALUES (1, 'a', 500) ON CONFLICT (id) DO NOTHING;
    INSERT INTO o1 VALUES (1, 'a', 50) ON CONFLICT (n) DO NOTHING;
    INSERT INTO o1 VALUES (1, 'a', 50) ON CONFLICT (id) DO UPDATE SET name = 'b';
    INSERT INTO o1 VALUES (10, 'q', 1), (11, 'q', 2), (11, 'r', 3) ON CONFLICT DO NOTHING RETURNING id, name;
    SELECT * FROM o1 ORDER BY id`);
});

test("defaults, identities and generated columns come out as in PostgreSQL", async () => {
  await sameAsPostgres(`
    CREATE TABLE d1 (id serial PRIMARY KEY, i int GENERATED BY DEFAULT AS IDENTITY (START 10 INCREMENT 5),
      a int DEFAULT 7, b text DEFAULT 'none', g int GENERATED ALWAYS AS (a * 2) STORED);
    INSERT INTO d1 DEFAULT VALUES RETURNING *;
    INSERT INTO d1 (a) VALUES (1), (DEFAULT), (NULL) RETURNING *;
    INSERT INTO d1 (id, i) VALUES (100, 100), (DEFAULT, DEFAULT), (102, DEFAULT) RETURNING *;
    INSERT INTO d1 (g) VALUES (1);
    INSERT INTO d1 (b) SELECT 'row ' || x FROM generate_series(1, 3) AS x RETURNING id, i, b, g;
    UPDATE d1 SET a = 50 WHERE id = 1 RETURNING *;
    UPDATE d1 SET b = DEFAULT, a = DEFAULT WHERE id = 2 RETURNING *;
    SELECT currval('d1_id_seq'), lastval();
    SELECT nextval('d1_id_seq');
    SELECT setval('d1_id_seq', 500);
    INSERT INTO d1 DEFAULT VALUES RETURNING id;
    SELECT setval('d1_id_seq', 0);
    CREATE TABLE d2 (id int GENERATED ALWAYS AS IDENTITY, x int);
    INSERT INTO d2 VALUES (1, 1);
    INSERT INTO d2 (x) VALUES (1), (2) RETURNING *;
    INSERT INTO d2 OVERRIDING SYSTEM VALUE VALUES (77, 1) RETURNING *;
    UPDATE d2 SET id = 5;
    CREATE SEQUENCE s1 MAXVALUE 3;
    SELECT currval('s1');
    SELECT nextval('s1');
    SELECT nextval('s1');
    SELECT nextval('s1');
    SELECT nextval('s1');
    CREATE SEQUENCE s2 INCREMENT -2 MINVALUE -5 MAXVALUE -1 CYCLE;
    SELECT nextval('s2'), nextval('s2'), nextval('s2'), nextval('s2');
    DELETE FROM d1 WHERE id < 3 RETURNING id, g;
    SELECT count(*) FROM d1`);
});

test("UPDATE and DELETE with other tables change what PostgreSQL changes", async () => {
  await sameAsPostgres(`
    CREATE TABLE u1 (id int PRIMARY KEY, v int, t text);
    CREATE TABLE u2 (id int, w int);
    INSERT INTO u1 SELECT x, x * 10, 'row ' || x FROM generate_series(1, 20) AS x;
    INSERT INTO u2 SELECT x, x FROM generate_series(1, 10) AS x;
    UPDATE u1 SET v = u1.v + u2.w FROM u2 WHERE u2.id = u1.id AND u2.w > 5 RETURNING u1.id, v, w;
    DELETE FROM u1 USING u2 WHERE u2.id = u1.id AND u2.w = 3 RETURNING u1.*;
    UPDATE u1 SET (v, t) = (SELECT w, 'new' FROM u2 WHERE u2.id = u1.id) WHERE id < 3 RETURNING *;
    DELETE FROM u1 WHERE id IN (SELECT id FROM u2 WHERE w > 8);
    SELECT * FROM u1 ORDER BY id;
    UPDATE u1 SET id = id + 1 WHERE id = 20 RETURNING old.id, new.id;
    SELECT count(*), sum(v) FROM u1`);
});

test("transactions and savepoints leave what PostgreSQL leaves", async () => {
  await sameAsPostgres(`
    CREATE TABLE t1 (id int PRIMARY KEY, v int);
    INSERT INTO t1 VALUES (1, 1), (2, 2), (3, 3);
    BEGIN;
    UPDATE t1 SET v = v * 10;
    SAVEPOINT a;
    DELETE FROM t1 WHERE id = 2;
    INSERT INTO t1 VALUES (4, 4);
    SELECT * FROM t1 ORDER BY id;
    SAVEPOINT b;
    INSERT INTO t1 VALUES (2, 22);
    UPDATE t1 SET v = v + 1 WHERE id IN (2, 4);
    INSERT INTO t1 VALUES (4, 44);
    SELECT * FROM t1;
    ROLLBACK TO b;
    SELECT * FROM t1 ORDER BY id;
    RELEASE b;
    INSERT INTO t1 VALUES (5, 5);
    ROLLBACK TO a;
    SELECT * FROM t1 ORDER BY id;
    INSERT INTO t1 VALUES (6, 6);
    COMMIT;
    SELECT * FROM t1 ORDER BY id;
    BEGIN;
    DELETE FROM t1;
    INSERT INTO t1 VALUES (1, 100);
    SELECT * FROM t1 ORDER BY id;
    ROLLBACK;
    SELECT * FROM t1 ORDER BY id`);
});

test("ON CONFLICT finds indexes of expressions and of some rows", async () => {
  await sameAsPostgres(`
    CREATE TABLE x1 (id int, name text, gone boolean DEFAULT false);
    CREATE UNIQUE INDEX x1_lower ON x1 (lower(name)) WHERE NOT gone AND id > 0;
    CREATE UNIQUE INDEX x1_id ON x1 (id, (name || 'x'));
    INSERT INTO x1 VALUES (1, 'Ann'), (2, 'Bob');
    INSERT INTO x1 VALUES (3, 'ANN') ON CONFLICT (lower(name)) WHERE NOT gone AND id > 0
      DO UPDATE SET id = x1.id + 10, name = excluded.name RETURNING *;
    INSERT INTO x1 VALUES (4, 'bob'), (5, 'cat') ON CONFLICT (lower(name))
      WHERE id > 0 AND NOT gone DO NOTHING RETURNING *;
    INSERT INTO x1 VALUES (4, 'bob', true), (-4, 'bob', false)
      ON CONFLICT (lower(name)) WHERE NOT gone AND id > 0 DO NOTHING;
    INSERT INTO x1 VALUES (2, 'Bob') ON CONFLICT ((name || 'x'), id) DO UPDATE SET name = 'Rob';
    INSERT INTO x1 VALUES (9, 'q') ON CONFLICT (lower(name)) DO NOTHING;
    INSERT INTO x1 VALUES (9, 'q') ON CONFLICT (upper(name)) DO NOTHING;
    INSERT INTO x1 VALUES (9, 'q') ON CONFLICT (id) DO NOTHING;
    INSERT INTO x1 VALUES (12, 'ROB');
    CREATE TABLE x2 (a int PRIMARY KEY, b text, c int);
    INSERT INTO x2 VALUES (1, 'one', 1), (2, 'two', 2);
    INSERT INTO x2 VALUES (1, 'x', 5), (3, 'y', 6) ON CONFLICT (a) DO UPDATE
      SET (b, c) = (SELECT name || excluded.b, x2.c + excluded.c FROM x1 WHERE id = 11) RETURNING *;
    INSERT INTO x2 VALUES (2, 'x', 5) ON CONFLICT (a) DO UPDATE SET (b, c) = (SELECT name, 1 FROM x1);
    SELECT * FROM x2 ORDER BY a;
    INSERT INTO x1 VALUES (2, 'Rob', true);
    SELECT * FROM x1 ORDER BY id, name`);
});

test("virtual generated columns are read as they would be computed", async () => {
  await sameAsPostgres(`
    CREATE TABLE g1 (a int, b int GENERATED ALWAYS AS (a * 2) VIRTUAL NOT NULL,
      c text GENERATED ALWAYS AS ('n' || a), CHECK (b < 100));
    INSERT INTO g1 VALUES (1), (2), (3) RETURNING *;
    INSERT INTO g1 VALUES (60);
    INSERT INTO g1 VALUES (NULL);
    INSERT INTO g1 (a, b) VALUES (1, 2);
    UPDATE g1 SET a = a + 10 WHERE b > 2 RETURNING old.b, new.b, c;
    UPDATE g1 SET b = 5;
    ALTER TABLE g1 ADD COLUMN d int GENERATED ALWAYS AS (a + 1);
    SELECT * FROM g1 ORDER BY a;
    ALTER TABLE g1 ALTER COLUMN d SET EXPRESSION AS (a + 2);
    SELECT * FROM g1 WHERE d > 4 ORDER BY a;
    CREATE INDEX ON g1 (b);
    ALTER TABLE g1 ALTER COLUMN d DROP EXPRESSION`);
});

test("a grouped primary key decides the other columns", async () => {
  await sameAsPostgres(`
    CREATE TABLE p1 (id int PRIMARY KEY, name text, price numeric, at timestamptz, j jsonb);
    CREATE TABLE p2 (p1_id int, n numeric);
    INSERT INTO p1 VALUES (1, 'a', 1.50, '2024-01-01 00:00+00', '{"b": 1, "a": [1]}'),
      (2, NULL, 2.5, NULL, NULL), (3, 'c', NULL, '2024-02-01 00:00+00', '[]');
    INSERT INTO p2 VALUES (1, 10), (1, 2.5), (3, 1);
    SELECT p1.id, name, price, at, j, count(p2.n), sum(n) FROM p1 LEFT JOIN p2 ON p1_id = id
      GROUP BY p1.id ORDER BY p1.id;
    SELECT p1.*, upper(name), price * sum(n) FROM p1 JOIN p2 ON p1_id = id GROUP BY id
      HAVING price IS NULL OR sum(n) > price ORDER BY at DESC;
    SELECT id, (SELECT count(*) FROM p2 WHERE n > p1.price) FROM p1 GROUP BY id ORDER BY name, id;
    SELECT name, count(*) FROM p1 GROUP BY id, at ORDER BY price;
    SELECT max(x.n) FROM (SELECT name, count(*) AS n FROM p1 GROUP BY id) AS x;
    SELECT name, count(*) FROM p1 GROUP BY at`);
});

test("strict functions are not called with NULL, whatever stands beside it", async () => {
  await sameAsPostgres(`
    CREATE TABLE n1 (a float8, c int, d bigint, t text, ts timestamptz, z int);
    INSERT INTO n1 (z) VALUES (0);
    SELECT a / z, c / z, d / z, c % z, d % z, a / 0, c / 0, c % 0 FROM n1;
    SELECT substring(t, 1, -1), make_date(c, 13, 1), make_time(c, 99, 1) FROM n1;
    SELECT make_timestamp(c, 13, 1, 1, 1, 1), make_timestamptz(2024, 13, 1, 1, 1, c) FROM n1;
    SELECT generate_series(c, 5, z) FROM n1;
    SELECT g FROM n1, generate_series(ts, ts, interval '0') AS g;
    SELECT substring('abc', 1, z - 1) FROM n1;
    SELECT 1 % z FROM n1;
    SELECT generate_series(1, 5, z) FROM n1;
    SELECT (z + 1) / z FROM n1`);
});
