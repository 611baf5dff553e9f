/** What a transaction holds in memory into its private tables, where statements can read it. */

import type { ShadowRelation } from "../../postgres/relation.ts";
import type { Generation } from "./overlay.ts";
import { columnList, privateTable } from "./physical.ts";
import type { PlainStore } from "./store.ts";

/** Gives how many rows were added; those before are numbered up to `lastRow`. */
export async function settleHeld(
  generation: Generation,
  relation: ShadowRelation,
  store: PlainStore,
  lastRow: number,
): Promise<number> {
  const { held } = generation;
  if (held.gone.length > 0) {
    const rows = held.gone.flatMap(({ statement, rowids }) =>
      rowids.map((rowid) => `(${rowid}, ${statement})`),
    );
    await changePrivate(
      store,
      generation,
      `INSERT INTO ${generation.deleted} VALUES ${rows.join(", ")}`,
    );
    for (const { statement, rowids } of held.gone) generation.noteDeleted(statement, rowids.length);
  }
  const added = held.hasRows ? await settleRows(generation, relation, store, lastRow) : 0;
  held.clear();
  return added;
}

async function settleRows(
  generation: Generation,
  relation: ShadowRelation,
  store: PlainStore,
  lastRow: number,
): Promise<number> {
  const { block, sequences } = generation.held.all();
  const name = store.privateName();
  const columns = relation.columns.map(({ number, typeOid, typmod }) => ({
    columnNumber: number,
    typeOid,
    typmod,
  }));
  await store.dropping(
    async (drops) =>
      await store.engine.stageRows(name, columns, block, drops, undefined, sequences),
  );
  const list = columnList(relation);
  try {
    await changePrivate(
      store,
      generation,
      `INSERT INTO ${generation.own} (pgtide_row, statement, ${list})` +
        ` SELECT -(rowid + ${lastRow + 1}), _seq, ${list} FROM ${privateTable(name)}`,
    );
  } finally {
    store.dropLater([privateTable(name)]);
  }
  for (const { sequence, rows } of sequences) generation.noteOwn(sequence, rows);
  return block.rows;
}

/** One statement over the private tables of a generation, which are made where missing. */
export async function changePrivate(
  store: PlainStore,
  generation: Generation,
  sql: string,
): Promise<number> {
  const statements = [...generation.prepare(), sql].map((one) => ({ sql: one }));
  const results = await store.engine.run({ statements });
  store.dropLater(generation.prepared());
  return results.at(-1)?.changed ?? 0;
}
