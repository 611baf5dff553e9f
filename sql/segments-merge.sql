-- The rows of several segments in one new file, sorted by identity and time.
COPY (
  SELECT * FROM (${sources}) AS merged
  ${range}
  ORDER BY ${order}
) TO ${target} (${options}, USE_TMP_FILE false)
