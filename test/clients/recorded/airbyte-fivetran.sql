-- differs our own size
SELECT pg_catalog.pg_relation_size('"public"."prices"') AS table_size, current_setting('block_size');
/*Fivetran*/ SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = 'public';
-- differs our own number
SELECT (txid_snapshot_xmin(txid_current_snapshot()) >> 32) AS num_wraparound, txid_snapshot_xmin(txid_current_snapshot()) AS xmin_raw_value;
-- more the schema tstable
SELECT tablename, schemaname, has_table_privilege(schemaname || '.' || tablename, 'SELECT') FROM pg_tables WHERE schemaname NOT IN ('pg_catalog','information_schema');
SELECT MAX("ts") FROM "public"."prices" WHERE "ts" IS NOT NULL;
SELECT * FROM "public"."prices" WHERE "ts" > '2024-01-01T00:00:00.000000Z' ORDER BY "ts" ASC;
