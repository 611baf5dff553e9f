-- One text for each Parquet file, the same for files whose columns are alike in all that matters to
-- a reader. Whether a column is REQUIRED does not.
SELECT
  file_name,
  string_agg(
    CAST(
      ROW(name, type, type_length, num_children, converted_type, scale, precision, logical_type)
      AS VARCHAR
    ),
    chr(10) ORDER BY column_id
  )
FROM parquet_schema(${files})
GROUP BY file_name
