/**
 * What can stop a running statement: the client's cancel, the statement timeout, a lost
 * connection.
 */

import { after } from "../base/async.ts";
import { SqlError } from "../base/errors.ts";

/** One statement's signal: made when first asked for, which few statements do. */
export class LateSignal {
  #controller: AbortController | undefined;
  #reason: SqlError | undefined;

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#reason !== undefined) this.#controller.abort(this.#reason);
    return this.#controller.signal;
  }

  /** Why the statement must stop, if it must. */
  get reason(): SqlError | undefined {
    return this.#reason;
  }

  abort(reason: SqlError): void {
    this.#reason ??= reason;
    this.#controller?.abort(this.#reason);
  }
}

export class StatementSignal {
  #current = new LateSignal();
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
    this.#current = new LateSignal();
    this.#isRunning = false;
  }

  /** Of the running statement; one that never aborts when none runs. */
  get late(): LateSignal {
    return this.#current;
  }

  get current(): AbortSignal {
    return this.#current.signal;
  }

  /** Why the running statement must stop, if it must. */
  get reason(): SqlError | undefined {
    return this.#current.reason;
  }

  /** One listener at a time, cheaper than a signal; called at once if it must stop already. */
  onAbort(listener: (() => void) | undefined): void {
    this.#listener = listener;
    if (this.reason !== undefined) listener?.();
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
    this.#current.abort(reason);
    this.#listener?.();
  }
}

function cancelled(message: string): SqlError {
  return new SqlError("57014", message);
}
