/** How many rows a table has, where rows in memory may hide others of the same key. */

import type { TableView } from "../table/table-view.ts";
import { INT8, keyColumns } from "./replaced-rows.ts";
import type { Services } from "./services.ts";
import type { TstableEntry } from "./tables.ts";

export async function countRows(
  entry: TstableEntry,
  view: TableView,
  { engine }: Pick<Services, "engine">,
): Promise<number> {
  const { rows, hotRows } = view.totals;
  if (hotRows === 0) return rows;
  const ranges = await view.hot({});
  if (!ranges.some(({ isReplacing }) => isReplacing === true)) return rows;
  const hot = await engine.bindTable([], [], ranges, { keys: keyColumns(entry) });
  const statements = [{ sql: `SELECT count(*) FROM ${hot}`, shapes: [INT8] }];
  const [result] = await engine.run({ statements });
  return rows - hotRows + Number(result?.rows[0]?.[0] ?? 0);
}
