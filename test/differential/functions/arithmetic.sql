-- Integers, floats, comparison.
SELECT id, i2 + i2 FROM t WHERE id <> 4 AND id <> 5 ORDER BY id;
SELECT id, i4 + 1::int2, i4 - 3, i4 * 2, i8 + i4, i8 - 7::int2, i2 * i4 FROM t WHERE id NOT IN (4, 5) ORDER BY id;
SELECT id, i4 / 3, i4 / -3, i4 % 3, i4 % -3, i8 / 7, i8 % 7, i2 / 2::int2, i2 % 4::int2, mod(i4, 5) FROM t ORDER BY id;
SELECT id, i4 / 0 FROM t ORDER BY id; -- 22012
SELECT id, i4 / i4 FROM t WHERE i4 <> 0 ORDER BY id;
SELECT id, 10 / i4 FROM t ORDER BY id; -- 22012
SELECT id, i4 % i4 FROM t ORDER BY id; -- 22012
SELECT id, i4 % -1, i8 % -1::int8, mod(i4, i2) FROM t WHERE i2 <> 0 ORDER BY id;
SELECT id, i4 + 1 FROM t WHERE id = 4; -- 22003
SELECT id, i4 - 1 FROM t WHERE id = 5; -- 22003
SELECT id, i8 * 2 FROM t WHERE id = 4; -- 22003
SELECT id, -i4 FROM t WHERE id = 5; -- 22003
SELECT id, abs(i4) FROM t WHERE id = 5; -- 22003
SELECT id, i2 + 1::int2 FROM t WHERE id = 4; -- 22003
SELECT id, -i4, +i4, abs(i4), abs(i2), abs(i8), @ i4 FROM t WHERE id <> 5 ORDER BY id;
SELECT id, i4 & 15, i4 | 8, i4 # 5, ~i4, i4 << 3, i4 << 31, i4 >> 1, i2 << 9, i8 << 60, i8 >> 3 FROM t ORDER BY id;
SELECT id, gcd(i4, 14), lcm(i4, 3) FROM t WHERE id NOT IN (4, 5) ORDER BY id;
SELECT id, f + 1, f - 0.5::float8, f * 2, f / 3, -f, abs(f), r + r, r * 2::float4, r / 3::float4, r + f, f - r FROM t WHERE id NOT IN (4, 8) ORDER BY id;
SELECT id, f / 0 FROM t WHERE id = 1; -- 22012
SELECT id, 1 / f FROM t ORDER BY id; -- 22012
SELECT id, f / r FROM t WHERE r <> 0 ORDER BY id;
SELECT id, i4 = 42, i4 <> 42, i4 < i2, i4 <= i8, i8 > i2, i8 >= 0 FROM t ORDER BY id;
SELECT id, f = f, f > 1e299, r = 1.5, r < f, f <> r FROM t ORDER BY id;
SELECT id, n = 2.5, n > nf, nf = 1.1, nf < n, w = 3, n <> w, nf >= 'NaN' FROM t ORDER BY id;
SELECT id, s = 'hello World', s < 'b', s >= v, v <> 'foo', c = 'ab', c = 'ab    ', c < 'b', s > c FROM t ORDER BY id;
SELECT id, b = true, b < true, b <> false, u = '11111111-2222-3333-4444-555555555555', y = '\x00ff10', y < '\x20' FROM t ORDER BY id;
SELECT id, d = '2024-06-03', d < tl, d > ts, tl = ts, tl <= d, ts >= tl, ts = '2024-06-03 14:30:15.123456+00', tm < '12:00' FROM t ORDER BY id;
SELECT id, iv = '1 day', iv < '30 days', iv > '1 mon', iv = '24 hours' FROM t ORDER BY id;
SELECT id, ia = '{1,2,3}', ia < '{2}', ia > '{}', ta = '{a,"b c",NULL}', ia <> ia FROM t ORDER BY id;
SELECT id, jb = '{"a": 1.1, "b": [1, 2]}', jb <> 'null', jb = '1.5' FROM t ORDER BY id;
SELECT id, i4 IS DISTINCT FROM 42, nf IS NOT DISTINCT FROM 1.1, s IS DISTINCT FROM NULL FROM t ORDER BY id;
SELECT id, nullif(i4, 42), nullif(nf, 1.1), coalesce(i4, 0), coalesce(nf, n, 0), greatest(i4, 10), least(nf, n), greatest(s, v) FROM t ORDER BY id;
SELECT id, i4 BETWEEN 0 AND 50, i4 NOT BETWEEN 0 AND 50, i4 IN (1, 42, NULL), n BETWEEN 0 AND nf FROM t ORDER BY id;
SELECT id, ceil(f), floor(f), round(f), trunc(f), sign(f), sqrt(abs(f)), cbrt(f), exp(f / 1e300), ln(abs(f) + 1), log(abs(f) + 1) FROM t ORDER BY id;
SELECT id, ceiling(-0.5::float8 * i2), round(2.5::float8 * i2), round(i2 / 2::float8), trunc(-f) FROM t WHERE id NOT IN (4,5) ORDER BY id;
SELECT id, power(f, 2), power(2, i2::float8 / 1000), f ^ 0.5::float8 FROM t WHERE f >= 0 AND id <> 4 ORDER BY id;
SELECT sqrt(-1::float8); -- 2201F
SELECT sqrt(f) FROM t WHERE id = 2; -- 2201F
SELECT ln(f) FROM t WHERE id = 3; -- 2201E
SELECT ln(f) FROM t WHERE id = 2; -- 2201E
SELECT power(f, -1) FROM t WHERE id = 3; -- 2201F
SELECT power(f, 0.5) FROM t WHERE id = 2; -- 2201F
SELECT id, sin(f), cos(f), tan(f), atan(f), atan2(f, 2), degrees(f), radians(f), sinh(f / 1e300), pi() FROM t WHERE id <> 4 ORDER BY id;
SELECT id, asin(r / 4e38), acos(r / 4e38) FROM t ORDER BY id;
SELECT asin(f) FROM t WHERE id = 1; -- 22003
SELECT id, width_bucket(f, 0, 10, 5), width_bucket(f, 10, 0, 5), width_bucket(n, 0, 10, 4) FROM t WHERE id <> 5 ORDER BY id;
SELECT id, f::int4, f::int8, r::int4, f::float4 FROM t WHERE id NOT IN (4, 5, 8) ORDER BY id;
SELECT f::int4 FROM t WHERE id = 4; -- 22003
SELECT f::int4 FROM t WHERE id = 5; -- 22003
SELECT f::float4 FROM t WHERE id = 4; -- 22003
SELECT id, i4::int2, i8::int4 FROM t WHERE id NOT IN (1, 2, 4, 5) ORDER BY id;
SELECT i4::int2 FROM t WHERE id = 4; -- 22003
SELECT i8::int4 FROM t WHERE id = 1; -- 22003
SELECT id, i4::int8, i4::float8, i8::float8, i2::float4, i4::bool, b::int4, r::float8 FROM t ORDER BY id;
SELECT id, b AND i4 > 0, b OR i4 > 0, NOT b, b IS TRUE, b IS NOT FALSE, b IS UNKNOWN FROM t ORDER BY id;
SELECT id, isfinite(d), isfinite(ts), isfinite(iv) FROM t ORDER BY id;
SELECT exp(-f) FROM t WHERE id = 4; -- 22003
SELECT exp(f) FROM t WHERE id = 4; -- 22003
SELECT f ^ 2 FROM t WHERE id = 4; -- 22003
