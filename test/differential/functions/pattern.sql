-- Regular expressions.
SELECT id, s ~ 'o', s ~ '^h', s ~ 'd$', s ~* 'WORLD', s !~ 'foo', s !~* 'FOO', s ~ '[a-f]+,', s ~ '' FROM t ORDER BY id;
SELECT id, s ~ '\d', s ~ '\mfoo', s ~ 'foo\M', s ~ '\ybar\y', s ~ '[[:digit:]]', s ~ '[[:alpha:]]{5}', s ~ '^\s+', s ~ '^(foo|bar)' FROM t ORDER BY id;
SELECT id, s ~ 'a.c', s ~ 'new.line', s ~ 'tab\tnew', s ~ '^new', s ~ '(?n)^new', s ~ '(?i)HELLO', s ~ 'x*', s ~ '\w+\W' FROM t WHERE id <> 3 ORDER BY id;
SELECT id, s ~ v, v ~ '[%_]', v ~ '\\', s ~ '(o).*\1' FROM t WHERE id <> 3 ORDER BY id;
SELECT s ~ '(' FROM t WHERE id = 1; -- 2201B
SELECT s ~ 'a**' FROM t WHERE id = 1; -- 2201B
SELECT s ~ '[' FROM t WHERE id = 1; -- 2201B
SELECT id, s SIMILAR TO '%o%', s SIMILAR TO 'hello_%', s NOT SIMILAR TO '(foo|bar)+', s SIMILAR TO '[a-z ]+' FROM t ORDER BY id;
SELECT id, regexp_replace(s, 'o', '0'), regexp_replace(s, 'o', '0', 'g'), regexp_replace(s, '(\w)(\w)', '\2\1'), regexp_replace(s, '[aeiou]', '<\&>', 'g') FROM t WHERE id <> 3 ORDER BY id;
SELECT id, regexp_replace(s, 'O', '0', 'gi'), regexp_replace(s, 'x*', '-', 'g'), regexp_replace(s, 'o', 'X', 1, 2) FROM t ORDER BY id;
SELECT id, regexp_match(s, 'o(.)'), regexp_match(s, 'o.'), regexp_match(s, '(f)(o)+'), regexp_match(s, 'zzz') FROM t ORDER BY id;
SELECT id, regexp_split_to_array(s, '\s+'), regexp_split_to_array(s, ','), regexp_split_to_array(s, '') FROM t WHERE id <> 3 ORDER BY id;
SELECT id, regexp_count(s, 'o'), regexp_like(s, 'HELLO', 'i'), regexp_substr(s, '[a-z]+') FROM t ORDER BY id;
SELECT id, substring(s from 'o.'), substring(s from 'h(e)l'), substring(s from 'q') FROM t ORDER BY id;
SELECT id, m FROM t, regexp_matches(s, 'o(.)', 'g') m ORDER BY id, m::text;
SELECT id, x FROM t, regexp_split_to_table(s, ',') x WHERE id IN (1, 4) ORDER BY id, x;
