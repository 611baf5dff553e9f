/**
 * The few file system calls a local store is made of, so that a test can stand in their place and
 * lose what was never synced. Errors are the system's own.
 */

import * as fs from "node:fs";
import { promisify } from "node:util";

export interface FileStat {
  readonly sizeBytes: number;
  readonly identity: string;
  /** Stays when the file is written or renamed; a copy has another. */
  readonly birth: string;
}

/** A file that is written in place, piece by piece. */
export interface WritableFile {
  /** Of a failed call any part may have been written. */
  write(offset: number, bytes: Uint8Array): Promise<void>;
  truncate(sizeBytes: number): Promise<void>;
  /** The bytes and the size, not the name. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

export interface LocalFiles {
  read(path: string): Promise<Uint8Array>;
  readRange(path: string, from: number, until: number): Promise<Uint8Array>;
  stat(path: string): Promise<FileStat>;
  list(folder: string): Promise<readonly string[]>;
  /** Creates the file, which must not exist; `durable` also syncs its bytes (not its name). */
  create(path: string, bytes: Uint8Array, durable: boolean): Promise<void>;
  /** Cuts the file at `offset` and writes `bytes` there. */
  writeTail(path: string, offset: number, bytes: Uint8Array): Promise<void>;
  /** Kept open until closed. `empty`: created where missing, and cut to nothing. */
  openToWrite(path: string, start: "empty" | "as it is"): Promise<WritableFile>;
  /** The target must not exist; shares blocks where possible. */
  copy(source: string, target: string): Promise<void>;
  link(existing: string, name: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  /** Only this one folder; its parent must exist. */
  makeFolder(path: string): Promise<void>;
  removeFolder(path: string): Promise<void>;
  syncFile(path: string): Promise<void>;
  syncFolder(path: string): Promise<void>;
}

/** Up to this size a file is read and written at once: quicker than any hand-over to a thread. */
const SMALL_BYTES = 1 << 16;

const open = promisify(fs.open);
const fdatasync = promisify(fs.fdatasync);
const fsync = promisify(fs.fsync);
const truncate = promisify(fs.ftruncate);
const copyFile = promisify(fs.copyFile);
const read = promisify(fs.read);
const write = promisify(fs.write);
const makeFolder = promisify<string, void>(fs.mkdir);
const removeFolder = promisify<string, void>(fs.rmdir);

/**
 * What only looks, or stays in the page cache, is done at once: handing it to a thread and back
 * costs more than the call, and an append has dozens. What may wait for the disk or its journal
 * goes to a thread.
 */
export const nodeFiles: LocalFiles = {
  async read(path) {
    return await withFile(path, "r", async (file) => readAll(file, 0, fs.fstatSync(file).size));
  },

  async readRange(path, from, until) {
    return await withFile(path, "r", async (file) => readAll(file, from, until - from));
  },

  async stat(path) {
    const stat = fs.statSync(path, { bigint: true });
    const identity = `${stat.ino}:${stat.mtimeNs}:${stat.size}`;
    const birth = `${stat.ino}:${stat.birthtimeNs}`;
    return { sizeBytes: Number(stat.size), identity, birth };
  },

  async list(folder) {
    const entries = fs.readdirSync(folder, { withFileTypes: true });
    return entries.map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name));
  },

  async create(path, bytes, durable) {
    await withFile(path, "wx", async (file) => {
      await writeAll(file, bytes, 0);
      if (durable) await fdatasync(file);
    });
  },

  async writeTail(path, offset, bytes) {
    await withFile(path, "r+", async (file) => {
      fs.ftruncateSync(file, offset);
      await writeAll(file, bytes, offset);
    });
  },

  async openToWrite(path, start) {
    const file = await open(path, start === "empty" ? "w" : "r+");
    return {
      write: async (offset, bytes) => await writeAll(file, bytes, offset),
      truncate: async (sizeBytes) => await truncate(file, sizeBytes),
      sync: async () => await fdatasync(file),
      close: async () => fs.closeSync(file),
    };
  },

  async copy(source, target) {
    await copyFile(source, target, fs.constants.COPYFILE_EXCL | fs.constants.COPYFILE_FICLONE);
    // A read-only source gives a read-only copy, whose footer could not be corrected.
    fs.chmodSync(target, 0o644);
  },

  link: promisify(fs.link),
  rename: promisify(fs.rename),
  unlink: promisify(fs.unlink),
  makeFolder: async (path) => await makeFolder(path),
  removeFolder: async (path) => await removeFolder(path),

  async syncFile(path) {
    await withFile(path, "r", async (file) => await fdatasync(file));
  },

  async syncFolder(path) {
    await withFile(path, "r", async (folder) => await fsync(folder));
  },
};

/** Open at once; an append of thousands of files would run out of descriptors otherwise. */
const OPEN_MAX = 64;
let openCount = 0;
const waiting: (() => void)[] = [];

async function withFile<T>(
  path: string,
  flags: string,
  use: (file: number) => Promise<T>,
): Promise<T> {
  if (openCount < OPEN_MAX) openCount += 1;
  else await new Promise<void>((resolve) => waiting.push(resolve));
  try {
    const file = flags === "wx" ? await open(path, flags) : fs.openSync(path, flags);
    try {
      return await use(file);
    } finally {
      fs.closeSync(file);
    }
  } finally {
    // Whoever waits longest takes over the place.
    const next = waiting.shift();
    if (next === undefined) openCount -= 1;
    else next();
  }
}

async function readAll(file: number, from: number, length: number): Promise<Uint8Array> {
  const buffer = Buffer.allocUnsafe(length);
  let filled = 0;
  while (filled < length) {
    const left = length - filled;
    const count =
      left <= SMALL_BYTES
        ? fs.readSync(file, buffer, filled, left, from + filled)
        : (await read(file, buffer, filled, left, from + filled)).bytesRead;
    if (count === 0) break;
    filled += count;
  }
  return buffer.subarray(0, filled);
}

async function writeAll(file: number, bytes: Uint8Array, offset: number): Promise<void> {
  let written = 0;
  while (written < bytes.length) {
    const left = bytes.length - written;
    written +=
      left <= SMALL_BYTES
        ? fs.writeSync(file, bytes, written, left, offset + written)
        : (await write(file, bytes, written, left, offset + written)).bytesWritten;
  }
}
