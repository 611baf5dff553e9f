/** Coverage sidecars: their bytes and their names. One treemap, or a treemap for each identity. */

import { blake3 } from "@noble/hashes/blake3.js";
import { bytesToHex, randomBytes } from "@noble/hashes/utils.js";
import { unreachable } from "../base/errors.ts";
import { type Coverage, EntityCoverage } from "./coverage.ts";
import { compareEntities, type Entity } from "./entities.ts";
import type { BucketUnit, IndexKind, IndexSpec } from "./format.ts";
import type { EntityValue } from "./segment-files.ts";
import { decodeTreemap, encodeTreemap, treemapBytesMax, writeTreemap } from "./treemap.ts";

const MAGIC = "TSTECOV2";
const TAGS = ["utf8", "int32", "int64", "uint64"] as const;
/** Hashing more than this costs more than the commit; readers never compare the id. */
const HASHED_BYTES_MAX = 1 << 19;
const ID_BYTES = 16;
const KEPT_NUMBERS_MAX = 16;

const UNIT_LETTER: Readonly<Record<BucketUnit, string>> = {
  Seconds: "S",
  Minutes: "M",
  Hours: "H",
  Days: "D",
};

/** `hasEntities` decides the encoding: a table without entities stores one bare treemap. */
export function encodeCoverage(coverage: Coverage, hasEntities: boolean): Uint8Array {
  if (!hasEntities) {
    const [only] = coverage;
    return only === undefined ? Buffer.alloc(8) : encodeTreemap(only.runs);
  }
  const sink = new Sink(HEAD_BYTES + coverage.length * 64);
  sink.bytes.write(MAGIC, "latin1");
  sink.bytes.writeUInt32BE(coverage.length, MAGIC.length);
  sink.at = HEAD_BYTES;
  const ends = new Float64Array(coverage.length);
  for (const [i, entry] of coverage.entries()) {
    writeEntry(sink, entry);
    ends[i] = sink.at;
  }
  const bytes = sink.bytes.subarray(0, sink.at);
  // From here the next snapshot copies; what they were copied from is held no longer.
  let from = HEAD_BYTES;
  for (const [i, entry] of coverage.entries()) {
    const until = ends[i] as number;
    entry.encoded = { bytes, from, until };
    from = until;
  }
  return bytes;
}

/** Bytes that grow. */
class Sink {
  bytes: Buffer;
  at = 0;

  constructor(size: number) {
    this.bytes = Buffer.allocUnsafe(size);
  }

  room(length: number): void {
    if (this.at + length <= this.bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(this.bytes.length * 2, this.at + length));
    this.bytes.copy(grown, 0, 0, this.at);
    this.bytes = grown;
  }
}

function writeEntry(sink: Sink, entry: EntityCoverage): void {
  const { entity, encoded } = entry;
  if (encoded !== undefined) {
    sink.room(encoded.until - encoded.from);
    sink.at += encoded.bytes.copy(sink.bytes, sink.at, encoded.from, encoded.until);
    return;
  }
  sink.room(4);
  sink.at = sink.bytes.writeUInt32BE(entity.length, sink.at);
  for (const value of entity) writeValue(sink, value);
  const { runs } = entry;
  sink.room(8 + treemapBytesMax(runs));
  const start = sink.at + 8;
  const end = writeTreemap(runs, sink.bytes, start);
  const length = typeof end === "number" ? end - start : end.length;
  sink.bytes.writeUInt32BE(0, sink.at);
  sink.bytes.writeUInt32BE(length, sink.at + 4);
  sink.at = start;
  sink.room(length);
  if (typeof end !== "number") sink.bytes.set(end, start);
  sink.at += length;
}

function writeValue(sink: Sink, value: EntityValue): void {
  sink.room(9 + (value.type === "utf8" ? value.value.length * 3 : 0));
  const { bytes } = sink;
  const at = bytes.writeUInt8(TAGS.indexOf(value.type) + 1, sink.at);
  switch (value.type) {
    case "utf8": {
      const length = bytes.write(value.value, at + 8);
      bytes.writeUInt32BE(0, at);
      bytes.writeUInt32BE(length, at + 4);
      sink.at = at + 8 + length;
      break;
    }
    case "int32":
      sink.at = bytes.writeInt32BE(value.value, at);
      break;
    case "int64":
    case "uint64":
      sink.at = bytes.writeBigUInt64BE(BigInt.asUintN(64, value.value), at);
      break;
    default:
      unreachable(value);
  }
}

/**
 * `types` are those of the table's entity columns, in order; none for a table without entities.
 * @throws Error when the bytes are not exactly such a sidecar
 */
export function decodeCoverage(bytes: Uint8Array, types: readonly EntityValue["type"][]): Coverage {
  if (types.length === 0) {
    const runs = decodeTreemap(bytes);
    return runs.length === 0 ? [] : [EntityCoverage.of([], runs)];
  }
  const reader = new EntryReader(bytes);
  const entries: EntityCoverage[] = [];
  const count = reader.start();
  let isSorted = true;
  for (let i = 0; i < count; i += 1) {
    const entry = reader.entry(types);
    const before = entries.at(-1);
    isSorted &&= before === undefined || compareEntities(before.entity, entry.entity) < 0;
    entries.push(entry);
  }
  reader.expectEnd();
  if (isSorted) return entries;
  entries.sort((a, b) => compareEntities(a.entity, b.entity));
  for (let i = 1; i < entries.length; i += 1) {
    const [a, b] = [entries[i - 1] as EntityCoverage, entries[i] as EntityCoverage];
    if (compareEntities(a.entity, b.entity) === 0) throw new Error("repeated identity");
  }
  return entries;
}

class EntryReader {
  readonly #bytes: Buffer;
  readonly #utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  start(): number {
    const magic = this.#bytes.toString("latin1", this.#take(MAGIC.length), this.#at);
    if (magic !== MAGIC) throw new Error("not an entity coverage file");
    return this.#bytes.readUInt32BE(this.#take(4));
  }

  entry(types: readonly EntityValue["type"][]): EntityCoverage {
    const start = this.#at;
    const count = this.#bytes.readUInt32BE(this.#take(4));
    if (count !== types.length) throw new Error("identity of another arity");
    const entity: Entity = types.map((type) => this.#value(type));
    const length = this.#length();
    const from = this.#take(length);
    // Read now, though most are never asked for: a damaged file must not be found out half-way.
    const runs = decodeTreemap(this.#bytes, from, from + length);
    const bytes = this.#bytes;
    const encoded = { bytes, from: start, until: this.#at };
    // Few runs are cheaper kept than read again.
    if (runs.length > KEPT_NUMBERS_MAX) {
      return EntityCoverage.lazy(entity, { bytes, from, until: this.#at }, encoded);
    }
    return EntityCoverage.of(entity, runs, encoded);
  }

  #value(type: EntityValue["type"]): EntityValue {
    const tag = this.#bytes.readUInt8(this.#take(1));
    if (TAGS[tag - 1] !== type) throw new Error("identity of another type");
    switch (type) {
      case "utf8": {
        const length = this.#length();
        const from = this.#take(length);
        return { type, value: this.#text(from, length) };
      }
      case "int32":
        return { type, value: this.#bytes.readInt32BE(this.#take(4)) };
      case "int64":
        return { type, value: this.#bytes.readBigInt64BE(this.#take(8)) };
      case "uint64":
        return { type, value: this.#bytes.readBigUInt64BE(this.#take(8)) };
      default:
        return unreachable(type);
    }
  }

  #text(from: number, length: number): string {
    const text = this.#bytes.toString("utf8", from, from + length);
    // The quick way replaces what is no UTF-8: then the strict one decides.
    if (!text.includes("\ufffd")) return text;
    return this.#utf8.decode(this.#bytes.subarray(from, from + length));
  }

  #length(): number {
    const at = this.#take(8);
    return this.#bytes.readUInt32BE(at) * 2 ** 32 + this.#bytes.readUInt32BE(at + 4);
  }

  /** Where the next `length` bytes begin. */
  #take(length: number): number {
    const from = this.#at;
    if (from + length > this.#bytes.length) throw new Error("truncated");
    this.#at += length;
    return from;
  }

  expectEnd(): void {
    if (this.#at !== this.#bytes.length) throw new Error("trailing bytes");
  }
}

/** Bytes at the start of a sidecar that `identityCount` needs. */
export const HEAD_BYTES = 12;

/**
 * How many identities a sidecar has, from its first bytes; undefined when it is none of entities.
 */
export function identityCount(head: Uint8Array): number | undefined {
  const bytes = Buffer.from(head);
  if (bytes.length < HEAD_BYTES || bytes.toString("latin1", 0, 8) !== MAGIC) return undefined;
  return bytes.readUInt32BE(8);
}

/** The id in a sidecar's name, as the reference library computes it (table-format 6.3). */
export function coverageId(
  scope: "segment" | "table",
  index: IndexSpec,
  payload: Uint8Array,
): string {
  const prefix = scope === "segment" ? "segcov" : "tblcov";
  const digest =
    payload.length > HASHED_BYTES_MAX
      ? randomBytes(ID_BYTES)
      : blake3(Buffer.concat([idHead(prefix, index), payload])).subarray(0, ID_BYTES);
  return `${prefix}-${bytesToHex(digest)}`;
}

function idHead(prefix: string, index: IndexSpec): Uint8Array {
  const { column, entityColumns, kind } = index;
  if (entityColumns.length === 0) {
    return bytes(`${prefix}-v2`, 0, column, 0, ...kindParts(kind, [0], (zone) => [zone]), 0);
  }
  const names = entityColumns.flatMap(withLength);
  return bytes(
    `entity-${prefix}-v1`,
    0,
    "C",
    ...withLength(column),
    `E${entityColumns.length}:`,
    ...names,
    "K",
    ...kindParts(kind, [], withLength),
    0,
  );
}

function kindParts(
  kind: IndexKind,
  separator: readonly number[],
  spellZone: (zone: string) => readonly string[],
): readonly (string | number | Uint8Array)[] {
  if (kind.type !== "timestamp") {
    const width = Buffer.alloc(8);
    width.writeBigUInt64LE(kind.width);
    return [kind.type === "int64" ? "I" : "U", width];
  }
  const count = Buffer.alloc(4);
  count.writeUInt32LE(kind.count);
  const zone = kind.timezone === undefined ? ["N"] : ["S", ...spellZone(kind.timezone)];
  return ["T", UNIT_LETTER[kind.unit], count, ...separator, ...zone];
}

function withLength(text: string): readonly string[] {
  return [`${Buffer.byteLength(text)}:`, text];
}

function bytes(...parts: readonly (string | number | Uint8Array)[]): Uint8Array {
  return Buffer.concat(
    parts.map((part) =>
      typeof part === "string"
        ? Buffer.from(part)
        : typeof part === "number"
          ? Buffer.of(part)
          : part,
    ),
  );
}
