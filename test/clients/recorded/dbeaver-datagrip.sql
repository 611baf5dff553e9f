SET extra_float_digits = 3;
SET application_name = 'PostgreSQL JDBC Driver';
SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED;
BEGIN READ ONLY;
SAVEPOINT JDBC_SAVEPOINT_0;
ROLLBACK TO SAVEPOINT JDBC_SAVEPOINT_0;
COMMIT;
SET SESSION search_path TO 'public';
select current_catalog;
-- more the schema tstable
SELECT nspname AS "TABLE_SCHEM", current_database() AS "TABLE_CATALOG" FROM pg_catalog.pg_namespace WHERE nspname <> 'pg_toast' AND (nspname !~ '^pg_temp_' OR nspname = (pg_catalog.current_schemas(true))[1]) ORDER BY "TABLE_SCHEM";
SELECT setting FROM pg_catalog.pg_settings WHERE name='max_index_keys';
SELECT c.oid, a.attnum, a.attname, c.relname, n.nspname, a.attnotnull OR (t.typtype = 'd' AND t.typnotnull), a.attidentity != '' OR pg_catalog.pg_get_expr(d.adbin, d.adrelid) LIKE '%nextval(%' FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON (c.relnamespace = n.oid) JOIN pg_catalog.pg_attribute a ON (c.oid = a.attrelid) JOIN pg_catalog.pg_type t ON (a.atttypid = t.oid) LEFT JOIN pg_catalog.pg_attrdef d ON (d.adrelid = a.attrelid AND d.adnum = a.attnum) JOIN (SELECT {prices} AS oid , 2 AS attnum UNION ALL SELECT {prices}, 3) vals ON (c.oid = vals.oid AND a.attnum = vals.attnum);
SELECT typinput='pg_catalog.array_in'::regproc as is_array, typtype, typname, pg_type.oid FROM pg_catalog.pg_type LEFT JOIN (select ns.oid as nspoid, ns.nspname, r.r from pg_namespace as ns join (select s.r, (current_schemas(false))[s.r] as nspname from generate_series(1, array_upper(current_schemas(false), 1)) as s(r)) as r using (nspname)) as sp ON sp.nspoid = typnamespace WHERE pg_type.oid = 1034 ORDER BY sp.r, pg_type.oid DESC;
SELECT (information_schema._pg_expandarray(i.indkey)).n AS ord, pg_catalog.pg_get_indexdef(i.indexrelid) FROM pg_catalog.pg_index i LIMIT 5;
SELECT current_schema(),session_user;
-- more the schema tstable
SELECT n.oid,n.*,d.description FROM pg_catalog.pg_namespace n LEFT OUTER JOIN pg_catalog.pg_description d ON d.objoid=n.oid AND d.objsubid=0 AND d.classoid='pg_namespace'::regclass ORDER BY nspname;
SELECT db.oid,db.* FROM pg_catalog.pg_database db WHERE datname='postgres';
select * from pg_catalog.pg_settings where name='standard_conforming_strings';
-- differs reltuples is known
SELECT c.oid,c.*,d.description,pg_catalog.pg_get_expr(c.relpartbound, c.oid) as partition_expr, pg_catalog.pg_get_partkeydef(c.oid) as partition_key FROM pg_catalog.pg_class c LEFT OUTER JOIN pg_catalog.pg_description d ON d.objoid=c.oid AND d.objsubid=0 AND d.classoid='pg_class'::regclass WHERE c.relnamespace=2200 AND c.relkind not in ('i','I','c');
-- differs our own size
select c.oid,pg_catalog.pg_total_relation_size(c.oid) as total_rel_size,pg_catalog.pg_relation_size(c.oid) as rel_size FROM pg_class c WHERE c.relnamespace=2200;
-- more the access method tstable
SELECT am.oid,am.* FROM pg_catalog.pg_am am ORDER BY amname;
SELECT DISTINCT dep.deptype, dep.classid, dep.objid, cl.relkind, attr.attname FROM pg_depend dep LEFT JOIN pg_class cl ON dep.objid=cl.oid LEFT JOIN pg_attribute attr ON dep.objid=attr.attrelid AND dep.objsubid=attr.attnum WHERE dep.refobjid={prices} LIMIT 10;
-- differs our own sessions
SELECT sa.* FROM pg_catalog.pg_stat_activity sa;
SELECT x.ts, x.symbol, x."close", x.volume FROM public.prices x LIMIT 200;
select count(*) from (SELECT * FROM public.prices) dbvrcnt;
SELECT t.* FROM public.prices t LIMIT 501;
select round(extract(epoch from pg_postmaster_start_time() at time zone 'UTC')) as startup_time;
select N.oid::bigint as id, datname as name, D.description from pg_catalog.pg_database N left join pg_catalog.pg_shdescription D on N.oid = D.objoid order by case when datname = pg_catalog.current_database() then -1::bigint else N.oid::bigint end;
