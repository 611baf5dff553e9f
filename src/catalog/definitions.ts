/** What the journal's entries add up to: the tstables there are, and how each keeps its rows. */

import { unreachable } from "../base/errors.ts";
import type { JournalEntry, OwnChange, TstableDefinition } from "./entry.ts";

/** BOOTSTRAP_SUPERUSERID. */
const SUPERUSER_OID = 10;

/** By relation OID. Names, columns and privileges are the embedded PostgreSQL's to know. */
export class Definitions {
  readonly #tstables = new Map<number, TstableDefinition>();
  readonly #secrets = new Map<number, string>();
  /** Of dropped tables, unless their files were to be kept. */
  readonly #droppedDirectories = new Set<string>();

  constructor(entries: readonly Pick<JournalEntry, "changes">[] = []) {
    for (const entry of entries) this.apply(entry.changes);
  }

  apply(changes: readonly OwnChange[]): void {
    for (const change of changes) {
      switch (change.kind) {
        case "put-tstable":
          this.#tstables.set(change.table.oid, change.table);
          break;
        case "drop-tstable":
          this.#drop(change.oid, change.keepsFiles === true);
          break;
        case "put-verifier":
          this.#secrets.set(SUPERUSER_OID, change.verifier);
          break;
        case "put-password":
          if (change.secret === null) this.#secrets.delete(change.roleOid);
          else this.#secrets.set(change.roleOid, change.secret);
          break;
        default:
          unreachable(change);
      }
    }
  }

  #drop(oid: number, keepsFiles: boolean): void {
    const directory = this.#tstables.get(oid)?.directory;
    if (!keepsFiles && directory !== undefined) this.#droppedDirectories.add(directory);
    this.#tstables.delete(oid);
  }

  /** What the journal knows of a folder; undefined: never named, or left on purpose. */
  fateOf(directory: string): "in use" | "dropped" | undefined {
    if (this.tstables().some((table) => table.directory === directory)) return "in use";
    return this.#droppedDirectories.has(directory) ? "dropped" : undefined;
  }

  /** What passwords are checked against, by role OID. */
  secrets(): ReadonlyMap<number, string> {
    return this.#secrets;
  }

  tstable(oid: number): TstableDefinition | undefined {
    return this.#tstables.get(oid);
  }

  tstables(): readonly TstableDefinition[] {
    return [...this.#tstables.values()];
  }
}
