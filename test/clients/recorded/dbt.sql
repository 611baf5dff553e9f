-- more the schema tstable
select distinct nspname from pg_namespace;
select count(*) from pg_namespace where nspname = 'public';
select 'postgres' as database, tablename as name, schemaname as schema, 'table' as type from pg_tables where schemaname ilike 'public' union all select 'postgres', viewname, schemaname, 'view' from pg_views where schemaname ilike 'public' union all select 'postgres', matviewname, schemaname, 'materialized_view' from pg_matviews where schemaname ilike 'public';
select dependent_class.relname from pg_class as dependent_class join pg_depend as d on d.refobjid = dependent_class.oid and d.classid = 'pg_rewrite'::regclass and d.refclassid = 'pg_class'::regclass and d.deptype = 'i';
select sch.nspname, tbl.relname, col.attname, pg_catalog.format_type(col.atttypid, col.atttypmod), pg_get_userbyid(tbl.relowner) from pg_catalog.pg_namespace sch join pg_catalog.pg_class tbl on tbl.relnamespace = sch.oid join pg_catalog.pg_attribute col on col.attrelid = tbl.oid where upper(sch.nspname) = upper('public') and not pg_is_other_temp_schema(sch.oid) and tbl.relpersistence in ('p', 'u') and col.attnum > 0 and not col.attisdropped;
create table "postgres"."public"."my_model__dbt_tmp" as ( select symbol, count(*) as n from prices group by 1 );
alter table "postgres"."public"."my_model__dbt_tmp" rename to "my_model";
select grantee, privilege_type from INFORMATION_SCHEMA.role_table_grants where grantor = current_role and grantee != current_role and table_schema = 'public' and table_name = 'prices';
