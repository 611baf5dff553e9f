-- numeric in its three representations.
SELECT id, n + 1, n - 1.5, n * 2, n * n, n + w, n - nf, nf + nf, nf * 1.10, -n, -nf, +n FROM t ORDER BY id;
SELECT id, n / 3, nf / 7, w / 3, 1 / nf, n / w FROM t WHERE w <> 0 AND nf <> 0 ORDER BY id;
SELECT id, i4 / 3.0, i4 * 1.5, 2.50 * i8, i2 + 0.10 FROM t ORDER BY id;
SELECT id, n / 0 FROM t ORDER BY id; -- 22012
SELECT id, nf / n FROM t ORDER BY id; -- 22012
SELECT id, n % 3, nf % 0.7, mod(w, 7), div(n, 2), div(nf, 3) FROM t ORDER BY id;
SELECT n % 0 FROM t WHERE id = 1; -- 22012
SELECT id, abs(n), abs(nf), sign(n), sign(nf), ceil(n), floor(n), ceil(nf), floor(nf) FROM t ORDER BY id;
SELECT id, round(n), round(n, 1), round(n, 2), round(n, 6), round(n, -1), round(nf), round(nf, 2), round(nf, -3), round(w, 2), round(w, -2) FROM t ORDER BY id;
SELECT id, trunc(n), trunc(n, 1), trunc(n, 6), trunc(nf, 1), trunc(w, -1), trunc(nf) FROM t ORDER BY id;
SELECT id, round(n, i2), trunc(nf, i2) FROM t WHERE i2 BETWEEN -10 AND 10 ORDER BY id;
SELECT id, sqrt(abs(n)), ln(abs(n) + 1), log(abs(n) + 1), exp(n / 10000000), power(n, 2), log(2, abs(n) + 2) FROM t ORDER BY id;
SELECT sqrt(n) FROM t WHERE id = 2; -- 2201F
SELECT ln(n) FROM t WHERE id = 3; -- 2201E
SELECT id, nf ^ 2, n ^ 0.5 FROM t WHERE n >= 0 AND nf >= 0 ORDER BY id;
SELECT id, n::int4, nf::float8, n::float8, n::float4, w::int8 FROM t WHERE id NOT IN (4, 5) ORDER BY id;
SELECT nf::int4 FROM t WHERE id = 4; -- 22003
SELECT nf::int4 FROM t WHERE id = 5; -- 0A000
SELECT n::int2 FROM t WHERE id = 4; -- 22003
SELECT id, n::numeric(10,2), nf::numeric(10,1), i4::numeric(12,2), n::numeric(8,4) FROM t WHERE id NOT IN (4) ORDER BY id;
SELECT id, n::numeric(6,2) FROM t ORDER BY id; -- 22003
SELECT id, n::numeric(12,4), n::numeric(14,6), n::numeric(3,-1) FROM t WHERE id <> 4 ORDER BY id;
SELECT id, i4::numeric, i8::numeric, f::numeric, r::numeric FROM t ORDER BY id;
SELECT id, scale(n), min_scale(n), trim_scale(n), scale(nf), trim_scale(nf) FROM t ORDER BY id;
SELECT id, CASE WHEN b THEN n ELSE 0 END, CASE WHEN b THEN nf ELSE n END, CASE WHEN b THEN 1.5 ELSE 2 END FROM t ORDER BY id;
SELECT id, CASE WHEN b THEN n ELSE 0 END + 1, CASE WHEN b THEN n ELSE 0 END * 1.5, CASE WHEN b THEN n ELSE 0 END / 2 FROM t ORDER BY id;
SELECT id, n::text, nf::text, (n * n)::text, (nf / 3)::text, CASE WHEN b THEN n ELSE 0 END::text FROM t WHERE nf <> 0 ORDER BY id;
SELECT id, gcd(n, 5), lcm(n, 2) FROM t ORDER BY id;
SELECT id FROM t ORDER BY nf NULLS FIRST, id;
SELECT id FROM t ORDER BY nf DESC, id;
SELECT nf, count(*) FROM t GROUP BY nf ORDER BY nf;
SELECT n * 0.5, round(n * 0.5, 3), round(n / 3, 2) FROM t ORDER BY id;
-- Quotients that are floored in 64 bits.
SELECT id, floor(extract(epoch FROM ts) / 300) * 300, floor(extract(epoch FROM tl) / 60) * 60, floor(extract(epoch FROM ts) / 3600.0), floor(extract(epoch FROM ts) / 0.25) FROM t ORDER BY id;
SELECT id, floor(i4 / 7.0), floor(i4 / 2.5), floor(i8 / 1000.0), floor(i2 / 3.0), floor(-i8 / 3.0), ceil(i4 / 7.0), floor(i4 / -7.0) FROM t WHERE id <> 5 ORDER BY id;
SELECT id, to_timestamp(floor(extract(epoch FROM ts) / 300) * 300), (floor(extract(epoch FROM tl) / 60) * 60)::float8, extract(epoch FROM ts)::float8 FROM t ORDER BY id;
SELECT id, floor(extract(epoch FROM iv) / 60), floor(extract(epoch FROM tm) / 1800) * 1800, floor(extract(epoch FROM d) / 86400) FROM t ORDER BY id;
