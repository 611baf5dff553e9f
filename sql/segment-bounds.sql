-- Rows, rows with a time, rows without a whole entity, first and last raw time of a Parquet file.
SELECT
  count(*),
  count(t),
  count(*) FILTER (WHERE ${incomplete}),
  min(t),
  max(t)
FROM (SELECT ${time} AS t ${columns} FROM ${file})
