/** Local times from all of history, most of them from the centuries in which zones changed. */

/** "YYYY-MM-DD HH:MM:SS[.ffffff]" */
export function randomStamps(next: () => number, count: number): string[] {
  const dates = Array.from({ length: count }, () => {
    const era = next();
    const from = era < 0.4 ? 1970 : era < 0.8 ? 1850 : era < 0.9 ? 2000 : 1;
    const until = era < 0.4 ? 2040 : era < 0.8 ? 1980 : era < 0.9 ? 2600 : 9999;
    const year = from + Math.floor(next() * (until - from));
    const at = Date.UTC(2000, 0, 1) + Math.floor(next() * 366 * 86_400_000);
    const rest = new Date(at).toISOString().slice(4, 19).replace("T", " ");
    const isLeap = new Date(Date.UTC(year, 1, 29)).getUTCMonth() === 1;
    return String(year).padStart(4, "0") + (isLeap ? rest : rest.replace("-02-29", "-02-28"));
  });
  return dates.map((date) => (next() < 0.3 ? `${date}.${Math.floor(next() * 1e6)}` : date));
}
