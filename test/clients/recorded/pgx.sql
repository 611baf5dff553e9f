-- ping
;
begin read write;
-- values ["1184"]
select t.typname, t.typtype, t.typelem, t.typrelid from pg_type t where t.oid = $1;
savepoint sp_1;
-- values ["S1","2024-01-01","{10,20,30}"]
select symbol, close, ts, volume from prices where symbol=$1 and ts>=$2 and volume=any($3) limit 2;
ROLLBACK;
