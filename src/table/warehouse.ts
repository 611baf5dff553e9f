/**
 * The tables of one server: folders of its own below one root, and folders elsewhere that it took
 * over and marked as its own. At most one handle of each.
 */

import { hostname } from "node:os";
import { isAbsolute, join } from "node:path";
import { openLocalStore } from "../storage/local-store.ts";
import type { ObjectStore } from "../storage/object-store.ts";
import { StoreError } from "./error.ts";
import { LOCK_KEY } from "./format.ts";
import { createTable, type NewTable, openTable, type Table, type TableOptions } from "./table.ts";

export type OpenStore = (path: string) => ObjectStore;

/** Longest name kept in a folder's name: it only helps people who look there. */
const SAFE_NAME_MAX = 40;

export class Warehouse {
  readonly #root: string;
  readonly #options: TableOptions;
  readonly #openStore: OpenStore;
  /** By absolute path. */
  readonly #tables = new Map<string, Promise<Table>>();

  /** `root` must exist. */
  constructor(root: string, options: TableOptions, openStore: OpenStore = openLocalStore) {
    this.#root = root;
    this.#options = options;
    this.#openStore = openStore;
  }

  /** Absolute path of a folder named by `folderName`, or of one elsewhere. */
  absolute(folder: string): string {
    return isAbsolute(folder) ? folder : join(this.#root, folder);
  }

  /** @throws StoreError "table-exists", "bad-definition"; StorageError */
  async create(folder: string, table: NewTable): Promise<Table> {
    const store = this.#openStore(this.absolute(folder));
    const made = createTable(store, this.#options, table);
    await this.#keep(folder, made);
    if (isAbsolute(folder)) await this.#lock(store);
    return await made;
  }

  /** The one handle of a table that is ours. @throws StoreError "no-table", "log-corrupt" */
  async open(folder: string): Promise<Table> {
    const known = this.#tables.get(this.absolute(folder));
    if (known !== undefined) return await known;
    return await this.#keep(
      folder,
      openTable(this.#openStore(this.absolute(folder)), this.#options),
    );
  }

  /**
   * Takes over a table that another writer of the format made.
   * @throws StoreError "no-table", "log-corrupt", "table-locked" when another server has it
   */
  async adopt(path: string): Promise<Table> {
    const known = this.#tables.get(path);
    // A second handle beside one that writes could take its commits for leftovers.
    if (known !== undefined) return await known;
    const store = this.#openStore(path);
    // First look whether it is one at all: a lock file in a foreign folder would be litter.
    await openTable(store, this.#options);
    await this.#lock(store);
    return await this.open(path);
  }

  /** Ends this server's use of a table; its files stay. */
  async release(folder: string): Promise<void> {
    this.#tables.delete(this.absolute(folder));
    if (isAbsolute(folder)) await this.#openStore(folder).delete(LOCK_KEY);
  }

  /** Removes a table with all its files. */
  async drop(folder: string): Promise<void> {
    this.#tables.delete(this.absolute(folder));
    await this.#openStore(this.absolute(folder)).deleteAll();
  }

  /** Folders below the root, whether the catalogue knows them or not. */
  async list(): Promise<readonly string[]> {
    const names = await this.#openStore(this.#root).list("");
    return names.flatMap((name) => (name.endsWith("/") ? [name.slice(0, -1)] : [])).sort();
  }

  async #keep(folder: string, table: Promise<Table>): Promise<Table> {
    const path = this.absolute(folder);
    this.#tables.set(path, table);
    try {
      return await table;
    } catch (cause) {
      this.#tables.delete(path);
      throw cause;
    }
  }

  async #lock(store: ObjectStore): Promise<void> {
    const { walId } = this.#options;
    const owner = { wal: walId, host: hostname(), since: new Date().toISOString() };
    const bytes = Buffer.from(`${JSON.stringify(owner)}\n`);
    if (await store.putIfAbsent(LOCK_KEY, bytes)) {
      await store.sync([LOCK_KEY]);
      return;
    }
    const found = Buffer.from((await store.get(LOCK_KEY)) ?? []).toString();
    if (found.includes(JSON.stringify(walId))) return;
    throw new StoreError("table-locked", `table in "${store.location}" belongs to another server`, {
      detail: `Its lock file says: ${found.trim()}`,
      hint: `If that server is gone for good, remove "${LOCK_KEY}" in that directory.`,
    });
  }
}

/** `<oid>-<name>`, with only letters that every reader of the format can open. */
export function folderName(oid: number, name: string): string {
  const safe = name.replace(/[^A-Za-z0-9_-]+/g, "_").slice(0, SAFE_NAME_MAX);
  return `${oid}-${safe}`;
}
