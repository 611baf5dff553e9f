/**
 * Files for a table whose key is not its entity and its time: that no bucket is repeated says
 * nothing of such a key.
 */

import { join } from "node:path";
import { SqlError } from "../base/errors.ts";
import type { Execution } from "./execution.ts";
import { boundColumns, firstRowOfFiles, keyText } from "./first-row.ts";
import { type RepeatPolicy, requireEntityKey } from "./repeated-rows.ts";
import { keyColumns } from "./replaced-rows.ts";
import { settleRows } from "./settle-rows.ts";
import type { TstableEntry } from "./tables.ts";
import { workOf } from "./work.ts";

/** The caller is alone with the keys. @throws SqlError 23505, 0A000 */
export async function requireNewKeys(
  entry: TstableEntry,
  files: readonly string[],
  overlap: RepeatPolicy,
  execution: Execution,
): Promise<void> {
  const { info, rowKey } = entry;
  if (rowKey === undefined || rowKey.isEntity) return;
  if (overlap !== "reject") requireEntityKey(entry, `ON OVERLAP ${overlap.toUpperCase()} of files`);
  const work = await workOf(execution);
  await settleRows(entry, work, execution);
  const { intake, engine } = execution.services;
  const { columns } = rowKey;
  const list = columns.map((number) => `c${number}`).join(", ");
  const lease = await intake.lease([info.oid]);
  try {
    const view = lease.view(info.oid, work.items);
    const paths = view.segments().map(({ path }) => join(entry.directory, path));
    const options = { keys: keyColumns(entry) };
    const there = await engine.bindTable(boundColumns(entry, columns), paths, [], options);
    const among = `(${list}) IN (SELECT (${list}) FROM ${there} AS k)`;
    const twice = `true GROUP BY ${list} HAVING count(*) > 1`;
    for (const where of paths.length === 0 ? [twice] : [twice, among]) {
      const row = await firstRowOfFiles(entry, files, columns, where, execution);
      if (row === undefined) continue;
      const message = `duplicate key value violates unique constraint "${rowKey.name}"`;
      throw new SqlError("23505", message, {
        detail: `${keyText(entry, columns, row, execution)} already exists.`,
        schema: info.schema,
        table: info.name,
        constraint: rowKey.name,
      });
    }
  } finally {
    lease.release();
  }
}
