/** Names, texts and paths inside SQL for DuckDB. */

export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/**
 * A call that reads the files. DuckDB takes paths for patterns and "key=value" folders for columns;
 * both are switched off, names mean themselves.
 */
export function readParquet(paths: readonly string[]): string {
  return `read_parquet(${pathList(paths)}, hive_partitioning = false)`;
}

export function pathList(paths: readonly string[]): string {
  const files = paths.map((path) => quoteText(path.replace(/[*?[]/g, "[$&]")));
  return `[${files.join(", ")}]`;
}
