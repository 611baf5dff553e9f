/** Rows of relations that are no tables of the store, for a query that reads both. */

import { assert } from "../base/errors.ts";
import type { Scan } from "../compile/plan.ts";
import { quoteIdentifier } from "../compile/tokens.ts";
import { decodeText } from "../types/codec.ts";
import { Oid } from "../types/oids.ts";
import type { SqlValue } from "../types/value.ts";
import { readTextRows } from "./data-rows.ts";
import type { Execution } from "./execution.ts";
import { storeRows } from "./store-relations.ts";

type CatalogScan = Extract<Scan, { kind: "catalog" }>;

export async function catalogRows(
  scan: CatalogScan,
  execution: Execution,
): Promise<readonly (readonly SqlValue[])[]> {
  const relation = execution.services.tables.relation(scan.relationOid);
  return relation?.kind === "store"
    ? await fromStore(scan, relation, execution)
    : await fromPostgres(scan, execution);
}

async function fromStore(
  scan: CatalogScan,
  relation: {
    readonly name: string;
    readonly columns: readonly { readonly number: number; readonly name: string }[];
  },
  execution: Execution,
): Promise<readonly (readonly SqlValue[])[]> {
  const { tables } = execution.services;
  const names = scan.columnNumbers.map(
    (number) => relation.columns.find((column) => column.number === number)?.name ?? "",
  );
  const held = await tables.leaseAll(execution.transaction);
  try {
    const entries = held.map(({ entry, lease }) => ({ entry, snapshot: lease.snapshot }));
    const rows = await storeRows(relation.name, entries);
    return rows.map((row) => names.map((name) => row[name] ?? null));
  } finally {
    for (const { lease } of held) lease.release();
  }
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
