/** A segment written again without some of its rows, or with other values in some of them. */

import { rm } from "node:fs/promises";
import duckdb from "@duckdb/node-bindings";
import { interruptible } from "./cursor.ts";
import { type Database, type Lane, withLane } from "./database.ts";
import type { ChangeFileRequest } from "./protocol.ts";
import { quoteName, quoteText, readParquet } from "./quoting.ts";
import { columnsByName, rewrittenColumn } from "./rewrite-file.ts";
import { rowTable } from "./row-tables.ts";
import { fillSql } from "./sql-file.ts";
import { codecOptions } from "./write-query.ts";

/** Rows keep their order. Leaves no file behind when it fails. */
export async function changeFile(
  database: Database,
  request: ChangeFileRequest,
  isCancelled: () => boolean,
): Promise<void> {
  await withLane(database, "UTC", async (lane) => {
    try {
      const sql = await changeSql(lane, request);
      await interruptible(lane.connection, isCancelled, () => duckdb.query(lane.connection, sql));
    } catch (thrown) {
      await rm(request.target, { force: true });
      throw thrown;
    }
  });
}

async function changeSql(lane: Lane, request: ChangeFileRequest): Promise<string> {
  const { source, target, columns, relation, file, values } = request;
  const physical = await columnsByName(lane, source);
  const selected = columns.map(({ name, type }) => {
    const kept = rewrittenColumn(physical.get(name), type, name);
    const value = values?.[name];
    const changed = `CASE WHEN change.c2 IS NULL THEN ${kept} ELSE ${value} END`;
    return `${value === undefined ? kept : changed} AS ${quoteName(name)}`;
  });
  return fillSql("segment-change.sql", {
    columns: selected.join(", "),
    file: readParquet([source], true),
    join: values === undefined ? "ANTI" : "LEFT",
    change: relation === undefined ? rowsOf(request) : rowTable(relation),
    number: String(file),
    target: quoteText(target),
    options: codecOptions(request),
  });
}

function rowsOf({ file, positions = [] }: ChangeFileRequest): string {
  return `(SELECT ${file} AS c1, unnest([${positions.join(", ")}]::BIGINT[]) AS c2)`;
}
