/** What one session remembers of itself for pg_stat_activity. */

import type { SessionActivity } from "./activity.ts";
import type { LockTarget } from "./locks.ts";
import type { StartupRequest } from "./results.ts";
import type { Transaction } from "./transaction.ts";

const IDLE = {
  I: "idle",
  T: "idle in transaction",
  E: "idle in transaction (aborted)",
} as const;
/** track_activity_query_size, less the final zero byte. */
const QUERY_BYTES_MAX = 1023;

/** What else is known of the session at that moment. */
export interface ActivityState {
  readonly transaction: Transaction;
  readonly transactionId: number | undefined;
  readonly isRunning: boolean;
  readonly application: string;
  readonly waitsFor: LockTarget | undefined;
}

/** A wait event in PostgreSQL's terms. */
export interface WaitEvent {
  readonly type: string;
  readonly event: string;
}

export class ActivityRecord {
  readonly #request: StartupRequest;
  readonly #startedAtMs = Date.now();
  /** Milliseconds since 1970; undefined: no statement has run. */
  #queryStartedMs: number | undefined;
  #changedMs = this.#startedAtMs;
  #query = "";
  #wait: WaitEvent | undefined;

  constructor(request: StartupRequest) {
    this.#request = request;
  }

  /** A statement starts. */
  begin(text: string, nowMs: number): void {
    this.#queryStartedMs = nowMs;
    this.#changedMs = nowMs;
    this.#query = text;
  }

  /** undefined: it goes on. */
  waitFor(wait: WaitEvent | undefined): void {
    this.#wait = wait;
  }

  /** It waits for the client. */
  end(nowMs: number): void {
    this.#changedMs = nowMs;
  }

  get connection(): Readonly<Record<"client" | "server", Address>> {
    const { remoteAddress, localAddress } = this.#request;
    return { client: splitAddress(remoteAddress), server: splitAddress(localAddress) };
  }

  describe(state: ActivityState): SessionActivity {
    const { transaction, transactionId, isRunning } = state;
    const { address, port } = splitAddress(this.#request.remoteAddress);
    const queryStartedMs = this.#queryStartedMs;
    const { tls } = this.#request;
    return {
      pid: this.#request.processId,
      application_name: state.application,
      client_addr: address,
      client_port: port,
      backend_start: isoTime(this.#startedAtMs),
      xact_start: transaction.isStarted ? isoTime(Number(transaction.startMicros / 1000n)) : null,
      query_start: queryStartedMs === undefined ? null : isoTime(queryStartedMs),
      state_change: isoTime(this.#changedMs),
      ...waitEvent(state, this.#wait),
      state: isRunning ? "active" : IDLE[transaction.status],
      query: cut(this.#query),
      backend_xid: transactionId === undefined ? null : String(transactionId % 2 ** 32),
      backend_type: "client backend",
      ssl: tls !== undefined,
      sslversion: tls?.version ?? null,
      sslcipher: tls?.cipher ?? null,
      sslbits: tls?.bits ?? null,
      ssl_client_dn: tls?.clientName ?? null,
      ssl_client_serial: tls?.clientSerial ?? null,
      ssl_issuer_dn: tls?.issuerName ?? null,
      gss_auth: false,
      gss_enc: false,
      gss_delegation: false,
    };
  }
}

function waitEvent(
  { isRunning, waitsFor }: ActivityState,
  wait: WaitEvent | undefined,
): Pick<SessionActivity, "wait_event_type" | "wait_event"> {
  if (wait !== undefined) return { wait_event_type: wait.type, wait_event: wait.event };
  if (!isRunning) return { wait_event_type: "Client", wait_event: "ClientRead" };
  if (waitsFor === undefined) return { wait_event_type: null, wait_event: null };
  const { isAdvisory, relationOid } = waitsFor;
  const kind = relationOid === undefined ? "transactionid" : "relation";
  return { wait_event_type: "Lock", wait_event: isAdvisory === true ? "advisory" : kind };
}

/** At a character. */
function cut(query: string): string {
  if (query.length <= QUERY_BYTES_MAX / 4) return query;
  const bytes = Buffer.from(query);
  if (bytes.length <= QUERY_BYTES_MAX) return query;
  let end = QUERY_BYTES_MAX;
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.toString("utf8", 0, end);
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}

interface Address {
  readonly address: string | null;
  readonly port: number | null;
}

/** `127.0.0.1:50123`, `[::1]:50123`. */
function splitAddress(text: string): Address {
  const match = /^\[?(?:::ffff:(?=\d+\.))?([^\]]*)\]?:(\d+)$/.exec(text);
  return match === null
    ? { address: null, port: null }
    : { address: match[1] || null, port: Number(match[2]) };
}
