/** LOCK TABLE: of ordinary tables, whose rows one transaction at a time changes. */

import { SqlError } from "../../base/errors.ts";
import type { Execution, Result } from "../execution.ts";
import { lockOwner } from "../locks.ts";
import { relationOf } from "../plain/relation.ts";
import { lockWait, plainWrites } from "../plain/work.ts";
import { noteTableLock } from "../relation-locks.ts";
import type { Statement } from "../statement.ts";
import { requireWritable } from "../write-rules.ts";

const ACCESS_SHARE = 1;

type LockTable = Extract<Statement, { readonly kind: "lock-table" }>;

/**
 * Readers are not kept away: they go on reading what is committed.
 * @throws SqlError 25P01, 42P01, 42809, 0A000, 25006, 40001, 40P01, 55P03
 */
export async function lockTables(
  { tables: names, mode, isPatient }: LockTable,
  execution: Execution,
): Promise<Result> {
  const { transaction, services, settings, processId } = execution;
  if (!transaction.isExplicit) {
    throw new SqlError("25P01", "LOCK TABLE can only be used in transaction blocks");
  }
  for (const name of names) {
    const relation = services.tables.findRelation(name, settings);
    if (relation === undefined) {
      const shown = name.schema === undefined ? name.name : `${name.schema}.${name.name}`;
      throw new SqlError("42P01", `relation "${shown}" does not exist`);
    }
    const kind = services.tables.relation(relation.oid)?.kind;
    if (mode === ACCESS_SHARE && kind !== undefined) {
      noteTableLock(transaction, relation.oid, mode);
      continue;
    }
    if (kind !== "ordinary") {
      throw new SqlError("0A000", `LOCK TABLE of "${relation.name}" is not supported`, {
        hint: "Only ordinary tables can be locked.",
      });
    }
    requireWritable("LOCK TABLE", execution);
    const writes = await plainWrites(execution);
    if (!isPatient && !services.plain.tryLock(lockOwner(transaction, processId))) {
      throw new SqlError("55P03", `could not obtain lock on relation "${relation.name}"`);
    }
    await writes.lock(relationOf(relation.oid, execution), lockWait(execution));
    noteTableLock(transaction, relation.oid, mode);
  }
  return { kind: "done", tag: "LOCK TABLE" };
}
