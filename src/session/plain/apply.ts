/** One statement's staged rows: completed, checked, applied, and what follows from them. */

import type { Execution } from "../execution.ts";
import { awaitDeferred } from "./check-deferred.ts";
import { keyProbes } from "./check-keys.ts";
import { checkReferences } from "./check-references.ts";
import { rowProbes } from "./check-rows.ts";
import { computeGenerated } from "./generated.ts";
import { followReferences, referencedKeys } from "./referenced.ts";
import { newValue, type Staged, type StagedChange } from "./staged.ts";
import { refuseViolations } from "./violations.ts";
import type { PlainWrites } from "./writes.ts";

/**
 * True: the staged table is the transaction's now, else the caller drops it.
 * @throws SqlError 23502, 23505, 23514, 23503, 23001; nothing is taken back then
 */
export async function applyChange(
  change: StagedChange,
  execution: Execution,
  writes: PlainWrites,
): Promise<boolean> {
  const { staged } = change;
  if (staged.rows === 0) return false;
  const hasNew = staged.newValues.size > 0;
  await computeGenerated(staged, execution);
  const changed = change.changed && withGenerated(change.changed, staged);
  if (hasNew) {
    const keys = await keyProbes(staged, changed, execution, writes);
    await refuseViolations([...(await rowProbes(staged, execution)), ...keys], execution);
  }
  const keys = await referencedKeys(staged, changed, execution, writes);
  const isKept = change.mayBeKept === true && writes.keep(staged);
  if (!isKept) await writeStaged(staged, writes);
  if (hasNew) await checkReferences(staged, changed, execution, writes);
  awaitDeferred(writes, execution);
  for (const key of keys) {
    const next = await followReferences(key, execution, writes);
    if (next === undefined) continue;
    try {
      await applyChange(next, execution, writes);
    } finally {
      execution.services.plain.dropLater([next.staged.table]);
    }
  }
  return isKept;
}

function withGenerated(changed: ReadonlySet<number>, { relation }: Staged): ReadonlySet<number> {
  const computed = relation.columns.filter(({ generated }) => generated !== null);
  return new Set([...changed, ...computed.map(({ number }) => number)]);
}

async function writeStaged(staged: Staged, writes: PlainWrites): Promise<void> {
  const { relation, table, identity, newValues } = staged;
  if (identity !== undefined) await writes.delete(relation, `SELECT ${identity} FROM ${table}`);
  if (newValues.size === 0) return;
  const list = relation.columns.map(({ number }) => newValue(staged, number));
  await writes.insert(relation, `SELECT ${list.join(", ")} FROM ${table}`);
}
