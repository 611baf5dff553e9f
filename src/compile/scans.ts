/**
 * Relations as numbered holes in the generated text. Columns and filters are collected while the
 * rest of the statement is generated, so a scan is finished only at the end.
 */

import { Oid } from "../types/oids.ts";
import { defaultShape } from "./duckdb-types.ts";
import type { PlanColumn, RelationInfo, Scalar, Scan, ScanFilter, TimeComparison } from "./plan.ts";

/** NUL cannot stand in any text that comes from PostgreSQL, so the mark is unambiguous. */
const MARK = "\u0000";

export interface ScanBuilder {
  readonly number: number;
  readonly kind: Scan["kind"];
  readonly relation: RelationInfo | undefined;
  readonly used: Set<number>;
  readonly time: TimeComparison[];
  readonly entities: { readonly columnNumber: number; readonly anyOf: readonly Scalar[] }[];
  readonly pinned: Set<number>;
  newest: ScanFilter["newest"];
  newestOfEntities: ScanFilter["newestOfEntities"];
  hasIdentity: boolean;
  finish(builder: ScanBuilder): Scan;
}

export function scanMark(number: number): string {
  return `${MARK}${number}${MARK}`;
}

/** The text in pieces, as Plan.sql wants it. */
export function splitAtScans(text: string): (string | number)[] {
  return text.split(MARK).map((piece, index) => (index % 2 === 0 ? piece : Number(piece)));
}

export function tableScan(number: number, relation: RelationInfo): ScanBuilder {
  return { ...emptyScan(number), kind: "table", relation, finish: finishTable };
}

function finishTable(builder: ScanBuilder): Scan {
  const { relation } = builder;
  if (relation === undefined) throw new TypeError("a table scan without its table");
  // Rows of a scan of which no column is used (count(*)) must still be counted.
  const first = relation.timeColumn ?? relation.columns[0]?.number ?? 1;
  const used = builder.used.size === 0 ? [first] : [...builder.used].sort((a, b) => a - b);
  return {
    kind: "table",
    relationOid: relation.oid,
    columnNumbers: used,
    filter: {
      time: builder.time,
      entities: builder.entities,
      ...(builder.newest === undefined ? {} : { newest: builder.newest }),
      ...(builder.newestOfEntities === undefined
        ? {}
        : { newestOfEntities: builder.newestOfEntities }),
      ...(builder.pinned.size > 0 && { pinned: [...builder.pinned] }),
    },
    hasIdentity: builder.hasIdentity,
  };
}

/** Rows that the session holds. */
export function heldScan(
  number: number,
  kind: "changed" | "conflicts",
  columns: readonly PlanColumn[],
): ScanBuilder {
  const finish = (): Scan => ({ kind, columns });
  return { ...emptyScan(number), kind, relation: undefined, finish };
}

/** A relation that the session serves as rows. `columns` grows while Vars are met. */
export function catalogScan(
  number: number,
  relationOid: number,
  columns: ReadonlyMap<number, PlanColumn>,
): ScanBuilder {
  const finish = (): Scan => {
    const used = [...columns].sort(([a], [b]) => a - b);
    const isEmpty = used.length === 0;
    return {
      kind: "catalog",
      relationOid,
      columnNumbers: isEmpty ? [1] : used.map(([attribute]) => attribute),
      columns: isEmpty
        ? [{ name: "c1", shape: defaultShape(Oid.text) }]
        : used.map(([, column]) => column),
    };
  };
  return { ...emptyScan(number), kind: "catalog", relation: undefined, finish };
}

export function functionScan(
  number: number,
  functionOid: number,
  args: readonly Scalar[],
  columns: readonly PlanColumn[],
): ScanBuilder {
  const finish = (): Scan => ({ kind: "function", functionOid, args, columns });
  return { ...emptyScan(number), kind: "function", relation: undefined, finish };
}

function emptyScan(number: number): Omit<ScanBuilder, "kind" | "relation" | "finish"> {
  return {
    number,
    used: new Set(),
    time: [],
    entities: [],
    pinned: new Set(),
    newest: undefined,
    newestOfEntities: undefined,
    hasIdentity: false,
  };
}
