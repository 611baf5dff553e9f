/**
 * The bytes of the write-ahead log, in LevelDB's record form: a file is made of blocks of 32 KiB,
 * a record of fragments that each lie in one block and carry a checksum.
 * https://github.com/google/leveldb/blob/main/doc/log_format.md
 *
 * Ours differs in three points. A checksum also covers where its fragment lies and the file's
 * salt, so that bytes of a user's row can never be taken for a fragment. A file begins with a
 * header. Each group of records written at once begins with a *mark*: what was synced before it.
 */

import { crc32 } from "../base/crc32.ts";

export const BLOCK_BYTES = 32_768;
export const HEADER_BYTES = 48;
export const FRAGMENT_HEADER_BYTES = 7;
const MARK_BYTES = 16;
/** No fragment begins in the last bytes of a block that could not hold a mark. */
export const ROOM_MIN = FRAGMENT_HEADER_BYTES + MARK_BYTES;

/** First byte of a record in the endless row of all bytes that the log ever had. */
export type LogPosition = number;

export type FragmentKind = "whole" | "first" | "middle" | "last" | "mark";

/** Place in this list, from 1, is the number in the file; 0 is where nothing was written. */
const KINDS: readonly FragmentKind[] = ["whole", "first", "middle", "last", "mark"];

/** Everything below `synced` was durable before this was written; files below `oldest` are waste. */
export interface Mark {
  readonly synced: LogPosition;
  readonly oldest: LogPosition;
}

export interface FileHeader {
  readonly start: LogPosition;
  readonly oldest: LogPosition;
  readonly salt: Uint8Array;
}

const MAGIC = Buffer.from("pgtide-wal-1");
const SALT_BYTES = 8;
const NAME = /^([0-9a-f]{16})\.log$/;

export function logFileName(start: LogPosition): string {
  return `${start.toString(16).padStart(16, "0")}.log`;
}

/** undefined: not a file of the log. */
export function startOfFile(name: string): LogPosition | undefined {
  const digits = NAME.exec(name)?.[1];
  return digits === undefined ? undefined : Number.parseInt(digits, 16);
}

export function encodeHeader({ start, oldest, salt }: FileHeader): Uint8Array {
  const bytes = Buffer.alloc(HEADER_BYTES);
  MAGIC.copy(bytes, 0);
  bytes.writeBigUInt64LE(BigInt(start), 12);
  bytes.writeBigUInt64LE(BigInt(oldest), 20);
  bytes.set(salt, 28);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, HEADER_BYTES - 4)), HEADER_BYTES - 4);
  return bytes;
}

/** undefined: no whole header. */
export function decodeHeader(bytes: Uint8Array): FileHeader | undefined {
  if (bytes.length < HEADER_BYTES) return undefined;
  const buffer = viewOf(bytes);
  const sum = buffer.readUInt32LE(HEADER_BYTES - 4);
  if (sum !== crc32(buffer.subarray(0, HEADER_BYTES - 4))) return undefined;
  if (!buffer.subarray(0, MAGIC.length).equals(MAGIC)) return undefined;
  return {
    start: Number(buffer.readBigUInt64LE(12)),
    oldest: Number(buffer.readBigUInt64LE(20)),
    salt: Uint8Array.from(buffer.subarray(28, 28 + SALT_BYTES)),
  };
}

export function encodeMark({ synced, oldest }: Mark): Uint8Array {
  const bytes = Buffer.alloc(MARK_BYTES);
  bytes.writeBigUInt64LE(BigInt(synced), 0);
  bytes.writeBigUInt64LE(BigInt(oldest), 8);
  return bytes;
}

export function decodeMark(bytes: Uint8Array): Mark {
  const buffer = viewOf(bytes);
  return {
    synced: Number(buffer.readBigUInt64LE(0)),
    oldest: Number(buffer.readBigUInt64LE(8)),
  };
}

/** Where a fragment may begin at or after this place in a file. */
export function fragmentPlace(offset: number): number {
  const room = BLOCK_BYTES - (offset % BLOCK_BYTES);
  return room < ROOM_MIN ? offset + room : offset;
}

/** Writes and checks fragments of one file. */
export class Fragments {
  readonly #seed: Buffer;
  readonly #salt: number;

  constructor(salt: Uint8Array) {
    this.#salt = crc32(salt);
    this.#seed = Buffer.alloc(11);
  }

  /** Puts a fragment of the file's place `offset` into `target`; returns its length. */
  put(target: Buffer, at: number, offset: number, kind: FragmentKind, payload: Uint8Array): number {
    const number = KINDS.indexOf(kind) + 1;
    target.writeUInt32LE(this.#sum(offset, number, payload), at);
    target.writeUInt16LE(payload.length, at + 4);
    target[at + 6] = number;
    target.set(payload, at + FRAGMENT_HEADER_BYTES);
    return FRAGMENT_HEADER_BYTES + payload.length;
  }

  /**
   * The fragment at the file's place `offset`, which is byte `at` of `bytes`; these must hold the
   * whole block. undefined: there is none.
   */
  take(
    bytes: Buffer,
    at: number,
    offset: number,
  ): { readonly kind: FragmentKind; readonly payload: Uint8Array } | undefined {
    const room = Math.min(bytes.length - at, BLOCK_BYTES - (offset % BLOCK_BYTES));
    if (room < FRAGMENT_HEADER_BYTES) return undefined;
    const kind = KINDS[(bytes[at + 6] as number) - 1];
    const length = bytes.readUInt16LE(at + 4);
    if (kind === undefined || FRAGMENT_HEADER_BYTES + length > room) return undefined;
    if (kind === "mark" && length !== MARK_BYTES) return undefined;
    const start = at + FRAGMENT_HEADER_BYTES;
    const payload = bytes.subarray(start, start + length);
    const isRight = bytes.readUInt32LE(at) === this.#sum(offset, bytes[at + 6] as number, payload);
    return isRight ? { kind, payload } : undefined;
  }

  /** All marks whose first byte lies in `bytes`, which begin at the file's place `offset`. */
  marksWithin(bytes: Buffer, offset: number): readonly Mark[] {
    const found: Mark[] = [];
    const signature = Buffer.from([MARK_BYTES, 0, KINDS.indexOf("mark") + 1]);
    for (let at = bytes.indexOf(signature); at !== -1; at = bytes.indexOf(signature, at + 1)) {
      const fragment = at < 4 ? undefined : this.take(bytes, at - 4, offset + at - 4);
      if (fragment !== undefined) found.push(decodeMark(fragment.payload));
    }
    return found;
  }

  #sum(offset: number, kind: number, payload: Uint8Array): number {
    this.#seed.writeDoubleLE(offset, 0);
    this.#seed.writeUInt16LE(payload.length, 8);
    this.#seed[10] = kind;
    return crc32(payload, crc32(this.#seed, this.#salt));
  }
}

function viewOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
