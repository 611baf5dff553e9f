/** What follows from a definition outside of the embedded PostgreSQL. */

import { SqlError } from "../../base/errors.ts";
import type { OwnChange } from "../../catalog/entry.ts";
import { StorageError } from "../../storage/error.ts";
import type { Tables } from "../tables.ts";

export interface Effects {
  /** All of it is temporary, in this schema: nothing of it is journaled. */
  readonly temporary?: string;
  /** Our part of the journal's entry. */
  readonly changes: readonly OwnChange[];
  /** Into the tables of the transaction, then, once decided, into the server's. Never throws. */
  install(tables: Tables): void;
  /** It was not decided, or taken back: whatever was made for it goes. Never throws. */
  undo(): Promise<void>;
  /** It was decided: what is no longer needed goes. Never throws. */
  finish(): Promise<void>;
}

export const NO_EFFECTS: Effects = {
  changes: [],
  install: () => undefined,
  undo: async () => {},
  finish: async () => {},
};

/** One after the other; undone in reverse. */
export function combined(all: readonly Effects[]): Effects {
  return {
    changes: all.flatMap(({ changes }) => changes),
    install: (tables) => {
      for (const one of all) one.install(tables);
    },
    undo: async () => {
      for (const one of [...all].reverse()) await one.undo();
    },
    finish: async () => {
      for (const one of all) await one.finish();
    },
  };
}

/** Whether a failed decision may have been made all the same. */
export function isUnknown(cause: unknown): boolean {
  if (cause instanceof SqlError) return cause.fields.sqlState === "40003";
  return cause instanceof StorageError && cause.reason === "outcome-unknown";
}
