/**
 * The table `t` of the function tests: every type, NULL in every column, and the values that hurt.
 * Parquet keeps no negative intervals and cuts them to milliseconds: those are computed in the
 * statements.
 */

const COLUMNS = `
  id int4 NOT NULL, ts timestamptz, tl timestamp, d date, tm time,
  i2 int2, i4 int4, i8 int8, r float4, f float8,
  n numeric(12,4), w numeric(20,0), nf numeric,
  s text, v varchar(20), c char(6), b bool, iv interval, u uuid, y bytea,
  j json, jb jsonb, ia int4[], ta text[], g text`;

const ROWS = [
  `1, '2024-06-03 14:30:15.123456+00', '2024-06-03 14:30:15.123456', '2024-06-03', '14:30:15.123456',
   7, 42, 9000000000, 1.5, 2.5, 12.3450, 100, 1.10, 'hello World', 'foo', 'ab', true,
   '1 mon 2 days 03:04:05.5', '11111111-2222-3333-4444-555555555555', '\\x00ff10', '{"a": 1.10, "b": [1, 2]}',
   '{"a": 1.10, "b": [1, 2]}', '{1,2,3}', '{a,"b c",NULL}', 'x'`,
  `2, '2024-01-31 23:59:59.999999+00', '2024-01-31 23:59:59.999999', '2024-01-31', '00:00:00',
   -7, -42, -9000000000, -1.25, -2.5, -0.0050, -7, -0.005, '', '', '', false,
   '1 mons 2 days 03:00:00', '00000000-0000-0000-0000-000000000000', '\\x', '[]',
   '[]', '{}', '{}', 'x'`,
  `3, '2000-02-29 00:00:00+00', '2000-02-29 00:00:00', '2000-02-29', '23:59:59.999999',
   0, 0, 0, 0, 0, 0, 0, 0.00, 'äöü Straße €', 'bar%_\\', 'x y', NULL,
   '00:00:00', 'ffffffff-ffff-ffff-ffff-ffffffffffff', 'abc', '"s"',
   '{"k": {"x": null}, "a": "t"}', '{5,NULL,-1}', '{"","null","q\\"uote"}', 'y'`,
  `4, '1969-12-31 23:59:59.5+00', '1969-12-31 23:59:59.5', '1969-12-31', '12:00:00',
   32767, 2147483647, 9223372036854775807, 1e10, 1e300, 99999999.9999, 99999999999999999999,
   123456789012345678901234567890.123456789, 'a,b,,c', 'UPPER', 'abcdef', true,
   '10 years 3 days', NULL, '\\xdeadbeef', 'null', 'null', '{10}', '{x}', 'y'`,
  `5, '2024-11-03 05:30:00+00', '2024-11-03 01:30:00', '2024-11-03', '01:30:00.5',
   -32768, -2147483648, -9223372036854775808, 'NaN', 'NaN', 1.5, 3, 'NaN', E'tab\\tnew\\nline', 'x', 'b', false,
   '100 hours', '11111111-2222-7333-8444-555555555555', '\\x5c', '{"a": true}', '{"a": true, "z": "1"}',
   NULL, NULL, NULL`,
  `6, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
   NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'x'`,
  `7, '2024-03-10 07:30:00+00', '2024-03-10 02:30:00', '2024-03-10', '06:07:08',
   1, 10, 100, 0.1, 0.1, 2.5, 25, 2.50, '  padded  ', ' v ', '  z', true,
   '15 days 12:00:00', 'aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee', '\\x20', '[1, "two", null, {"three": 3}]',
   '[1, "two", null, {"three": 3}]', '{3,3,1}', '{foo,bar,foo}', 'z'`,
  `8, '2024-12-30 12:00:00+00', '2024-12-30 12:00:00', '2024-12-30', '12:34:56.789',
   1, -3, 3, 3.4e38, -0.5, -2.5, -25, 1000000, 'foobarfoo', 'FooBar', 'foo', NULL,
   '00:00:00.001', '12345678-1234-1234-1234-123456789012', '\\xff', '{}', '{}',
   '{2147483647,-2147483648}', '{NULL}', 'z'`,
  `9, '0999-05-05 10:00:00+00', '0999-05-05 10:00:00', '0999-05-05', '10:00:00',
   2, 3, -3, -1e-10, 12345.678901234567, 0.0001, 1, 0.1, 'The quick brown fox', 'ÄÖ', 'ä', true,
   '1 day', 'abcdefab-cdef-abcd-efab-cdefabcdefab', '\\x00', '1.50', '1.50',
   '{1,1,2,2}', '{a,b}', 'x'`,
];

export const VALUES_SCHEMA = [
  "SET debug_pretty_print = off",
  `CREATE TABLE t (${COLUMNS})`,
  ...ROWS.map((row) => `INSERT INTO t VALUES (${row})`),
].join(";\n");
