/** Names of folders, `device=a%20b/year=2026`: what Hive, DuckDB and Spark read as columns. */

const OF_NULL = "__HIVE_DEFAULT_PARTITION__";

export function folderName(key: string, value: string | null): string {
  return `${escaped(key)}=${value === null ? OF_NULL : escaped(value)}`;
}

/** As DuckDB writes it. */
function escaped(text: string): string {
  return encodeURIComponent(text).replace(
    /[!*()]/g,
    (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** The numbers of the last `count` folders on a file's path; undefined for one of NULL. */
export function timeOfPath(path: string, count: number): readonly number[] | undefined {
  const folders = path.split("/").slice(-1 - count, -1);
  const values = folders.map((folder) => folder.slice(folder.indexOf("=") + 1));
  return values.includes(OF_NULL) ? undefined : values.map(Number);
}
