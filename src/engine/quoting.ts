/** Names, texts and paths inside SQL for DuckDB. */

export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/**
 * A call that reads the files. DuckDB takes paths for patterns and "key=value" folders for columns;
 * both are switched off, names mean themselves. Numbered: with columns filename, file_row_number.
 */
export function readParquet(paths: readonly string[], isNumbered = false): string {
  const numbered = isNumbered ? ", filename = true, file_row_number = true" : "";
  return `read_parquet(${pathList(paths)}, hive_partitioning = false${numbered})`;
}

export function pathList(paths: readonly string[]): string {
  const files = paths.map((path) => quoteText(path.replace(/[*?[]/g, "[$&]")));
  return `[${files.join(", ")}]`;
}
