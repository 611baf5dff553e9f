-- differs nothing is compiled here
SELECT current_setting('jit') AS cur, set_config('jit', 'off', false) AS new;
-- values ["{20,1184}"]
SELECT t.oid, t.typelem AS elemtype, t.typtype AS kind, ns.nspname AS ns, t.typname AS name FROM pg_catalog.pg_type AS t INNER JOIN pg_catalog.pg_namespace AS ns ON (ns.oid = t.typnamespace) WHERE t.oid = any($1::oid[]);
SELECT pg_advisory_unlock_all(); CLOSE ALL; UNLISTEN *; RESET ALL;
SELECT "ts", "symbol" FROM "prices" LIMIT 1;
