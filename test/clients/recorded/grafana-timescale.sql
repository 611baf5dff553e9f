SELECT extversion FROM pg_extension WHERE extname = 'timescaledb';
-- here time_bucket
SELECT time_bucket('60.000s',ts) AS "time", avg(close) AS "avg_close" FROM prices WHERE ts BETWEEN '2024-01-01T00:00:00Z' AND '2024-01-01T06:00:00Z' GROUP BY 1 ORDER BY 1;
-- here time_bucket
SELECT time_bucket('3600.000s',ts) AS "time", symbol AS metric, last(close, ts), first(close, ts) FROM prices WHERE ts BETWEEN '2024-01-01T00:00:00Z' AND '2024-01-02T00:00:00Z' GROUP BY 1,2 ORDER BY 1;
-- refused gaps filled without the bounds as arguments
SELECT time_bucket_gapfill('1 hour', ts) AS "time", locf(avg(close)) FROM prices WHERE ts >= '2024-01-01' AND ts < '2024-01-02' GROUP BY 1 ORDER BY 1;
