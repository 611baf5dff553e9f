/** Several segments as one, its rows sorted, in the types of the table's schema. */

import { rm } from "node:fs/promises";
import duckdb from "@duckdb/node-bindings";
import type { LogicalField } from "../table/format.ts";
import type { MergeRange } from "../table/hot-storage.ts";
import { interruptible } from "./cursor.ts";
import { type Database, withLane } from "./database.ts";
import { EngineError } from "./error.ts";
import { type FileSchemas, readSchemas } from "./file-schemas.ts";
import type { MergeFilesRequest } from "./protocol.ts";
import { quoteName, quoteText, readParquet } from "./quoting.ts";
import { rewrittenColumn } from "./rewrite-file.ts";
import { fillSql } from "./sql-file.ts";
import { codecOptions } from "./write-query.ts";

/** Leaves no file behind when it fails. @throws EngineError "bad-file" */
export async function mergeFiles(
  database: Database,
  request: MergeFilesRequest,
  isCancelled: () => boolean,
): Promise<void> {
  const sql = mergeSql(request, await readSchemas(database, request.sources));
  await withLane(database, "UTC", async (lane) => {
    try {
      await interruptible(lane.connection, isCancelled, () => duckdb.query(lane.connection, sql));
    } catch (thrown) {
      await rm(request.target, { force: true });
      throw thrown;
    }
  });
}

function mergeSql(request: MergeFilesRequest, { schemas, of }: FileSchemas): string {
  const { sources, target, columns, order, range } = request;
  const alike = schemas.map(({ columns: physical }, place) => {
    const found = new Map(physical.map((column) => [column.name, column]));
    const selected = columns.map(
      ({ name, type }) => `${rewrittenColumn(found.get(name), type, name)} AS ${quoteName(name)}`,
    );
    const files = sources.filter((_, i) => of[i] === place);
    return `SELECT ${selected.join(", ")} FROM ${readParquet(files)} AS source`;
  });
  return fillSql("segments-merge.sql", {
    sources: alike.join(" UNION ALL "),
    range: range === undefined ? "" : `WHERE ${inRange(range, columns)}`,
    order: order.map(quoteName).join(", "),
    target: quoteText(target),
    options: codecOptions(request),
  });
}

function inRange({ column, from, before }: MergeRange, columns: readonly LogicalField[]): string {
  const { raw, perRaw } = rawTime(column, columns);
  const bounds = [
    ...(from === undefined ? [] : [`${raw} >= ${from / perRaw}`]),
    ...(before === undefined ? [] : [`${raw} < ${before / perRaw}`]),
  ];
  return bounds.length === 0 ? "true" : bounds.join(" AND ");
}

/** The time column as an integer, and how many raw values one of it is. */
function rawTime(
  name: string,
  columns: readonly LogicalField[],
): { readonly raw: string; readonly perRaw: bigint } {
  const type = columns.find((column) => column.name === name)?.type;
  const quoted = quoteName(name);
  if (type?.kind === "Int64" || type?.kind === "UInt64") return { raw: quoted, perRaw: 1n };
  if (type?.kind !== "Timestamp") {
    throw new EngineError("bad-file", `column "${name}" is of a type that is no time`);
  }
  switch (type.unit) {
    case "Millis":
      return { raw: `epoch_ms(${quoted})`, perRaw: 1_000_000n };
    case "Micros":
      return { raw: `epoch_us(${quoted})`, perRaw: 1000n };
    case "Nanos":
      return { raw: `epoch_ns(${quoted})`, perRaw: 1n };
  }
}
