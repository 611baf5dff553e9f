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
  readonly backend_start: string;
  readonly xact_start: string | null;
  readonly query_start: string | null;
  readonly state_change: string;
  readonly wait_event_type: string | null;
  readonly wait_event: string | null;
  readonly state: "active" | "idle" | "idle in transaction" | "idle in transaction (aborted)";
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
}

export class Sessions {
  readonly #startTime = new Date().toISOString();
  readonly #byPid = new Map<number, ActiveSession>();
  readonly #copies = new Map<number, () => CopyProgress>();

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

  /** A COPY of this session runs until the returned function is called. */
  copies(pid: number, progress: () => CopyProgress): () => void {
    this.#copies.set(pid, progress);
    return () => {
      if (this.#copies.get(pid) === progress) this.#copies.delete(pid);
    };
  }

  /** The facts a catalogue query of session `pid` needs. */
  facts(pid: number, needed: ReadonlySet<keyof CatalogFacts>): CatalogFacts {
    const rows: Partial<Record<LiveRows, readonly object[]>> = {};
    if (needed.has("sessions")) {
      rows.sessions = [...this.#byPid.values()].map((session) => session.activity());
    }
    if (needed.has("copies")) {
      rows.copies = [...this.#copies].map(([copier, progress]) => ({ pid: copier, ...progress() }));
    }
    return { processId: pid, startTime: this.#startTime, sessionUser: "postgres", ...rows };
  }
}
