/** The sessions there are, by process id: who may cancel whom, and what pg_stat_activity shows. */

import type { CatalogFacts } from "../postgres/analysis.ts";

/** What a session tells of itself; times in ISO 8601. */
export interface SessionActivity {
  readonly pid: number;
  readonly usename: string;
  readonly application_name: string;
  readonly client_addr: string | null;
  readonly client_port: number | null;
  readonly backend_start: string;
  readonly xact_start: string | null;
  readonly query_start: string | null;
  readonly state_change: string;
  readonly wait_event_type: string | null;
  readonly wait_event: string | null;
  readonly state: "active" | "idle" | "idle in transaction" | "idle in transaction (aborted)";
  readonly query: string;
}

export interface ActiveSession {
  activity(): SessionActivity;
  cancel(): void;
}

export class Sessions {
  readonly #startTime = new Date().toISOString();
  readonly #byPid = new Map<number, ActiveSession>();

  add(pid: number, session: ActiveSession): void {
    this.#byPid.set(pid, session);
  }

  remove(pid: number): void {
    this.#byPid.delete(pid);
  }

  /** false: there is no such session. */
  cancel(pid: number): boolean {
    const session = this.#byPid.get(pid);
    session?.cancel();
    return session !== undefined;
  }

  /** The facts a catalogue query of session `pid` needs. */
  facts(pid: number, needed: ReadonlySet<keyof CatalogFacts>): CatalogFacts {
    const basic = { processId: pid, startTime: this.#startTime, sessionUser: "postgres" };
    if (!needed.has("sessions")) return basic;
    const sessions = [...this.#byPid.values()].map((session) => session.activity());
    return { ...basic, sessions };
  }
}
