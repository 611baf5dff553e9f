-- A segment without the rows that change(c1 file, c2 row) names, or with the values it has for them.
-- A join does not promise the order of its rows, so the file's own is asked for.
COPY (
  SELECT ${columns}
  FROM ${file} AS source
  ${join} JOIN (SELECT * FROM ${change} WHERE c1 = ${number}) AS change
    ON change.c2 = source.file_row_number
  ORDER BY source.file_row_number
) TO ${target} (${options}, USE_TMP_FILE false)
