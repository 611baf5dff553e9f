/**
 * TRUNCATE: the embedded PostgreSQL tells which tables and sequences are meant, foreign keys and
 * CASCADE considered; their rows are ours.
 */

import { log } from "../../base/telemetry.ts";
import type { ShadowRelation } from "../../postgres/relation.ts";
import type { DefinitionStatement } from "../definitions/classify.ts";
import { define } from "../definitions/define.ts";
import { refuseOwnSchemas } from "../definitions/refusals.ts";
import type { Execution, Result } from "../execution.ts";
import { refuseWaiting } from "../plain/check-deferred.ts";
import { isOrdinary } from "../plain/physical.ts";
import { startPosition } from "../plain/sequence-state.ts";
import { plainWrites } from "../plain/work.ts";
import { lockSegments } from "../settle-rows.ts";
import { workOf } from "../work.ts";

export async function truncate(
  { command, sql }: DefinitionStatement,
  execution: Execution,
): Promise<Result> {
  const request = { command, sources: [sql], isTried: true, locksRows: true } as const;
  const step = await define(request, execution);
  const tables = step.relations.filter(({ relkind }) => relkind !== "S");
  refuseOwnSchemas(tables.map(({ schema }) => schema));
  const [ordinary, others] = [tables.filter(isOrdinary), tables.filter((one) => !isOrdinary(one))];
  for (const { oid } of others) await emptyTstable(oid, execution);
  if (ordinary.length > 0) {
    const writes = await plainWrites(execution);
    writes.beginStatement();
    await writes.settle();
    for (const table of ordinary) {
      writes.refuseStale(table.oid);
      refuseWaiting(table, "TRUNCATE", writes);
      writes.replace(table);
    }
  }
  await restart(step.relations, execution);
  return { kind: "done", tag: step.tag, notices: step.notices };
}

/** Everything out that is there now, of others and of the transaction. */
async function emptyTstable(oid: number, execution: Execution): Promise<void> {
  const { intake, tables } = execution.services;
  const work = await workOf(execution);
  await lockSegments(tables.requireByOid(oid), work, execution);
  // Hot rows would be published under a name that this statement cannot know.
  await intake.flush(oid);
  const lease = await intake.lease([oid]);
  try {
    work.items.truncate(intake.table(oid), lease.view(oid, work.items));
  } finally {
    lease.release();
  }
}

/** RESTART IDENTITY, with the end of the transaction. */
async function restart(relations: readonly ShadowRelation[], execution: Execution): Promise<void> {
  const sequences = relations.flatMap(({ oid, sequence }) => (sequence ? [{ oid, sequence }] : []));
  if (sequences.length === 0) return;
  const { plain } = execution.services;
  const move = async () => {
    for (const { oid, sequence } of sequences) {
      await plain.sequences.move(oid, startPosition(sequence));
    }
  };
  await execution.transaction.follow({
    mark: () => undefined,
    release: () => undefined,
    rollbackTo: () => undefined,
    ended: (isCommitted) => {
      if (!isCommitted) return;
      move().catch((cause: unknown) => log("error", "a sequence was not restarted", { cause }));
    },
  });
}
