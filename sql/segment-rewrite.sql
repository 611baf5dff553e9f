-- The rows of a Parquet file in a new one, its columns in the types of the table.
-- "rest" is nothing, or leaves rows out and puts the others back into their order.
COPY (
  SELECT ${columns}
  FROM ${file} AS source
  ${rest}
) TO ${target} (FORMAT parquet, COMPRESSION zstd, USE_TMP_FILE false)
