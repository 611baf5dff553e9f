/**
 * The files of a log: one folder, written at the end, synced when asked. What fails says why in a
 * `StorageError`; what a failed write has left behind is for the caller to cut.
 */

import { join } from "node:path";
import { errnoOf, storageError } from "./error.ts";
import { type LocalFiles, nodeFiles, type WritableFile } from "./local-files.ts";

export interface AppendFolder {
  /** Where it is, for messages. */
  readonly location: string;
  /** Names of files, unordered. */
  list(): Promise<readonly string[]>;
  sizeOf(name: string): Promise<number>;
  /** Bytes [from, until), cut at the file's end. */
  read(name: string, from: number, until: number): Promise<Uint8Array>;
  /** A new, empty file; one of that name is emptied. Its name is durable after `syncNames`. */
  create(name: string): Promise<WritableFile>;
  open(name: string): Promise<WritableFile>;
  /** Deleting what is not there is no error. */
  delete(name: string): Promise<void>;
  syncNames(): Promise<void>;
}

/** `folder` is an absolute path; made when missing, its parent must exist. */
export async function openAppendFolder(
  folder: string,
  files: LocalFiles = nodeFiles,
): Promise<AppendFolder> {
  try {
    await files.makeFolder(folder).catch((cause: unknown) => {
      if (errnoOf(cause) !== "EEXIST") throw cause;
    });
    // Also when it is there: whoever made it may have died before this.
    await files.syncFolder(join(folder, ".."));
  } catch (cause) {
    throw storageError(cause, `could not create directory "${folder}"`);
  }
  return new LocalAppendFolder(folder, files);
}

class LocalAppendFolder implements AppendFolder {
  readonly location: string;
  readonly #files: LocalFiles;

  constructor(folder: string, files: LocalFiles) {
    this.location = folder;
    this.#files = files;
  }

  async list(): Promise<readonly string[]> {
    const names = await this.#attempt("read directory", "", (path) => this.#files.list(path));
    return names.filter((name) => !name.endsWith("/"));
  }

  async sizeOf(name: string): Promise<number> {
    const stat = await this.#attempt("stat file", name, (path) => this.#files.stat(path));
    return stat.sizeBytes;
  }

  async read(name: string, from: number, until: number): Promise<Uint8Array> {
    return await this.#attempt("read file", name, (path) =>
      this.#files.readRange(path, from, until),
    );
  }

  async create(name: string): Promise<WritableFile> {
    return await this.#attempt("create file", name, async (path) =>
      this.#wrapped(name, await this.#files.openToWrite(path, "empty")),
    );
  }

  async open(name: string): Promise<WritableFile> {
    return await this.#attempt("open file", name, async (path) =>
      this.#wrapped(name, await this.#files.openToWrite(path, "as it is")),
    );
  }

  async delete(name: string): Promise<void> {
    await this.#attempt("remove file", name, async (path) => {
      try {
        await this.#files.unlink(path);
      } catch (cause) {
        if (errnoOf(cause) !== "ENOENT") throw cause;
      }
    });
  }

  async syncNames(): Promise<void> {
    await this.#attempt("sync directory", "", (path) => this.#files.syncFolder(path));
  }

  #wrapped(name: string, file: WritableFile): WritableFile {
    return {
      write: (offset, bytes) => this.#tried("write file", name, file.write(offset, bytes)),
      truncate: (size) => this.#tried("truncate file", name, file.truncate(size)),
      sync: () => this.#tried("sync file", name, file.sync()),
      close: () => this.#tried("close file", name, file.close()),
    };
  }

  async #attempt<T>(verb: string, name: string, act: (path: string) => Promise<T>): Promise<T> {
    return await this.#tried(verb, name, act(join(this.location, name)));
  }

  async #tried<T>(verb: string, name: string, result: Promise<T>): Promise<T> {
    try {
      return await result;
    } catch (cause) {
      if (errnoOf(cause) === undefined) throw cause;
      throw storageError(cause, `could not ${verb} "${join(this.location, name)}"`);
    }
  }
}
