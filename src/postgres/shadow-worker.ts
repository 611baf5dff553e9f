/**
 * The main thread's end of one shadow worker. The worker is disposable: it is started when needed,
 * killed when it does not answer, and the next user finds a new one with the same definitions.
 */

import { Worker } from "node:worker_threads";
import { after, type Deferred, deferred, Mutex } from "../base/async.ts";
import { SqlError } from "../base/errors.ts";
import { log } from "../base/telemetry.ts";
import { workerUrl } from "../base/worker-url.ts";
import type { Definition } from "./analysis.ts";
import { errorOf } from "./answer.ts";
import { machineCode } from "./machine-code.ts";
import type { StartSettings } from "./pglite.ts";
import type { AnswerMessage, CallKind, Calls, WorkerStart } from "./worker-protocol.ts";

export interface ShadowWorkerOptions {
  readonly name: string;
  readonly settings: StartSettings;
  /** Only ever grows; what is new is replayed before the next use. */
  readonly definitions: () => readonly Definition[];
  readonly deadlineMs: number;
  /**
   * How long the answer to a request that is aborted is waited for before the worker is killed.
   * undefined: as long as any.
   */
  readonly abortedMsMax: number | undefined;
  readonly queueLengthMax: number;
}

interface Running {
  readonly worker: Worker;
  /** How many definitions it holds. */
  definitions: number;
  pending: Deferred<AnswerMessage> | undefined;
}

export type Call = <Kind extends CallKind>(
  kind: Kind,
  request: Calls[Kind]["request"],
) => Promise<Calls[Kind]["answer"]>;

export class ShadowWorker {
  readonly #options: ShadowWorkerOptions;
  readonly #turn = new Mutex();
  #running: Running | undefined;
  #waiting = 0;
  #isPinned = false;
  #isClosed = false;

  constructor(options: ShadowWorkerOptions) {
    this.#options = options;
  }

  /** Waits for the worker, alone with it until `task` ends. An abort is answered at once. */
  async use<T>(task: (call: Call) => Promise<T>, signal?: AbortSignal): Promise<T> {
    throwIfAborted(signal);
    const result = this.#inTurn(task, signal);
    if (signal === undefined) return await result;
    const aborted = deferred<never>();
    const onAbort = () => aborted.reject(abortError(signal));
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      return await Promise.race([result, aborted.promise]);
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  async #inTurn<T>(task: (call: Call) => Promise<T>, signal?: AbortSignal): Promise<T> {
    if (this.#waiting >= this.#options.queueLengthMax) {
      throw new SqlError("53000", "too many statements are waiting to be analysed");
    }
    this.#waiting += 1;
    try {
      return await this.#turn.run(async () => {
        throwIfAborted(signal);
        const running = await this.#current();
        return await task((kind, request) => this.#call(running, kind, request, signal));
      });
    } finally {
      this.#waiting -= 1;
    }
  }

  /** Nobody uses it or waits for it. */
  get isIdle(): boolean {
    return this.#waiting === 0;
  }

  /** The worker has executed the newest definition itself. To be called by its user. */
  markCurrent(): void {
    if (this.#running !== undefined) this.#running.definitions = this.#options.definitions().length;
  }

  /** From now on it holds what no other worker has: when it is lost, that is lost. */
  pin(): void {
    this.#isPinned = true;
  }

  /** How many definitions it has taken in; infinite while it does not run. */
  get held(): number {
    return this.#running?.definitions ?? Number.POSITIVE_INFINITY;
  }

  /** The next user gets a new worker. */
  async discard(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    if (running === undefined) return;
    await running.worker.terminate();
    running.pending?.reject(closed());
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.discard();
  }

  /** A running worker that holds all definitions. */
  async #current(): Promise<Running> {
    const running = this.#running;
    if (this.#isPinned) {
      if (running === undefined) throw this.#isClosed ? closed() : lostDefinitions();
      return running;
    }
    if (running !== undefined) {
      try {
        await this.#catchUp(running);
        return running;
      } catch (cause) {
        log("warn", "shadow.replay", { worker: this.#options.name, cause });
        await this.discard();
      }
    }
    return await this.#start();
  }

  async #catchUp(running: Running): Promise<void> {
    for (const definition of this.#options.definitions().slice(running.definitions)) {
      if (definition.statements.length > 0) await this.#call(running, "replay", definition);
      running.definitions += 1;
    }
  }

  async #start(): Promise<Running> {
    if (this.#isClosed) throw closed();
    const worker = new Worker(workerUrl("postgres/worker.ts", import.meta.url));
    const ready = deferred<AnswerMessage>();
    const running: Running = { worker, definitions: 0, pending: ready };
    worker.on("message", (message: AnswerMessage) => running.pending?.resolve(message));
    worker.on("error", (cause) => this.#lost(running, cause));
    worker.on("exit", (code) => this.#lost(running, new Error(`worker exited with ${code}`)));
    this.#running = running;
    const { settings } = this.#options;
    const begun = machineCode().then((code) =>
      worker.postMessage({ code, settings } satisfies WorkerStart),
    );
    try {
      await Promise.all([begun, ready.promise]);
      running.pending = undefined;
      await this.#catchUp(running);
    } catch (cause) {
      await this.discard();
      throw cause;
    }
    return running;
  }

  async #call<Kind extends CallKind>(
    running: Running,
    kind: Kind,
    request: Calls[Kind]["request"],
    signal?: AbortSignal,
  ): Promise<Calls[Kind]["answer"]> {
    if (running !== this.#running) throw closed();
    const pending = deferred<AnswerMessage>();
    running.pending = pending;
    const stop = (reason: SqlError) => {
      pending.reject(reason);
      void this.discard().catch((cause: unknown) => log("error", "shadow.discard", { cause }));
    };
    const { abortedMsMax } = this.#options;
    let aborted: { cancel(): void } | undefined;
    const onAbort = () => {
      aborted = after(abortedMsMax ?? 0, () => stop(abortError(signal)));
    };
    const deadline = after(this.#options.deadlineMs, () => stop(overdue(kind)));
    if (abortedMsMax !== undefined) signal?.addEventListener("abort", onAbort, { once: true });
    running.worker.postMessage({ id: 1, kind, request });
    try {
      return await this.#take(await pending.promise);
    } finally {
      running.pending = undefined;
      deadline.cancel();
      aborted?.cancel();
      signal?.removeEventListener("abort", onAbort);
    }
  }

  async #take(message: AnswerMessage): Promise<never> {
    switch (message.kind) {
      case "answer":
        return message.answer as never;
      case "error":
        throw errorOf(message.fields);
      case "broken":
        log("error", "shadow.broken", { worker: this.#options.name, message: message.message });
        await this.discard();
        throw brokenError(message.message);
    }
  }

  #lost(running: Running, cause: Error): void {
    if (this.#running !== running) return;
    log("error", "shadow.lost", { worker: this.#options.name, cause });
    this.#running = undefined;
    running.pending?.reject(new SqlError("XX000", "the embedded server has failed", { cause }));
  }
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw abortError(signal);
}

function abortError(signal: AbortSignal | undefined): SqlError {
  const reason: unknown = signal?.reason;
  if (reason instanceof SqlError) return reason;
  return new SqlError("57014", "canceling statement due to user request");
}

/** A Parse without an answer is a statement too complex for the embedded server's stack. */
function overdue(kind: CallKind): SqlError {
  return kind === "query"
    ? new SqlError("57014", "canceling statement due to statement timeout")
    : new SqlError("54001", "statement too complex");
}

function brokenError(message: string): SqlError {
  return /Maximum call stack|stack overflow/i.test(message)
    ? new SqlError("54001", "stack depth limit exceeded")
    : new SqlError("XX000", "the embedded server has failed");
}

function lostDefinitions(): SqlError {
  return new SqlError("40001", "the definitions of this transaction were lost", {
    detail: "The embedded server that held them has failed or was stopped.",
    hint: "Roll the transaction back and run it again.",
  });
}

function closed(): SqlError {
  return new SqlError("57P01", "terminating connection due to administrator command");
}
