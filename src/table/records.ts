/**
 * The payloads of the write-ahead log: a length, a JSON header padded to a multiple of 8, then the
 * blocks of rows that the header names, each as long as it says.
 */

import { assert, unreachable } from "../base/errors.ts";
import { corrupt } from "./error.ts";
import type { PhysicalColumn } from "./format.ts";
import { decodeSegment } from "./format-decode.ts";
import { encodeSegment } from "./format-encode.ts";
import type { NewItem, StagedSegment } from "./items.ts";
import { parseJson, writeJson } from "./json.ts";
import type { JsonObject } from "./json-shapes.ts";
import { blockBytes, decodeBlock, putBlock } from "./row-block.ts";

/**
 * commit: decided, with its sequence. prepared: items of a transaction that something else decides,
 * with bytes of the caller's. decided, abandoned: what became of it.
 */
export type WalRecord =
  | { readonly kind: "commit"; readonly sequence: number; readonly items: readonly NewItem[] }
  | {
      readonly kind: "prepared";
      readonly txn: number;
      readonly items: readonly NewItem[];
      readonly extra: Uint8Array;
    }
  | { readonly kind: "decided"; readonly txn: number; readonly sequence: number }
  | { readonly kind: "abandoned"; readonly txn: number };

const RECORD_VERSION = 1;

export function encodeRecord(record: WalRecord): Uint8Array {
  const items = record.kind === "commit" || record.kind === "prepared" ? record.items : [];
  const extra = record.kind === "prepared" ? record.extra : undefined;
  const content = {
    v: RECORD_VERSION,
    ...record,
    items: items.map(encodeItem),
    ...(extra !== undefined && { extra: extra.length }),
  };
  // Only what is said of segments may need all 64 bits of an integer.
  const hasSegments = items.some(({ kind }) => kind === "segments");
  const header = hasSegments ? writeJson(content) : JSON.stringify(content);
  const length = Buffer.byteLength(header);
  const start = padded(4 + length);
  // In the pool where it is small: memory of its own is dear.
  const size = start + partsBytes(items) + padded(extra?.length ?? 0);
  const out = Buffer.allocUnsafe(size).fill(0);
  out.writeUInt32LE(length, 0);
  out.write(header, 4);
  let at = start;
  for (const item of items) if (item.kind === "rows") at = putBlock(item.block, out, at);
  if (extra !== undefined) out.set(extra, at);
  return out;
}

function partsBytes(items: readonly NewItem[]): number {
  let bytes = 0;
  for (const item of items) if (item.kind === "rows") bytes += blockBytes(item.block);
  return bytes;
}

function padded(length: number): number {
  return (length + 7) & ~7;
}

function encodeItem(item: NewItem): JsonObject {
  const { kind, tableId } = item;
  switch (item.kind) {
    case "rows":
      return {
        kind,
        tableId,
        schemaVersion: item.schemaVersion,
        bytes: blockBytes(item.block),
        ...(item.isReplacing === true && { replacing: true }),
      };
    case "segments": {
      const added = item.added.map(({ meta, columns }) => ({ meta: encodeSegment(meta), columns }));
      return { kind, tableId, removed: item.removed, added };
    }
    default:
      return unreachable(item);
  }
}

/**
 * Blocks share the memory of `bytes` where its alignment allows. @throws StoreError "log-corrupt"
 */
export function decodeRecord(bytes: Uint8Array): WalRecord {
  try {
    return decode(bytes);
  } catch (cause) {
    throw corrupt("a record of the write-ahead log cannot be read", cause);
  }
}

function decode(bytes: Uint8Array): WalRecord {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = buffer.readUInt32LE(0);
  const header = parseJson(buffer.toString("utf8", 4, 4 + length)) as JsonObject;
  assert(header["v"] === RECORD_VERSION, () => `record version ${String(header["v"])}`);
  let at = padded(4 + length);
  const take = (size: number): Uint8Array => {
    const part = bytes.subarray(at, at + size);
    assert(part.length === size, "a record is cut off");
    at += padded(size);
    return part;
  };
  const items = (header["items"] as readonly JsonObject[]).map((item) => decodeItem(item, take));
  const txn = header["txn"] as number;
  const sequence = header["sequence"] as number;
  switch (header["kind"]) {
    case "commit":
      return { kind: "commit", sequence, items };
    case "prepared":
      return { kind: "prepared", txn, items, extra: take(header["extra"] as number) };
    case "decided":
      return { kind: "decided", txn, sequence };
    case "abandoned":
      return { kind: "abandoned", txn };
    default:
      throw new Error(`unknown kind of record "${String(header["kind"])}"`);
  }
}

function decodeItem(item: JsonObject, take: (size: number) => Uint8Array): NewItem {
  const tableId = item["tableId"] as number;
  const removed = item["removed"] as readonly string[];
  switch (item["kind"]) {
    case "rows": {
      const schemaVersion = item["schemaVersion"] as number;
      return {
        kind: "rows",
        tableId,
        schemaVersion,
        block: decodeBlock(take(item["bytes"] as number)),
        ...(item["replacing"] === true && { isReplacing: true }),
      };
    }
    case "segments": {
      const added = (item["added"] as readonly JsonObject[]).map(decodeStaged);
      return { kind: "segments", tableId, removed, added };
    }
    default:
      throw new Error(`unknown kind of item "${String(item["kind"])}"`);
  }
}

function decodeStaged(staged: JsonObject): StagedSegment {
  const meta = decodeSegment(staged["meta"] as JsonObject);
  return { meta, columns: staged["columns"] as readonly PhysicalColumn[], coverage: undefined };
}
