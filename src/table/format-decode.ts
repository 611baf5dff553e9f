/**
 * The log's JSON objects into values, as strictly as the reference library: what it would refuse is
 * corrupt here, too, so that a table never opens in one place only.
 */

import { corrupt, StoreError } from "./error.ts";
import {
  type Action,
  type Commit,
  type EntityLayout,
  FORMAT_VERSION,
  type IndexKind,
  type IndexSpec,
  type IndexValue,
  isCanonicalPath,
  type OwnCommitKeys,
  type OwnSegmentKeys,
  type PhysicalColumn,
  type SegmentMeta,
  type TableMeta,
} from "./format.ts";
import { parseJson } from "./json.ts";
import { array, integer, type JsonObject, object, only, single, string } from "./json-shapes.ts";
import { parseInstant } from "./rfc3339.ts";
import { decodeSchema } from "./schema-json.ts";
import type { EntityValue } from "./segment-files.ts";

const I64_MIN = -(1n << 63n);
const I64_MAX = (1n << 63n) - 1n;
const U64_MAX = (1n << 64n) - 1n;

/** @throws StoreError "log-corrupt", "unsupported-format" */
export function decodeCommit(bytes: Uint8Array, version: number): Commit {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    return commit(parseJson(text), version);
  } catch (cause) {
    if (cause instanceof StoreError && cause.reason === "unsupported-format") throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw corrupt(`commit ${version}: ${why}`, cause);
  }
}

function commit(value: unknown, version: number): Commit {
  const body = object(value, "commit");
  const actions = array(body["actions"], "actions");
  for (const action of actions) checkFormatVersion(action);
  const named = integer(body["version"], "version", 0n, U64_MAX);
  if (named !== BigInt(version)) throw new Error(`it says that it is version ${named}`);
  integer(body["base_version"], "base_version", 0n, U64_MAX);
  return {
    version,
    timestamp: instantText(body["timestamp"], "timestamp"),
    actions: actions.map(decodeAction),
    own: ownCommitKeys(body["x_pgtide"]),
  };
}

/** Before anything else is looked at: another format may spell everything differently. */
function checkFormatVersion(action: unknown): void {
  const meta = (action as JsonObject | null)?.["UpdateTableMeta"] as JsonObject | undefined;
  const found = meta?.["format_version"];
  if ((typeof found === "number" || typeof found === "bigint") && found !== FORMAT_VERSION) {
    throw new StoreError(
      "unsupported-format",
      `table has format version ${found}, only ${FORMAT_VERSION} is supported`,
    );
  }
}

function decodeAction(value: unknown): Action {
  const [name, body] = single(value, "action");
  switch (name) {
    case "AddSegment":
      return { kind: "add-segment", segment: decodeSegment(object(body, name)) };
    case "RemoveSegment":
      return { kind: "remove-segment", path: path(object(body, name)["path"]) };
    case "UpdateTableMeta":
      return { kind: "update-meta", meta: decodeMeta(object(body, name)) };
    case "UpdateTableCoverage": {
      const update = object(body, name);
      return {
        kind: "update-coverage",
        indexKind: decodeIndexKind(update["index_kind"]),
        coveragePath: path(update["coverage_path"]),
      };
    }
    default:
      throw new Error(`unknown action "${name}"`);
  }
}

function decodeMeta(body: JsonObject): TableMeta {
  const { kind, logical_schema, created_at, format_version, ...extra } = body;
  if (format_version !== FORMAT_VERSION) throw new Error("format_version is missing");
  if (kind === "Generic") throw new Error("it is not a time-series table");
  const [tag, spec] = single(kind, "kind");
  if (tag !== "TimeSeries") throw new Error(`unknown table kind "${tag}"`);
  return {
    index: decodeIndexSpec(spec),
    schema:
      logical_schema === null || logical_schema === undefined
        ? undefined
        : decodeSchema(logical_schema),
    createdAt: instantText(created_at, "created_at"),
    extra,
  };
}

function decodeIndexSpec(value: unknown): IndexSpec {
  const body = only(value, "index", ["column", "entity_columns", "kind"]);
  return {
    column: string(body["column"], "column"),
    entityColumns: array(body["entity_columns"] ?? [], "entity_columns").map((name) =>
      string(name, "entity column"),
    ),
    kind: decodeIndexKind(body["kind"]),
  };
}

function decodeIndexKind(value: unknown): IndexKind {
  const type = object(value, "index kind")["type"];
  if (type === "timestamp") {
    const body = only(value, "index kind", ["type", "bucket", "timezone"]);
    const [unit, count] = single(body["bucket"], "bucket");
    if (unit !== "Seconds" && unit !== "Minutes" && unit !== "Hours" && unit !== "Days") {
      throw new Error(`unknown bucket unit "${unit}"`);
    }
    const timezone = body["timezone"] ?? undefined;
    return {
      type,
      unit,
      count: Number(integer(count, "bucket", 0n, 0xffff_ffffn)),
      timezone: timezone === undefined ? undefined : string(timezone, "timezone"),
    };
  }
  if (type === "int64" || type === "u_int64") {
    const body = only(value, "index kind", ["type", "bucket_width"]);
    return { type, width: integer(body["bucket_width"], "bucket_width", 1n, U64_MAX) };
  }
  throw new Error(`unknown index kind "${String(type)}"`);
}

/** @throws Error whose message says what is wrong */
export function decodeSegment(body: JsonObject): SegmentMeta {
  if (body["format"] !== "parquet") throw new Error("segment format is not parquet");
  const size = body["file_size"] ?? undefined;
  const coverage = body["coverage_path"] ?? undefined;
  return {
    path: path(body["path"]),
    layout: decodeLayout(body["entity_layout"]),
    min: decodeIndexValue(body["index_min"]),
    max: decodeIndexValue(body["index_max"]),
    rows: Number(integer(body["row_count"], "row_count", 0n, U64_MAX)),
    sizeBytes: size === undefined ? undefined : Number(integer(size, "file_size", 0n, U64_MAX)),
    coveragePath: coverage === undefined ? undefined : path(coverage),
    own: ownSegmentKeys(body["x_pgtide"]),
  };
}

function decodeLayout(value: unknown): EntityLayout {
  if (value === "NotApplicable" || value === "Mixed") return { kind: value };
  const [tag, entity] = single(value, "entity_layout");
  if (tag !== "Single") throw new Error(`unknown entity layout "${tag}"`);
  const values = array(entity, "entity").map(decodeEntityValue);
  if (values.length === 0) throw new Error("entity without components");
  return { kind: "Single", entity: values };
}

function decodeIndexValue(value: unknown): IndexValue {
  const body = only(value, "index value", ["type", "value"]);
  switch (body["type"]) {
    case "timestamp": {
      const raw = parseInstant(string(body["value"], "bound"));
      if (raw === undefined) throw new Error(`bad instant "${String(body["value"])}"`);
      return { type: "timestamp", raw };
    }
    case "int64":
      return { type: "int64", raw: integer(body["value"], "bound", I64_MIN, I64_MAX) };
    case "u_int64":
      return { type: "u_int64", raw: integer(body["value"], "bound", 0n, U64_MAX) };
    default:
      throw new Error(`unknown index value "${String(body["type"])}"`);
  }
}

function decodeEntityValue(value: unknown): EntityValue {
  const body = only(value, "entity value", ["type", "value"]);
  const inner = body["value"];
  switch (body["type"]) {
    case "utf8":
      return { type: "utf8", value: string(inner, "entity value") };
    case "int32":
      return { type: "int32", value: Number(integer(inner, "int32", -0x8000_0000n, 0x7fff_ffffn)) };
    case "int64":
      return { type: "int64", value: integer(inner, "int64", I64_MIN, I64_MAX) };
    case "uint64":
      return { type: "uint64", value: integer(inner, "uint64", 0n, U64_MAX) };
    default:
      throw new Error(`unknown entity type "${String(body["type"])}"`);
  }
}

/** Our own keys never make a table unreadable: what is not as we write it is not there. */
function ownCommitKeys(value: unknown): OwnCommitKeys {
  if (typeof value !== "object" || value === null) return {};
  const { wal, operation, message, idempotencyKey, upto, columns } = value as JsonObject;
  return {
    ...(typeof wal === "string" && { wal }),
    ...(typeof operation === "string" && { operation }),
    ...(typeof message === "string" && { message }),
    ...(typeof idempotencyKey === "string" && { idempotencyKey }),
    ...(Number.isSafeInteger(upto) && { upto: upto as number }),
    ...(typeof columns === "object" &&
      columns !== null && { columns: columns as Record<string, readonly PhysicalColumn[]> }),
  };
}

function ownSegmentKeys(value: unknown): OwnSegmentKeys {
  if (typeof value !== "object" || value === null) return {};
  const { origin, columns, entities, identities, buckets } = value as JsonObject;
  return {
    ...(typeof origin === "string" && { origin }),
    ...(typeof columns === "string" && { columns }),
    ...(typeof identities === "number" && { identities }),
    ...(typeof buckets === "number" && { buckets }),
    ...(Array.isArray(entities) && {
      entities: entities.map((entity) => (entity as unknown[]).map(decodeEntityValue)),
    }),
  };
}

function path(value: unknown): string {
  const text = string(value, "path");
  if (!isCanonicalPath(text)) throw new Error(`path "${text}" is not canonical`);
  return text;
}

function instantText(value: unknown, what: string): string {
  const text = string(value, what);
  if (parseInstant(text) === undefined) throw new Error(`${what} "${text}" is not an instant`);
  return text;
}
