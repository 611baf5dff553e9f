-- Tables of the differential tests: NULLs in every column that may have them, edges of every type.
CREATE TABLE readings (
  id int4 NOT NULL, ts timestamptz NOT NULL, device text, temp float8, humidity float4,
  kwh numeric(10,3), status int2, count8 int8, ok bool, note varchar(20), tags text[], meta jsonb,
  day date, span interval, local timestamp, at time, key uuid, code char(4), raw bytea, big numeric
);
COMMENT ON TABLE readings IS 'time=ts entity=device';
INSERT INTO readings
SELECT i,
  '2024-03-09 20:00+00'::timestamptz + i * interval '37 minutes' + (i % 7) * interval '0.123456 s',
  CASE WHEN i % 11 = 0 THEN NULL ELSE 'dev-' || (i % 5) END,
  CASE i % 13 WHEN 0 THEN NULL WHEN 1 THEN -0.5 WHEN 2 THEN 1e20 WHEN 3 THEN 0 ELSE i * 1.37 - 40 END,
  CASE WHEN i % 9 = 0 THEN NULL ELSE (i * 0.7)::float4 END,
  CASE WHEN i % 8 = 0 THEN NULL ELSE (i * 7.125 - 100)::numeric(10,3) END,
  CASE WHEN i % 10 = 0 THEN NULL ELSE (i % 4 - 1)::int2 END,
  CASE i % 12 WHEN 0 THEN NULL WHEN 1 THEN 9223372036854775807 WHEN 2 THEN -5 ELSE i::int8 * 1000000007 END,
  CASE i % 3 WHEN 0 THEN NULL WHEN 1 THEN true ELSE false END,
  CASE i % 6 WHEN 0 THEN NULL WHEN 1 THEN '' WHEN 2 THEN 'Zürich 🌊' WHEN 3 THEN 'a%b_c\d' ELSE 'note ' || i END,
  CASE i % 7 WHEN 0 THEN NULL WHEN 1 THEN '{}'::text[] WHEN 2 THEN ARRAY['x', NULL, 'y "q"'] ELSE ARRAY['t' || i % 3, 'u'] END,
  CASE i % 5 WHEN 0 THEN NULL WHEN 1 THEN '{}'::jsonb WHEN 2 THEN jsonb_build_object('v', i, 's', 'x' || i, 'n', NULL)
    WHEN 3 THEN '[1, 2.50, "three"]'::jsonb ELSE jsonb_build_object('v', i * 1.10, 'deep', jsonb_build_object('a', i)) END,
  CASE WHEN i % 14 = 0 THEN NULL ELSE '2024-02-27'::date + i % 6 END,
  CASE i % 15 WHEN 0 THEN NULL WHEN 1 THEN '1 mon 2 days 03:04:05.5'::interval WHEN 2 THEN '30 days'::interval ELSE i * interval '41 minutes' END,
  CASE WHEN i % 16 = 0 THEN NULL ELSE '2023-12-31 22:00'::timestamp + i * interval '53 minutes' END,
  CASE WHEN i % 17 = 0 THEN NULL ELSE '00:00'::time + i * interval '23 minutes 7.5 s' END,
  CASE WHEN i % 18 = 0 THEN NULL ELSE ('00000000-0000-4000-8000-' || lpad(i::text, 12, '0'))::uuid END,
  CASE i % 4 WHEN 0 THEN NULL WHEN 1 THEN 'ab' WHEN 2 THEN 'abcd' ELSE 'x' END,
  CASE WHEN i % 19 = 0 THEN NULL ELSE decode(lpad(to_hex(i * 257), 6, '0'), 'hex') END,
  CASE i % 6 WHEN 0 THEN NULL WHEN 1 THEN 1.0 WHEN 2 THEN 1.00 WHEN 3 THEN -12345678901234567890.123456789 ELSE i / 3.0 END
FROM generate_series(1, 90) i;

CREATE TABLE devices (device text NOT NULL, site text, capacity numeric(8,2), installed date, parent text, since timestamptz);
COMMENT ON TABLE devices IS 'time=since entity=device';
INSERT INTO devices VALUES
  ('dev-0', 'north', 10.50, '2023-01-01', NULL, '2023-01-01 00:00+00'),
  ('dev-1', 'north', 20.00, '2023-02-28', 'dev-0', '2023-02-28 12:00+00'),
  ('dev-2', 'south', NULL, '2024-02-29', 'dev-0', '2024-02-29 23:59:59.999999+00'),
  ('dev-3', NULL, 0.01, NULL, 'dev-1', NULL),
  ('dev-9', 'west', 99999.99, '1999-12-31', 'dev-2', '1999-12-31 00:00+00');

CREATE TABLE events (id int8 NOT NULL, ts timestamp NOT NULL, device text, kind text, level int4, payload jsonb);
COMMENT ON TABLE events IS 'time=ts entity=device';
INSERT INTO events
SELECT i, '2024-03-09 21:00'::timestamp + i * interval '97 minutes',
  CASE WHEN i % 7 = 0 THEN NULL ELSE 'dev-' || (i % 6) END,
  (ARRAY['start', 'stop', 'alarm', NULL])[1 + i % 4],
  CASE WHEN i % 5 = 0 THEN NULL ELSE i % 3 END,
  CASE WHEN i % 3 = 0 THEN NULL ELSE jsonb_build_object('code', i) END
FROM generate_series(1, 40) i;

CREATE TABLE ticks (seq int8 NOT NULL, sym int4, px numeric(12,4), qty int4);
COMMENT ON TABLE ticks IS 'time=seq entity=sym';
INSERT INTO ticks SELECT i, CASE WHEN i % 10 = 0 THEN NULL ELSE i % 3 END,
  CASE WHEN i % 7 = 0 THEN NULL ELSE 100 + (i % 17) * 0.25 END, (i * 31) % 13 - 3
FROM generate_series(1, 50) i;

CREATE TABLE nothing (ts timestamptz NOT NULL, device text, v float8, n numeric(6,2));
COMMENT ON TABLE nothing IS 'time=ts entity=device';

CREATE VIEW hourly AS
  SELECT date_trunc('hour', ts) AS hour, device, count(*) AS n, avg(temp) AS temp, sum(kwh) AS kwh
  FROM readings GROUP BY 1, 2;
CREATE VIEW recent AS SELECT id, ts, device, kwh FROM readings WHERE ts >= '2024-03-10 00:00+00';
