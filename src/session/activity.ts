/**
 * The sessions there are, by process id: who may cancel whom, and what pg_stat_activity and
 * pg_stat_progress_copy show.
 */

import { DATABASE_OID } from "../postgres/role.ts";
import type { TransactionLocks } from "./lock-rows.ts";
import { TransactionIds } from "./transaction-ids.ts";

/** What a session tells of itself, columns of pg_stat_get_activity(); times in ISO 8601. */
export interface SessionActivity {
  readonly pid: number;
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
  readonly backend_xid: string | null;
  readonly backend_type: string | null;
  readonly ssl: boolean | null;
  readonly sslversion: string | null;
  readonly sslcipher: string | null;
  readonly sslbits: number | null;
  readonly ssl_client_dn: string | null;
  readonly ssl_client_serial: string | null;
  readonly ssl_issuer_dn: string | null;
  readonly gss_auth: boolean | null;
  readonly gss_enc: boolean | null;
  readonly gss_delegation: boolean | null;
}

export interface ConnectionEnd {
  readonly address: string | null;
  readonly port: number | null;
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
  /** undefined: no transaction is open. */
  transactionLocks(): TransactionLocks | undefined;
  /** Both ends of its connection. */
  readonly connection: Readonly<Record<"client" | "server", ConnectionEnd>>;
  cancel(): void;
  /** Ends it with 57P01. */
  terminate(): void;
}

export class Sessions {
  readonly startTime = new Date().toISOString();
  readonly transactionIds = new TransactionIds();
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

  /** Whether there is one, and both ends of its connection. */
  connection(pid: number): ActiveSession["connection"] | undefined {
    return this.#byPid.get(pid)?.connection;
  }

  get count(): number {
    return this.#byPid.size;
  }

  /** Rows of pg_stat_get_activity(). `maySee`: what sessions of that role do. */
  activities(maySee: (roleOid: number) => boolean): readonly object[] {
    return [...this.#byPid].map(([pid, session]) => {
      const usesysid = this.#roles.get(pid) ?? 0;
      const activity = session.activity();
      const shown = maySee(usesysid) ? activity : hidden(activity);
      return { datid: DATABASE_OID, usesysid, ...shown };
    });
  }

  copyProgress(maySee: (roleOid: number) => boolean): readonly object[] {
    const seen = [...this.#copies].filter(([pid]) => maySee(this.#roles.get(pid) ?? 0));
    return seen.map(([pid, progress]) => ({ pid, ...progress() }));
  }

  transactionLocks(): readonly TransactionLocks[] {
    return [...this.#byPid.values()].flatMap((session) => session.transactionLocks() ?? []);
  }
}

/** As PostgreSQL shows it to who may not know more. */
function hidden({ pid, application_name }: SessionActivity): Partial<SessionActivity> {
  return { pid, application_name, query: "<insufficient privilege>" };
}
