/** What the journal's entries add up to: the tstables there are, and how each keeps its rows. */

import { unreachable } from "../base/errors.ts";
import type { JournalEntry, OwnChange, TstableDefinition } from "./entry.ts";

/** By relation OID. Names, columns and privileges are the embedded PostgreSQL's to know. */
export class Definitions {
  readonly #tstables = new Map<number, TstableDefinition>();

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
          this.#tstables.delete(change.oid);
          break;
        default:
          unreachable(change);
      }
    }
  }

  tstable(oid: number): TstableDefinition | undefined {
    return this.#tstables.get(oid);
  }

  tstables(): readonly TstableDefinition[] {
    return [...this.#tstables.values()];
  }
}
