show time zone;
set time zone "Asia/Shanghai";
SELECT * FROM unnest(current_schemas(true));
-- more the schema tstable
SELECT n.nspname schema_name, c.relname table_name FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = ANY('{r,p,f}') ORDER BY 1,2;
-- more our own functions
SELECT n.nspname, p.proname, COALESCE(proallargtypes::regtype[], proargtypes::regtype[])::text[], prorettype::regtype::text, p.prokind = 'a', pg_get_expr(proargdefaults, 0) FROM pg_catalog.pg_proc p INNER JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace WHERE p.prorettype::regtype != 'trigger'::regtype ORDER BY 1, 2;
