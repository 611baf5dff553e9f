/** What goes out, no faster than the client takes it. */

import { once } from "node:events";
import type { Socket } from "node:net";

/** Small answers are gathered up to this many bytes, then written without being asked. */
const GATHERED_MAX = 32 * 1024;

export class SocketOutput {
  readonly #socket: Socket;
  readonly #closed: AbortSignal;
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;

  /** `closed` aborts when the client has gone; a write that waits for it then rejects. */
  constructor(socket: Socket, closed: AbortSignal) {
    this.#socket = socket;
    this.#closed = closed;
  }

  /** Gathers a message; written at the next flush. The bytes must not change any more. */
  add(...messages: readonly Uint8Array[]): void {
    for (const message of messages) {
      this.#pending.push(message);
      this.#pendingBytes += message.length;
    }
  }

  /** The client has not taken yet what was written. */
  get isFull(): boolean {
    return this.#socket.writableNeedDrain;
  }

  /** Hands everything to the socket without waiting for the client to take it. */
  write(): void {
    if (this.#pendingBytes === 0) return;
    const messages = this.#pending;
    this.#pending = [];
    this.#pendingBytes = 0;
    this.#socket.cork();
    for (const message of messages) this.#socket.write(message);
    this.#socket.uncork();
  }

  /** Keeps what is gathered bounded, also for a client that never asks for a flush. */
  async relieve(): Promise<void> {
    if (this.#pendingBytes > GATHERED_MAX) await this.flush();
  }

  /**
   * Writes everything and waits until the socket wants more: at most one batch is ever held here.
   * @throws AbortError when the client goes meanwhile
   */
  async flush(): Promise<void> {
    this.#closed.throwIfAborted();
    this.write();
    if (this.#socket.writableNeedDrain) {
      await once(this.#socket, "drain", { signal: this.#closed });
    }
  }

  /** The last words of a connection: written as far as the client takes them, never waited for. */
  end(...messages: readonly Uint8Array[]): void {
    this.add(...messages);
    if (!this.#socket.writable) return;
    this.write();
    this.#socket.end();
  }
}
