SET DateStyle = 'ISO';SET extra_float_digits = 2;show transaction_isolation;
select oid, typbasetype from pg_type where typname = 'lo';
-- more the schema tstable
select relname, nspname, relkind from pg_catalog.pg_class c, pg_catalog.pg_namespace n where relkind in ('r', 'v', 'm', 'f', 'p') and nspname not in ('pg_catalog', 'information_schema', 'pg_toast', 'pg_temp_1') and n.oid = relnamespace order by nspname, relname;
select n.nspname, c.relname, a.attname, a.atttypid, t.typname, a.attnum, a.attlen, a.atttypmod, a.attnotnull, c.relhasrules, c.relkind, c.oid, pg_get_expr(d.adbin, d.adrelid), case t.typtype when 'd' then t.typbasetype else 0 end, t.typtypmod, 0, attidentity, c.relhassubclass from (((pg_catalog.pg_class c inner join pg_catalog.pg_namespace n on n.oid = c.relnamespace and c.relname = 'prices' and n.nspname = 'public') inner join pg_catalog.pg_attribute a on (not a.attisdropped) and a.attnum > 0 and a.attrelid = c.oid) inner join pg_catalog.pg_type t on t.oid = a.atttypid) left outer join pg_attrdef d on a.atthasdef and d.adrelid = a.attrelid and d.adnum = a.attnum order by n.nspname, c.relname, attnum;
select NULL, NULL, relkind from (select 'r' as relkind union select 'v' union select 'm' union select 'f' union select 'p') as a;
select ''::varchar as PROCEDURE_CAT, nspname as PROCEDURE_SCHEM, proname as PROCEDURE_NAME, case when prorettype = 0 then 1::int2 else 2::int2 end as PROCEDURE_TYPE from pg_catalog.pg_namespace, pg_catalog.pg_proc where pg_proc.pronamespace = pg_namespace.oid and nspname like 'public';
BEGIN;declare "SQL_CUR0x55b4" cursor with hold for SELECT "symbol", SUM("close") AS "sum:close:ok" FROM "public"."prices" "prices" GROUP BY 1;fetch 100 in "SQL_CUR0x55b4";
SAVEPOINT _EXEC_SVP_0x1;fetch 100 in "SQL_CUR0x55b4";
RELEASE _EXEC_SVP_0x1;SAVEPOINT _EXEC_SVP_0x1;select symbol, sum(volume) from prices group by symbol order by 1;
SAVEPOINT _per_query_svp_;DEALLOCATE "_PLAN0x1";RELEASE _per_query_svp_;
CREATE LOCAL TEMPORARY TABLE "#Tableau_1_1_Connect" ("COL" INTEGER) ON COMMIT PRESERVE ROWS;
SELECT "prices"."symbol" AS "symbol", SUM("prices"."close") AS "sum:close:ok" FROM "public"."prices" "prices" GROUP BY 1;
SELECT DATE_TRUNC( 'MONTH', CAST("prices"."ts" AS TIMESTAMP) ) AS "tmn:ts:ok", AVG("prices"."close") AS "avg:close:ok" FROM "public"."prices" "prices" GROUP BY 1;
SELECT CAST(DATE_TRUNC( 'DAY', CAST("prices"."ts" AS DATE) ) AS DATE) AS "tdy:ts:ok", COUNT(1) AS "cnt" FROM "public"."prices" "prices" GROUP BY 1;
SELECT CAST(EXTRACT(YEAR FROM "prices"."ts") AS INTEGER) AS "yr:ts:ok" FROM "public"."prices" "prices" GROUP BY 1;
SELECT "prices"."symbol" AS "symbol" FROM "public"."prices" "prices" INNER JOIN ( SELECT "prices"."symbol" AS "symbol", SUM("prices"."volume") AS "$__alias__0" FROM "public"."prices" "prices" GROUP BY 1 ORDER BY 2 DESC LIMIT 10 ) "t0" ON ("prices"."symbol" = "t0"."symbol") GROUP BY 1;
SELECT * FROM (SELECT * FROM prices) "Custom SQL Query" LIMIT 0;
SELECT ((CAST("prices"."symbol" AS TEXT) LIKE '%1%') AND ("prices"."ts" >= (TIMESTAMP '2024-01-01 00:00:00.000'))) AS x FROM "public"."prices" "prices" LIMIT 10;
