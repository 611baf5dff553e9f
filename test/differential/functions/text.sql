-- Text functions, concatenation, formatting.
SELECT id, s || v, s || i4, i4 || s, s || b, s || nf, s || NULL, c || s FROM t ORDER BY id;
SELECT id, s || d, s || ts, s || f, s || u, ta || 'x'::text, s || iv FROM t ORDER BY id;
SELECT id, length(s), length(c), char_length(v), octet_length(s), bit_length(s), length(y), octet_length(y) FROM t ORDER BY id;
SELECT id, upper(v), lower(v), initcap(s), initcap('hello wORLD-foo bar_baz 1st') FROM t WHERE id <> 3 ORDER BY id;
SELECT id, left(s, 3), left(s, -2), right(s, 3), right(s, -2), left(s, 0), right(s, i2) FROM t WHERE id NOT IN (4, 5) ORDER BY id;
SELECT id, substr(s, 2), substr(s, 2, 3), substring(s from 3), substring(s from 0 for 3), substring(s from -2 for 4), substring(s, 1, 0) FROM t ORDER BY id;
SELECT id, substr(s, i2), substr(s, 1, abs(i2)) FROM t WHERE id NOT IN (4, 5) ORDER BY id;
SELECT substr(s, 1, -1) FROM t WHERE id = 1; -- 22011
SELECT id, position('o' in s), strpos(s, 'foo'), strpos(s, ''), position('' in s) FROM t ORDER BY id;
SELECT id, replace(s, 'o', '0'), replace(s, '', 'x'), replace(s, v, 'z'), translate(s, 'lo', '01'), translate(s, 'abc', 'x') FROM t ORDER BY id;
SELECT id, repeat(v, 3), repeat(v, 0), repeat(v, -1), reverse(s), reverse(v) FROM t ORDER BY id;
SELECT id, trim(s), ltrim(s), rtrim(s), btrim(s, 'hd '), ltrim(s, 'he'), rtrim(s, 'dx'), trim(both 'f' from v), trim(c) FROM t ORDER BY id;
SELECT id, lpad(s, 15), lpad(s, 15, 'xy'), rpad(s, 15, 'xyz'), lpad(s, 3), rpad(s, 3), lpad(s, 10, ''), lpad(s, -1), rpad(v, 0) FROM t ORDER BY id;
SELECT id, split_part(s, ',', 1), split_part(s, ',', 3), split_part(s, ',', -1), split_part(s, 'o', 2), split_part(s, '', 1), split_part(s, ',', 9) FROM t ORDER BY id;
SELECT split_part(s, ',', 0) FROM t; -- 22023
SELECT id, starts_with(s, 'hel'), s ^@ 'foo', starts_with(s, '') FROM t ORDER BY id;
SELECT id, ascii(s), ascii(v), chr(65 + id), md5(s), md5(y) FROM t ORDER BY id;
SELECT chr(0); -- 54000
SELECT chr(id - 10) FROM t WHERE id = 1; -- 22023
SELECT id, overlay(s placing 'XX' from 2), overlay(s placing 'XX' from 2 for 5), overlay(s placing '' from 1 for 2) FROM t ORDER BY id;
SELECT overlay(s placing 'a' from 0) FROM t WHERE id = 1; -- 22011
SELECT id, quote_ident(s), quote_literal(s), quote_nullable(s), quote_literal(i4), quote_nullable(v), quote_ident(v) FROM t ORDER BY id;
SELECT id, to_hex(i4), to_hex(i8), encode(y, 'hex'), encode(y, 'base64'), encode(y, 'escape'), sha256(y) FROM t ORDER BY id;
SELECT decode('00fF 10', 'hex'), decode('AP8Q', 'base64'), decode('a\\000b', 'escape');
SELECT id, decode(encode(y, 'base64'), 'base64') = y, decode(encode(y, 'hex'), 'hex') FROM t ORDER BY id;
SELECT decode(v, 'hex') FROM t WHERE id = 1; -- 22023
SELECT id, concat(s, i4, b, nf, NULL, d), concat_ws('-', s, b, NULL, i4), concat(f, r), concat(iv), concat(ta) FROM t ORDER BY id;
SELECT id, concat_ws(v, 'a', 'b', i4) FROM t ORDER BY id;
SELECT id, format('%s|%I|%L', s, v, s), format('%5s|%-5s|', i2, b), format('%2$s %1$s', 'a', i4), format('%%') FROM t WHERE v IS NOT NULL ORDER BY id;
SELECT format('%s'); -- 22023
SELECT format('%d', 1); -- 22023
SELECT id, s LIKE 'hel%', s LIKE '%o%', v LIKE 'bar\%\_%', v LIKE 'foo' ESCAPE '', s NOT LIKE '%a%', s ILIKE 'HELLO%', s NOT ILIKE '%FOO%', c LIKE 'ab%' FROM t ORDER BY id;
SELECT id, v LIKE 'bar#%#_%' ESCAPE '#', v LIKE v, s LIKE '', s LIKE '%', s LIKE '_%' FROM t WHERE id <> 3 ORDER BY id;
SELECT s LIKE 'abc\' FROM t WHERE id = 1;
SELECT id, s LIKE ANY (ARRAY['hel%', '%foo%']), s NOT LIKE ALL (ARRAY['hel%', '%foo%']) FROM t ORDER BY id;
SELECT id, string_to_array(s, ','), string_to_array(s, ''), string_to_array(s, NULL), string_to_array(s, ',', 'b') FROM t WHERE id <> 3 ORDER BY id;
SELECT id, array_to_string(ta, '-'), array_to_string(ta, ',', '*'), array_to_string(ia, ' ') FROM t ORDER BY id;
SELECT id, s::varchar(4), s::char(4), v::text, c::text, c::char(3), (c || '|'), length(c::text), s::name FROM t ORDER BY id;
SELECT id, i4::text, i8::varchar, f::text, r::text, nf::text, b::text, d::text, tl::text, ts::text, tm::text, iv::text, u::text, y::text, j::text, jb::text, ia::text, ta::text FROM t ORDER BY id;
SELECT id, (-iv)::text, (iv * -1.5)::text, b::varchar(2), i4::char(5) FROM t ORDER BY id;
SELECT id, split_part(g, 'x', 2), g > 'x', max(g) OVER () FROM t ORDER BY id;
