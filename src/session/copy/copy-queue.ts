/** What a client sends during COPY FROM STDIN: a little of it waits here for the reader. */

import type { SqlError } from "../../base/errors.ts";
import type { CopyReceiver } from "../results.ts";

/** Chunks of a stream, one after the other; undefined at its end. */
export interface ChunkSource {
  next(): Promise<Uint8Array | undefined>;
  /** What still comes is not wanted any more. */
  close(): Promise<void>;
}

/** More than this makes the client wait. */
const BYTES_MAX = 4 * 2 ** 20;

export class CopyQueue implements CopyReceiver, ChunkSource {
  readonly #signal: AbortSignal;
  readonly #chunks: Uint8Array[] = [];
  #bytes = 0;
  #isEnded = false;
  #isClosed = false;
  #failure: SqlError | undefined;
  /** Whoever waits for a chunk, and whoever waits until there is room. */
  #reader: (() => void) | undefined;
  #writer: (() => void) | undefined;
  readonly #stop = () => this.#wake();

  constructor(signal: AbortSignal) {
    this.#signal = signal;
    signal.addEventListener("abort", this.#stop);
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (this.#isClosed || bytes.length === 0) return;
    this.#chunks.push(bytes);
    this.#bytes += bytes.length;
    this.#wake();
    if (this.#bytes <= BYTES_MAX) return;
    await new Promise<void>((resolve) => {
      this.#writer = resolve;
    });
  }

  end(): void {
    this.#isEnded = true;
    this.#wake();
  }

  fail(cause: SqlError): void {
    this.#failure ??= cause;
    this.#wake();
  }

  /** @throws the client's failure, or why the statement must stop */
  async next(): Promise<Uint8Array | undefined> {
    for (;;) {
      this.#signal.throwIfAborted();
      const chunk = this.#chunks.shift();
      if (chunk !== undefined) {
        this.#bytes -= chunk.length;
        if (this.#bytes <= BYTES_MAX) this.#release();
        return chunk;
      }
      // What came before it is looked at first, as PostgreSQL does.
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#isEnded) return undefined;
      await new Promise<void>((resolve) => {
        this.#reader = resolve;
      });
    }
  }

  close(): Promise<void> {
    this.#isClosed = true;
    this.#chunks.length = 0;
    this.#bytes = 0;
    this.#signal.removeEventListener("abort", this.#stop);
    this.#release();
    return Promise.resolve();
  }

  #wake(): void {
    this.#reader?.();
    this.#reader = undefined;
  }

  #release(): void {
    this.#writer?.();
    this.#writer = undefined;
  }
}
