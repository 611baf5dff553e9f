/** Writes the rows of a Parquet file into a new one, in the types of the table's schema. */

import { rm } from "node:fs/promises";
import duckdb from "@duckdb/node-bindings";
import type { LogicalType } from "../table/format.ts";
import type { EntityValue, RewriteRequest } from "../table/segment-files.ts";
import { Oid } from "../types/oids.ts";
import type { SqlValue } from "../types/value.ts";
import { type PhysicalColumn, type PhysicalType, utcTimestamp } from "./bindings.ts";
import { interruptible } from "./cursor.ts";
import { type Database, type Lane, withLane } from "./database.ts";
import { typeText } from "./disk-types.ts";
import { EngineError } from "./error.ts";
import { readColumns } from "./file-schemas.ts";
import { bucketOf, checkedTimeUnit } from "./inspect-time.ts";
import { quoteName, quoteText, readParquet } from "./quoting.ts";
import type { RowsRelation } from "./request.ts";
import { createRows, dropRows } from "./rows-relations.ts";
import { fillSql } from "./sql-file.ts";

/**
 * Leaves no file behind when it fails. @throws EngineError "bad-file" and what DuckDB's casts say
 */
export async function rewriteFile(
  database: Database,
  request: RewriteRequest,
  isCancelled: () => boolean,
): Promise<void> {
  await withLane(database, "UTC", async (lane) => {
    const gone = request.without === undefined ? undefined : goneRows(request.without);
    try {
      const sql = await rewriteSql(lane, request);
      if (gone !== undefined) await createRows(lane.connection, gone);
      await interruptible(lane.connection, isCancelled, () => duckdb.query(lane.connection, sql));
    } catch (thrown) {
      await rm(request.target, { force: true });
      throw thrown;
    } finally {
      if (gone !== undefined) await dropRows(lane.connection, gone);
    }
  });
}

async function rewriteSql(lane: Lane, request: RewriteRequest): Promise<string> {
  const { source, target, columns, without } = request;
  const physical = await columnsByName(lane, source);
  const selected = columns.map(({ name, type, isMissing }) => {
    const found = physical.get(name);
    if (found === undefined && !isMissing) {
      throw new EngineError("bad-file", `the file has no column "${name}"`);
    }
    const value = rewrittenColumn(isMissing ? undefined : found, type, name);
    return `${value} AS ${quoteName(name)}`;
  });
  let rest = "";
  if (without !== undefined) {
    const unit = await checkedTimeUnit(lane, { ...without, path: source });
    const raw = unit.expression(`source.${quoteName(without.timeColumn)}`);
    const identity = without.entityColumns.map(
      (name, i) => `source.${quoteName(name)} = ${goneEntity(without.entityTypes[i], i)}`,
    );
    rest = fillSql("segment-without.sql", {
      identity: identity.length > 0 ? identity.join(" AND ") : "true",
      bucket: `CAST(${bucketOf(`(${raw})`, without, unit)} AS HUGEINT)`,
    });
  }
  return fillSql("segment-rewrite.sql", {
    columns: selected.join(", "),
    file: readParquet([source], without !== undefined),
    rest,
    target: quoteText(target),
  });
}

export async function columnsByName(
  lane: Lane,
  file: string,
): Promise<ReadonlyMap<string, PhysicalColumn>> {
  return new Map((await readColumns(lane, file)).map((column) => [column.name, column]));
}

/** A column of the file, called `source`, in the type of the schema; undefined: NULLs. */
export function rewrittenColumn(
  found: PhysicalColumn | undefined,
  type: LogicalType,
  name: string,
): string {
  if (found === undefined) return `CAST(NULL AS ${typeText(type, name)})`;
  return convert(`source.${quoteName(found.sqlName)}`, found.type, type, name);
}

/** Unsigned integers travel as text. */
function goneEntity(type: EntityValue["type"] | undefined, i: number): string {
  return type === "uint64" ? `CAST(gone.e${i + 1} AS UBIGINT)` : `gone.e${i + 1}`;
}

const ENTITY_OIDS: Readonly<Record<EntityValue["type"], number>> = {
  utf8: Oid.text,
  int32: Oid.int4,
  int64: Oid.int8,
  uint64: Oid.numeric,
};

/** Identities and runs of buckets, one row a run. */
function goneRows(without: NonNullable<RewriteRequest["without"]>): RowsRelation {
  const entities = without.entityTypes.map((type, i) => ({
    name: `e${i + 1}`,
    typeOid: ENTITY_OIDS[type],
    typmod: -1,
  }));
  // As texts that the comparison with HUGEINT casts: buckets of uint64 need 64 bits without a sign.
  const bound = { typeOid: Oid.numeric, typmod: HUGE_TYPMOD };
  const columns = [...entities, { name: "first", ...bound }, { name: "last", ...bound }];
  const rows: SqlValue[][] = [];
  for (const { entity, runs } of without.identities) {
    const values = entity.map(({ type, value }) => (type === "uint64" ? String(value) : value));
    for (let i = 0; i < runs.length; i += 2)
      rows.push([...values, String(runs[i]), String(runs[i + 1])]);
  }
  return { name: "gone", columns, rows };
}

/** numeric(38,0) as a typmod. */
const HUGE_TYPMOD = ((38 << 16) | 0) + 4;

const INTEGERS = new Set(
  "TINYINT SMALLINT INTEGER BIGINT UTINYINT USMALLINT UINTEGER UBIGINT".split(" "),
);

function convert(from: string, physical: PhysicalType, type: LogicalType, name: string): string {
  const to = typeText(type, name);
  const { id } = physical;
  switch (type.kind) {
    case "Timestamp":
      return convertTimestamp(from, id, type.unit, name);
    case "Int32":
    case "Int64":
    case "UInt64":
      if (id === "DATE" && type.kind === "Int32")
        return `CAST(${from} - DATE '1970-01-01' AS INTEGER)`;
      if (id === "TIME" && type.kind === "Int64") return `epoch_us(${from})`;
      if (INTEGERS.has(id)) return id === to ? from : `CAST(${from} AS ${to})`;
      break;
    case "Float32":
    case "Float64":
      if (id === "FLOAT" || id === "DOUBLE") return id === to ? from : `CAST(${from} AS ${to})`;
      break;
    case "Utf8":
      if (id === "VARCHAR") return from;
      if (id === "UUID" || id === "ENUM") return `CAST(${from} AS VARCHAR)`;
      break;
    case "Decimal":
      if (id === "DECIMAL") return `CAST(${from} AS ${to})`;
      break;
    case "List":
      if (id === "LIST" && physical.element !== undefined) {
        const inner = convert("x", physical.element, type.element.type, name);
        return inner === "x" ? from : `list_transform(${from}, lambda x: ${inner})`;
      }
      break;
    default:
      if (id === to) return from;
  }
  throw new EngineError("bad-file", `column "${name}" is ${id}, which cannot become ${to}`);
}

function convertTimestamp(
  from: string,
  id: string,
  unit: "Millis" | "Micros" | "Nanos",
  name: string,
): string {
  if (unit === "Nanos" && id === "TIMESTAMP_NS") return from;
  const micros = utcTimestamp(from, id);
  if (micros === undefined) {
    throw new EngineError("bad-file", `column "${name}" is ${id}, which is no timestamp`);
  }
  if (unit === "Micros") return micros;
  if (unit === "Nanos") return `make_timestamp_ns(epoch_us(${micros}) * 1000)`;
  const us = `epoch_us(${micros})`;
  const millis = `CASE WHEN ${us} < 0 THEN (${us} + 1) // 1000 - 1 ELSE ${us} // 1000 END`;
  return `CAST(make_timestamp(1000 * (${millis})) AS TIMESTAMP_MS)`;
}
