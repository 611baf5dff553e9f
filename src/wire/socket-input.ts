/**
 * Bytes from a client, pulled by whoever needs them, read ahead only up to a bound.
 *
 * One loop reads the socket for the connection's whole life, so that a client that goes away while
 * its statement runs is noticed: `closed` then aborts.
 */

import type { Socket } from "node:net";
import { type Deferred, deferred } from "../base/async.ts";

const CAPACITY = 16 * 1024;
/** A buffer grown for a large message is given back when it is larger than this and empty. */
const CAPACITY_KEPT = 256 * 1024;

export class SocketInput {
  readonly #socket: Socket;
  readonly #readAheadMax: number;
  readonly #closing = new AbortController();
  #buffer = Buffer.allocUnsafe(CAPACITY);
  #from = 0;
  #until = 0;
  /** Bytes the consumer waits for; the reader may fill up to that even beyond the bound. */
  #wanted = 0;
  #arrival: Deferred<void> | undefined;
  #space: Deferred<void> | undefined;

  constructor(socket: Socket, readAheadMax: number) {
    this.#socket = socket;
    this.#readAheadMax = readAheadMax;
  }

  /** Aborts once the client has gone (its end was read, or the socket failed), or after `stop`. */
  get closed(): AbortSignal {
    return this.#closing.signal;
  }

  get bufferedBytes(): number {
    return this.#until - this.#from;
  }

  /** Reads until the client goes. Never rejects. */
  async read(): Promise<void> {
    try {
      for await (const chunk of this.#socket) {
        if (this.closed.aborted) continue; // after `stop` bytes are drained and dropped
        this.#append(chunk as Buffer);
        this.#arrival?.resolve();
        while (this.#isFull()) {
          this.#space = deferred();
          await this.#space.promise;
        }
      }
    } catch {
      // A connection reset by the client is an end like any other; there is nobody to tell.
    } finally {
      this.stop();
    }
  }

  /** No more bytes are wanted: waiting and later calls of `take` answer undefined. */
  stop(): void {
    this.#closing.abort();
    this.#arrival?.resolve();
    this.#space?.resolve();
  }

  /**
   * Waits for exactly `size` bytes; the caller has checked that it may be that many. They are a
   * copy. undefined: the client went before.
   */
  async take(size: number): Promise<Buffer | undefined> {
    while (this.bufferedBytes < size) {
      if (this.closed.aborted) return undefined;
      await this.arrival(size);
    }
    return this.takeNow(size);
  }

  /** The same, but undefined also when they are not there yet. */
  takeNow(size: number): Buffer | undefined {
    if (this.bufferedBytes < size) return undefined;
    const taken = Buffer.allocUnsafe(size);
    this.#buffer.copy(taken, 0, this.#from, this.#from + size);
    this.skip(size);
    return taken;
  }

  /** Takes a frame's type letter and length; undefined: they are not there yet. */
  headerNow(): { readonly code: number; readonly length: number } | undefined {
    if (this.bufferedBytes < 5) return undefined;
    const code = this.#buffer[this.#from] as number;
    const length = this.#buffer.readInt32BE(this.#from + 1);
    this.skip(5);
    return { code, length };
  }

  /** All that is there: a view, good until anything else is called or awaited. */
  peek(): Buffer {
    return this.#buffer.subarray(this.#from, this.#until);
  }

  /** Of what is there, takes the first `size` bytes away. */
  skip(size: number): void {
    this.#wanted = 0;
    this.#from += size;
    if (this.#from === this.#until) this.#rewind();
    this.#space?.resolve();
  }

  /** Settles when more bytes have come of the `size` that are waited for, at the end, or by `wake`. */
  async arrival(size: number): Promise<void> {
    if (this.closed.aborted) return;
    this.#wanted = size;
    this.#arrival = deferred();
    this.#space?.resolve();
    await this.#arrival.promise;
  }

  /** Ends a wait for bytes; none of them are lost. */
  wake(): void {
    this.#arrival?.resolve();
  }

  #isFull(): boolean {
    const bound = Math.max(this.#readAheadMax, this.#wanted);
    return !this.closed.aborted && this.bufferedBytes >= bound;
  }

  #append(chunk: Buffer): void {
    const needed = this.bufferedBytes + chunk.length;
    if (this.#until + chunk.length > this.#buffer.length) {
      const isRoomy = needed <= this.#buffer.length / 2;
      const target = isRoomy
        ? this.#buffer
        : Buffer.allocUnsafe(Math.max(needed, this.#buffer.length * 2));
      this.#buffer.copy(target, 0, this.#from, this.#until);
      this.#until -= this.#from;
      this.#from = 0;
      this.#buffer = target;
    }
    chunk.copy(this.#buffer, this.#until);
    this.#until += chunk.length;
  }

  #rewind(): void {
    this.#from = 0;
    this.#until = 0;
    if (this.#buffer.length > CAPACITY_KEPT) this.#buffer = Buffer.allocUnsafe(CAPACITY);
  }
}
