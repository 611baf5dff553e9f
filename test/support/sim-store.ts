/**
 * A file system in memory that a crash can strike after any call. What was never synced may be lost:
 * bytes of a file, names in a folder (created, linked, renamed or removed), each on its own, as the
 * seed decides. Also fails the n-th call on demand.
 */

import type { FileStat, LocalFiles } from "../../src/storage/local-files.ts";

/** A file's bytes, shared by all its names. */
interface Inode {
  readonly id: number;
  bytes: Uint8Array;
  synced: Uint8Array;
  changes: number;
}

type Node =
  | { readonly kind: "file"; readonly inode: Inode }
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
  /** The call that fails with this error of the system, having done nothing. */
  readonly failAt?: number;
  readonly errno?: string;
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
    const random = generator(seed);
    settle(this.#root, random);
    this.#isDown = false;
    this.#faults = {};
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
    const inode = { id: this.#nextInode++, bytes, synced: bytes, changes: 0 };
    const node: Node = { kind: "file", inode };
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
      return { sizeBytes: bytes.length, identity: `${id}:${changes}` };
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
      const inode: Inode = {
        id: this.#nextInode++,
        bytes: Uint8Array.from(bytes),
        synced: new Uint8Array(0),
        changes: 0,
      };
      folder.names.set(name, { kind: "file", inode });
    });
    // Writing and syncing are two moments.
    if (durable) await this.syncFile(path);
  }

  async writeTail(path: string, offset: number, bytes: Uint8Array): Promise<void> {
    await this.#call(() => {
      const inode = this.#file(path);
      inode.bytes = Buffer.concat([inode.bytes.subarray(0, offset), bytes]);
      inode.changes += 1;
    });
  }

  async copy(source: string, target: string): Promise<void> {
    await this.#call(() => {
      const { folder, name } = this.#place(target);
      if (folder.names.has(name)) throw systemError("EEXIST");
      const bytes = Uint8Array.from(this.#file(source).bytes);
      const inode = { id: this.#nextInode++, bytes, synced: new Uint8Array(0), changes: 0 };
      folder.names.set(name, { kind: "file", inode });
    });
  }

  async link(existing: string, path: string): Promise<void> {
    await this.#call(() => {
      const { folder, name } = this.#place(path);
      if (folder.names.has(name)) throw systemError("EEXIST");
      folder.names.set(name, { kind: "file", inode: this.#file(existing) });
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
    await this.#call(() => {
      const inode = this.#file(path);
      inode.synced = inode.bytes;
    });
  }

  async syncFolder(path: string): Promise<void> {
    await this.#call(() => {
      const folder = this.#folder(path);
      folder.synced = new Map(folder.names);
    });
  }

  async #call<T>(act: () => T): Promise<T> {
    // Calls made together happen in their order, but not at once.
    await Promise.resolve();
    if (this.#isDown) throw new Crash("the machine is down");
    this.#calls += 1;
    if (this.#calls === this.#faults.failAt) throw systemError(this.#faults.errno ?? "EIO");
    try {
      return act();
    } finally {
      if (this.#calls === this.#faults.crashAfter) this.#isDown = true;
    }
  }

  #file(path: string): Inode {
    const { folder, name } = this.#place(path);
    const node = folder.names.get(name);
    if (node === undefined) throw systemError("ENOENT");
    if (node.kind === "folder") throw systemError("EISDIR");
    return node.inode;
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
    if (node.kind === "folder") {
      settle(node.folder, random);
      continue;
    }
    const { inode } = node;
    if (inode.bytes !== inode.synced) {
      // Lost, or cut somewhere, or whole.
      const chance = random();
      if (chance < 0.4) inode.bytes = inode.synced;
      else if (chance < 0.8) inode.bytes = inode.bytes.subarray(0, inode.bytes.length * random());
      inode.synced = inode.bytes;
    }
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

/** Numbers in [0, 1): https://en.wikipedia.org/wiki/Linear_congruential_generator */
function generator(seed: number): () => number {
  let state = (seed ^ 0x5dee_ce66) >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
