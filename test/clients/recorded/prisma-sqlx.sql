-- values ["1184"]
SELECT t.typname, t.typtype, t.typelem, r.rngsubtype, t.typbasetype, n.nspname, t.typrelid FROM pg_catalog.pg_type t LEFT OUTER JOIN pg_catalog.pg_range r ON r.rngtypid = t.oid INNER JOIN pg_catalog.pg_namespace n ON t.typnamespace = n.oid WHERE t.oid = $1;
-- values ["25"]
SELECT enumlabel FROM pg_catalog.pg_enum WHERE enumtypid = $1 ORDER BY enumsortorder;
-- values ["1007"]
SELECT oid::regtype::text, typtype, typcategory, typrelid, typelem, typbasetype FROM pg_catalog.pg_type WHERE oid = $1;
-- values ["1259","2"]
SELECT $1::oid::regclass::text, attname FROM pg_catalog.pg_attribute WHERE attrelid = $1 AND attnum = $2;
-- values ["bigint"]
SELECT $1::regtype::oid;
SET search_path = "public"; SET NAMES 'UTF8';
-- values ["{public}"]
SELECT sequence_name, sequence_schema AS namespace, start_value, minimum_value, maximum_value, increment FROM information_schema.sequences WHERE sequence_schema = ANY ( $1 );
-- values ["{public}"]
SELECT tbl.relname AS table_name, namespace.nspname AS namespace FROM pg_class AS tbl INNER JOIN pg_namespace AS namespace ON namespace.oid = tbl.relnamespace WHERE tbl.relkind IN ('r', 'p') AND namespace.nspname = ANY ( $1 ) ORDER BY namespace, table_name;
