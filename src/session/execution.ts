/** What a handler is given and what it gives back. */

import type { ErrorFields } from "../base/errors.ts";
import type { StatementText } from "../compile/split.ts";
import type { CsvFormat, TextFormat } from "../types/copy/format.ts";
import type { AdvisoryLocks } from "./advisory-locks.ts";
import type { HeavyPlace } from "./heavy-gate.ts";
import type { SessionNotifications } from "./notifications.ts";
import type { BoundParameters, Portals, PreparedStatement } from "./portals.ts";
import type { Reply } from "./results.ts";
import type { RowSource } from "./row-source.ts";
import type { Services } from "./services.ts";
import type { Settings } from "./settings.ts";
import type { Prepared } from "./statement.ts";
import type { StatementWorld } from "./statement-world.ts";
import type { Transaction } from "./transaction.ts";

/** One execution of one statement. */
export interface Execution {
  readonly services: Services;
  readonly settings: Settings;
  readonly transaction: Transaction;
  readonly notifications: SessionNotifications;
  readonly parameters: BoundParameters;
  /** Wire format of each result column. */
  readonly formats: readonly (0 | 1)[];
  /** Whoever can shall give lines of COPY in CopyData messages instead of rows. */
  readonly lines?: TextFormat | CsvFormat | undefined;
  /** Aborted by cancel, by a timeout and by the client's disconnect. */
  readonly signal: AbortSignal;
  /** Another statement shares the implicit transaction: what cannot be undone must refuse. */
  readonly isAlone: boolean;
  /** Of the session, as pg_backend_pid() tells it. */
  readonly processId: number;
  readonly portals: Portals;
  readonly advisoryLocks: AdvisoryLocks;
  /** For what is heavy; left when the statement ends. */
  readonly heavy: HeavyPlace;
  readonly statements: StatementsByName;
  /** The client's whole text, in which the statement stands. */
  readonly source: string;
  /** What is executed. */
  readonly prepared: Prepared;
  /** EXECUTEs around it; absent: none. */
  readonly executeDepth?: number;
  /** Called when its result has other columns now; undefined: the client knows them already. */
  readonly onReshaped?: ((prepared: Prepared) => void) | undefined;
  /** Read instead of the newest state, by a statement of several queries; its own to release. */
  readonly world?: StatementWorld;
}

/** How a handler gets at other statements. */
export interface StatementsByName {
  prepare(statement: StatementText, parameterOids: readonly number[]): Promise<Prepared>;
  /** Prepared again, for the same parameters, because something was defined since. */
  renewed(before: Prepared): Promise<Prepared>;
  /** @throws SqlError 26000, 0A000 */
  current(name: string): Promise<PreparedStatement>;
}

export type Result =
  | {
      readonly kind: "rows";
      readonly rows: RowSource;
      readonly tag: (rows: number) => string;
      readonly notices?: readonly ErrorFields[];
    }
  /** Answers of another form; the last one is `complete`. */
  | { readonly kind: "replies"; readonly replies: AsyncIterable<Reply> }
  | { readonly kind: "done"; readonly tag: string; readonly notices?: readonly ErrorFields[] };
