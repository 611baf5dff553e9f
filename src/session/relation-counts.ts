/** How many rows and bytes relations have, for PostgreSQL's statistics and size functions. */

import { log } from "../base/telemetry.ts";
import { Oid } from "../types/oids.ts";
import type { Shape } from "../types/shape.ts";
import type { Services } from "./services.ts";
import type { TstableEntry } from "./tables.ts";

/** By OID; what is not there has none. */
export interface RelationCounts {
  readonly rows: Readonly<Record<string, number>>;
  /** Besides: `database`, the sum. */
  readonly sizes: Readonly<Record<string, number>>;
}

const INT8: Shape = { typeOid: Oid.int8, typmod: -1, representation: { kind: "plain" } };
const TEXT: Shape = { typeOid: Oid.text, typmod: -1, representation: { kind: "plain" } };
/** Of a value that is in memory only. */
const BYTES_PER_VALUE = 8;

export async function relationCounts(
  services: Pick<Services, "tables" | "intake" | "engine">,
): Promise<RelationCounts> {
  const all = [
    ...(await countTimeSeries(services.tables.all(), services)),
    ...(await countOrdinary(services)),
  ];
  const rows = Object.fromEntries(all.map(({ oid, rows }) => [oid, rows]));
  const sizes = Object.fromEntries(all.map(({ oid, bytes }) => [oid, bytes]));
  return { rows, sizes: { ...sizes, database: all.reduce((sum, { bytes }) => sum + bytes, 0) } };
}

interface Count {
  readonly oid: number;
  readonly rows: number;
  readonly bytes: number;
}

async function countTimeSeries(
  entries: readonly TstableEntry[],
  { intake }: Pick<Services, "intake">,
): Promise<readonly Count[]> {
  const lease = await intake.lease(entries.map(({ info }) => info.oid));
  try {
    return entries.flatMap(({ info: { oid, name, columns } }) => {
      try {
        const { rows, bytes, hotRows } = lease.view(oid).totals;
        return [{ oid, rows, bytes: bytes + hotRows * columns.length * BYTES_PER_VALUE }];
      } catch (cause) {
        log("debug", "a table is not counted", { table: name, cause });
        return [];
      }
    });
  } finally {
    lease.release();
  }
}

/** The tables are named by OID; a block that several columns share counts for each of them. */
async function countOrdinary({
  engine,
  tables,
}: Pick<Services, "engine" | "tables">): Promise<readonly Count[]> {
  const list = await engine.run({
    statements: [{ sql: ESTIMATES, shapes: [TEXT, INT8, INT8] }],
  });
  const counts: Count[] = [];
  for (const [name, rows, columns] of list[0]?.rows ?? []) {
    const oid = Number(String(name).slice("t_".length));
    if (!Number.isInteger(oid) || tables.relation(oid)?.kind !== "ordinary") continue;
    const bytes = Number(rows) * Number(columns) * BYTES_PER_VALUE;
    counts.push({ oid, rows: Number(rows), bytes });
  }
  return counts;
}

const ESTIMATES =
  "SELECT table_name, estimated_size, column_count FROM duckdb_tables()" +
  " WHERE database_name = 'plain' AND starts_with(table_name, 't_')";
