/**
 * The catalogue journal: every definition ever decided, one numbered file each, created if absent
 * and synced before it counts. The embedded PostgreSQL is rebuilt from it at every start.
 */

import { Mutex } from "../base/async.ts";
import { log } from "../base/telemetry.ts";
import { StorageError } from "../storage/error.ts";
import type { ObjectStore } from "../storage/object-store.ts";
import { corrupt, decodeEntry, encodeEntry, type JournalEntry, type NewEntry } from "./entry.ts";
import { CatalogError } from "./error.ts";

const NAME = /^(\d{10})\.json$/;

export class CatalogJournal {
  readonly #store: ObjectStore;
  readonly #entries: JournalEntry[];
  readonly #turn = new Mutex();

  private constructor(store: ObjectStore, entries: readonly JournalEntry[]) {
    this.#store = store;
    this.#entries = [...entries];
  }

  /**
   * Reads all entries. `store` is the folder `catalog` itself. A last entry that was torn by a
   * crash was never acknowledged and is removed.
   *
   * @throws CatalogError "journal-corrupt"
   */
  static async open(store: ObjectStore): Promise<CatalogJournal> {
    const numbers = await numbersIn(store);
    const entries: JournalEntry[] = [];
    for (const [index, number] of numbers.entries()) {
      const expected = index + 1;
      if (number !== expected) throw corrupt(expected, "Its file is missing.");
      const entry = decodeEntry((await store.get(keyOf(number))) ?? new Uint8Array(), number);
      if (entry !== undefined) entries.push(entry);
      else if (number === numbers.at(-1)) await removeTorn(store, number);
      else throw corrupt(number, "It was cut off, and later entries follow it.");
    }
    return new CatalogJournal(store, entries);
  }

  /** In order; only ever grows. */
  entries(): readonly JournalEntry[] {
    return this.#entries;
  }

  /**
   * Durable on return: this is the decision.
   *
   * @throws CatalogError "journal-taken"; StorageError, which means that nothing was decided,
   *   unless its reason is "outcome-unknown": then nobody knows before the next start.
   */
  async append(entry: NewEntry): Promise<JournalEntry> {
    return await this.#turn.run(async () => {
      const number = this.#entries.length + 1;
      const numbered = { ...entry, number, at: new Date().toISOString() };
      const key = keyOf(number);
      if (!(await this.#store.putIfAbsent(key, encodeEntry(numbered)))) {
        throw new CatalogError("journal-taken", `catalogue entry ${number} exists already`, {
          detail: `Another server has written to ${this.#store.location}.`,
          hint: "Restart this server.",
        });
      }
      await this.#synced(key);
      this.#entries.push(numbered);
      return numbered;
    });
  }

  /** An entry that cannot be made durable is taken back, so that the definition has failed. */
  async #synced(key: string): Promise<void> {
    try {
      await this.#store.sync([key]);
    } catch (cause) {
      await this.#store.delete(key).catch((failure: unknown) => {
        throw new StorageError("outcome-unknown", `could not take back catalogue entry ${key}`, {
          cause: new AggregateError([cause, failure]),
        });
      });
      throw cause;
    }
  }
}

async function numbersIn(store: ObjectStore): Promise<readonly number[]> {
  const numbers = (await store.list("")).flatMap((name) => {
    const match = NAME.exec(name);
    return match === null ? [] : [Number(match[1])];
  });
  return numbers.sort((a, b) => a - b);
}

async function removeTorn(store: ObjectStore, number: number): Promise<void> {
  log("warn", "catalog.torn", { entry: number, location: store.location });
  await store.delete(keyOf(number));
}

function keyOf(number: number): string {
  return `${String(number).padStart(10, "0")}.json`;
}
