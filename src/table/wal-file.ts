/** The file of the write-ahead log that is being written. */

import { randomBytes } from "node:crypto";
import type { AppendFolder } from "../storage/append-files.ts";
import type { WritableFile } from "../storage/local-files.ts";
import {
  BLOCK_BYTES,
  encodeHeader,
  encodeMark,
  FRAGMENT_HEADER_BYTES,
  type FragmentKind,
  Fragments,
  fragmentPlace,
  HEADER_BYTES,
  type LogPosition,
  logFileName,
  type Mark,
} from "./wal-format.ts";

/** Handed to the system at once: a large record is written in steps. */
const CHUNK_BYTES = 1 << 20;
const SALT_BYTES = 8;
/** What a record and a group cost besides their payloads, at most but at ends of blocks. */
const FRAGMENT_BYTES = 16;
const GROUP_BYTES = 64;
const NOTHING = Buffer.alloc(0);

export class LogFile {
  readonly start: LogPosition;
  readonly #file: WritableFile;
  readonly #fragments: Fragments;
  /** Zeros are written this far ahead: a sync that changes no size is cheaper. */
  readonly #aheadBytes: number;
  #offset: number;
  #allocated: number;

  private constructor(
    start: LogPosition,
    file: WritableFile,
    salt: Uint8Array,
    offset: number,
    aheadBytes: number,
  ) {
    this.start = start;
    this.#file = file;
    this.#fragments = new Fragments(salt);
    this.#aheadBytes = aheadBytes;
    this.#offset = offset;
    this.#allocated = offset;
  }

  /** Durable on return, name and header; what fails leaves no name behind, as far as can be. */
  static async create(
    folder: AppendFolder,
    { start, oldest }: { readonly start: LogPosition; readonly oldest: LogPosition },
    aheadBytes: number,
  ): Promise<LogFile> {
    const name = logFileName(start);
    const salt = randomBytes(SALT_BYTES);
    const file = await folder.create(name);
    try {
      await file.write(0, encodeHeader({ start, oldest, salt }));
      await file.sync();
      await folder.syncNames();
    } catch (cause) {
      await Promise.allSettled([file.close(), folder.delete(name)]);
      throw cause;
    }
    return new LogFile(start, file, salt, HEADER_BYTES, aheadBytes);
  }

  /** The file must end at `end`. */
  static async reopen(
    folder: AppendFolder,
    { start, end, salt }: { start: LogPosition; end: LogPosition; salt: Uint8Array },
    aheadBytes: number,
  ): Promise<LogFile> {
    const file = await folder.open(logFileName(start));
    return new LogFile(start, file, salt, end - start, aheadBytes);
  }

  get end(): LogPosition {
    return this.start + this.#offset;
  }

  /**
   * Writes one group and tells where each record begins. When it fails, part of the group may
   * stand behind `end`, which has not moved: `cutBack`.
   */
  async write(mark: Mark, records: readonly Uint8Array[]): Promise<readonly LogPosition[]> {
    const bytes = records.reduce((sum, { length }) => sum + length + FRAGMENT_BYTES, GROUP_BYTES);
    const group = new Group(this.#fragments, this.#offset, bytes);
    group.add("mark", encodeMark(mark));
    const positions: LogPosition[] = [];
    for (const record of records) {
      positions.push(this.start + fragmentPlace(group.offset));
      for (let at = 0; at < record.length || at === 0; ) {
        const length = Math.min(record.length - at, group.room);
        const isLast = at + length === record.length;
        group.add(kindOf(at === 0, isLast), record.subarray(at, at + length));
        at += Math.max(length, 1);
        if (group.isFull) await this.#put(group.take());
      }
    }
    await this.#put(group.take());
    this.#offset = group.offset;
    return positions;
  }

  async #put({ offset, bytes }: { offset: number; bytes: Buffer }): Promise<void> {
    const until = offset + bytes.length;
    if (until <= this.#allocated || this.#aheadBytes === 0) {
      await this.#file.write(offset, bytes);
    } else {
      const allocated = Math.ceil((until + 1) / this.#aheadBytes) * this.#aheadBytes;
      const padded = Buffer.alloc(allocated - offset);
      bytes.copy(padded);
      await this.#file.write(offset, padded);
      this.#allocated = allocated;
    }
  }

  async sync(): Promise<void> {
    await this.#file.sync();
  }

  /** Removes what a failed `write` has left, durably: it can never come back as a record. */
  async cutBack(): Promise<void> {
    await this.#file.truncate(this.#offset);
    this.#allocated = this.#offset;
    await this.#file.sync();
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

/** Fragments one behind the other, until somebody writes them. */
class Group {
  readonly #fragments: Fragments;
  #chunk = NOTHING;
  #filled = 0;
  /** Of the chunk's first byte in the file. */
  #from: number;
  readonly #expected: number;

  /** `expected`: about how many bytes there will be in all. */
  constructor(fragments: Fragments, offset: number, expected: number) {
    this.#fragments = fragments;
    this.#from = offset;
    this.#expected = expected;
  }

  get offset(): number {
    return this.#from + this.#filled;
  }

  /** Payload that the next fragment can carry. */
  get room(): number {
    return BLOCK_BYTES - (fragmentPlace(this.offset) % BLOCK_BYTES) - FRAGMENT_HEADER_BYTES;
  }

  get isFull(): boolean {
    return this.#filled >= CHUNK_BYTES;
  }

  add(kind: FragmentKind, payload: Uint8Array): void {
    const place = fragmentPlace(this.offset);
    const at = place - this.#from;
    this.#reserve(at + FRAGMENT_HEADER_BYTES + payload.length);
    this.#filled = at + this.#fragments.put(this.#chunk, at, place, kind, payload);
  }

  take(): { offset: number; bytes: Buffer } {
    const taken = { offset: this.#from, bytes: this.#chunk.subarray(0, this.#filled) };
    this.#from = this.offset;
    this.#chunk = NOTHING;
    this.#filled = 0;
    return taken;
  }

  /** Zeros: what no fragment fills must be none. */
  #reserve(length: number): void {
    if (length <= this.#chunk.length) return;
    const wanted = Math.max(this.#expected, this.#chunk.length * 4);
    const grown = Buffer.alloc(Math.max(length, Math.min(wanted, CHUNK_BYTES * 2)));
    this.#chunk.copy(grown, 0, 0, this.#filled);
    this.#chunk = grown;
  }
}

function kindOf(isFirst: boolean, isLast: boolean): FragmentKind {
  if (isFirst) return isLast ? "whole" : "first";
  return isLast ? "last" : "middle";
}
