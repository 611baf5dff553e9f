-- Which buckets a Parquet file has rows in, by entity: 64 neighbouring buckets in one row, each a bit
-- of "bits". Neighbours are the rule, so this is many times smaller than one row a bucket.
-- engine/inspect-file.ts puts in the file, the raw time as BIGINT or UBIGINT, the bucket of a time t
-- (integer arithmetic is several times faster than date_trunc) and the entity columns as e1, e2...
SELECT
  b >> 6 AS word,
  bit_or(CAST(1 AS UBIGINT) << CAST(b & 63 AS UBIGINT)) AS bits
  ${entities}
FROM (
  SELECT ${bucket} AS b ${entities}
  FROM (SELECT ${time} AS t ${columns} FROM ${file})
  ${where}
)
GROUP BY ALL
ORDER BY ${order}
