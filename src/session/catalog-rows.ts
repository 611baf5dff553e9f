/** Rows of relations that are no tables of the store, for a query that reads both. */

import { assert } from "../base/errors.ts";
import { log } from "../base/telemetry.ts";
import type { Scan } from "../compile/plan.ts";
import { quoteIdentifier } from "../compile/tokens.ts";
import type { TableView } from "../table/table-view.ts";
import { decodeText } from "../types/codec.ts";
import { Oid } from "../types/oids.ts";
import type { SqlValue } from "../types/value.ts";
import { readTextRows } from "./data-rows.ts";
import type { Execution } from "./execution.ts";
import { askRows } from "./privileges/ask.ts";
import type { StatementWorld } from "./statement-world.ts";
import { type StoreRow, storeRows } from "./store-relations.ts";
import type { TstableEntry } from "./tables.ts";

type CatalogScan = Extract<Scan, { kind: "catalog" }>;

export async function catalogRows(
  scan: CatalogScan,
  world: StatementWorld,
  execution: Execution,
): Promise<readonly (readonly SqlValue[])[]> {
  const relation = execution.services.tables.relation(scan.relationOid);
  return relation?.kind === "store"
    ? await fromStore(scan, relation, world, execution)
    : await fromPostgres(scan, execution);
}

async function fromStore(
  scan: CatalogScan,
  relation: {
    readonly name: string;
    readonly columns: readonly { readonly number: number; readonly name: string }[];
  },
  world: StatementWorld,
  execution: Execution,
): Promise<readonly (readonly SqlValue[])[]> {
  const { services } = execution;
  const sequence = services.shadow.relations().get(scan.relationOid);
  const names = scan.columnNumbers.map(
    (number) => relation.columns.find((column) => column.number === number)?.name ?? "",
  );
  const rows =
    sequence !== undefined && sequence.sequence !== null
      ? [{ ...services.plain.sequences.row(sequence) }]
      : await tableRows(relation.name, world, execution);
  return rows.map((row) => names.map((name) => row[name] ?? null));
}

async function tableRows(
  relation: string,
  world: StatementWorld,
  execution: Execution,
): Promise<readonly StoreRow[]> {
  const entries = await visible(execution.services.tables.all(), execution);
  return await storeRows(relation, readable(entries, world), execution.services);
}

/** What the role may SELECT. */
async function visible(
  entries: readonly TstableEntry[],
  { services, settings }: Execution,
): Promise<readonly TstableEntry[]> {
  if (settings.isSuperuser) return entries;
  const sql =
    "SELECT c.oid FROM pg_catalog.pg_class c WHERE c.relkind = 'r'" +
    " AND pg_catalog.has_table_privilege(c.oid, 'SELECT')" +
    " AND pg_catalog.has_schema_privilege(c.relnamespace, 'USAGE')";
  const found = await askRows(services.shadow, sql, [], settings.shadow);
  const oids = new Set(found.map(([oid]) => Number(oid)));
  return entries.filter(({ info }) => oids.has(info.oid));
}

/** A table that cannot be read, or is newer than the transaction, is left out. */
function readable(
  entries: readonly TstableEntry[],
  world: StatementWorld,
): readonly { readonly entry: TstableEntry; readonly view: TableView }[] {
  return entries.flatMap((entry) => {
    try {
      return [{ entry, view: world.view(entry) }];
    } catch (cause) {
      log("debug", "a table is left out of tstable.*", { table: entry.info.name, cause });
      return [];
    }
  });
}

/** Read as text and decoded by the columns' types. */
async function fromPostgres(
  scan: CatalogScan,
  execution: Execution,
): Promise<readonly (readonly SqlValue[])[]> {
  const { oid, columns } = await relationName(scan, execution);
  const answer = await query(`SELECT ${columns.join(", ")} FROM ${oid}`, execution);
  const { text } = execution.settings;
  return answer.map((cells) =>
    cells.map((cell, index) => {
      const type = scan.columns[index]?.shape.typeOid ?? Oid.text;
      return cell === null ? null : decodeText(cell, type, text);
    }),
  );
}

async function relationName(
  scan: CatalogScan,
  execution: Execution,
): Promise<{ readonly oid: string; readonly columns: readonly string[] }> {
  const found = await query(
    "SELECT n.nspname, c.relname, a.attnum, a.attname FROM pg_catalog.pg_class c" +
      " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace" +
      ` JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid WHERE c.oid = ${scan.relationOid}`,
    execution,
  );
  const [first] = found;
  assert(first !== undefined, `no relation has OID ${scan.relationOid}`);
  const names = new Map(found.map(([, , number, name]) => [Number(number), name ?? ""]));
  return {
    oid: `${quoteIdentifier(first[0] ?? "")}.${quoteIdentifier(first[1] ?? "")}`,
    columns: scan.columnNumbers.map((number) => quoteIdentifier(names.get(number) ?? "")),
  };
}

async function query(text: string, execution: Execution): Promise<(string | null)[][]> {
  const { services, settings, signal } = execution;
  const answer = await services.shadow.catalogQuery(
    {
      text,
      parameterOids: [],
      settings: settings.shadow,
      parameters: [],
      parameterFormats: [],
      resultFormats: [],
    },
    signal,
  );
  return readTextRows(answer.bytes);
}
