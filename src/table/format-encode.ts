/** Values into the log's JSON, keys in the order in which the reference library writes them. */

import { unreachable } from "../base/errors.ts";
import {
  type Action,
  type Commit,
  type EntityLayout,
  FORMAT_VERSION,
  type IndexKind,
  type IndexValue,
  type SegmentMeta,
  type TableMeta,
} from "./format.ts";
import { writeJson } from "./json.ts";
import { formatInstant } from "./rfc3339.ts";
import { encodeSchema } from "./schema-json.ts";

export function encodeCommit(commit: Commit): Uint8Array {
  const isOurs = Object.keys(commit.own).length > 0;
  return Buffer.from(
    writeJson({
      version: commit.version,
      base_version: commit.version - 1,
      timestamp: commit.timestamp,
      actions: commit.actions.map(encodeAction),
      ...(isOurs && { x_pgtide: commit.own }),
    }),
  );
}

export function encodeCurrent(version: number): Uint8Array {
  return Buffer.from(`${version}\n`);
}

function encodeAction(action: Action): unknown {
  switch (action.kind) {
    case "add-segment":
      return { AddSegment: encodeSegment(action.segment) };
    case "remove-segment":
      return { RemoveSegment: { path: action.path } };
    case "update-meta":
      return { UpdateTableMeta: encodeMeta(action.meta) };
    case "update-coverage":
      return {
        UpdateTableCoverage: {
          index_kind: encodeKind(action.indexKind),
          coverage_path: action.coveragePath,
        },
      };
    default:
      return unreachable(action);
  }
}

function encodeMeta(meta: TableMeta): unknown {
  return {
    kind: {
      TimeSeries: {
        column: meta.index.column,
        entity_columns: meta.index.entityColumns,
        kind: encodeKind(meta.index.kind),
      },
    },
    logical_schema: meta.schema === undefined ? null : encodeSchema(meta.schema),
    created_at: meta.createdAt,
    format_version: FORMAT_VERSION,
    ...meta.extra,
  };
}

function encodeKind(kind: IndexKind): unknown {
  if (kind.type !== "timestamp") return { type: kind.type, bucket_width: kind.width };
  return {
    type: kind.type,
    bucket: { [kind.unit]: kind.count },
    ...(kind.timezone !== undefined && { timezone: kind.timezone }),
  };
}

/** An object for `writeJson`. */
export function encodeSegment(segment: SegmentMeta): unknown {
  const isOurs = Object.keys(segment.own).length > 0;
  return {
    path: segment.path,
    format: "parquet",
    entity_layout: encodeLayout(segment.layout),
    index_min: encodeIndexValue(segment.min),
    index_max: encodeIndexValue(segment.max),
    row_count: segment.rows,
    ...(segment.sizeBytes !== undefined && { file_size: segment.sizeBytes }),
    ...(segment.coveragePath !== undefined && { coverage_path: segment.coveragePath }),
    ...(isOurs && { x_pgtide: segment.own }),
  };
}

function encodeLayout(layout: EntityLayout): unknown {
  return layout.kind === "Single" ? { Single: layout.entity } : layout.kind;
}

function encodeIndexValue(value: IndexValue): unknown {
  const isTime = value.type === "timestamp";
  return { type: value.type, value: isTime ? formatInstant(value.raw) : value.raw };
}
