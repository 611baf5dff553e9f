-- Arrays.
SELECT id, ia || 4, 0 || ia, ia || ia, ta || 'z'::text, ia || NULL::int4, ia || '{7,8}'::int4[] FROM t ORDER BY id;
SELECT id, array_append(ia, i4), array_prepend(i4, ia), array_cat(ia, NULL), array_append(NULL::int4[], 1) FROM t ORDER BY id;
SELECT id, array_length(ia, 1), array_length(ia, 2), array_upper(ia, 1), array_lower(ia, 1), cardinality(ia), cardinality(ta) FROM t ORDER BY id;
SELECT id, ia[1], ia[2], ia[-1], ia[0], ia[100], ta[2], ia[id], ia[1:2], ia[2:] FROM t ORDER BY id;
SELECT id, array_remove(ia, 3), array_remove(ia, NULL), array_replace(ia, 1, 100), array_replace(ia, NULL, 0), array_position(ia, 3), array_position(ta, 'foo'), array_position(ia, NULL) FROM t ORDER BY id;
SELECT id, ia @> '{1}', ia @> '{}', ia <@ '{1,2,3,4}', ia && '{3,10}', ia @> ARRAY[NULL]::int4[], ta @> '{foo}' FROM t ORDER BY id;
SELECT id, 3 = ANY (ia), i2 = ANY (ia), 3 <> ALL (ia), 3 <> ANY ('{1,3}'), i4 = ANY ('{42,10}'), s = ANY (ta) FROM t ORDER BY id;
SELECT id, ARRAY[i4, i2, NULL], ARRAY[n, nf], ARRAY[s, v], ARRAY[ts] FROM t ORDER BY id;
SELECT id, unnest(ia) FROM t ORDER BY id, 2;
SELECT id, x, o FROM t, unnest(ia) WITH ORDINALITY u(x, o) ORDER BY id, o;
SELECT id, x, z FROM t, unnest(ia, ta) u(x, z) ORDER BY id, x, z;
SELECT id, generate_subscripts(ia, 1) FROM t ORDER BY 1, 2;
SELECT g, array_agg(x ORDER BY x) FROM t, unnest(ia) x GROUP BY g ORDER BY g;
SELECT id, ia::text[], ta::varchar[], ia::float8[] FROM t ORDER BY id;
SELECT * FROM generate_series(1, 5);
SELECT * FROM generate_series(5, 1, -2) g;
SELECT g::int4 FROM generate_series(1::int8, 10, 3) g;
SELECT * FROM generate_series(1, 3, 0); -- 22023
SELECT * FROM generate_series('2024-03-09 00:00'::timestamp, '2024-03-12', '12 hours');
SELECT * FROM generate_series('2024-03-09 12:00+00'::timestamptz, '2024-03-12 12:00+00', '1 day');
SELECT * FROM generate_series('2024-11-02 00:00+00'::timestamptz, '2024-11-04 12:00+00', '6 hours');
SELECT * FROM generate_series('2024-01-31'::timestamp, '2024-05-31', '1 month');
SELECT * FROM generate_series('2024-01-02'::timestamp, '2024-01-01', '-6 hours');
SELECT id, generate_series(1, i2) FROM t WHERE i2 BETWEEN 0 AND 10 ORDER BY 1, 2;
SELECT id, x FROM t, string_to_table(s, ',') x WHERE id = 4 ORDER BY 1, 2;
