/** What one session remembers of itself for pg_stat_activity. */

import type { SessionActivity } from "./activity.ts";
import type { StartupRequest } from "./results.ts";
import type { Transaction } from "./transaction.ts";

const IDLE = {
  I: "idle",
  T: "idle in transaction",
  E: "idle in transaction (aborted)",
} as const;

/** A wait event in PostgreSQL's terms. */
export interface WaitEvent {
  readonly type: string;
  readonly event: string;
}

export class ActivityRecord {
  readonly #request: StartupRequest;
  readonly #startedAt = new Date().toISOString();
  /** Milliseconds since 1970; undefined: no statement has run. */
  #queryStartedMs: number | undefined;
  #query = "";
  #wait: WaitEvent | undefined;

  constructor(request: StartupRequest) {
    this.#request = request;
  }

  /** A statement starts. */
  begin(text: string, nowMs: number): void {
    this.#queryStartedMs = nowMs;
    this.#query = text;
  }

  /** undefined: it goes on. */
  waitFor(wait: WaitEvent | undefined): void {
    this.#wait = wait;
  }

  describe(transaction: Transaction, isRunning: boolean, application: string): SessionActivity {
    const [address, port] = splitAddress(this.#request.remoteAddress);
    const queryStartedMs = this.#queryStartedMs;
    const queryStart = queryStartedMs === undefined ? null : isoTime(queryStartedMs);
    return {
      pid: this.#request.processId,
      usename: this.#request.user,
      application_name: application,
      client_addr: address,
      client_port: port,
      backend_start: this.#startedAt,
      xact_start: transaction.isStarted ? isoTime(Number(transaction.startMicros / 1000n)) : null,
      query_start: queryStart,
      state_change: queryStart ?? this.#startedAt,
      wait_event_type: this.#wait?.type ?? null,
      wait_event: this.#wait?.event ?? null,
      state: isRunning ? "active" : IDLE[transaction.status],
      query: this.#query,
    };
  }
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}

/** `127.0.0.1:50123`, `[::1]:50123`. */
function splitAddress(address: string): readonly [string | null, number | null] {
  const match = /^\[?([^\]]*)\]?:(\d+)$/.exec(address);
  return match === null ? [null, null] : [match[1] ?? null, Number(match[2])];
}
