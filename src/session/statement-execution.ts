/** An execution as a class: whoever reads it finds objects of one shape. */

import type { AdvisoryLocks } from "./advisory-locks.ts";
import type { Execution, StatementsByName } from "./execution.ts";
import type { HeavyPlace } from "./heavy-gate.ts";
import type { SessionNotifications } from "./notifications.ts";
import type { BoundParameters, Portal, Portals } from "./portals.ts";
import type { Services } from "./services.ts";
import type { Settings } from "./settings.ts";
import type { Prepared } from "./statement.ts";
import type { LateSignal } from "./statement-signal.ts";
import type { Transaction } from "./transaction.ts";

/** What of an execution does not depend on the portal. */
export type Surroundings = Omit<
  Execution,
  "services" | "parameters" | "formats" | "signal" | "isAlone" | "source" | "prepared"
>;

export class StatementExecution implements Execution {
  readonly services: Services;
  readonly settings: Settings;
  readonly transaction: Transaction;
  readonly notifications: SessionNotifications;
  readonly parameters: BoundParameters;
  readonly formats: readonly (0 | 1)[];
  readonly isAlone: boolean;
  readonly processId: number;
  readonly portals: Portals;
  readonly advisoryLocks: AdvisoryLocks;
  readonly heavy: HeavyPlace;
  readonly statements: StatementsByName;
  readonly source: string;
  readonly prepared: Prepared;
  readonly onReshaped: ((prepared: Prepared) => void) | undefined;
  /** Seldom asked for, and dear. */
  declare readonly signal: AbortSignal;
  readonly late: LateSignal;

  constructor(
    surroundings: Surroundings,
    services: Services,
    portal: Portal,
    how: {
      readonly formats: readonly (0 | 1)[];
      readonly isAlone: boolean;
      readonly onReshaped: ((prepared: Prepared) => void) | undefined;
      readonly late: LateSignal;
    },
  ) {
    this.services = services;
    this.settings = surroundings.settings;
    this.transaction = surroundings.transaction;
    this.notifications = surroundings.notifications;
    this.parameters = portal.parameters;
    this.formats = how.formats;
    this.isAlone = how.isAlone;
    this.processId = surroundings.processId;
    this.portals = surroundings.portals;
    this.advisoryLocks = surroundings.advisoryLocks;
    this.heavy = surroundings.heavy;
    this.statements = surroundings.statements;
    this.source = portal.source;
    this.prepared = portal.prepared;
    this.onReshaped = how.onReshaped;
    this.late = how.late;
    // Its own property: `{ ...execution }` has it, too.
    Object.defineProperty(this, "signal", SIGNAL);
  }
}

const SIGNAL: PropertyDescriptor & ThisType<StatementExecution> = {
  enumerable: true,
  get() {
    return this.late.signal;
  },
};
