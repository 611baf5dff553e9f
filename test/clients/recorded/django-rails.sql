SELECT set_config('TimeZone', 'UTC', false);
SELECT c.relname, CASE WHEN c.relispartition THEN 'p' WHEN c.relkind IN ('m', 'v') THEN 'v' ELSE 't' END, obj_description(c.oid, 'pg_class') FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('f', 'm', 'p', 'r', 'v') AND n.nspname NOT IN ('pg_catalog', 'pg_toast') AND pg_catalog.pg_table_is_visible(c.oid);
SELECT DATE_TRUNC('hour', "prices"."ts" AT TIME ZONE 'America/Chicago') AS "h", AVG("prices"."close") AS "a", COUNT(*) AS "n" FROM "prices" WHERE "prices"."symbol" = 'S1' GROUP BY 1 ORDER BY 1 DESC LIMIT 2;
SELECT 1 AS "a" FROM "prices" WHERE "prices"."ts" BETWEEN '2024-01-01 00:00:00-06:00'::timestamptz AND '2024-12-31 23:59:59.999999-06:00'::timestamptz LIMIT 1;
SELECT COUNT(*) AS "__count" FROM "prices" WHERE UPPER("prices"."symbol"::text) LIKE UPPER('%s\_1%');
DECLARE "_django_curs_1_sync_1" NO SCROLL CURSOR WITH HOLD FOR SELECT "prices"."ts", "prices"."symbol" FROM "prices";
SET client_min_messages TO 'warning';
SET intervalstyle = iso_8601;
SET SESSION timezone TO 'UTC';
SHOW max_identifier_length;
SELECT c.relname FROM pg_class c LEFT JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = ANY (current_schemas(false)) AND c.relkind IN ('r','v','m','p','f');
SELECT a.attname, format_type(a.atttypid, a.atttypmod), pg_get_expr(d.adbin, d.adrelid), a.attnotnull, a.atttypid, a.atttypmod, c.collname, col_description(a.attrelid, a.attnum) AS comment FROM pg_attribute a LEFT JOIN pg_attrdef d ON a.attrelid = d.adrelid AND a.attnum = d.adnum LEFT JOIN pg_type t ON a.atttypid = t.oid LEFT JOIN pg_collation c ON a.attcollation = c.oid AND a.attcollation <> t.typcollation WHERE a.attrelid = '"prices"'::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum;
-- values ["S1"]
SELECT AVG("prices"."close") AS average_close, "prices"."symbol" AS prices_symbol FROM "prices" WHERE "prices"."symbol" = $1 AND (ts >= '2024-01-01') GROUP BY "prices"."symbol";
