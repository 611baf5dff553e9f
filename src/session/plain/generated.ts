/** Generated columns, virtual ones too: computed from the new row before anything is checked. */

import type { Execution } from "../execution.ts";
import { stagedSource } from "./check-rows.ts";
import { overRows } from "./over.ts";
import type { Staged } from "./staged.ts";

export async function computeGenerated(staged: Staged, execution: Execution): Promise<void> {
  const generated = staged.relation.columns.filter((column) => column.generated !== null);
  if (generated.length === 0 || staged.newValues.size === 0) return;
  const expressions = generated.map((column) => ({
    tree: column.defaultTree ?? "",
    storedAs: column,
  }));
  const over = await overRows(staged.relation, expressions, stagedSource(staged), execution);
  const sets = generated.map(({ number }, at) => `${staged.newValues.get(number)} = q.k${at + 1}`);
  const { table } = staged;
  const sql =
    `UPDATE ${table} SET ${sets.join(", ")} FROM (${over.sql}) AS q` +
    ` WHERE ${table}.rowid = q.k0`;
  const statements = [{ sql, parameters: over.parameters }];
  const timeZone = execution.settings.text.timeZone;
  await execution.services.engine.run({ statements, timeZone }, execution.signal);
}
