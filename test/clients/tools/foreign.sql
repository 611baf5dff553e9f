-- In a PostgreSQL, whose foreign server is another PostgreSQL or pgtide with tools/objects.sql and bars.
CREATE EXTENSION postgres_fdw;
CREATE SERVER tide FOREIGN DATA WRAPPER postgres_fdw
  OPTIONS (host '127.0.0.1', port :'remote', dbname 'postgres', fetch_size '2');
CREATE USER MAPPING FOR postgres SERVER tide OPTIONS (user 'postgres', password_required 'false');
CREATE SCHEMA far;
IMPORT FOREIGN SCHEMA public FROM SERVER tide INTO far OPTIONS (import_default 'false');
IMPORT FOREIGN SCHEMA shop LIMIT TO (item, "Order") FROM SERVER tide INTO far
  OPTIONS (import_default 'false', import_generated 'true');
\d far.*
TABLE far.plain;
SELECT * FROM far.plain WHERE a > 1 AND b LIKE 't%' ORDER BY a;
EXPLAIN (VERBOSE, COSTS OFF) SELECT count(*), sum(a) FROM far.plain WHERE a < 3;
SELECT count(*), sum(a), max(c) FROM far.plain WHERE a < 3;
EXPLAIN (VERBOSE, COSTS OFF) SELECT p.b, i.name FROM far.plain p JOIN far.item i ON p.a = i.id
  ORDER BY i.name DESC LIMIT 3;
SELECT p.b, i.name FROM far.plain p JOIN far.item i ON p.a = i.id ORDER BY i.name DESC LIMIT 3;
SELECT p.b, i.name FROM far.plain p FULL JOIN far.item i ON p.a = i.id ORDER BY 1, 2;
SELECT * FROM far.plain p WHERE EXISTS (SELECT 1 FROM far.item i WHERE i.id = p.a) ORDER BY a;
SELECT date_trunc('hour', ts), sym, avg(v) FROM far.bars GROUP BY 1, 2 ORDER BY 1;
SELECT * FROM far.bars WHERE ts >= '2024-01-01 00:30+00' AND sym = ANY ('{a,b}') ORDER BY ts;
ANALYZE far.plain;
ANALYZE far.kinds;
SELECT relname, reltuples FROM pg_class WHERE oid = 'far.plain'::regclass;
TABLE far.kinds;
INSERT INTO far.plain VALUES (10, 'ten', 10.5, '2024-02-03', '2024-02-03 01:02:03.456789', true)
  RETURNING *;
INSERT INTO far.plain (a) SELECT g FROM generate_series(11, 15) g;
UPDATE far.plain SET c = a * 2, b = 'x' WHERE a > 10;
UPDATE far.plain p SET b = i.name FROM far.item i WHERE i.id = p.a - 10;
DELETE FROM far.plain WHERE a = 12;
SELECT a, b, c FROM far.plain ORDER BY a;
BEGIN;
DECLARE c CURSOR FOR SELECT a FROM far.plain ORDER BY a;
FETCH 3 FROM c;
SAVEPOINT s;
UPDATE far.plain SET a = a WHERE a = 1;
ROLLBACK TO s;
FETCH 2 FROM c;
INSERT INTO far.plain (a) VALUES (99);
SELECT count(*) FROM far.plain WHERE a = 99;
ROLLBACK;
SELECT count(*) FROM far.plain WHERE a = 99;
ALTER SERVER tide OPTIONS (ADD batch_size '10');
INSERT INTO far.plain (a) SELECT g FROM generate_series(20, 44) g;
SELECT count(*) FROM far.plain WHERE a >= 20;
COPY far.plain (a, b) FROM STDIN;
70	seventy
71	\N
\.
SELECT a, b FROM far.plain WHERE a >= 70 ORDER BY a;
DELETE FROM far.plain WHERE a >= 10;
INSERT INTO far.item (id, name, price) VALUES (50, 'pen', 3);
INSERT INTO far.item (id, name, price) VALUES (50, 'x', -1);
SELECT * FROM far.item WHERE name = 'pen' FOR UPDATE;
TRUNCATE far.fast;
INSERT INTO far.bars VALUES ('2024-05-05', 'q', 3) RETURNING *;
UPDATE far.bars SET v = 4 WHERE sym = 'q';
DELETE FROM far.bars WHERE sym = 'q';
CREATE EXTENSION dblink;
\set server 'host=127.0.0.1 user=postgres dbname=postgres port=' :remote
SELECT * FROM dblink(:'server', 'SELECT a, b FROM plain ORDER BY a') AS t(a int, b text);
SELECT dblink_connect('t', :'server');
SELECT dblink_exec('t', 'BEGIN');
SELECT dblink_exec('t', 'INSERT INTO plain (a) VALUES (80)');
SELECT dblink_exec('t', 'ROLLBACK');
SELECT dblink_open('t', 'cur', 'SELECT a FROM plain ORDER BY a');
SELECT * FROM dblink_fetch('t', 'cur', 2) AS t(a int);
SELECT dblink_close('t', 'cur');
SELECT dblink_exec('t', 'SELECT nope', false);
SELECT dblink_send_query('t', 'SELECT 1 AS x');
SELECT * FROM dblink_get_result('t') AS r(x int);
SELECT dblink_disconnect('t');
