-- parameters: 2024-03-10 00:00+00 | 2024-03-10 05:00+00
SELECT id FROM readings WHERE ts >= $1 AND ts < $2 ORDER BY id;
-- parameters: dev-1
SELECT count(*) FROM readings WHERE device = $1;
-- parameters: {dev-1,dev-2}
SELECT count(*) FROM readings WHERE device = ANY ($1);
-- parameters: hour
-- refused: 0A000
SELECT date_trunc($1, ts), count(*) FROM readings GROUP BY 1 ORDER BY 1;
-- parameters: 3 | 2
SELECT id FROM readings ORDER BY id LIMIT $1 OFFSET $2;
-- parameters: 1.50
SELECT id, kwh * $1, kwh > $1 FROM readings ORDER BY id;
-- parameters: 5
SELECT id + $1, $1::int4 FROM readings WHERE id < 5 ORDER BY 1;
-- parameters: NULL
SELECT id FROM readings WHERE device = $1 ORDER BY id;
-- parameters: -1
SELECT id FROM readings ORDER BY id LIMIT $1;
