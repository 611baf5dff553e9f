/** What a transaction carries to its end. */

import type { NewEntry } from "../catalog/entry.ts";
import type { Participant } from "./participant.ts";

/** What ends with the transaction: portals, leases. Releasing twice is harmless. */
export interface Held {
  release(): Promise<void>;
}

export type WorkOutcome = "committed" | "rolled back" | "unknown";

/** What the transaction has changed, decided as a whole at its end. */
export interface Work extends Participant {
  /** What was put off to the end of the transaction, which may still fail by it. */
  prepareCommit(): Promise<void>;
  /**
   * All of it or, when it throws, nothing. With an entry: the journal gets it in the same decision.
   * Committing again what is committed already does nothing.
   */
  commit(entry?: NewEntry): Promise<void>;
  /** Called once when the transaction is over, before its locks are released. */
  atEnd(act: (outcome: WorkOutcome) => void): void;
  /** Never throws: what cannot be removed now is nobody's any more. */
  rollback(): Promise<void>;
}

/** What takes effect with the transaction and has no say in its fate. */
export interface Follower extends Participant {
  /** Right after the end; must not throw. */
  ended(isCommitted: boolean): void;
}

/** What a session keeps through its transactions beside their changes: portals. */
export interface Companion extends Participant {
  /** None of it has anything to do when the transaction ends but to be forgotten. */
  readonly areOver: boolean;
  /** Instead of `ended`, when they are over. */
  forget(): void;
  /** @throws SqlError; the transaction is then rolled back */
  beforeCommit(): Promise<void>;
  /** A block without savepoints has failed: nothing of it can be used any more. */
  failed(): Promise<void>;
  ended(isCommitted: boolean): Promise<void>;
}
