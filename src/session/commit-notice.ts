/** What listeners of `tstable_commit` are told of a commit, as JSON below PostgreSQL's limit. */

import { type Coverage, countPairs } from "../table/coverage.ts";
import { anyEntity } from "../table/coverage-query.ts";
import { dateText, timestampText } from "../types/datetime.ts";
import { Oid } from "../types/oids.ts";
import type { SqlValue } from "../types/value.ts";
import type { NotificationHub } from "./notification-hub.ts";
import type { TstableEntry } from "./tables.ts";
import { bucketEnd, bucketStart, type TimeAxis, valueOfRaw } from "./time-axis.ts";

export interface TableCommit {
  /** undefined: rows that are not published as a version yet. */
  readonly version: number | undefined;
  /** As in the table's history: APPEND, CREATE, INSERT, ... */
  readonly operation: string;
  readonly rows: number;
  readonly segments: number;
  /** Raw index values; undefined: no rows. */
  readonly min?: bigint | undefined;
  readonly max?: bigint | undefined;
  /** Newly covered buckets by entity; asked only when somebody listens. */
  readonly cells?: (() => Coverage) | undefined;
  /** Of the session; undefined: another program's commit, noticed by us. */
  readonly processId: number | undefined;
}

const EVERY_TABLE = "tstable_commit";
const CHANNEL_BYTES_MAX = 63;
const PAYLOAD_BYTES_MAX = 7999;
/** More would not fit in any case. */
const RANGES_MAX = 300;

/** Somebody listens to what becomes of the table. */
export function tellsOf(hub: NotificationHub, { info }: Pick<TstableEntry, "info">): boolean {
  if (hub.isSilent) return false;
  return hub.isListenedTo(EVERY_TABLE) || hub.isListenedTo(channelOf(info));
}

/** Once the commit is durable; commits of one table in their order. */
export function notifyCommit(
  hub: NotificationHub,
  entry: Pick<TstableEntry, "info" | "axis">,
  commit: TableCommit,
): void {
  const channels = [EVERY_TABLE, channelOf(entry.info)].filter((name) => hub.isListenedTo(name));
  if (channels.length === 0) return;
  const payload = payloadOf(entry, commit);
  for (const channel of channels) hub.publish(channel, payload, commit.processId ?? 0);
}

/** Cut as PostgreSQL cuts names, between characters. */
function channelOf({ schema, name }: { readonly schema: string; readonly name: string }): string {
  const full = `${EVERY_TABLE}_${schema === "public" ? "" : `${schema}_`}${name}`;
  const bytes = Buffer.from(full);
  if (bytes.length <= CHANNEL_BYTES_MAX) return full;
  let end = CHANNEL_BYTES_MAX;
  while (((bytes[end] as number) & 0xc0) === 0x80) end -= 1;
  return bytes.toString("utf8", 0, end);
}

function payloadOf(
  { info, axis }: Pick<TstableEntry, "info" | "axis">,
  commit: TableCommit,
): string {
  const { version, operation, rows, segments, min, max, processId } = commit;
  const cells = commit.cells?.();
  const counters = {
    table: `${info.schema}.${info.name}`,
    version: version ?? null,
    op: operation,
    rows,
    segments,
    min: min === undefined ? null : timeText(axis, valueOfRaw(axis, min)),
    max: max === undefined ? null : timeText(axis, valueOfRaw(axis, max)),
    ...(processId === undefined && { local: false }),
    ...(cells !== undefined && { buckets: Number(countPairs(cells)), entities: cells.length }),
  };
  if (cells === undefined) return JSON.stringify(counters);
  const runs = anyEntity(cells);
  if (runs.length / 2 <= RANGES_MAX) {
    const ranges = Array.from({ length: runs.length / 2 }, (_, index) => [
      timeText(axis, bucketStart(axis, runs[2 * index] as bigint)),
      timeText(axis, bucketEnd(axis, runs[2 * index + 1] as bigint)),
    ]);
    const payload = JSON.stringify({ ...counters, ranges });
    if (Buffer.byteLength(payload) <= PAYLOAD_BYTES_MAX) return payload;
  }
  return JSON.stringify({ ...counters, truncated: true });
}

/** ISO 8601; whole numbers as they are while a JSON reader can hold them. */
function timeText({ typeOid }: TimeAxis, value: SqlValue): string | number {
  switch (typeOid) {
    case Oid.timestamptz:
      return `${isoText(value as bigint)}Z`;
    case Oid.timestamp:
      return isoText(value as bigint);
    case Oid.date:
      return dateText(value as number, ISO);
    default: {
      const number = Number(value);
      return Number.isSafeInteger(number) ? number : String(value);
    }
  }
}

const ISO = { format: "ISO", order: "YMD" } as const;

function isoText(micros: bigint): string {
  return timestampText(micros, ISO).replace(" ", "T");
}
