/** The statements that make a transaction's changes of ordinary tables those of everybody. */

import type { Generation } from "./overlay.ts";
import { baseTable, columnList, createTable, ROW_IDENTITY } from "./physical.ts";
import type { ChangedTable } from "./writes.ts";

export function commitStatements(tables: readonly ChangedTable[]): string[] {
  return tables.flatMap((table) => {
    const newest = table.generations.at(-1);
    const base = baseTable(table.oid, table.isTemporary);
    return newest === undefined ? [] : statementsOf(table, newest, base);
  });
}

function statementsOf(table: ChangedTable, newest: Generation, base: string): string[] {
  const { relation, ownRows, goneRows } = newest;
  if (relation === undefined) return table.isNew ? [] : [`DROP TABLE ${base}`];
  const columns = columnList(relation);
  const gone = goneRows === undefined ? "" : ` ANTI JOIN ${goneRows} AS g USING (${ROW_IDENTITY})`;
  const fill =
    ownRows === undefined
      ? []
      : [`INSERT INTO ${base} (${columns}) SELECT ${columns} FROM ${ownRows}${gone}`];
  if (!newest.hasBase) {
    const drop = table.isNew ? [] : [`DROP TABLE ${base}`];
    return [...drop, createTable(base, relation), ...fill];
  }
  const deleted = `SELECT ${ROW_IDENTITY} FROM ${goneRows}`;
  const remove = goneRows === undefined ? [] : [`DELETE FROM ${base} WHERE rowid IN (${deleted})`];
  return [...remove, ...fill];
}
