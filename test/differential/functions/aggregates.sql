-- Aggregates over all rows, groups, filters, windows.
SELECT count(*), count(i4), count(DISTINCT i2), count(nf), count(DISTINCT nf), count(b), count(g) FROM t;
SELECT sum(i2), sum(i4), sum(i8), sum(w), sum(n), sum(f) FROM t WHERE id NOT IN (4, 5);
SELECT sum(nf), avg(nf) FROM t WHERE id <> 5;
SELECT sum(nf), avg(nf), max(nf), min(nf) FROM t;
SELECT avg(i2), avg(i4), avg(i8), avg(n), avg(w), avg(f), avg(r) FROM t WHERE id NOT IN (4, 5);
SELECT avg(i2), avg(i4), avg(i8), avg(n) FROM t WHERE id > 100;
SELECT sum(i4), sum(n), sum(f), max(i4), min(s), bool_and(b), string_agg(s, ','), array_agg(i4), count(*) FROM t WHERE id > 100;
SELECT g, sum(i2), avg(i4), sum(n), avg(n), sum(nf), avg(nf) FROM t WHERE id NOT IN (4, 5) GROUP BY g ORDER BY g;
SELECT g, min(i4), max(i4), min(n), max(n), min(nf), max(nf), min(s), max(s), min(c), max(c), min(d), max(ts), min(tl), max(tm), max(iv), min(y), max(ia) FROM t GROUP BY g ORDER BY g;
SELECT stddev(i2), stddev_pop(i4), variance(i2), var_pop(i4), var_samp(i8), stddev_samp(n), stddev(w), variance(nf) FROM t WHERE id NOT IN (4, 5);
SELECT stddev(f), stddev_pop(f), var_samp(f), variance(r), var_pop(r) FROM t WHERE id IN (1, 2, 3, 7);
SELECT stddev(i4), var_pop(i4), stddev(n), var_samp(f) FROM t WHERE id = 1;
SELECT stddev(i4), var_pop(i4) FROM t WHERE id = 6;
SELECT corr(f, r), covar_pop(f, r), covar_samp(f, r), regr_slope(f, r), regr_intercept(f, r), regr_r2(f, r), regr_count(f, r), regr_avgx(f, r), regr_avgy(f, r), regr_sxx(f, r), regr_sxy(f, r), regr_syy(f, r) FROM t WHERE id IN (1, 2, 3, 7);
SELECT regr_count(f, r), corr(f, r), regr_slope(f, r) FROM t WHERE id = 6;
SELECT g, bool_and(b), bool_or(b), every(i4 > 0), bit_and(i4), bit_or(i2), bit_xor(i8) FROM t GROUP BY g ORDER BY g;
SELECT g, string_agg(s, ',' ORDER BY id), string_agg(v, '' ORDER BY v DESC), string_agg(DISTINCT g, '-') FROM t GROUP BY g ORDER BY g;
SELECT g, array_agg(i4 ORDER BY id), array_agg(nf ORDER BY id DESC), array_agg(s ORDER BY id), array_agg(DISTINCT i2), array_agg(ts ORDER BY id) FROM t GROUP BY g ORDER BY g;
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY f), percentile_cont(0.25) WITHIN GROUP (ORDER BY i4), percentile_cont(0.9) WITHIN GROUP (ORDER BY r DESC), percentile_cont(0) WITHIN GROUP (ORDER BY f), percentile_cont(1) WITHIN GROUP (ORDER BY i2) FROM t WHERE id NOT IN (4, 5, 8);
SELECT g, percentile_cont(0.95) WITHIN GROUP (ORDER BY i4), percentile_disc(0.5) WITHIN GROUP (ORDER BY s), percentile_disc(0.5) WITHIN GROUP (ORDER BY nf), percentile_disc(0.75) WITHIN GROUP (ORDER BY ts), percentile_disc(0) WITHIN GROUP (ORDER BY i4 DESC) FROM t GROUP BY g ORDER BY g;
SELECT percentile_cont(1.5) WITHIN GROUP (ORDER BY f) FROM t; -- 22003
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY f) FILTER (WHERE id < 4), percentile_cont(0.5) WITHIN GROUP (ORDER BY f) FROM t WHERE id < 4;
SELECT mode() WITHIN GROUP (ORDER BY g), mode() WITHIN GROUP (ORDER BY i2), mode() WITHIN GROUP (ORDER BY g DESC) FROM t;
SELECT rank(10) WITHIN GROUP (ORDER BY i4), percent_rank(10) WITHIN GROUP (ORDER BY i4), cume_dist(10) WITHIN GROUP (ORDER BY i4), rank('foo') WITHIN GROUP (ORDER BY v DESC) FROM t;
SELECT sum(iv), avg(iv), max(iv), min(iv) FROM t;
SELECT g, sum(iv), avg(iv) FROM t GROUP BY g ORDER BY g;
SELECT any_value(g) FROM t WHERE g = 'x';
SELECT sum(i2) FILTER (WHERE b), count(*) FILTER (WHERE i4 > 0), avg(n) FILTER (WHERE g = 'y'), string_agg(g, '' ORDER BY id) FILTER (WHERE id < 5) FROM t;
SELECT sum(DISTINCT i2), avg(DISTINCT i2), sum(DISTINCT n), count(DISTINCT s), avg(DISTINCT f) FROM t WHERE id NOT IN (4, 5);
SELECT id, sum(i2) OVER (ORDER BY id), avg(n) OVER (ORDER BY id), sum(n) OVER (PARTITION BY g ORDER BY id), count(*) OVER (PARTITION BY g), max(nf) OVER (ORDER BY id), avg(i2) OVER (ORDER BY id ROWS 2 PRECEDING), stddev(i2) OVER (ORDER BY id), sum(nf) OVER (ORDER BY id) FROM t ORDER BY id;
SELECT id, min(f) OVER (PARTITION BY g ORDER BY id), array_agg(i2) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING), string_agg(g, '') OVER (ORDER BY id), bool_or(b) OVER (ORDER BY id), sum(CASE WHEN b THEN n ELSE 0 END) OVER (ORDER BY id) FROM t ORDER BY id;
SELECT sum(CASE WHEN b THEN n ELSE 0 END), sum(CASE WHEN b THEN n END), avg(CASE WHEN b THEN n ELSE 1.5 END), max(CASE WHEN b THEN n ELSE 0 END), count(DISTINCT CASE WHEN b THEN n ELSE 0 END) FROM t;
SELECT id, row_number() OVER (ORDER BY g, id), rank() OVER w, dense_rank() OVER w, percent_rank() OVER w, cume_dist() OVER w, ntile(3) OVER (ORDER BY id) FROM t WINDOW w AS (ORDER BY g) ORDER BY id;
SELECT id, lag(i4) OVER w, lead(i4) OVER w, lag(i4, 2) OVER w, lead(n, 1, 0) OVER w, lag(nf, 1, 1.5) OVER w, first_value(s) OVER w, last_value(n) OVER w, nth_value(nf, 2) OVER w, lag(ts) OVER w, lag(i4, i2) OVER w FROM t WHERE id NOT IN (4, 5) WINDOW w AS (ORDER BY id) ORDER BY id;
SELECT ntile(0) OVER (ORDER BY id) FROM t; -- 22014
SELECT nth_value(id, 0) OVER (ORDER BY id) FROM t; -- 22016
SELECT g, json_agg(i4 ORDER BY id), json_agg(s ORDER BY id), jsonb_agg(nf ORDER BY id), json_object_agg(id, f ORDER BY id), jsonb_object_agg(id, d) FROM t WHERE id <> 3 GROUP BY g ORDER BY g;
SELECT round(avg(n), 2), round(avg(i4)::numeric, 3), avg(n)::float8, sum(n) / count(*), sum(i4)::float8 / count(*), round(100.0 * sum(i2) / count(*), 1) FROM t WHERE id NOT IN (4, 5);
SELECT count(*) / 2, sum(i8) / 3, max(i4) - min(i4), sum(f) / nullif(count(f), 0) FROM t WHERE id NOT IN (4, 5);
SELECT percentile_cont(ARRAY[0, 0.25, 0.5, 1, NULL]::float8[]) WITHIN GROUP (ORDER BY i4), percentile_disc(ARRAY[0.1, 0.9]::float8[]) WITHIN GROUP (ORDER BY s), percentile_disc('{0.5}'::float8[]) WITHIN GROUP (ORDER BY n) FROM t WHERE id NOT IN (4, 5);
SELECT percentile_cont(ARRAY[0.5, 2]::float8[]) WITHIN GROUP (ORDER BY i4) FROM t; -- 22003
SELECT id, num_nulls(i4, s, b), num_nonnulls(i4, s, b) FROM t ORDER BY id;
