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
  const { relation, own, deleted } = newest;
  if (relation === undefined) return table.isNew ? [] : [`DROP TABLE ${base}`];
  const columns = columnList(relation);
  const gone = newest.hasDeleted ? ` ANTI JOIN ${deleted} AS g USING (${ROW_IDENTITY})` : "";
  const rows = `SELECT ${columns} FROM ${own}${gone}`;
  if (!newest.hasBase) {
    const drop = table.isNew ? [] : [`DROP TABLE ${base}`];
    const fill = newest.hasOwn ? [`INSERT INTO ${base} ${rows}`] : [];
    return [...drop, createTable(base, relation), ...fill];
  }
  return [
    ...(newest.hasDeleted
      ? [`DELETE FROM ${base} WHERE rowid IN (SELECT ${ROW_IDENTITY} FROM ${deleted})`]
      : []),
    ...(newest.hasOwn ? [`INSERT INTO ${base} (${columns}) ${rows}`] : []),
  ];
}
