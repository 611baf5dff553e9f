-- differs no build for WebAssembly
SELECT version();
-- more the schema tstable
SELECT ns.nspname, t.oid, t.typname, t.typtype, t.typnotnull, CASE WHEN p.proname='array_recv' THEN t.typelem WHEN t.typtype='r' THEN r.rngsubtype WHEN t.typtype='d' THEN t.typbasetype END AS elemtypoid FROM pg_type AS t JOIN pg_namespace AS ns ON (ns.oid = t.typnamespace) LEFT JOIN pg_proc AS p ON p.oid = t.typreceive LEFT JOIN pg_range AS r ON (r.rngtypid = t.oid) WHERE t.typtype IN ('b', 'r', 'm', 'e', 'd') OR (t.typtype = 'p' AND t.typname IN ('record', 'void'));
SELECT typ.oid, att.attname, att.atttypid FROM pg_type AS typ JOIN pg_namespace AS ns ON (ns.oid = typ.typnamespace) JOIN pg_class AS cls ON (cls.oid = typ.typrelid) JOIN pg_attribute AS att ON (att.attrelid = typ.typrelid) WHERE (typ.typtype = 'c' AND cls.relkind='c') AND attnum > 0 AND NOT attisdropped ORDER BY typ.oid, att.attnum;
SELECT pg_type.oid, enumlabel FROM pg_enum JOIN pg_type ON pg_type.oid=enumtypid ORDER BY oid, enumsortorder;
-- more the schema tstable
select TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE from INFORMATION_SCHEMA.tables where TABLE_SCHEMA not in ('information_schema', 'pg_catalog') order by TABLE_SCHEMA, TABLE_NAME;
select COLUMN_NAME, ORDINAL_POSITION, IS_NULLABLE, case when (data_type like '%unsigned%') then DATA_TYPE || ' unsigned' else DATA_TYPE end as DATA_TYPE from INFORMATION_SCHEMA.columns where TABLE_SCHEMA = 'public' and TABLE_NAME = 'prices' order by TABLE_SCHEMA, TABLE_NAME, ORDINAL_POSITION;
select pkcol.COLUMN_NAME as PK_COLUMN_NAME, fkcol.TABLE_NAME AS FK_TABLE_NAME, fkcol.ORDINAL_POSITION as ORDINAL from INFORMATION_SCHEMA.REFERENTIAL_CONSTRAINTS fkcon inner join INFORMATION_SCHEMA.KEY_COLUMN_USAGE fkcol on fkcon.CONSTRAINT_NAME = fkcol.CONSTRAINT_NAME inner join INFORMATION_SCHEMA.KEY_COLUMN_USAGE pkcol on fkcon.UNIQUE_CONSTRAINT_NAME = pkcol.CONSTRAINT_NAME where pkcol.TABLE_NAME = 'prices';
select character_set_name from INFORMATION_SCHEMA.character_sets;
select "$Table"."ts" as "ts", "$Table"."symbol" as "symbol", "$Table"."close" as "close", "$Table"."volume" as "volume" from "public"."prices" "$Table" limit 4096;
select "rows"."symbol" as "symbol", sum("rows"."close") as "sum" from (select "_"."symbol", "_"."close" from "public"."prices" "_" where "_"."ts" >= timestamp '2024-01-01 00:00:00') "rows" group by "symbol";
select "_"."symbol" as "c1", cast("_"."volume" as decimal) as "c2" from "public"."prices" "_" where "_"."symbol" = 'S1' and "_"."symbol" is not null order by "_"."symbol" limit 1001;
