/**
 * The few file system calls a local store is made of, so that a test can stand in their place and lose
 * what was never synced. Errors are the system's own.
 */

import { constants } from "node:fs";
import * as fs from "node:fs/promises";

export interface FileStat {
  readonly sizeBytes: number;
  readonly identity: string;
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

export const nodeFiles: LocalFiles = {
  async read(path) {
    return await fs.readFile(path);
  },

  async readRange(path, from, until) {
    return await withFile(path, "r", async (file) => {
      const buffer = Buffer.allocUnsafe(until - from);
      let filled = 0;
      while (filled < buffer.length) {
        const { bytesRead } = await file.read(
          buffer,
          filled,
          buffer.length - filled,
          from + filled,
        );
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      return buffer.subarray(0, filled);
    });
  },

  async stat(path) {
    const stat = await fs.stat(path, { bigint: true });
    const identity = `${stat.ino}:${stat.mtimeNs}:${stat.size}`;
    return { sizeBytes: Number(stat.size), identity };
  },

  async list(folder) {
    const entries = await fs.readdir(folder, { withFileTypes: true });
    return entries.map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name));
  },

  async create(path, bytes, durable) {
    await withFile(path, "wx", async (file) => {
      await file.writeFile(bytes);
      if (durable) await file.datasync();
    });
  },

  async writeTail(path, offset, bytes) {
    await withFile(path, "r+", async (file) => {
      await file.truncate(offset);
      let written = 0;
      while (written < bytes.length) {
        const step = await file.write(bytes, written, bytes.length - written, offset + written);
        written += step.bytesWritten;
      }
    });
  },

  async copy(source, target) {
    await fs.copyFile(source, target, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    // A read-only source gives a read-only copy, whose footer could not be corrected.
    await fs.chmod(target, 0o644);
  },

  link: fs.link,
  rename: fs.rename,
  unlink: fs.unlink,
  makeFolder: async (path) => await fs.mkdir(path),
  removeFolder: fs.rmdir,

  async syncFile(path) {
    await withFile(path, "r", async (file) => await file.datasync());
  },

  async syncFolder(path) {
    await withFile(path, "r", async (folder) => await folder.sync());
  },
};

async function withFile<T>(
  path: string,
  flags: string,
  use: (file: fs.FileHandle) => Promise<T>,
): Promise<T> {
  const file = await fs.open(path, flags);
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}
