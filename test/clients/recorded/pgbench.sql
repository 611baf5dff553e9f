select count(*) from pg_catalog.pg_class c where c.relname = 'pgbench_branches';
show server_version;
