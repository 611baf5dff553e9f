/** What a client is told of rows that were left out because the table covers them already. */

import type { ErrorFields } from "../base/errors.ts";
import type { Settings } from "./settings.ts";

/** None when there are no such rows, or nobody wants to hear of them. */
export function coveredNotices(rows: number, settings: Settings): readonly ErrorFields[] {
  if (rows === 0 || settings.chosen("tstable.copy_notices") === "off") return [];
  const message = `${rows} ${rows === 1 ? "row" : "rows"} skipped (already covered)`;
  return [{ severity: "NOTICE", sqlState: "00000", message }];
}
