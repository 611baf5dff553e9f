/**
 * What can stop a running statement: the client's cancel, the statement timeout, a lost
 * connection.
 */

import { after } from "../base/async.ts";
import { SqlError } from "../base/errors.ts";

export class StatementSignal {
  #controller: AbortController | undefined;
  #timer: { cancel(): void } | undefined;
  #isRunning = false;
  #listener: (() => void) | undefined;

  get isRunning(): boolean {
    return this.#isRunning;
  }

  /** `timeoutMs` 0: none. */
  begin(timeoutMs: number): void {
    this.end();
    this.#isRunning = true;
    if (timeoutMs > 0) {
      this.#timer = after(timeoutMs, () =>
        this.#abort(cancelled("canceling statement due to statement timeout")),
      );
    }
  }

  end(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#controller = undefined;
    this.#isRunning = false;
  }

  /** Of the running statement, made when first asked for; one that never aborts when none runs. */
  get current(): AbortSignal {
    this.#controller ??= new AbortController();
    return this.#controller.signal;
  }

  /** Why the running statement must stop, if it must. */
  get reason(): SqlError | undefined {
    const reason: unknown = this.#controller?.signal.reason;
    return reason instanceof SqlError ? reason : undefined;
  }

  /** One listener at a time, cheaper than a signal; called at once if it must stop already. */
  onAbort(listener: (() => void) | undefined): void {
    this.#listener = listener;
    if (this.#controller?.signal.aborted === true) listener?.();
  }

  /** Harmless when nothing runs, and then without effect on what comes next. */
  cancel(): void {
    if (this.#isRunning) this.#abort(cancelled("canceling statement due to user request"));
  }

  /** The session ends: whatever runs does, too. */
  terminate(reason: SqlError): void {
    if (this.#isRunning) this.#abort(reason);
  }

  #abort(reason: SqlError): void {
    this.#controller ??= new AbortController();
    this.#controller.abort(reason);
    this.#listener?.();
  }
}

function cancelled(message: string): SqlError {
  return new SqlError("57014", message);
}
