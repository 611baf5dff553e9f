-- Constants of every type, at their edges; casts that the analysis folds or leaves.
SELECT 0, 1, -1, 2147483647, -2147483648, 2147483648, 9223372036854775807, -9223372036854775808, 9223372036854775808;
SELECT '-32768'::int2, 32767::int2, '0'::int8, 1::oid;
SELECT 0.0, 1.50, -0.05, .5, 100.000, 1e10, 1e-10, 12345678901234567890123456789012345678, 123456789012345678901234567890123456789, 0.00000000000000000000000000000000000001, 1.5e-30;
SELECT 'NaN'::numeric, 'Infinity'::numeric, '-Infinity'::numeric, 10000::numeric, 100000000::numeric, 99999999.9999::numeric, 0.0001, 0.00010001;
SELECT 1.5::numeric(10,4), (-1.005)::numeric(5,2), 12345.678::numeric(10,-2), 1::numeric(3,2);
SELECT 1.5::float8, 'NaN'::float8, 'Infinity'::float8, '-Infinity'::float8, -0.0::float8, '-0'::float8, 1e308::float8, 5e-324::float8, 0.1::float8, 1e15::float8, 1e16::float8, 123456789012345680::float8;
SELECT 1.5::float4, 'NaN'::float4, '-Infinity'::float4, 0.1::float4, 1e38::float4, 16777217::float4, 3.4028235e38::float4, 1.17549435e-38::float4;
SELECT true, false, NULL::bool, 'yes'::bool, 'off'::bool;
SELECT '', 'a''b', E'tab\tnew\nline', 'é🌊', U&'\0041', $$dollar $1$$, 'back\slash', ' lead', '"quoted"', '{brace}', '(paren)', '<>', '12', 'true';
SELECT 'abc'::varchar(2), 'abc'::char(5), 'abc'::char(2), 'ab '::char(4) || '|', length('ab '::char(4)), 'x'::"char", 'name'::name;
SELECT '\x'::bytea, '\x00ff10'::bytea, 'text\\000'::bytea, NULL::bytea;
SELECT '2024-02-29'::date, '0001-01-01'::date, '9999-12-31'::date, '0044-03-15 BC'::date, 'infinity'::date, '-infinity'::date, '10000-01-01'::date, '1970-01-01'::date, 'epoch'::date;
SELECT '2024-02-29 12:34:56.789012'::timestamp, '0001-01-01'::timestamp, 'infinity'::timestamp, '-infinity'::timestamp, '1969-12-31 23:59:59.999999'::timestamp, '0044-03-15 10:00 BC'::timestamp, '12024-01-01'::timestamp;
SELECT '2024-02-29 12:34:56.789012+05:30'::timestamptz, 'infinity'::timestamptz, '-infinity'::timestamptz, '1969-12-31 23:59:59.999999+00'::timestamptz, '1883-11-18 12:00+00'::timestamptz, '2024-07-01 00:00 America/New_York'::timestamptz;
SELECT '00:00'::time, '23:59:59.999999'::time, '24:00:00'::time, '12:30 PM'::time;
SELECT '1 day'::interval, '-1 mon 3 days -04:05:06.7'::interval, '0'::interval, '1 year 2 mons'::interval, 'P1Y2M3DT4H5M6S'::interval, '100000 hours'::interval, '1.5 days'::interval, '-00:00:00.000001'::interval;
SELECT 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid, '00000000-0000-0000-0000-000000000000'::uuid;
SELECT '{"b": 1, "a": [1, 2.50, {"x": null}], "aa": "q\"\\\n\u0001é"}'::jsonb, '[]'::jsonb, '{}'::jsonb, '"s"'::jsonb, '1.10'::jsonb, 'null'::jsonb, 'true'::jsonb, '[[], {}]'::jsonb, '1e3'::jsonb, '-0.5'::jsonb;
SELECT '[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31,32,33,34,35]'::jsonb, '{"a":1,"bb":2,"c":3,"dd":"four"}'::jsonb;
SELECT '{"b": 1,  "a":2}'::json, '[1 , 2]'::json;
SELECT '{1,2,3}'::int4[], '{}'::int4[], '{NULL,1}'::int8[], '{{1,2},{3,4}}'::int2[], '{1.5,NULL,2.25}'::numeric[], '{a,"b c",NULL,"NULL",""}'::text[], '{t,f,NULL}'::bool[], '{1.5,NaN}'::float8[], '{2024-01-01,infinity}'::date[];
SELECT '{2024-01-01 00:00+00}'::timestamptz[], '{1 day,02:00}'::interval[], '{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}'::uuid[], '{"{\"a\": 1}"}'::jsonb[], '{ab,c}'::char(3)[], '{x,y}'::varchar[];
-- refused: 0A000
SELECT '[2:3]={1,2}'::int4[];
-- refused: 0A000
SELECT '1 day'::interval, 'infinity'::interval;
SELECT NULL, NULL::int4, NULL::numeric, NULL::text[], NULL::timestamptz, NULL::jsonb, NULL::interval;
SELECT 'unknown', 'unknown' || 'x', coalesce(NULL, 'y');
SELECT current_date = 'today'::date, 'now'::timestamptz IS NOT NULL;
SELECT id, '2024-03-10'::timestamptz FROM readings WHERE id = 1;
SELECT count(*) FROM readings WHERE ts > '-infinity' AND ts < 'infinity' AND local < 'infinity' AND day > '-infinity';
SELECT count(*) FROM readings WHERE kwh > 100 AND kwh < 200.5 AND big > -1e30 AND temp < 1e3 AND humidity > 0.5;
SELECT count(*) FROM readings WHERE count8 = 9223372036854775807 OR count8 < 0;
SELECT 1 AS "true", 2 AS "12", 3 AS "with space", 4 AS "quo""te", 5 AS "{brace}", 6 AS "(", 7 AS "<>", 8 AS "back\slash";
