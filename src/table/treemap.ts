/**
 * 64-bit Roaring treemaps, the portable bytes of the shared format, to runs of buckets and back.
 *
 * A roaring library writes them. They are read here, straight into runs: the library would accept
 * bytes that the reference reader refuses, and would spell out every bucket of a long run.
 */

import { RoaringBitmap32 } from "roaring-wasm";
import { EMPTY, RunBuilder, type Runs } from "./runs.ts";

const NO_RUNS = 12_346;
const WITH_RUNS = 12_347;
const HIGH = 0x8000_0000;
/** A treemap of more 32-bit partitions than this is no coverage of anything. */
const PARTITIONS_MAX = 1 << 20;

/** A run container is written where it is no larger than the others would be (table-format 6.2). */
const ARRAY_MAX = 4096;
const CONTAINER = 0x1_0000;

/**
 * One for all: it lives in the library's own memory, which would have to be given back each time.
 */
const scratch = new RoaringBitmap32();

export function encodeTreemap(runs: Runs): Uint8Array {
  const bytes = Buffer.allocUnsafe(treemapBytesMax(runs));
  const end = writeOneContainer(runs, bytes, 0);
  return end === undefined ? encodeAny(runs) : bytes.subarray(0, end);
}

/** What `writeTreemap` may need at most when it does not call the library. */
export function treemapBytesMax(runs: Runs): number {
  return 28 + 2 * runs.length + 2 * ARRAY_MAX;
}

/**
 * Writes at `at`, where there must be room; returns the end, or the bytes when they are of any
 * other shape.
 */
export function writeTreemap(runs: Runs, target: Buffer, at: number): number | Uint8Array {
  return writeOneContainer(runs, target, at) ?? encodeAny(runs);
}

/**
 * Most identities' buckets lie close together, in one container of few runs: written here without
 * the library, because a table of 100,000 entities has 100,000 of them in every snapshot. Reads the
 * runs as plain numbers: small typed arrays live on the heap until somebody asks for their buffer.
 */
function writeOneContainer(runs: Runs, target: Buffer, start: number): number | undefined {
  const pairs = runs.length / 2;
  const first = Number(runs[0]);
  const last = Number(runs[runs.length - 1]);
  // Also false for an empty set, whose ends are NaN.
  if (!(first >= Number.MIN_SAFE_INTEGER && last <= Number.MAX_SAFE_INTEGER)) return undefined;
  const base = Math.floor(first / CONTAINER) * CONTAINER;
  if (last >= base + CONTAINER) return undefined;
  let cardinality = pairs;
  for (let i = 0; i < runs.length; i += 2) cardinality += Number(runs[i + 1]) - Number(runs[i]);
  const isRun = 2 + 4 * pairs <= Math.min(2 * cardinality, 8192);
  if (!isRun && cardinality > ARRAY_MAX) return undefined;

  const high = Math.floor(base / 2 ** 32);
  let at = target.writeUInt32LE(1, start);
  at = target.writeUInt32LE(0, at);
  at = target.writeUInt32LE((high ^ HIGH) >>> 0, at);
  at = target.writeUInt32LE(isRun ? WITH_RUNS : NO_RUNS, at);
  at = isRun ? target.writeUInt8(1, at) : target.writeUInt32LE(1, at);
  at = target.writeUInt16LE((base - high * 2 ** 32) / CONTAINER, at);
  at = target.writeUInt16LE(cardinality - 1, at);
  // For an array: where it begins, from the start of the bitmap.
  at = isRun ? target.writeUInt16LE(pairs, at) : target.writeUInt32LE(16, at);
  for (let i = 0; i < runs.length; i += 2) {
    const from = Number(runs[i]) - base;
    const to = Number(runs[i + 1]) - base;
    if (isRun) {
      at = target.writeUInt16LE(from, at);
      at = target.writeUInt16LE(to - from, at);
    } else {
      for (let value = from; value <= to; value += 1) at = target.writeUInt16LE(value, at);
    }
  }
  return at;
}

function encodeAny(runs: Runs): Uint8Array {
  const partitions: Uint8Array[] = [];
  // Low and high halves of each ordinal, without a bigint for each.
  const halves = new Uint32Array(runs.buffer, runs.byteOffset, runs.length * 2);
  let open: number | undefined;
  const close = () => {
    if (open === undefined) return;
    scratch.runOptimize();
    partitions.push(u32(open), scratch.serialize("portable"));
    scratch.clear();
    if (partitions.length > PARTITIONS_MAX * 2) throw new RangeError("coverage is too wide");
  };
  for (let i = 0; i < halves.length; i += 4) {
    const lastKey = ((halves[i + 3] as number) ^ HIGH) >>> 0;
    let low = halves[i] as number;
    for (let key = ((halves[i + 1] as number) ^ HIGH) >>> 0; key <= lastKey; key += 1) {
      if (key !== open) {
        close();
        open = key;
      }
      const end = key === lastKey ? (halves[i + 2] as number) + 1 : 2 ** 32;
      scratch.addRange(low, end);
      low = 0;
    }
  }
  close();
  const count = Buffer.alloc(8);
  count.writeBigUInt64LE(BigInt(partitions.length / 2));
  return Buffer.concat([count, ...partitions]);
}

/**
 * Reads exactly [from, until) of `bytes`. @throws Error when it is not what a careful writer
 * writes.
 */
export function decodeTreemap(bytes: Uint8Array, from = 0, until = bytes.length): Runs {
  return decodeOneRunContainer(bytes, from, until) ?? decodeAny(bytes, from, until);
}

/**
 * The shape that most identities have; anything else, and anything doubtful, is for the general
 * reader.
 */
function decodeOneRunContainer(bytes: Uint8Array, from: number, until: number): Runs | undefined {
  if (until - from < 27 || bytes[from] !== 1 || bytes[from + 16] !== 1) return undefined;
  for (let at = from + 1; at < from + 8; at += 1) if (bytes[at] !== 0) return undefined;
  if (u16(bytes, from + 12) !== WITH_RUNS || u16(bytes, from + 14) !== 0) return undefined;
  const pairs = u16(bytes, from + 21);
  if (pairs === 0 || until - from !== 23 + 4 * pairs) return undefined;
  const high = (u16(bytes, from + 8) + u16(bytes, from + 10) * CONTAINER) ^ HIGH;
  const base = high * 2 ** 32 + u16(bytes, from + 17) * CONTAINER;
  if (!Number.isSafeInteger(base + CONTAINER)) return undefined;
  const runs = new BigInt64Array(pairs * 2);
  let previous = -2;
  for (let i = 0; i < pairs; i += 1) {
    const start = u16(bytes, from + 23 + i * 4);
    const last = start + u16(bytes, from + 25 + i * 4);
    if (start <= previous + 1 || last > 0xffff) return undefined;
    runs[i * 2] = BigInt(base + start);
    runs[i * 2 + 1] = BigInt(base + last);
    previous = last;
  }
  return runs;
}

function decodeAny(bytes: Uint8Array, from: number, until: number): Runs {
  const reader = new Reader(bytes, from, until);
  const count = reader.u32() + reader.u32() * 2 ** 32;
  const partitions = new Map<number, Runs>();
  let lastKey = -1;
  let isOrdered = true;
  for (let i = 0; i < count; i += 1) {
    const key = reader.u32();
    isOrdered &&= key > lastKey;
    lastKey = key;
    // Of a repeated partition the last counts.
    partitions.set(key, readBitmap(reader, key));
  }
  reader.expectEnd();
  if (partitions.size === 0) return EMPTY;
  const [first] = partitions.values();
  if (partitions.size === 1 && first !== undefined) return first;
  const keys = [...partitions.keys()];
  return join(
    (isOrdered ? keys : keys.toSorted((a, b) => a - b)).map((key) => partitions.get(key) ?? EMPTY),
  );
}

function join(parts: readonly Runs[]): Runs {
  const out = new RunBuilder(parts.reduce((sum, part) => sum + part.length / 2, 0));
  for (const part of parts) {
    for (let i = 0; i < part.length; i += 2) out.add(part[i] as bigint, part[i + 1] as bigint);
  }
  return out.done();
}

/** The standard portable 32-bit format: https://github.com/RoaringBitmap/RoaringFormatSpec */
function readBitmap(reader: Reader, key: number): Runs {
  const cookie = reader.u32();
  const hasRuns = (cookie & 0xffff) === WITH_RUNS;
  if (!hasRuns && cookie !== NO_RUNS) throw new Error("bad bitmap cookie");
  const count = hasRuns ? (cookie >>> 16) + 1 : reader.u32();
  if (count > 0x1_0000) throw new Error("too many containers");
  const flags = hasRuns ? reader.take((count + 7) >> 3) : undefined;
  const head = reader.take(count * 4);
  if (!hasRuns || count >= 4) reader.take(count * 4);

  const out = new PartitionRuns(key);
  let lastContainer = -1;
  for (let i = 0; i < count; i += 1) {
    const container = u16(head, i * 4);
    if (container <= lastContainer) throw new Error("containers are not in order");
    lastContainer = container;
    const cardinality = u16(head, i * 4 + 2) + 1;
    const base = container * 0x1_0000;
    const isRun = flags !== undefined && (((flags[i >> 3] as number) >> (i & 7)) & 1) === 1;
    if (isRun) readRunContainer(reader, base, out);
    else if (cardinality <= 4096) readArrayContainer(reader, base, cardinality, out);
    else readBitmapContainer(reader, base, cardinality, out);
  }
  return out.done();
}

function readRunContainer(reader: Reader, base: number, out: PartitionRuns): void {
  const count = reader.u16();
  if (count === 0) throw new Error("empty run container");
  const pairs = reader.take(count * 4);
  let previous = -2;
  for (let i = 0; i < count; i += 1) {
    const start = u16(pairs, i * 4);
    const last = start + u16(pairs, i * 4 + 2);
    if (start <= previous + 1 || last > 0xffff) throw new Error("runs overlap or touch");
    out.add(base + start, base + last);
    previous = last;
  }
}

function readArrayContainer(reader: Reader, base: number, count: number, out: PartitionRuns): void {
  const values = reader.take(count * 2);
  let start = u16(values, 0);
  let last = start;
  for (let i = 1; i < count; i += 1) {
    const value = u16(values, i * 2);
    if (value <= last) throw new Error("values are not in order");
    if (value !== last + 1) {
      out.add(base + start, base + last);
      start = value;
    }
    last = value;
  }
  out.add(base + start, base + last);
}

function readBitmapContainer(
  reader: Reader,
  base: number,
  cardinality: number,
  out: PartitionRuns,
): void {
  const bits = reader.take(8192);
  let found = 0;
  let start = -1;
  for (let value = 0; value < 0x1_0000; value += 1) {
    const byte = bits[value >> 3] as number;
    const isSet = ((byte >> (value & 7)) & 1) === 1;
    if (isSet) {
      found += 1;
      if (start < 0) start = value;
    } else if (start >= 0) {
      out.add(base + start, base + value - 1);
      start = -1;
    }
  }
  if (start >= 0) out.add(base + start, base + 0xffff);
  if (found !== cardinality) throw new Error("bitmap has another cardinality than declared");
}

/** Runs of one 32-bit partition, collected without bigints. */
class PartitionRuns {
  #halves = new Uint32Array(8);
  #length = 0;
  readonly #high: number;
  #last = -2;

  constructor(key: number) {
    this.#high = (key ^ HIGH) >>> 0;
  }

  add(first: number, last: number): void {
    if (first === this.#last + 1) {
      this.#halves[this.#length - 2] = last;
    } else {
      if (this.#length === this.#halves.length) {
        const grown = new Uint32Array(this.#length * 2);
        grown.set(this.#halves);
        this.#halves = grown;
      }
      this.#halves.set([first, this.#high, last, this.#high], this.#length);
      this.#length += 4;
    }
    this.#last = last;
  }

  done(): Runs {
    const exact = this.#halves.slice(0, this.#length);
    return new BigInt64Array(exact.buffer, 0, this.#length / 2);
  }
}

class Reader {
  readonly #bytes: Uint8Array;
  #at: number;
  readonly #until: number;

  constructor(bytes: Uint8Array, from: number, until: number) {
    this.#bytes = bytes;
    this.#at = from;
    this.#until = until;
  }

  take(length: number): Uint8Array {
    const from = this.#at;
    if (from + length > this.#until) throw new Error("truncated");
    this.#at += length;
    return this.#bytes.subarray(from, from + length);
  }

  u16(): number {
    return u16(this.take(2), 0);
  }

  u32(): number {
    const at = this.take(4);
    return u16(at, 0) + u16(at, 2) * 0x1_0000;
  }

  expectEnd(): void {
    if (this.#at !== this.#until) throw new Error("trailing bytes");
  }
}

function u16(bytes: Uint8Array, at: number): number {
  return (bytes[at] as number) | ((bytes[at + 1] as number) << 8);
}

function u32(value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
