/**
 * A file system in memory that a crash can strike after any call. What was never synced may be lost:
 * bytes of a file, names in a folder (created, linked, renamed or removed), each on its own, as the
 * seed decides. Also fails the n-th call on demand.
 */

import type { FileStat, LocalFiles, WritableFile } from "../../src/storage/local-files.ts";
import { randomFrom } from "./random.ts";
import { SimulatedFile } from "./sim-file.ts";

type Node =
  | { readonly kind: "file"; readonly file: SimulatedFile }
  | { readonly kind: "folder"; readonly folder: Folder };

interface Folder {
  readonly names: Map<string, Node>;
  /** The names that would be there after a crash. */
  synced: Map<string, Node>;
}

export class Crash extends Error {}

export interface Faults {
  /** The call, counted from 1, after which nothing happens any more. */
  readonly crashAfter?: number;
  /** The call that fails with this error of the system, having done nothing, or some of a write. */
  readonly failAt?: number;
  readonly errno?: string;
  /** From `failAt` on all calls that take space fail, as on a full disk, until `arm`. */
  readonly isLasting?: boolean;
  /** Something else begins right after this call. */
  readonly next?: { readonly call: number; readonly act: () => void };
}

export class SimulatedFiles implements LocalFiles {
  readonly #root: Folder = emptyFolder();
  #nextInode = 1;
  #calls = 0;
  #faults: Faults = {};
  #isDown = false;

  /** Starts counting calls anew. */
  arm(faults: Faults): void {
    this.#faults = faults;
    this.#calls = 0;
  }

  get calls(): number {
    return this.#calls;
  }

  /** The machine starts again with what was synced, and with some of what was not. */
  restart(seed: number): void {
    const random = randomFrom(seed);
    settle(this.#root, random);
    this.#isDown = false;
    this.#faults = {};
  }

  /** Only the process has died: the machine still has every byte. */
  restartProcess(): void {
    this.#isDown = false;
    this.#faults = {};
  }

  /** Changes a file's bytes, synced, behind everybody's back. */
  damage(path: string, change: (bytes: Uint8Array) => Uint8Array): void {
    this.#file(path).place(change(Uint8Array.from(this.#file(path).bytes)));
  }

  /** A file's bytes, outside of all counting. */
  peek(path: string): Uint8Array {
    return this.#file(path).bytes;
  }

  /** Names in a folder, outside of all counting. */
  names(folder: string): readonly string[] {
    return [...this.#folder(folder).names.keys()];
  }

  /** Puts a file there, synced, outside of all counting. */
  place(path: string, bytes: Uint8Array): void {
    const parts = split(path);
    let folder = this.#root;
    for (const part of parts.slice(0, -1)) {
      let node = folder.names.get(part);
      if (node === undefined) {
        node = { kind: "folder", folder: emptyFolder() };
        folder.names.set(part, node);
        folder.synced.set(part, node);
      }
      if (node.kind !== "folder") throw systemError("ENOTDIR");
      folder = node.folder;
    }
    const file = new SimulatedFile(this.#nextInode++);
    file.place(bytes);
    const node: Node = { kind: "file", file };
    folder.names.set(parts.at(-1) ?? "", node);
    folder.synced.set(parts.at(-1) ?? "", node);
  }

  async read(path: string): Promise<Uint8Array> {
    return await this.#call(() => Uint8Array.from(this.#file(path).bytes));
  }

  async readRange(path: string, from: number, until: number): Promise<Uint8Array> {
    return await this.#call(() => this.#file(path).bytes.slice(from, until));
  }

  async stat(path: string): Promise<FileStat> {
    return await this.#call(() => {
      const { id, bytes, changes } = this.#file(path);
      return { sizeBytes: bytes.length, identity: `${id}:${changes}`, birth: `${id}` };
    });
  }

  async list(folder: string): Promise<readonly string[]> {
    return await this.#call(() =>
      [...this.#folder(folder).names].map(([name, { kind }]) =>
        kind === "folder" ? `${name}/` : name,
      ),
    );
  }

  async create(path: string, bytes: Uint8Array, durable: boolean): Promise<void> {
    await this.#call(() => {
      const { folder, name } = this.#place(path);
      if (folder.names.has(name)) throw systemError("EEXIST");
      folder.names.set(name, { kind: "file", file: this.#newFile(bytes) });
    });
    // Writing and syncing are two moments.
    if (durable) await this.syncFile(path);
  }

  async writeTail(path: string, offset: number, bytes: Uint8Array): Promise<void> {
    await this.#call(() => {
      this.#file(path).truncate(offset);
      this.#file(path).write(offset, bytes);
    });
  }

  async openToWrite(path: string, start: "empty" | "as it is"): Promise<WritableFile> {
    const file = await this.#call(() => {
      const { folder, name } = this.#place(path);
      if (start === "as it is") return this.#file(path);
      const node = folder.names.get(name);
      const opened = node?.kind === "file" ? node.file : this.#newFile(new Uint8Array(0));
      opened.truncate(0);
      folder.names.set(name, { kind: "file", file: opened });
      return opened;
    });
    return {
      write: async (offset, bytes) => {
        // A write that fails may have got some way.
        await this.#call(
          () => file.write(offset, bytes),
          () => file.write(offset, bytes.subarray(0, bytes.length >> 1)),
        );
      },
      truncate: async (sizeBytes) => await this.#call(() => file.truncate(sizeBytes)),
      sync: async () => await this.#call(() => file.sync()),
      close: async () => {},
    };
  }

  async copy(source: string, target: string): Promise<void> {
    await this.#call(() => {
      const { folder, name } = this.#place(target);
      if (folder.names.has(name)) throw systemError("EEXIST");
      folder.names.set(name, { kind: "file", file: this.#newFile(this.#file(source).bytes) });
    });
  }

  async link(existing: string, path: string): Promise<void> {
    await this.#call(() => {
      const { folder, name } = this.#place(path);
      if (folder.names.has(name)) throw systemError("EEXIST");
      folder.names.set(name, { kind: "file", file: this.#file(existing) });
    });
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#call(() => {
      const source = this.#place(from);
      const target = this.#place(to);
      const node = source.folder.names.get(source.name);
      if (node === undefined) throw systemError("ENOENT");
      target.folder.names.set(target.name, node);
      source.folder.names.delete(source.name);
    });
  }

  async unlink(path: string): Promise<void> {
    await this.#call(() => {
      const { folder, name } = this.#place(path);
      if (!folder.names.delete(name)) throw systemError("ENOENT");
    });
  }

  async makeFolder(path: string): Promise<void> {
    await this.#call(() => {
      const { folder, name } = this.#place(path);
      if (folder.names.has(name)) throw systemError("EEXIST");
      folder.names.set(name, { kind: "folder", folder: emptyFolder() });
    });
  }

  async removeFolder(path: string): Promise<void> {
    await this.#call(() => {
      const { folder, name } = this.#place(path);
      folder.names.delete(name);
    });
  }

  async syncFile(path: string): Promise<void> {
    await this.#call(() => this.#file(path).sync());
  }

  async syncFolder(path: string): Promise<void> {
    await this.#call(() => {
      const folder = this.#folder(path);
      folder.synced = new Map(folder.names);
    });
  }

  /** `part` is what a failing call has done all the same; only what can have one takes space. */
  async #call<T>(act: () => T, part?: () => void): Promise<T> {
    // Calls made together happen in their order, but not at once.
    await Promise.resolve();
    if (this.#isDown) throw new Crash("the machine is down");
    this.#calls += 1;
    const { failAt = Number.POSITIVE_INFINITY, isLasting, errno } = this.#faults;
    if (this.#calls === failAt || (isLasting && part !== undefined && this.#calls > failAt)) {
      part?.();
      throw systemError(errno ?? "EIO");
    }
    try {
      return act();
    } finally {
      const { crashAfter, next } = this.#faults;
      if (this.#calls === crashAfter) this.#isDown = true;
      if (this.#calls === next?.call) next.act();
    }
  }

  #newFile(bytes: Uint8Array): SimulatedFile {
    const file = new SimulatedFile(this.#nextInode++);
    file.write(0, bytes);
    return file;
  }

  #file(path: string): SimulatedFile {
    const { folder, name } = this.#place(path);
    const node = folder.names.get(name);
    if (node === undefined) throw systemError("ENOENT");
    if (node.kind === "folder") throw systemError("EISDIR");
    return node.file;
  }

  #folder(path: string): Folder {
    return split(path).reduce<Folder>((folder, part) => {
      const node = folder.names.get(part);
      if (node === undefined) throw systemError("ENOENT");
      if (node.kind !== "folder") throw systemError("ENOTDIR");
      return node.folder;
    }, this.#root);
  }

  #place(path: string): { readonly folder: Folder; readonly name: string } {
    const parts = split(path);
    return { folder: this.#folder(parts.slice(0, -1).join("/")), name: parts.at(-1) ?? "" };
  }
}

/** After the crash: each unsynced name and each file's unsynced bytes survive or not, by chance. */
function settle(folder: Folder, random: () => number): void {
  const survivors = new Map<string, Node>();
  for (const name of new Set([...folder.synced.keys(), ...folder.names.keys()])) {
    const [before, after] = [folder.synced.get(name), folder.names.get(name)];
    const node = random() < 0.5 ? before : after;
    if (node !== undefined) survivors.set(name, node);
  }
  folder.names.clear();
  for (const [name, node] of survivors) {
    folder.names.set(name, node);
    if (node.kind === "folder") settle(node.folder, random);
    else node.file.crash(random);
  }
  folder.synced = new Map(folder.names);
}

function emptyFolder(): Folder {
  return { names: new Map(), synced: new Map() };
}

function split(path: string): readonly string[] {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return parts;
}

function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: simulated`), { code });
}
