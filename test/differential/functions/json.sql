-- json and jsonb.
SELECT id, jb -> 'a', jb ->> 'a', jb -> 0, jb ->> 1, jb -> -1, j -> 'a', j ->> 'a', j -> 1, j ->> 0 FROM t ORDER BY id;
SELECT id, jb #> '{b,0}', jb #>> '{k,x}', jb #>> '{b,1}', jb -> 'k' -> 'x', jb -> 'k' ->> 'x', j #>> '{b}' FROM t ORDER BY id;
SELECT id, jb @> '{"a": 1.1}', jb @> '[1]', jb <@ '{"a": true, "z": "1"}', jb ? 'a', jb ?| '{a,two}', jb ?& '{a,b}', jb @> '"two"' FROM t ORDER BY id;
SELECT id, jsonb_typeof(jb), json_typeof(j), jsonb_typeof(jb -> 'a') FROM t ORDER BY id;
SELECT id, jsonb_array_length(jb) FROM t WHERE jsonb_typeof(jb) = 'array' ORDER BY id;
SELECT jsonb_array_length(jb) FROM t WHERE id = 1; -- 22023
SELECT id, jb || '{"q": 1}' FROM t WHERE jsonb_typeof(jb) = 'object' ORDER BY id;
SELECT id, jb - 'a' FROM t WHERE jsonb_typeof(jb) IN ('object', 'array') ORDER BY id;
SELECT id, jb - ARRAY['a', NULL, 'two'], jsonb_strip_nulls(jb), jsonb_strip_nulls(jb, true) FROM t WHERE jsonb_typeof(jb) IN ('object', 'array') ORDER BY id;
SELECT id, jb #- '{b,0}', jb #- '{a}', jb #- '{}', jb #- '{k,x}' FROM t WHERE jsonb_typeof(jb) = 'object' ORDER BY id;
SELECT id, jb - 0, jb - -1, jb - 9 FROM t WHERE jsonb_typeof(jb) = 'array' ORDER BY id;
SELECT id, jsonb_set(jb, '{a}', '{"n": 1.50}'), jsonb_set(jb, '{b,-1}', to_jsonb(id)), jsonb_set(jb, '{b,7}', '"x"', false), jsonb_set(jb, '{k,x,y}', 'null'), jsonb_set(jb, '{k,q}', to_jsonb(s)), jsonb_insert(jb, '{b,0}', '0'), jsonb_insert(jb, '{b,-9}', '0', true), jsonb_insert(jb, '{new}', '[]') FROM t WHERE jsonb_typeof(jb) = 'object' ORDER BY id;
SELECT id, jsonb_set(jb, ARRAY['0'], '5'), jsonb_set(jb, '{99}', '5'), jsonb_set(jb, '{-99}', '5'), jsonb_insert(jb, '{0}', '5'), jsonb_insert(jb, '{-1}', '5', true) FROM t WHERE jsonb_typeof(jb) = 'array' ORDER BY id;
SELECT jsonb_set('{}', ARRAY['a', s], '1'), jsonb_set('{}', '{a}', '1'), jsonb_set('[]', '{5}', '1'), jsonb_set('{}', '{a}', '1', false), jsonb_set('{"a": {}}', ARRAY['a', s], '2') FROM t WHERE s IS NOT NULL AND id < 3 ORDER BY id;
SELECT jsonb_insert(jsonb_set('{}', '{a}', to_jsonb(id)), '{a}', '2') FROM t WHERE id = 1; -- 22023
SELECT jsonb_set(to_jsonb(id), '{a}', '2') FROM t WHERE id = 1; -- 22023
SELECT jsonb_set(to_jsonb(ARRAY[id]), '{a}', '2') FROM t WHERE id = 1; -- 22P02
SELECT jsonb_set(to_jsonb(ARRAY[id]), ARRAY[NULL, 'a'], '2') FROM t WHERE id = 1; -- 22004
SELECT to_jsonb(id) #- '{a}' FROM t WHERE id = 1; -- 22023
SELECT jsonb_build_object('id', id) - 1 FROM t WHERE id = 1; -- 22023
SELECT id, json_build_object('id', id, 's', s, 'n', n, 'f', f, 'b', b, 'd', d, 'a', ia), jsonb_build_object('n', nf, 'tl', tl, 'jb', jb), json_build_array(id, s, NULL, b), jsonb_build_array(ta, r) FROM t WHERE id <> 9 ORDER BY id;
SELECT id, to_json(s), to_jsonb(nf), to_json(f), to_json(ia), to_jsonb(ta), to_json(d), to_json(b), to_jsonb(j) FROM t ORDER BY id;
SELECT id, (jb ->> 'a')::text, (jb -> 'a')::text, jb::text, j::text, j::jsonb, jb::json FROM t ORDER BY id;
SELECT id, jsonb_array_elements(jb)::text FROM t WHERE jsonb_typeof(jb) = 'array' ORDER BY id, 2;
SELECT id, x FROM t, jsonb_array_elements_text(jb) x WHERE jsonb_typeof(jb) = 'array' ORDER BY id, x;
SELECT id, k, v2 FROM t, jsonb_each(jb) e(k, v2) WHERE jsonb_typeof(jb) = 'object' ORDER BY id, k;
SELECT id, k, v2 FROM t, jsonb_each_text(jb) e(k, v2) WHERE jsonb_typeof(jb) = 'object' ORDER BY id, k;
SELECT id, jsonb_object_keys(jb) FROM t WHERE jsonb_typeof(jb) = 'object' ORDER BY id, 2;
SELECT jb::text, count(*) FROM t GROUP BY jb ORDER BY 1;
SELECT count(DISTINCT jb -> 'a') FROM t;
SELECT row_to_json(q), to_jsonb(q), row_to_json(row(q.id, q.s)), to_json(row(1, 'x', NULL)) FROM (SELECT id, s, b, n, ia, d FROM t) q ORDER BY id;
SELECT row_to_json(q) FROM (SELECT id, s FROM t WHERE id < 3) q(a, "say ""B""") ORDER BY a;
SELECT json_agg(q ORDER BY id), jsonb_agg(q ORDER BY id) FROM (SELECT id, s, n, ia, j FROM t) q;
SELECT json_agg(ia ORDER BY id), json_agg(ta ORDER BY id), jsonb_agg(ia ORDER BY id) FROM t;
SELECT array_to_json(ia), to_json(jb) FROM t ORDER BY id;
SELECT id, (SELECT coalesce(json_agg(x), '[]') FROM (SELECT u.id, u.s FROM t u WHERE u.id < t.id ORDER BY u.id) AS x) FROM t ORDER BY id;
SELECT id, (SELECT to_json(x) FROM (SELECT u.s FROM t u WHERE u.id < t.id ORDER BY u.id DESC LIMIT 1) AS x) FROM t ORDER BY id;
