-- What a Parquet file holds, by entity and bucket. engine/parquet-files.ts puts in the file, the raw
-- time as BIGINT or UBIGINT, the width of a bucket in its unit, and the entity columns as e1, e2...
-- Integer arithmetic is several times faster than date_trunc. "//" cuts toward zero, buckets floor.
SELECT
  ${bucket} AS bucket,
  CAST(count(*) AS BIGINT) AS row_count,
  min(t) AS first_time,
  max(t) AS last_time
  ${entities}
FROM (SELECT ${time} AS t ${columns} FROM ${file})
GROUP BY ALL
ORDER BY ${order}
