SELECT current_setting('server_version_num')::int/100 as version;
SELECT quote_ident(column_name) AS "column", data_type AS "type" FROM information_schema.columns WHERE CASE WHEN array_length(parse_ident('public.prices'),1) = 2 THEN quote_ident(table_schema) = (parse_ident('public.prices'))[1] AND quote_ident(table_name) = (parse_ident('public.prices'))[2] ELSE quote_ident(table_name) = 'prices' END;
SELECT quote_ident(table_name) AS "table" FROM information_schema.tables WHERE quote_ident(table_schema) IN (SELECT CASE WHEN trim(s[i]) = '"$user"' THEN user ELSE trim(s[i]) END FROM generate_series(1, array_upper(string_to_array(current_setting('search_path'),','),1)) as i, string_to_array(current_setting('search_path'),',') s) ORDER BY 1;
SELECT floor(extract(epoch from ts)/60)*60 AS "time", symbol AS metric, avg(close) FROM prices WHERE ts BETWEEN '2024-01-01T00:00:00.123456789Z' AND '2024-01-01T06:00:00Z' GROUP BY 1,2 ORDER BY 1,2;
SELECT ts AS "time", close FROM prices WHERE ts >= '2024-01-01T00:00:00Z' AND ts <= '2024-01-01T06:00:00Z' ORDER BY 1;
SELECT extract(epoch from ts) as "time", close FROM prices WHERE extract(epoch from ts) >= 1704067200 AND extract(epoch from ts) <= 1704070800 LIMIT 100;
SELECT DISTINCT symbol FROM prices ORDER BY symbol;
