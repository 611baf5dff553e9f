/** A cursor of the worker, seen from the main thread. */

import { type Deferred, deferred } from "../base/async.ts";
import { unpackFailure } from "./failure-transfer.ts";
import { cancelled } from "./failures.ts";
import type { FromWorker } from "./protocol.ts";
import type { Cursor, RowBatch } from "./request.ts";

type Outcome = { readonly kind: "end" } | { readonly kind: "failed"; readonly error: Error };

export class RemoteCursor implements Cursor {
  readonly #post: (kind: "demand" | "cancel" | "close") => void;
  readonly #recycle: (buffer: ArrayBuffer) => void;
  readonly #batches: RowBatch[] = [];
  /** What comes behind the batches. */
  #outcome: Outcome | undefined;
  #waiting: Deferred<void> | undefined;
  /** The worker holds nothing of the statement any more; it says so once, whatever happened. */
  readonly #closed = deferred<void>();
  readonly #pinned = deferred<void>();
  #isCloseAsked = false;
  #isCancelled = false;

  /**
   * @param post sends a message about this cursor to the worker
   * @param recycle sends memory back to it
   */
  constructor(
    post: (kind: "demand" | "cancel" | "close") => void,
    recycle: (buffer: ArrayBuffer) => void,
  ) {
    this.#post = post;
    this.#recycle = recycle;
  }

  get pinned(): Promise<void> {
    return this.#pinned.promise;
  }

  async next(): Promise<RowBatch | undefined> {
    for (;;) {
      if (this.#isCancelled) this.#fail(cancelled());
      const batch = this.#batches.shift();
      if (batch !== undefined) {
        if (this.#outcome === undefined) this.#post("demand");
        return batch;
      }
      if (this.#outcome?.kind === "failed") this.#fail(this.#outcome.error);
      if (this.#outcome?.kind === "end") return undefined;
      this.#waiting ??= deferred<void>();
      await this.#waiting.promise;
    }
  }

  cancel(): void {
    if (this.#isCancelled || this.#isCloseAsked) return;
    this.#isCancelled = true;
    if (this.#outcome === undefined) this.#post("cancel");
    this.#wake();
  }

  async close(): Promise<void> {
    if (!this.#isCloseAsked) {
      this.#isCloseAsked = true;
      // At its end, good or bad, the worker closes by itself.
      if (this.#outcome === undefined) this.#post("close");
      this.#outcome ??= { kind: "end" };
      this.#batches.length = 0;
      this.#wake();
    }
    await this.#closed.promise;
  }

  receive(message: FromWorker): void {
    switch (message.kind) {
      case "batch":
        if (!this.#isCloseAsked) {
          const { bytes, rows } = message;
          const giveBack = () => this.#recycle(bytes.buffer as ArrayBuffer);
          this.#batches.push({ bytes, rows, giveBack });
        }
        break;
      case "whole":
        if (!this.#isCloseAsked) this.#batches.push(...message.batches);
        this.#outcome ??= { kind: "end" };
        this.#pinned.resolve();
        this.#closed.resolve();
        break;
      case "end":
        this.#outcome ??= { kind: "end" };
        break;
      case "failed":
        this.#outcome ??= { kind: "failed", error: unpackFailure(message.failure) };
        break;
      case "pinned":
        this.#pinned.resolve();
        break;
      case "closed":
        this.#pinned.resolve();
        this.#closed.resolve();
        break;
      case "result":
      case "crashed":
        break;
    }
    this.#wake();
  }

  /** The worker has ended: nothing more will be received. */
  stop(error: Error): void {
    this.#outcome = { kind: "failed", error };
    this.#batches.length = 0;
    this.#pinned.resolve();
    this.#closed.resolve();
    this.#wake();
  }

  /** Whoever takes the error closes, and waits as long as it likes. */
  #fail(error: Error): never {
    void this.close();
    throw error;
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.resolve();
  }
}
