-- Dates, times, intervals, zones.
SELECT id, d + 1, d - 1, 3 + d, d - '2024-01-01'::date, d + '1 month'::interval, d - '1 day 02:00'::interval, d + tm FROM t ORDER BY id;
SELECT id, tl + '1 month'::interval, tl - '1 month 1 day'::interval, tl + iv, tl - iv, '1 hour'::interval + tl, tl - '2024-01-01'::timestamp FROM t ORDER BY id;
SELECT id, ts + '1 hour'::interval, ts - '90 seconds'::interval, ts + '1 day'::interval, ts + '1 month'::interval, ts - '1 day 1 hour'::interval, ts + iv, ts - iv, ts + -iv FROM t ORDER BY id;
SELECT id, ts - '2024-03-09 12:00+00'::timestamptz, ts - ts, tl - tl FROM t ORDER BY id;
SELECT id, iv + '1 day'::interval, iv - '1 mon'::interval, -iv, iv * 2, iv * 0.5, 2.5 * iv, iv / 3, iv / 2.5, -iv / 7, iv * -1.37 FROM t ORDER BY id;
SELECT iv / 0 FROM t WHERE id = 1; -- 22012
SELECT id, tm + '2 hours'::interval, tm - '13:30'::interval, tm - '12:00'::time, '1 day 1 hour'::interval + tm FROM t ORDER BY id;
SELECT id, extract(year FROM ts), extract(month FROM ts), extract(day FROM ts), extract(hour FROM ts), extract(minute FROM ts), extract(second FROM ts), extract(epoch FROM ts), extract(dow FROM ts), extract(isodow FROM ts), extract(doy FROM ts), extract(week FROM ts), extract(quarter FROM ts), extract(isoyear FROM ts), extract(decade FROM ts), extract(century FROM ts), extract(millennium FROM ts), extract(milliseconds FROM ts), extract(microseconds FROM ts) FROM t ORDER BY id;
SELECT id, extract(timezone FROM ts), extract(timezone_hour FROM ts), extract(timezone_minute FROM ts) FROM t WHERE id <> 9 ORDER BY id;
SELECT id, extract(year FROM d), extract(dow FROM d), extract(epoch FROM d), extract(epoch FROM tl), extract(second FROM tl), extract(hour FROM tm), extract(second FROM tm), extract(epoch FROM tm), extract(minute FROM tm), extract(milliseconds FROM tm) FROM t ORDER BY id;
SELECT id, extract(year FROM iv), extract(month FROM iv), extract(day FROM iv), extract(hour FROM iv), extract(minute FROM iv), extract(second FROM iv), extract(epoch FROM iv), extract(epoch FROM -iv), extract(decade FROM iv), extract(milliseconds FROM -iv) FROM t ORDER BY id;
SELECT id, date_part('year', ts), date_part('epoch', ts), date_part('second', tl), date_part('hour', iv), date_part('dow', d), date_part('seconds', tm), date_part('mon', tl) FROM t ORDER BY id;
SELECT extract(hour FROM d) FROM t; -- 0A000
SELECT extract(foo FROM ts) FROM t; -- 22023
SELECT id, date_trunc('hour', ts), date_trunc('day', ts), date_trunc('week', ts), date_trunc('month', ts), date_trunc('quarter', ts), date_trunc('year', ts), date_trunc('minute', ts), date_trunc('second', ts), date_trunc('milliseconds', ts), date_trunc('decade', ts), date_trunc('century', ts), date_trunc('millennium', ts) FROM t ORDER BY id;
SELECT id, date_trunc('hour', tl), date_trunc('day', tl), date_trunc('week', tl), date_trunc('microseconds', tl), date_trunc('month', d), date_trunc('year', d), date_trunc('century', tl) FROM t ORDER BY id;
SELECT id, date_trunc('day', ts, 'America/New_York'), date_trunc('hour', ts, 'America/New_York'), date_trunc('day', ts, 'UTC'), date_trunc('month', ts, 'Asia/Kolkata'), date_trunc('hour', ts, 'Asia/Kolkata') FROM t ORDER BY id;
SELECT id, date_trunc('hour', iv), date_trunc('day', iv), date_trunc('month', iv), date_trunc('year', iv), date_trunc('quarter', iv), date_trunc('minute', -iv) FROM t ORDER BY id;
SELECT date_trunc('foo', ts) FROM t; -- 22023
SELECT id, date_bin('15 minutes', ts, '2000-01-01 00:00+00'), date_bin('1 day 3 hours', ts, '2024-06-03 01:00+00'), date_bin('7 days', tl, '2001-01-01') FROM t ORDER BY id;
SELECT date_bin('1 month', ts, ts) FROM t; -- 0A000
SELECT date_bin('-1 hour', ts, ts) FROM t; -- 22008
SELECT id, ts AT TIME ZONE 'UTC', ts AT TIME ZONE 'America/New_York', tl AT TIME ZONE 'America/New_York', tl AT TIME ZONE 'UTC', ts AT TIME ZONE INTERVAL '+05:30', tl AT TIME ZONE INTERVAL '-03:00', ts AT TIME ZONE 'Europe/Berlin' AT TIME ZONE 'Europe/Berlin' FROM t ORDER BY id;
SELECT ts AT TIME ZONE 'Nowhere/Land' FROM t; -- 22023
SELECT id, ts::date, ts::timestamp, ts::time, tl::date, tl::time, tl::timestamptz, d::timestamp, d::timestamptz, tm::interval FROM t ORDER BY id;
SELECT id, ts::timestamptz(0), ts::timestamptz(3), tl::timestamp(2), tl::timestamp(0), tm::time(1) FROM t ORDER BY id;
SELECT id, age(tl, '2020-02-29 12:00'), age(ts, '2020-02-29 12:00+00'), age(d, '2000-01-01') FROM t ORDER BY id;
SELECT id, make_date(2024, id, 15), make_time(id, 30, 15.5), make_timestamp(2024, 2, 28 - id, 1, 2, 3.456789), make_timestamptz(2024, 7, 1, id, 0, 0), make_interval(days => id, hours => 2, secs => 1.5) FROM t ORDER BY id;
SELECT make_date(2023, 2, 29); -- 22008
SELECT make_date(2023, 13, id) FROM t; -- 22008
SELECT make_time(24, 0, 1); -- 22008
SELECT id, to_timestamp(1717425015.123456 + id), to_timestamp(id * 1e9::float8), to_timestamp(f) FROM t WHERE id NOT IN (4, 5) ORDER BY id;
SELECT id, justify_hours(iv), justify_days(iv), justify_interval(iv), justify_interval(-iv), justify_interval(iv * 7.3) FROM t ORDER BY id;
SELECT id, '2024-02-30'::text::date FROM t WHERE id = 1; -- 22008
SELECT id, d::text::date, tl::text::timestamp, ts::text::timestamptz, tm::text::time, iv::text::interval, i4::text::int4, f::text::float8, nf::text::numeric, b::text::bool, u::text::uuid, jb::text::jsonb, y::text::bytea FROM t ORDER BY id;
SELECT s::int4 FROM t WHERE id = 1; -- 22P02
SELECT s::float8 FROM t WHERE id = 1; -- 22P02
SELECT s::bool FROM t WHERE id = 1; -- 22P02
SELECT s::date FROM t WHERE id = 1; -- 22007
SELECT s::numeric FROM t WHERE id = 1; -- 22P02
SELECT s::interval FROM t WHERE id = 1; -- 22007
SELECT s::uuid FROM t WHERE id = 1; -- 22P02
SELECT id, d BETWEEN '2024-01-01' AND '2024-12-31', ts > now() - '100 years'::interval FROM t ORDER BY id;
SELECT id, uuid_extract_timestamp(u) FROM t ORDER BY id;
SELECT g, date_trunc('month', ts) m, count(*), avg(i2), max(ts) - min(ts) FROM t GROUP BY 1, 2 ORDER BY 1, 2;
SELECT extract(year FROM ts) AS y, count(*) FROM t GROUP BY 1 ORDER BY 1;
SELECT id, to_char(ts, 'YYYY-MM-DD HH24:MI:SS'), to_char(tl, 'YYYY-MM-DD"T"HH24:MI:SS.MS'), to_char(ts, 'Mon DD, YYYY'), to_char(tl, 'Dy HH12:MI AM') FROM t ORDER BY id;
SELECT id, (tl, tl + '1 day'::interval) OVERLAPS ('2024-01-01'::timestamp, '2024-06-04'::timestamp), (ts, '1 hour'::interval) OVERLAPS ('2024-06-03 15:00+00'::timestamptz, '1 day'::interval), (ts, ts) OVERLAPS (ts, NULL::timestamptz) FROM t ORDER BY id;
SELECT id, ('2024-01-01'::timestamp, '2023-01-01'::timestamp) OVERLAPS (tl, '2024-01-01'::timestamp), (NULL::timestamp, tl) OVERLAPS (tl, tl) FROM t ORDER BY id;
SELECT id, age(tl), age(ts), age(d) FROM t ORDER BY id;
