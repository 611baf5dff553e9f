/**
 * A folder as an object store. Nothing becomes visible half-written: bytes go to a private
 * temporary name, are synced, and get their name by link (create-exclusive) or rename (replace).
 */

import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { errnoOf, StorageError, storageError } from "./error.ts";
import { type LocalFiles, nodeFiles } from "./local-files.ts";
import type { ObjectStat, ObjectStore, PublishOutcome, PublishRequest } from "./object-store.ts";

/** `root` is an absolute path of a folder that need not exist yet; its parent must. */
export function openLocalStore(root: string, files: LocalFiles = nodeFiles): ObjectStore {
  return new LocalStore(root, files);
}

class LocalStore implements ObjectStore {
  readonly location: string;
  readonly #files: LocalFiles;
  /** Folders known to exist, by key; "" is the root. The value says whether the name is synced. */
  readonly #folders = new Map<string, boolean>();

  constructor(root: string, files: LocalFiles) {
    this.location = root;
    this.#files = files;
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    return await this.#orAbsent(() => this.#files.read(this.#path(key)), "read file", key);
  }

  async getRange(key: string, from: number, until: number): Promise<Uint8Array> {
    return await this.#attempt("read file", key, () =>
      this.#files.readRange(this.#path(key), from, until),
    );
  }

  async stat(key: string): Promise<ObjectStat | undefined> {
    return await this.#orAbsent(() => this.#files.stat(this.#path(key)), "stat file", key);
  }

  async list(folder: string): Promise<readonly string[]> {
    const names = await this.#orAbsent(
      () => this.#files.list(this.#path(folder)),
      "read directory",
      folder,
    );
    return names ?? [];
  }

  async putIfAbsent(key: string, bytes: Uint8Array): Promise<boolean> {
    return await this.#attempt("create file", key, async () => {
      await this.#makeParents(key);
      const temporary = this.#temporary(key);
      await this.#createOrRemove(temporary, bytes, false);
      return await this.#linkInto(temporary, this.#path(key));
    });
  }

  async putFresh(key: string, bytes: Uint8Array): Promise<void> {
    await this.#attempt("create file", key, async () => {
      await this.#makeParents(key);
      await this.#createOrRemove(this.#path(key), bytes, true);
      await this.#syncNames([key]);
    });
  }

  async replace(key: string, bytes: Uint8Array): Promise<void> {
    await this.#attempt("replace file", key, async () => {
      await this.#makeParents(key);
      const temporary = this.#temporary(key);
      await this.#createOrRemove(temporary, bytes, true);
      await this.#renameOrRemove(temporary, this.#path(key));
      await this.#syncNames([key]);
    });
  }

  async delete(key: string): Promise<void> {
    await this.#orAbsent(() => this.#files.unlink(this.#path(key)), "remove file", key);
  }

  async sync(keys: readonly string[]): Promise<void> {
    await Promise.all(
      keys.map((key) =>
        this.#attempt("sync file", key, () => this.#files.syncFile(this.#path(key))),
      ),
    );
    await this.#attempt("sync directory of", keys[0] ?? "", () => this.#syncNames(keys));
  }

  async bringIn(sourcePath: string, key: string): Promise<number> {
    try {
      await this.#makeParents(key);
      await this.#files.copy(sourcePath, this.#path(key));
      return (await this.#files.stat(this.#path(key))).sizeBytes;
    } catch (cause) {
      if (errnoOf(cause) !== "EEXIST") await this.#removeQuietly(this.#path(key));
      throw storageError(cause, `could not read file "${sourcePath}"`);
    }
  }

  async replaceTail(key: string, offset: number, tail: Uint8Array): Promise<void> {
    await this.#attempt("write file", key, () =>
      this.#files.writeTail(this.#path(key), offset, tail),
    );
  }

  async localPath(key: string): Promise<string> {
    await this.#attempt("create directory of", key, () => this.#makeParents(key));
    return this.#path(key);
  }

  /**
   * The version exists once CURRENT names it, so a failure before the rename takes the commit back;
   * if even that fails, nobody can know what a restart will find.
   */
  async publish(request: PublishRequest): Promise<PublishOutcome> {
    const { commitKey, currentKey } = request;
    const commitTemporary = this.#temporary(commitKey);
    const currentTemporary = this.#temporary(currentKey);
    return await this.#attempt("publish", commitKey, async () => {
      const folder = this.#makeParents(commitKey);
      const prepared = await Promise.allSettled([
        request.ready,
        folder.then(() => this.#createOrRemove(commitTemporary, request.commit, true)),
        folder.then(() => this.#createOrRemove(currentTemporary, request.current, true)),
      ]);
      try {
        for (const step of prepared) if (step.status === "rejected") throw step.reason;
        if (!(await this.#linkTo(commitTemporary, this.#path(commitKey)))) {
          await this.#removeQuietly(commitTemporary, currentTemporary);
          return "taken";
        }
        await this.#moveCurrent(commitKey, currentTemporary, currentKey);
      } catch (cause) {
        await this.#removeQuietly(commitTemporary, currentTemporary);
        throw cause;
      }
      // After the rename every reader sees the version: it cannot be taken back, only made durable.
      try {
        await Promise.all([this.#syncNames([currentKey]), this.#removeQuietly(commitTemporary)]);
      } catch (cause) {
        throw unknownOutcome(commitKey, cause);
      }
      return "published";
    });
  }

  async #moveCurrent(commitKey: string, temporary: string, currentKey: string): Promise<void> {
    try {
      await this.#syncNames([commitKey]);
      await this.#files.rename(temporary, this.#path(currentKey));
    } catch (cause) {
      await this.#takeBack(commitKey, cause);
      throw cause;
    }
  }

  async publishExisting(commitKey: string, currentKey: string, current: Uint8Array): Promise<void> {
    await this.sync([commitKey]);
    await this.replace(currentKey, current);
  }

  async deleteAll(): Promise<void> {
    await this.#attempt("remove directory", "", () => this.#removeTree(""));
    this.#folders.clear();
  }

  async #takeBack(commitKey: string, cause: unknown): Promise<void> {
    try {
      await this.#files.unlink(this.#path(commitKey));
      await this.#syncNames([commitKey]);
    } catch (second) {
      throw unknownOutcome(commitKey, new AggregateError([cause, second]));
    }
  }

  async #createOrRemove(path: string, bytes: Uint8Array, durable: boolean): Promise<void> {
    try {
      await this.#files.create(path, bytes, durable);
    } catch (cause) {
      if (errnoOf(cause) !== "EEXIST") await this.#removeQuietly(path);
      throw cause;
    }
  }

  async #renameOrRemove(from: string, to: string): Promise<void> {
    try {
      await this.#files.rename(from, to);
    } catch (cause) {
      await this.#removeQuietly(from);
      throw cause;
    }
  }

  /** Gives a temporary file its name, unless that is taken; the temporary name goes in any case. */
  async #linkInto(temporary: string, path: string): Promise<boolean> {
    try {
      return await this.#linkTo(temporary, path);
    } finally {
      await this.#removeQuietly(temporary);
    }
  }

  async #linkTo(temporary: string, path: string): Promise<boolean> {
    try {
      await this.#files.link(temporary, path);
      return true;
    } catch (cause) {
      if (errnoOf(cause) === "EEXIST") return false;
      throw cause;
    }
  }

  /** For names nobody reads: a leftover is harmless, and the error that led here matters more. */
  async #removeQuietly(...paths: readonly string[]): Promise<void> {
    await Promise.allSettled(paths.map((path) => this.#files.unlink(path)));
  }

  async #removeTree(key: string): Promise<void> {
    const names = await this.#orAbsent(() => this.#files.list(this.#path(key)), "list", key);
    for (const name of names ?? []) {
      const child = key === "" ? name : `${key}/${name}`;
      if (name.endsWith("/")) await this.#removeTree(child.slice(0, -1));
      else await this.delete(child);
    }
    if (names !== undefined) await this.#files.removeFolder(this.#path(key));
  }

  async #makeParents(key: string): Promise<void> {
    for (const folder of parents(key)) {
      if (this.#folders.has(folder)) continue;
      try {
        await this.#files.makeFolder(this.#path(folder));
      } catch (cause) {
        if (errnoOf(cause) !== "EEXIST") throw cause;
      }
      // Somebody else may have made it a moment ago, so its name is not known to be synced.
      this.#folders.set(folder, false);
    }
  }

  /** Syncs the folders of `keys`, and the names of those folders where that was never done. */
  async #syncNames(keys: readonly string[]): Promise<void> {
    const wanted = new Set<string>();
    const named: string[] = [];
    for (const key of keys) {
      const above = parents(key);
      wanted.add(this.#path(above.at(-1) ?? ""));
      for (const folder of above) {
        if (this.#folders.get(folder) === true) continue;
        wanted.add(folder === "" ? join(this.location, "..") : this.#path(parentOf(folder)));
        named.push(folder);
      }
    }
    await Promise.all([...wanted].map((path) => this.#files.syncFolder(path)));
    for (const folder of named) this.#folders.set(folder, true);
  }

  #path(key: string): string {
    return key === "" ? this.location : join(this.location, key);
  }

  #temporary(key: string): string {
    return `${this.#path(key)}.${randomUUID()}.tmp`;
  }

  async #orAbsent<T>(act: () => Promise<T>, verb: string, key: string): Promise<T | undefined> {
    try {
      return await act();
    } catch (cause) {
      const errno = errnoOf(cause);
      if (errno === "ENOENT" || errno === "ENOTDIR") return undefined;
      throw storageError(cause, `could not ${verb} "${this.#path(key)}"`);
    }
  }

  async #attempt<T>(verb: string, key: string, act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (cause) {
      if (errnoOf(cause) === undefined) throw cause;
      throw storageError(cause, `could not ${verb} "${this.#path(key)}"`);
    }
  }
}

function unknownOutcome(commitKey: string, cause: unknown): StorageError {
  return new StorageError("outcome-unknown", `outcome of commit "${commitKey}" is unknown`, {
    cause,
  });
}

/** The folders above a key, from the root ("") down. */
function parents(key: string): readonly string[] {
  const parts = key.split("/");
  return parts.map((_, depth) => parts.slice(0, depth).join("/"));
}

function parentOf(folder: string): string {
  return folder.slice(0, Math.max(0, folder.lastIndexOf("/")));
}
