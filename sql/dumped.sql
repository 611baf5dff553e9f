-- What pg_dump must take for a part of the server, and so leave out. Run last.

-- Parts of an extension whose OID is one of those that came with the server.
INSERT INTO pg_extension
  (oid, extname, extowner, extnamespace, extrelocatable, extversion)
  VALUES (16383, 'tstable', 10, 'pg_catalog'::regnamespace, false, '1.0');
INSERT INTO pg_depend (classid, objid, objsubid, refclassid, refobjid, refobjsubid, deptype)
  SELECT part.classid, part.objid, 0, 'pg_extension'::regclass, 16383, 0, 'e'
  FROM (
    SELECT 'pg_namespace'::regclass, 'tstable'::regnamespace::oid
    UNION ALL SELECT 'pg_am'::regclass, oid FROM pg_am WHERE amname = 'tstable'
    UNION ALL SELECT 'pg_class'::regclass, oid FROM pg_class
      WHERE relnamespace = 'tstable'::regnamespace AND relkind = 'r'
  ) AS part(classid, objid);
INSERT INTO pg_init_privs (objoid, classoid, objsubid, privtype, initprivs)
  SELECT oid, 'pg_namespace'::regclass, 0, 'e', nspacl
    FROM pg_namespace WHERE nspname = 'tstable'
  UNION ALL SELECT oid, 'pg_class'::regclass, 0, 'e', relacl
    FROM pg_class WHERE relnamespace = 'tstable'::regnamespace AND relkind = 'r';

-- Rights on functions that replace built-ins are those they came with.
INSERT INTO pg_init_privs (objoid, classoid, objsubid, privtype, initprivs)
  SELECT oid, 'pg_proc'::regclass, 0, 'i', proacl FROM pg_proc
  WHERE pronamespace = 'pg_catalog'::regnamespace AND oid >= 16384 AND proacl IS NOT NULL;
