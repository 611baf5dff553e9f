BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY;
ROLLBACK;
SET default_transaction_isolation TO 'SERIALIZABLE';
SET default_transaction_isolation TO DEFAULT;
SELECT t.oid, typarray FROM pg_type t JOIN pg_namespace ns ON typnamespace = ns.oid WHERE typname = 'hstore';
-- values ["int8"]
SELECT typname AS name, oid, typarray AS array_oid, oid::regtype::text AS regtype, typdelim AS delimiter FROM pg_type t WHERE t.oid = to_regtype($1) ORDER BY t.oid;
BEGIN;
DECLARE "named" CURSOR WITHOUT HOLD FOR select * from prices;
FETCH FORWARD 250 FROM "named";
-- values ["c"]
SELECT 1 FROM pg_catalog.pg_cursors WHERE name = $1;
COMMIT;
DISCARD ALL;
DEALLOCATE ALL;
BEGIN;
SAVEPOINT "_pg3_2";
ROLLBACK;
select symbol, close from prices where symbol='S1' and ts>='2024-01-01' limit 3;
-- values ["{S1,S2}","2024-01-01","2024-01-02"]
select symbol, close from prices where symbol = any($1) and ts between $2 and $3;
insert into prices(ts,symbol,close,volume) values ('2024-01-01T00:00:00+00:00'::timestamptz,'S1',1.5,10),('2024-01-01T00:01:00+00:00'::timestamptz,'S2',2.5,20);
