/**
 * A plan's scans bound for one execution: which segments, as which SQL text, under which leases.
 */

import { join } from "node:path";
import { assert, unreachable } from "../base/errors.ts";
import type { Plan, Scan } from "../compile/plan.ts";
import { bindRows } from "../engine/bindings.ts";
import type { RowsRelation } from "../engine/request.ts";
import type { Segment } from "../table/segment.ts";
import type { TableView } from "../table/table-view.ts";
import { Oid } from "../types/oids.ts";
import type { SqlValue } from "../types/value.ts";
import { catalogRows } from "./catalog-rows.ts";
import type { Execution } from "./execution.ts";
import type { HeldRows } from "./held-rows.ts";
import { likelyRows } from "./likely-rows.ts";
import { newestSegments } from "./newest.ts";
import { callOwnFunction, rowsColumns } from "./own-calls.ts";
import { relationOf, requirePopulated } from "./plain/relation.ts";
import { scanText } from "./plain/scan.ts";
import { knownWrites } from "./plain/work.ts";
import type { PlanValues } from "./plan-values.ts";
import { keyColumns } from "./replaced-rows.ts";
import type { StatementWorld } from "./statement-world.ts";
import type { TstableEntry } from "./tables.ts";
import { type BoundFilter, bindFilter } from "./time-filter.ts";

/** What EXPLAIN tells of a scan. */
export interface ScanReport {
  readonly name: string;
  readonly version: number;
  readonly segmentsConsidered: number;
  readonly segmentsRead: number;
  readonly bytesRead: number;
  /** Of rows that no segment has yet, as far as it is known. */
  readonly hotRowsRead: number;
  readonly rowsRead: number;
  /** How many of them are probably wanted. */
  readonly rowsLikely: number;
  readonly entry: TstableEntry;
  readonly filter: BoundFilter;
}

export interface BoundPlan {
  readonly sql: string;
  readonly rowsRelations: readonly RowsRelation[];
  readonly reports: readonly ScanReport[];
  readonly world: StatementWorld;
}

/** The caller releases the world, which is that of the values. `held`: what scans of rows that the session holds read. */
export async function bindPlan(
  plan: Plan,
  values: PlanValues,
  execution: Execution,
  held?: HeldRows,
): Promise<BoundPlan> {
  const binder = new Binder(values, execution, held);
  try {
    const texts: string[] = [];
    for (const [index, scan] of plan.scans.entries()) texts.push(await binder.bind(scan, index));
    const sql = plan.sql
      .map((piece) => (typeof piece === "string" ? piece : (texts[piece] ?? "")))
      .join("");
    const { rowsRelations, reports } = binder;
    return { sql, rowsRelations, reports, world: values.world };
  } catch (cause) {
    values.world.release();
    throw cause;
  }
}

class Binder {
  readonly rowsRelations: RowsRelation[] = [];
  readonly reports: ScanReport[] = [];
  readonly #values: PlanValues;
  readonly #execution: Execution;
  readonly #held: HeldRows | undefined;

  constructor(values: PlanValues, execution: Execution, held: HeldRows | undefined) {
    this.#values = values;
    this.#execution = execution;
    this.#held = held;
  }

  async bind(scan: Scan, index: number): Promise<string> {
    switch (scan.kind) {
      case "table":
        return await this.#table(scan);
      case "function": {
        const args = await this.#values.scalars(scan.args);
        const { services } = this.#execution;
        const rows = await callOwnFunction(scan.functionOid, args, services, this.#values.world);
        return this.#rows(index, rowsColumns(scan.columns), rows);
      }
      case "catalog": {
        const rows = await catalogRows(scan, this.#values.world, this.#execution);
        return this.#rows(index, rowsColumns(scan.columns), rows);
      }
      case "changed":
      case "conflicts":
        assert(this.#held !== undefined, "a plan reads changed rows where there are none");
        this.rowsRelations.push(...this.#held.rowsRelations);
        return this.#held.sql;
      default:
        return unreachable(scan);
    }
  }

  async #table(scan: Extract<Scan, { kind: "table" }>): Promise<string> {
    const { tables, plain } = this.#execution.services;
    if (tables.relation(scan.relationOid)?.kind === "ordinary") {
      const relation = relationOf(scan.relationOid, this.#execution);
      requirePopulated(relation);
      const writes = knownWrites(this.#execution.transaction);
      writes?.noteRead(relation.oid);
      await writes?.settle();
      return scanText({ ...scan, relation }, plain, writes);
    }
    const entry = tables.requireByOid(scan.relationOid);
    const view = this.#values.world.view(entry);
    const filter = await bindFilter(
      scan.filter,
      entry.info,
      entry.axis,
      entry.entityTypes,
      this.#values,
    );
    let segments = filter.isEmpty ? [] : await candidates(scan, view, filter);
    const hot = filter.isEmpty ? [] : await view.hot(filter.query);
    if (scan.filter.newest !== undefined) {
      const [limit] = await this.#values.scalars([scan.filter.newest.limit]);
      segments = newestSegments(segments, scan.filter.newest.descending, limit ?? null, entry);
    }
    this.reports.push(report(entry, view, segments, hot.length > 0, filter));
    const columns = scan.columnNumbers.map((number) => {
      const column = entry.info.columns.find((candidate) => candidate.number === number);
      assert(column !== undefined, "a plan reads a column that its table lacks");
      return { ...column, diskName: column.name };
    });
    const paths = segments.map(({ path }) => join(entry.directory, path));
    const keys = keyColumns(entry);
    const options = { identity: scan.hasIdentity, keys };
    return await this.#execution.services.engine.bindTable(columns, paths, hot, options);
  }

  #rows(
    index: number,
    columns: RowsRelation["columns"],
    rows: readonly (readonly SqlValue[])[],
  ): string {
    const name = `pgtide_rows_${index}`;
    // The plan takes columns that nobody reads for text.
    const isText = columns.map(({ typeOid }) => typeOid === Oid.text);
    const read = rows.map((row) =>
      row.map((value, at) => (isText[at] === true && typeof value !== "string" ? null : value)),
    );
    this.rowsRelations.push({ name, columns, rows: read });
    return bindRows(name, columns);
  }
}

async function candidates(
  { filter: { newestOfEntities } }: Extract<Scan, { kind: "table" }>,
  view: TableView,
  filter: BoundFilter,
): Promise<readonly Segment[]> {
  return newestOfEntities === undefined
    ? await view.prune(filter.query)
    : await view.newestOfEntities(newestOfEntities.descending);
}

function report(
  entry: TstableEntry,
  view: TableView,
  segments: readonly Segment[],
  readsHot: boolean,
  filter: BoundFilter,
): ScanReport {
  const hotRowsRead = readsHot ? view.totals.hotRows : 0;
  return {
    name: entry.info.name,
    version: view.snapshot.version,
    segmentsConsidered: view.totals.segments,
    segmentsRead: segments.length,
    bytesRead: segments.reduce((sum, segment) => sum + (segment.sizeBytes ?? 0), 0),
    hotRowsRead,
    rowsRead: segments.reduce((sum, segment) => sum + segment.rows, hotRowsRead),
    rowsLikely: likelyRows(view, segments, hotRowsRead, filter.query),
    entry,
    filter,
  };
}
