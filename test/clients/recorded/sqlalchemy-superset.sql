-- differs no build for WebAssembly
select pg_catalog.version();
show standard_conforming_strings;
show transaction isolation level;
-- more the schema tstable
SELECT pg_catalog.pg_namespace.nspname FROM pg_catalog.pg_namespace WHERE pg_catalog.pg_namespace.nspname NOT LIKE 'pg/_' || '%' ESCAPE '/' ORDER BY pg_catalog.pg_namespace.nspname;
SELECT pg_catalog.pg_class.relname FROM pg_catalog.pg_class JOIN pg_catalog.pg_namespace ON pg_catalog.pg_namespace.oid = pg_catalog.pg_class.relnamespace WHERE pg_catalog.pg_class.relname IN ('prices') AND pg_catalog.pg_class.relkind = ANY (ARRAY['r', 'p', 'f', 'v', 'm']) AND pg_catalog.pg_table_is_visible(pg_catalog.pg_class.oid) AND pg_catalog.pg_namespace.nspname != 'pg_catalog';
SELECT pg_catalog.pg_get_viewdef(pg_catalog.pg_class.oid) AS d FROM pg_catalog.pg_class JOIN pg_catalog.pg_namespace ON pg_catalog.pg_namespace.oid = pg_catalog.pg_class.relnamespace WHERE pg_catalog.pg_class.relname = 'v_prices' AND pg_catalog.pg_class.relkind = ANY (ARRAY['v', 'm']);
SELECT attr.conrelid, array_agg(CAST(attr.attname AS TEXT) ORDER BY attr.ord) AS cols, attr.conname FROM (SELECT con.conrelid, con.conname, con.ord, a.attname FROM pg_catalog.pg_attribute a JOIN (SELECT c.conrelid, c.conname, unnest(c.conkey) AS attnum, generate_subscripts(c.conkey, 1) AS ord FROM pg_catalog.pg_constraint c WHERE c.contype = 'p') AS con ON a.attnum = con.attnum AND a.attrelid = con.conrelid) AS attr GROUP BY attr.conrelid, attr.conname ORDER BY 1;
SELECT prices.symbol, count(*) AS count_1, avg(prices.close) AS avg_1 FROM prices WHERE prices.ts >= '2024-01-01' GROUP BY prices.symbol ORDER BY prices.symbol DESC NULLS LAST LIMIT 2;
CREATE TABLE pd_out (a bigint, b text, t timestamp);
INSERT INTO pd_out (a, b, t) VALUES (1, 'x', '2024-01-01T00:00:00'::timestamp), (2, 'y', '2024-01-02T00:00:00'::timestamp);
SELECT DATE_TRUNC('hour', ts) AS __timestamp, symbol AS symbol, AVG(close) AS "AVG(close)" FROM public.prices WHERE ts >= TO_TIMESTAMP('2024-01-01 00:00:00.000000', 'YYYY-MM-DD HH24:MI:SS.US') AND ts < TO_TIMESTAMP('2024-01-02 00:00:00.000000', 'YYYY-MM-DD HH24:MI:SS.US') GROUP BY DATE_TRUNC('hour', ts), symbol ORDER BY "AVG(close)" DESC LIMIT 10000;
SELECT symbol AS symbol, COUNT(*) AS count FROM public.prices GROUP BY symbol ORDER BY count DESC LIMIT 1000 OFFSET 0;
SELECT MIN(ts), MAX(ts) FROM public.prices;
SELECT * FROM (SELECT * FROM public.prices) AS virtual_table LIMIT 1;
SELECT ((extract(epoch from ts) - MOD(extract(epoch from ts)::int, 900)))::int AS bucket, count(*) FROM prices GROUP BY 1 ORDER BY 1 LIMIT 10;
