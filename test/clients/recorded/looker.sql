SELECT TO_CHAR(DATE_TRUNC('second', prices.ts AT TIME ZONE 'UTC'), 'YYYY-MM-DD HH24:MI:SS') AS "prices.ts_time", COALESCE(SUM(prices.volume), 0) AS "prices.total_volume" FROM prices AS prices WHERE ((( prices.ts ) >= ((SELECT (DATE_TRUNC('day', CURRENT_TIMESTAMP AT TIME ZONE 'UTC') + (-6 || ' day')::INTERVAL))) AND ( prices.ts ) < ((SELECT ((DATE_TRUNC('day', CURRENT_TIMESTAMP AT TIME ZONE 'UTC') + (-6 || ' day')::INTERVAL) + (7 || ' day')::INTERVAL))))) GROUP BY (DATE_TRUNC('second', prices.ts AT TIME ZONE 'UTC')) ORDER BY 1 DESC FETCH NEXT 500 ROWS ONLY;
SELECT (DATE(prices.ts AT TIME ZONE 'UTC' AT TIME ZONE 'America/New_York')) AS "prices.ts_date", COUNT(*) AS "prices.count" FROM prices GROUP BY 1 ORDER BY 1 DESC LIMIT 500;
-- differs our own sessions
SELECT pid, query FROM pg_stat_activity WHERE usename = current_user AND state = 'active';
SELECT EXTRACT(YEAR FROM prices.ts)::integer AS y, TO_CHAR(prices.ts, 'YYYY-MM') AS m, COUNT(*) FROM prices GROUP BY 1,2 ORDER BY 2;
