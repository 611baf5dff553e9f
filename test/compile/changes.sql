-- parameters: 7 | blue
INSERT INTO orders (a, txt) VALUES ($1, $2) RETURNING *;
INSERT INTO orders DEFAULT VALUES RETURNING *;
INSERT INTO orders (a, n) VALUES (1, 2.345), (2, NULL), (DEFAULT, DEFAULT), (4.5, '-1e3') RETURNING *;
INSERT INTO orders (a, c, j, doc, tags) VALUES (1, 'x', '{"b": 1, "a": [1.50]}', '{"b":1}', '{a,NULL,"q x"}') RETURNING *;
INSERT INTO orders (id, a) VALUES (10, 1), (DEFAULT, 2), (11, 3), (DEFAULT, 4) RETURNING id, a;
INSERT INTO orders (big, a) VALUES (nextval('extra'), 1), (NULL, 2), (8, 3) RETURNING big, a;
INSERT INTO orders (a, at) VALUES (1, '2024-03-10 01:02:03+02'), (2, 'infinity') RETURNING a, at;
INSERT INTO orders (a, day, local, clock, span) VALUES (1, '2024-02-29', '2024-02-29 12:00', '23:59:59.5', '1 mon -2 days') RETURNING day, local, clock, span;
INSERT INTO orders (a, txt) VALUES (1, 'toolong') RETURNING *;
INSERT INTO orders (a, txt) VALUES (1, 'five5   ') RETURNING txt || '|';
INSERT INTO orders (a, n) VALUES (1, 123456789) RETURNING *;
-- refused: 0A000
INSERT INTO orders (a, n) SELECT 1, x FROM (VALUES ('NaN'::numeric), (1.5)) v(x) RETURNING *;
INSERT INTO orders (a, free) VALUES (1, 'NaN'), (2, 1.10), (3, 1e-20), (4, 12345678901234567890123456789012345678901234567890) RETURNING a, free;
INSERT INTO orders (a, key, raw) VALUES (1, '00000000-0000-4000-8000-0000000000ab', '\xdeadbeef') RETURNING key, raw;
INSERT INTO orders (a, f8, f4, small, big) VALUES (1, 1.1, 2.2, 3, 9223372036854775807), (2, 'NaN', '-Infinity', 4, -1) RETURNING f8, f4, small, big;
INSERT INTO orders (a, small) VALUES (1, 70000) RETURNING *;
INSERT INTO orders (a, small) VALUES (1, 1.5), (2, 2.5), (3, -1.5) RETURNING a, small;
INSERT INTO orders (a) SELECT id FROM readings WHERE id < 5 ORDER BY id DESC RETURNING id, a;
INSERT INTO orders (a, n, txt) SELECT id, kwh, left(note, 5) FROM readings WHERE id % 10 = 1 ORDER BY id RETURNING id, a, n, txt;
INSERT INTO orders (a, at, free, j, tags) SELECT id, ts, big, meta, tags FROM readings WHERE ts < '2024-03-10 10:00+00' RETURNING a, at, free, j, tags;
INSERT INTO orders (a, n) SELECT id, avg(kwh) OVER (ORDER BY id) FROM readings WHERE id < 20 RETURNING a, n;
WITH w AS (SELECT device, count(*) AS n FROM readings GROUP BY 1) INSERT INTO orders (a, txt) SELECT n, left(device, 5) FROM w RETURNING a, txt, n;
WITH w AS (SELECT 3 AS x) INSERT INTO orders (a) VALUES ((SELECT x FROM w)), (4) RETURNING a;
INSERT INTO orders (a, txt) VALUES ((SELECT count(*) FROM devices), upper('q')) RETURNING a * 2 AS twice, txt || '!' AS loud, now() = at AS same;
INSERT INTO orders (a) VALUES (1) RETURNING (SELECT count(*) FROM devices d WHERE d.capacity > orders.a) AS n;
-- refused: 0A000
INSERT INTO orders (a) VALUES (1) RETURNING (SELECT count(*) FROM orders);
INSERT INTO orders (a) VALUES (1) RETURNING orders, tableoid = 'orders'::regclass AS own;
INSERT INTO orders (a) VALUES (1) RETURNING old.a, new.a, old.id IS NULL AS fresh;
INSERT INTO orders AS o (a) VALUES (1) RETURNING WITH (OLD AS before, NEW AS after) before.a, after.a, o.a;
-- refused: 0A000
INSERT INTO orders (a, tags[1]) VALUES (1, 'x') RETURNING tags;
INSERT INTO ident (v) VALUES ('a'), ('b') RETURNING *;
INSERT INTO ident (id, v) OVERRIDING SYSTEM VALUE VALUES (7, 'a') RETURNING *;
INSERT INTO ident (id, v) OVERRIDING USER VALUE VALUES (7, 'a'), (8, 'b') RETURNING *;
INSERT INTO ident (id, v) VALUES (7, 'a') RETURNING *;
INSERT INTO ident (id, v) VALUES (DEFAULT, 'a') RETURNING id + 1, v;
INSERT INTO orders (a, txt) VALUES (1, 'n' || nextval('extra')), (2, 'n' || nextval('extra')) RETURNING a;
-- refused: 0A000
INSERT INTO orders (a, big) SELECT 1, nextval('extra') + 1 FROM devices RETURNING a;
INSERT INTO orders (a, big) SELECT id, nextval('extra') FROM readings WHERE id < 4 ORDER BY id DESC RETURNING a, big;
INSERT INTO orders (a, big) SELECT id, nextval('extra') FROM readings ORDER BY id LIMIT 2 RETURNING a, big;
-- refused: 0A000
INSERT INTO orders (a, big) SELECT DISTINCT id, nextval('extra') FROM readings RETURNING a, big;
INSERT INTO orders (a, nothing) VALUES (1, 2) RETURNING *;
INSERT INTO orders (a) VALUES (1, 2) RETURNING *;
INSERT INTO orders (a) VALUES (true) RETURNING *;
INSERT INTO orders (at) VALUES ('no time') RETURNING *;
UPDATE devices SET site = 'east' WHERE device = 'dev-1' RETURNING *;
UPDATE devices SET capacity = capacity * 1.5, installed = installed + 1 RETURNING device, capacity, installed, old.capacity AS was;
UPDATE devices SET capacity = 1e9 RETURNING *;
UPDATE devices SET site = DEFAULT, capacity = DEFAULT RETURNING *;
UPDATE devices SET site = parent, parent = site RETURNING device, site, parent, old.site, new.site;
UPDATE devices d SET site = p.site FROM devices p WHERE p.device = d.parent RETURNING d.device, d.site, p.device, p.capacity, p.since;
UPDATE devices d SET capacity = r.n FROM (SELECT device, count(*) AS n FROM readings GROUP BY 1) r WHERE r.device = d.device RETURNING d.device, d.capacity, r.n, r.*;
UPDATE devices d SET site = 'seen' FROM readings r WHERE r.device = d.device RETURNING d.device, d.site;
UPDATE devices SET (site, capacity) = (SELECT max(note), avg(temp) FROM readings r WHERE r.device = devices.device AND temp < 1000) RETURNING device, site, capacity;
UPDATE devices SET (site, parent) = ('a', 'b'), capacity = 3 RETURNING *;
UPDATE devices SET (site, capacity) = (SELECT note, kwh FROM readings) RETURNING *;
UPDATE devices SET (site, capacity) = (SELECT note, kwh FROM readings WHERE false) WHERE device < 'dev-3' RETURNING *;
UPDATE readings SET temp = temp + 1, meta = meta || '{"z": 1}', tags = tags || 'new'::text, at = '2024-01-01'::timestamp::time WHERE ts >= '2024-03-10 00:00+00' AND device IN ('dev-1', 'dev-2') RETURNING *;
UPDATE readings SET status = status * 20000 RETURNING id;
UPDATE readings SET code = 'zz', note = id::text WHERE id <= 3 RETURNING id, code, note;
UPDATE readings SET big = 1 / 3.0, kwh = 2 / 3.0 WHERE id = 5 RETURNING big, kwh;
UPDATE readings r SET note = d.site FROM devices d JOIN devices p ON p.device = d.parent WHERE d.device = r.device AND r.id < 30 RETURNING r.id, r.note, d.device, p.device;
WITH top AS (SELECT device FROM readings GROUP BY 1 ORDER BY min(id) LIMIT 2) UPDATE devices SET site = 'hot' FROM top WHERE top.device = devices.device RETURNING devices.device, top.device;
UPDATE readings SET temp = 0 WHERE id IN (SELECT id FROM events WHERE kind = 'alarm') RETURNING id, temp;
UPDATE readings SET temp = (SELECT count(*) FROM events e WHERE e.device = readings.device) WHERE id < 10 RETURNING id, temp;
UPDATE readings SET ts = ts + interval '1 day', local = ts WHERE id = 1 RETURNING ts, local, old.ts;
-- parameters: dev-2 | 3.5
UPDATE readings SET temp = $2 WHERE device = $1 RETURNING id, temp;
-- refused: 0A000
UPDATE readings SET tags[1] = 'z' WHERE id = 2 RETURNING tags;
DELETE FROM devices RETURNING *;
DELETE FROM devices WHERE capacity > 10 RETURNING device, capacity, new.device, old.device;
DELETE FROM devices d USING readings r WHERE r.device = d.device RETURNING d.device;
DELETE FROM devices d USING devices p WHERE p.device = d.parent RETURNING d.device, p.device, p.capacity;
DELETE FROM readings WHERE ts < '2024-03-10 00:00+00' AND device = 'dev-3' RETURNING id, ts, device;
DELETE FROM readings WHERE EXISTS (SELECT FROM devices d WHERE d.device = readings.device AND site = 'north') RETURNING id;
DELETE FROM readings WHERE id NOT IN (SELECT id FROM events) RETURNING count8, big, raw, span;
DELETE FROM nothing RETURNING *;
INSERT INTO shop (sku, qty) VALUES (9, 1) RETURNING sku, qty;
