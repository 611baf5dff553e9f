/**
 * Relations of schema `tstable`, served from the tables' logs: a name, its columns in order, its
 * rows.
 */

import { floorDiv } from "../base/units.ts";
import type { Entity } from "../table/entities.ts";
import { isLiveAt, type Segment } from "../table/segment.ts";
import { type Snapshot, versionsOf } from "../table/snapshot.ts";
import type { TableView } from "../table/table-view.ts";
import { encodeText } from "../types/codec.ts";
import { typeNameOf } from "../types/oids.ts";
import type { TextSettings } from "../types/shape.ts";
import type { SqlArray, SqlValue } from "../types/value.ts";
import { entitySqlValue } from "./entity-argument.ts";
import { countRows } from "./row-count.ts";
import type { Services } from "./services.ts";
import type { TstableEntry } from "./tables.ts";
import { type TimeAxis, valueOfRaw } from "./time-axis.ts";

/** By column name; what it does not name is NULL. */
export type StoreRow = Readonly<Record<string, SqlValue>>;

export async function storeRows(
  relation: string,
  entries: readonly { readonly entry: TstableEntry; readonly view: TableView }[],
  services: Services,
): Promise<readonly StoreRow[]> {
  switch (relation) {
    case "tables":
      return await Promise.all(entries.map(({ entry, view }) => tableRow(entry, view, services)));
    case "segments":
      return entries.flatMap(({ entry, view: { snapshot } }) =>
        snapshot.history.segments
          .filter((segment) => segment.addedIn <= snapshot.version)
          .map((segment) => segmentRow(entry, snapshot, segment)),
      );
    case "versions":
      return entries.flatMap(({ entry, view }) => versionRows(entry, view.snapshot));
    default:
      return [];
  }
}

async function tableRow(
  entry: TstableEntry,
  view: TableView,
  services: Services,
): Promise<StoreRow> {
  const { info, definition, axis } = entry;
  const { snapshot, totals } = view;
  const versions = versionsOf(snapshot);
  const bounds = view.bounds();
  const coverage = await view.coverage();
  const timeColumn = info.columns.find(({ number }) => number === info.timeColumn);
  return {
    ...nameOf(entry),
    time_column: timeColumn?.name ?? null,
    time_type: timeColumn === undefined ? null : typeNameOf(timeColumn.typeOid),
    entity_columns: textArray(entry.entityColumns.map(({ name }) => name)),
    bucket: definition.bucket,
    timezone: definition.timeZone ?? "UTC",
    overlap: definition.overlap,
    overlap_grain: definition.grain,
    compression: definition.compression ?? "zstd(3)",
    location: entry.directory,
    version: BigInt(snapshot.version),
    rows: BigInt(await countRows(entry, view, services)),
    bytes: BigInt(totals.bytes),
    segments: totals.segments,
    entities: entry.entityColumns.length === 0 ? null : BigInt(coverage.length),
    min_time: bounds === undefined ? null : timeText(axis, bounds.min),
    max_time: bounds === undefined ? null : timeText(axis, bounds.max),
    first_commit: microsOf(versions[0]?.committedAt),
    last_commit: microsOf(versions.at(-1)?.committedAt),
    readable_by_tstf: true,
    options: "{}",
  };
}

function segmentRow(entry: TstableEntry, snapshot: Snapshot, segment: Segment): StoreRow {
  const isTime = entry.axis.kind.type === "timestamp";
  const { own, layout, min, max } = segment;
  const removed = isLiveAt(segment, snapshot.version) ? undefined : segment.removedIn;
  return {
    ...nameOf(entry),
    segment: segmentName(segment),
    path: segment.path,
    origin: own.origin ?? null,
    mode: own.origin === undefined ? null : "copy",
    rows: BigInt(segment.rows),
    bytes: segment.sizeBytes === undefined ? null : BigInt(segment.sizeBytes),
    min_time: isTime ? floorDiv(min.raw, 1000n) : null,
    max_time: isTime ? floorDiv(max.raw, 1000n) : null,
    min_index: isTime ? null : min.raw,
    max_index: isTime ? null : max.raw,
    committed_at: microsOf(segment.committedAt),
    version_added: BigInt(segment.addedIn),
    version_removed: removed === undefined ? null : BigInt(removed),
    entities: layout.kind === "Single" ? 1 : (own.entities?.length ?? null),
    entity: layout.kind === "Single" ? entityJson(entry, layout.entity) : null,
    buckets: own.buckets === undefined ? null : BigInt(own.buckets),
  };
}

function versionRows(entry: TstableEntry, snapshot: Snapshot): StoreRow[] {
  return versionsOf(snapshot).map((version) => ({
    ...nameOf(entry),
    version: BigInt(version.version),
    committed_at: microsOf(version.committedAt),
    operation: version.operation ?? null,
    message: version.message ?? null,
    idempotency_key: version.idempotencyKey ?? null,
    rows_added: BigInt(version.rowsAdded),
    rows_removed: BigInt(version.rowsRemoved),
    segments_added: BigInt(version.segmentsAdded),
    segments_removed: BigInt(version.segmentsRemoved),
    readable: true,
  }));
}

/** The file's name without its folder and suffix. */
export function segmentName(segment: { readonly path: string }): string {
  return segment.path.slice(segment.path.lastIndexOf("/") + 1).replace(/\.parquet$/, "");
}

function nameOf({ info }: TstableEntry): StoreRow {
  return { table_schema: info.schema, table_name: info.name };
}

/** jsonb in PostgreSQL's canonical form: shorter keys first, then by bytes. */
function entityJson(entry: TstableEntry, entity: Entity): string {
  const pairs = entry.entityColumns.map(({ name, typeOid }, index) => {
    const component = entity[index];
    const value = component === undefined ? null : entitySqlValue(component, typeOid);
    return [name, typeof value === "string" ? JSON.stringify(value) : String(value)] as const;
  });
  const sorted = pairs.toSorted(([a], [b]) => {
    const [x, y] = [Buffer.from(a), Buffer.from(b)];
    return x.length - y.length || x.compare(y);
  });
  return `{${sorted.map(([name, value]) => `${JSON.stringify(name)}: ${value}`).join(", ")}}`;
}

function textArray(elements: readonly string[]): SqlArray {
  return {
    kind: "array",
    dimensions: elements.length === 0 ? [] : [{ length: elements.length, lowerBound: 1 }],
    elements,
  };
}

/** Times of tables of different types stand in one column: as text, in UTC. */
function timeText(axis: TimeAxis, raw: bigint): string {
  return encodeText(valueOfRaw(axis, raw), axis.typeOid, UTC);
}

function microsOf(timestamp: string | undefined): SqlValue {
  if (timestamp === undefined) return null;
  const at = Date.parse(timestamp);
  return Number.isNaN(at) ? null : BigInt(at) * 1000n;
}

const UTC: TextSettings = {
  timeZone: "UTC",
  dateStyle: { format: "ISO", order: "MDY" },
  intervalStyle: "postgres",
  extraFloatDigits: 1,
  byteaOutput: "hex",
};

export const STORE_SCHEMA = "tstable";
