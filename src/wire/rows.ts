/** What goes out, no faster than the client takes it. */

import { once } from "node:events";
import type { Socket } from "node:net";

/** Small answers are gathered up to this many bytes, then written without being asked. */
const GATHERED_MAX = 32 * 1024;
/** Up to this many bytes it is cheaper to join messages than to hand over each. */
const JOINED_MAX = 4 * 1024;

export class SocketOutput {
  readonly #socket: Socket;
  readonly #closed: AbortSignal;
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;
  /** Whose memory may be written again once all that is pending has gone. */
  #lenders: (() => void)[] = [];

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

  /** The same; when the bytes have gone to the system, `giveBack` is called. */
  lend(message: Uint8Array, giveBack: (() => void) | undefined): void {
    this.add(message);
    if (giveBack !== undefined) this.#lenders.push(giveBack);
  }

  /** The client has not taken yet what was written. */
  get isFull(): boolean {
    return this.#socket.writableNeedDrain;
  }

  /** Hands everything to the socket without waiting for the client to take it. */
  write(): void {
    if (this.#pendingBytes === 0) return;
    const messages = this.#pending;
    const bytes = this.#pendingBytes;
    const lenders = this.#lenders;
    this.#pending = [];
    this.#pendingBytes = 0;
    this.#lenders = [];
    const last = messages.pop() as Uint8Array;
    const giveBack =
      lenders.length === 0
        ? undefined
        : () => {
            for (const lender of lenders) lender();
          };
    if (messages.length > 0 && bytes <= JOINED_MAX) {
      this.#socket.write(Buffer.concat([...messages, last], bytes), giveBack);
      return;
    }
    this.#socket.cork();
    for (const message of messages) this.#socket.write(message);
    this.#socket.write(last, giveBack); // whose call is the last one
    this.#socket.uncork();
  }

  /** To be flushed, though the client has not asked: what is gathered stays bounded. */
  get isDue(): boolean {
    return this.#pendingBytes > GATHERED_MAX;
  }

  /**
   * Writes everything; a promise to wait for when the socket wants no more yet: at most one batch
   * is ever held here. @throws AbortError when the client goes meanwhile
   */
  flush(): Promise<void> | undefined {
    if (this.#closed.aborted) this.#closed.throwIfAborted();
    this.write();
    return this.#socket.writableNeedDrain ? this.#drained() : undefined;
  }

  async #drained(): Promise<void> {
    await once(this.#socket, "drain", { signal: this.#closed });
  }

  /** The last words of a connection: written as far as the client takes them, never waited for. */
  end(...messages: readonly Uint8Array[]): void {
    this.add(...messages);
    if (!this.#socket.writable) return;
    this.write();
    this.#socket.end();
  }
}
