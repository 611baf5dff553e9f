-- Leaves out the rows of given identities in given buckets: gone(e1..., first, last). A join does not
-- promise the order of its rows, so the file's own is asked for.
WHERE NOT EXISTS (
  SELECT 1 FROM temp.main.gone
  WHERE ${identity} AND ${bucket} BETWEEN gone.first AND gone.last
)
ORDER BY source.file_row_number
