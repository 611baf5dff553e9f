/**
 * Reads the write-ahead log at start: its records up to the first place where nothing whole stands.
 * That place is the torn tail of a crash, unless some mark says that more was synced: then it is
 * damage, and going on would lose what was acknowledged.
 */

import type { AppendFolder } from "../storage/append-files.ts";
import { StoreError } from "./error.ts";
import {
  BLOCK_BYTES,
  decodeHeader,
  decodeMark,
  type FileHeader,
  FRAGMENT_HEADER_BYTES,
  Fragments,
  fragmentPlace,
  HEADER_BYTES,
  type LogPosition,
  logFileName,
  type Mark,
  ROOM_MIN,
  startOfFile,
} from "./wal-format.ts";

export interface LogRecord {
  readonly position: LogPosition;
  readonly payload: Uint8Array;
}

export interface FoundLog {
  /** Where each file begins, oldest first; never empty. */
  readonly starts: readonly LogPosition[];
  readonly end: LogPosition;
  readonly oldest: LogPosition;
  /** Of the last file. */
  readonly salt: Uint8Array;
  readonly records: readonly LogRecord[];
}

interface FoundFile {
  readonly header: FileHeader;
  readonly records: readonly LogRecord[];
  /** Behind the last whole record or mark. */
  readonly end: LogPosition;
  /** Whether there is anything, of whatever kind, behind `end`. */
  readonly isLonger: boolean;
  readonly synced: LogPosition;
  readonly oldest: LogPosition;
}

/** Read at once; whole blocks. */
const WINDOW_BYTES = 128 * BLOCK_BYTES;

/**
 * Cuts the torn tail and removes waste; what it returns is durable. undefined: there is no log yet.
 * @throws StoreError "log-corrupt"; StorageError
 */
export async function recoverLog(folder: AppendFolder): Promise<FoundLog | undefined> {
  const starts = await listFiles(folder);
  const lastStart = starts.at(-1);
  if (lastStart === undefined) return undefined;
  const last = await scanFile(folder, lastStart);
  if (last.synced > last.end) throw corrupt(folder, last.end);
  const live = starts.filter((start) => start >= last.oldest);
  if (live[0] !== last.oldest) throw corrupt(folder, last.oldest);

  const records: (readonly LogRecord[])[] = [];
  for (const [i, start] of live.slice(0, -1).entries()) {
    const file = await scanFile(folder, start);
    if (file.end !== live[i + 1]) throw corrupt(folder, file.end);
    records.push(file.records);
  }
  records.push(last.records);

  const file = await folder.open(logFileName(lastStart));
  try {
    if (last.isLonger) await file.truncate(last.end - lastStart);
    await file.sync();
  } finally {
    await file.close();
  }
  for (const start of starts) if (start < last.oldest) await folder.delete(logFileName(start));
  await folder.syncNames();
  const { salt } = last.header;
  return { starts: live, end: last.end, oldest: last.oldest, salt, records: records.flat() };
}

/** Without the last file when a crash has kept it from getting its header. */
async function listFiles(folder: AppendFolder): Promise<readonly LogPosition[]> {
  const names = await folder.list();
  const starts = names.flatMap((name) => startOfFile(name) ?? []).sort((a, b) => a - b);
  const last = starts.at(-1);
  if (last === undefined || !(await isUnfinished(folder, last))) return starts;
  // The files before the one in the making are still there, or there never was one.
  if (starts.length === 1 && last > 0) throw corrupt(folder, last);
  await folder.delete(logFileName(last));
  return starts.slice(0, -1);
}

/** The header is synced before anything else is written. */
async function isUnfinished(folder: AppendFolder, start: LogPosition): Promise<boolean> {
  const name = logFileName(start);
  if (decodeHeader(await folder.read(name, 0, HEADER_BYTES)) !== undefined) return false;
  return (await folder.sizeOf(name)) <= HEADER_BYTES;
}

async function scanFile(folder: AppendFolder, start: LogPosition): Promise<FoundFile> {
  const name = logFileName(start);
  const header = decodeHeader(await folder.read(name, 0, HEADER_BYTES));
  if (header === undefined || header.start !== start) throw corrupt(folder, start);
  const size = await folder.sizeOf(name);
  const scan = new Scan(header);
  for (let from = 0; from < size && !scan.isOver; from += WINDOW_BYTES) {
    const bytes = await folder.read(name, from, Math.min(size, from + WINDOW_BYTES));
    scan.read(asBuffer(bytes), from);
  }
  const { end } = scan;
  // Marks that lie behind the damage, wherever they are, still say what was synced.
  for (let from = end; from < size; from += WINDOW_BYTES) {
    const until = Math.min(size, from + WINDOW_BYTES + ROOM_MIN - 1);
    scan.markFound(asBuffer(await folder.read(name, from, until)), from);
  }
  return {
    header,
    records: scan.records,
    end: start + end,
    isLonger: end < size,
    synced: scan.synced,
    oldest: scan.oldest,
  };
}

class Scan {
  readonly records: LogRecord[] = [];
  isOver = false;
  synced: LogPosition;
  oldest: LogPosition;
  readonly #start: LogPosition;
  readonly #fragments: Fragments;
  #offset = HEADER_BYTES;
  /** A record whose last fragment has not been met. */
  #open: { readonly offset: number; readonly parts: Uint8Array[] } | undefined;

  constructor({ start, oldest, salt }: FileHeader) {
    this.#start = start;
    this.synced = start + HEADER_BYTES;
    this.oldest = oldest;
    this.#fragments = new Fragments(salt);
  }

  get end(): number {
    return this.#open?.offset ?? this.#offset;
  }

  /** The next window of the file. */
  read(bytes: Buffer, from: number): void {
    for (;;) {
      const place = fragmentPlace(this.#offset);
      if (place >= from + bytes.length) return;
      const fragment = this.#fragments.take(bytes, place - from, place);
      if (fragment === undefined || !this.#accept(fragment, place)) {
        this.isOver = true;
        return;
      }
    }
  }

  markFound(bytes: Buffer, from: number): void {
    for (const mark of this.#fragments.marksWithin(bytes, from)) this.#learn(mark);
  }

  #accept({ kind, payload }: NonNullable<ReturnType<Fragments["take"]>>, place: number): boolean {
    const continues = kind === "middle" || kind === "last";
    if (continues !== (this.#open !== undefined)) return false;
    if (kind === "mark") this.#learn(decodeMark(payload));
    else if (kind === "whole") this.#add(place, [payload]);
    else if (kind === "first") this.#open = { offset: place, parts: [payload.slice()] };
    else this.#open?.parts.push(payload.slice());
    this.#offset = place + payload.length + FRAGMENT_HEADER_BYTES;
    if (kind === "last" && this.#open !== undefined) {
      this.#add(this.#open.offset, this.#open.parts);
      this.#open = undefined;
    }
    return true;
  }

  #add(offset: number, parts: readonly Uint8Array[]): void {
    const payload = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      payload.set(part, at);
      at += part.length;
    }
    this.records.push({ position: this.#start + offset, payload });
  }

  #learn({ synced, oldest }: Mark): void {
    if (synced > this.synced) this.synced = synced;
    if (oldest > this.oldest) this.oldest = oldest;
  }
}

function corrupt(folder: AppendFolder, position: LogPosition): StoreError {
  return new StoreError("log-corrupt", `write-ahead log is corrupt at position ${position}`, {
    detail: `What stands there in "${folder.location}" was synced and cannot be read.`,
    hint: "Restore the data folder from a backup.",
  });
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
