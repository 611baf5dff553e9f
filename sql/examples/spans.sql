-- Spans as OpenTelemetry has them: five rows in, five questions.
CREATE TSTABLE otel_spans (
  timestamp timestamptz NOT NULL,
  project_id text NOT NULL,
  id uuid NOT NULL,
  name text NOT NULL,
  level text,
  status_code text,
  duration bigint NOT NULL,
  hashes text[] NOT NULL DEFAULT ARRAY[]::text[],
  attributes json
) TIME COLUMN timestamp ENTITY (project_id) BUCKET '5 minutes';

INSERT INTO otel_spans (timestamp, project_id, id, name, level, status_code, duration, hashes, attributes) VALUES
  ('2025-01-17 14:30:00+00', 'shop', '8f14e45f-ceea-467f-9575-3c6a8e4d1a01', 'GET /cart',      'INFO',  'OK',    245,  ARRAY[]::text[],             '{"http.status": 200}'),
  ('2025-01-17 14:35:00+00', 'shop', '8f14e45f-ceea-467f-9575-3c6a8e4d1a02', 'GET /cart',      'WARN',  'OK',    1523, ARRAY['slow'],               '{"http.status": 200}'),
  ('2025-01-17 14:40:00+00', 'shop', '8f14e45f-ceea-467f-9575-3c6a8e4d1a03', 'POST /checkout', 'INFO',  'OK',    89,   ARRAY[]::text[],             '{"http.status": 201}'),
  ('2025-01-17 14:45:00+00', 'shop', '8f14e45f-ceea-467f-9575-3c6a8e4d1a04', 'SELECT stock',   'ERROR', 'ERROR', 3421, ARRAY['slow', 'timeout'],    '{"db.system": "postgresql"}'),
  ('2025-01-17 14:50:00+00', 'shop', '8f14e45f-ceea-467f-9575-3c6a8e4d1a05', 'POST /checkout', 'ERROR', 'ERROR', 2100, ARRAY['timeout', 'payment'], '{"http.status": 504}');

-- 1. What went wrong, newest first.
SELECT timestamp, name, duration FROM otel_spans
WHERE project_id = 'shop' AND level = 'ERROR' ORDER BY timestamp DESC;

-- 2. By the hour.
SELECT date_trunc('hour', timestamp) AS hour, count(*) AS spans, avg(duration)::int AS mean, max(duration) AS slowest
FROM otel_spans WHERE project_id = 'shop' GROUP BY hour ORDER BY hour;

-- 3. By five minutes.
SELECT date_bin('5 minutes', timestamp, TIMESTAMPTZ '2000-01-01 00:00:00+00') AS bucket, sum(duration) AS total
FROM otel_spans WHERE timestamp >= '2025-01-17 14:00:00+00' AND timestamp < '2025-01-17 15:00:00+00'
GROUP BY bucket ORDER BY bucket;

-- 4. Whatever carries a tag.
SELECT name, hashes FROM otel_spans WHERE 'timeout' = ANY(hashes) ORDER BY timestamp;

-- 5. A moving average of each operation.
SELECT timestamp, name, round(avg(duration) OVER (
         PARTITION BY name ORDER BY timestamp ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)) AS moving
FROM otel_spans ORDER BY timestamp;
