/**
 * The sessions there are, by process id: who may cancel whom, and what pg_stat_activity and
 * pg_stat_progress_copy show.
 */

import type { CatalogFacts, LiveRows } from "../postgres/analysis.ts";

/** What a session tells of itself; times in ISO 8601. */
export interface SessionActivity {
  readonly pid: number;
  readonly usename: string;
  readonly application_name: string;
  readonly client_addr: string | null;
  readonly client_port: number | null;
  readonly backend_start: string | null;
  readonly xact_start: string | null;
  readonly query_start: string | null;
  readonly state_change: string | null;
  readonly wait_event_type: string | null;
  readonly wait_event: string | null;
  readonly state:
    | "active"
    | "idle"
    | "idle in transaction"
    | "idle in transaction (aborted)"
    | null;
  readonly query: string;
}

/** A row of pg_stat_progress_copy, but for its pid. */
export interface CopyProgress {
  /** 0: a query is copied. */
  readonly relid: number;
  readonly command: "COPY FROM" | "COPY TO";
  readonly type: "FILE" | "PIPE";
  readonly bytes_processed: number;
  /** 0 where nobody knows. */
  readonly bytes_total: number;
  readonly tuples_processed: number;
  /** By WHERE. */
  readonly tuples_excluded: number;
  /** By ON_ERROR ignore. */
  readonly tuples_skipped: number;
}

export interface ActiveSession {
  activity(): SessionActivity;
  cancel(): void;
  /** Ends it with 57P01. */
  terminate(): void;
}

export class Sessions {
  readonly #startTime = new Date().toISOString();
  readonly #byPid = new Map<number, ActiveSession>();
  readonly #copies = new Map<number, () => CopyProgress>();
  /** Which role has logged in, by process id, also of sessions that are only about to be. */
  readonly #roles = new Map<number, number>();

  /** Before there is a session; ended by `remove`. */
  enter(pid: number, roleOid: number): void {
    this.#roles.set(pid, roleOid);
  }

  countOf(roleOid: number): number {
    return [...this.#roles.values()].filter((oid) => oid === roleOid).length;
  }

  /** undefined: there is no such session. */
  roleOf(pid: number): number | undefined {
    return this.#byPid.has(pid) ? this.#roles.get(pid) : undefined;
  }

  add(pid: number, session: ActiveSession): void {
    this.#byPid.set(pid, session);
  }

  remove(pid: number): void {
    this.#roles.delete(pid);
    this.#byPid.delete(pid);
  }

  /** false: there is no such session. */
  cancel(pid: number): boolean {
    const session = this.#byPid.get(pid);
    session?.cancel();
    return session !== undefined;
  }

  /** A COPY of this session runs until the returned function is called. */
  copies(pid: number, progress: () => CopyProgress): () => void {
    this.#copies.set(pid, progress);
    return () => {
      if (this.#copies.get(pid) === progress) this.#copies.delete(pid);
    };
  }

  /** false: there is no such session. */
  terminate(pid: number): boolean {
    const session = this.#byPid.get(pid);
    session?.terminate();
    return session !== undefined;
  }

  /**
   * The facts a catalogue query of session `pid` needs. `maySee`: whether it may know what sessions
   * of that role do.
   */
  facts(
    pid: number,
    needed: ReadonlySet<keyof CatalogFacts>,
    sessionUser: string,
    maySee: (roleOid: number) => boolean,
  ): CatalogFacts {
    const seen = (one: number) => maySee(this.#roles.get(one) ?? 0);
    const rows: Partial<Record<LiveRows, readonly object[]>> = {};
    if (needed.has("sessions")) {
      rows.sessions = [...this.#byPid].map(([one, session]) =>
        seen(one) ? session.activity() : hidden(session.activity()),
      );
    }
    if (needed.has("copies")) {
      const copies = [...this.#copies].filter(([copier]) => seen(copier));
      rows.copies = copies.map(([copier, progress]) => ({ pid: copier, ...progress() }));
    }
    return { processId: pid, startTime: this.#startTime, sessionUser, ...rows };
  }
}

/** As PostgreSQL shows it to who may not know more. */
function hidden({ pid, usename, application_name }: SessionActivity): SessionActivity {
  return {
    pid,
    usename,
    application_name,
    client_addr: null,
    client_port: null,
    backend_start: null,
    xact_start: null,
    query_start: null,
    state_change: null,
    wait_event_type: null,
    wait_event: null,
    state: null,
    query: "<insufficient privilege>",
  };
}
