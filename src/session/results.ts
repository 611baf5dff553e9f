/** The vocabulary between a session and the wire: what a statement answers, piece by piece. */

import type { Awaitable } from "../base/async.ts";
import type { ErrorFields, SqlError } from "../base/errors.ts";
import type { FieldDescription } from "../types/field.ts";

/** One answer, in the order the client must see it. */
export type Reply =
  | { readonly kind: "row-description"; readonly fields: readonly FieldDescription[] }
  /** Complete DataRow messages, ready to be written; `giveBack` once they are. */
  | {
      readonly kind: "rows";
      readonly bytes: Uint8Array;
      readonly count: number;
      readonly giveBack?: (() => void) | undefined;
    }
  | { readonly kind: "complete"; readonly tag: string }
  | { readonly kind: "empty-query" }
  | { readonly kind: "suspended" }
  | { readonly kind: "notice"; readonly fields: ErrorFields }
  /**
   * COPY FROM STDIN. The wire announces it and pumps the client's data into `receiver` while it
   * already awaits the next reply, which comes when all was taken, or when the COPY has failed.
   */
  | {
      readonly kind: "copy-in";
      readonly format: 0 | 1;
      readonly columnFormats: readonly (0 | 1)[];
      readonly receiver: CopyReceiver;
    }
  /** COPY TO STDOUT begins; data and one `copy-done` follow before `complete`. */
  | {
      readonly kind: "copy-out";
      readonly format: 0 | 1;
      readonly columnFormats: readonly (0 | 1)[];
    }
  /** The payload of one CopyData message; clients take a row of text or csv for one message. */
  | { readonly kind: "copy-data"; readonly bytes: Uint8Array }
  /** Complete CopyData messages, ready to be written: many rows at once. */
  | {
      readonly kind: "copy-messages";
      readonly bytes: Uint8Array;
      readonly giveBack?: (() => void) | undefined;
    }
  | { readonly kind: "copy-done" };

/** A list when all of them are there. */
export type Replies = readonly Reply[] | AsyncIterable<Reply>;

/** Where the wire puts what a client sends during COPY FROM STDIN. */
export interface CopyReceiver {
  /**
   * One CopyData payload, which the receiver may keep. Settles when more can be taken; never
   * rejects: after a failure it swallows whatever still comes.
   */
  write(bytes: Uint8Array): Promise<void>;
  /** CopyDone. */
  end(): void;
  /** CopyFail, a broken protocol, a lost connection: nothing of the COPY may remain. */
  fail(cause: SqlError): void;
}

export interface Notification {
  readonly processId: number;
  readonly channel: string;
  readonly payload: string;
}

export type TransactionStatus = "I" | "T" | "E";

/** After so long without a message the client is sent away. */
export interface IdleLimit {
  readonly ms: number;
  readonly reason: SqlError;
}

/** What the wire may ask of one client's session. Calls never overlap. Errors are `SqlError`s. */
export interface SessionPort {
  /** Names and values for ParameterStatus at start, in order. */
  reportedSettings(): readonly (readonly [string, string])[];
  /** Settings changed since the last call that must be reported before ReadyForQuery. */
  takeChangedSettings(): readonly (readonly [string, string])[];
  readonly transactionStatus: TransactionStatus;

  /** One Query message; ends its implicit transaction itself. */
  query(text: string): AsyncIterable<Reply>;
  parse(
    name: string,
    text: string,
    parameterOids: readonly number[],
  ): Promise<readonly ErrorFields[]>;
  bind(request: BindRequest): Awaitable<void>;
  describeStatement(name: string): Promise<StatementDescription>;
  /** undefined: the portal returns no rows. */
  describePortal(name: string): Awaitable<readonly FieldDescription[] | undefined>;
  /** `maxRows` 0 means all. Never gives a row description. */
  execute(portal: string, maxRows: number): Awaitable<Replies>;
  closeStatement(name: string): Promise<void>;
  closePortal(name: string): Promise<void>;
  /** Ends the implicit transaction of the extended protocol. */
  sync(): Awaitable<void>;
  /** An error was sent to the client outside these calls or by them: the transaction has failed. */
  fail(): Promise<void>;
  /** Asks the running statement to stop with 57014. Harmless when idle. Called from anywhere. */
  cancel(): void;
  /** NotificationResponses that wait, oldest first; none inside a transaction block. */
  takeNotifications(): readonly Notification[];
  /** Called whenever there are some while the session is idle; at most one listener. */
  onNotification(listener: () => void): void;
  /** Called once when the session must end, running or not; at most one listener. */
  onTermination(listener: (reason: SqlError) => void): void;
  /** How long it may wait for its client now, between ReadyForQuery and the next message. */
  idleLimit(): IdleLimit | undefined;
  /** The client has gone: roll back and release everything. */
  close(): Promise<void>;
}

export interface BindRequest {
  readonly portal: string;
  readonly statement: string;
  /** None: all text; one: for all; else one for each parameter. As sent: 0, 1 or nonsense. */
  readonly parameterFormats: readonly number[];
  /** Raw bytes, null for NULL. The buffers are the session's to keep. */
  readonly parameters: readonly (Uint8Array | null)[];
  readonly resultFormats: readonly number[];
  /** The message broke off in the parameter `at`, from 0. */
  readonly fault?: { readonly at: number; readonly cause: SqlError };
}

export interface StatementDescription {
  readonly parameterOids: readonly number[];
  /** undefined: NoData. Formats are 0. Rejects where the result has changed since Parse. */
  readonly fields: () => Promise<readonly FieldDescription[] | undefined>;
}

export interface StartupRequest {
  readonly user: string;
  readonly database: string;
  /** Other parameters, names in lower case, `options` already taken apart into `-c` settings. */
  readonly settings: readonly (readonly [string, string])[];
  readonly processId: number;
  /** With its port: `127.0.0.1:50123`, `[::1]:50123`. */
  readonly remoteAddress: string;
  /** Ours, in the same form. */
  readonly localAddress: string;
  /** undefined: the connection is not encrypted. */
  readonly tls: TlsFacts | undefined;
  /** Asked once it is known whose session it is. @throws SqlError FATAL 53300 */
  readonly admit: (isSuperuser: boolean) => void;
}

/** What is known of an encrypted connection; names as pg_stat_ssl shows them. */
export interface TlsFacts {
  readonly version: string;
  /** OpenSSL's name. */
  readonly cipher: string;
  readonly bits: number;
  /** These three: undefined, the client showed no certificate. */
  readonly clientName: string | undefined;
  /** Decimal. */
  readonly clientSerial: string | undefined;
  readonly issuerName: string | undefined;
}

/** What the wire needs of the server: sessions. Throws `SqlError` (FATAL) when it refuses. */
export interface SessionHost {
  openSession(request: StartupRequest): Promise<SessionPort>;
}
