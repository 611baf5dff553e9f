/** The part of a stream that is in memory: chunks come in at the end, lines leave at the front. */

import { SqlError } from "../../base/errors.ts";

/** A line or tuple takes some ten times its size on its way into a table. */
export const BYTES_MAX = 2 ** 28 - 1;
const OWN_BYTES_FIRST = 64 * 1024;
/** Of memory that a long line took. */
const OWN_BYTES_KEPT = 4 * 2 ** 20;

export class Window {
  bytes: Uint8Array = new Uint8Array(0);
  /** The first byte not taken yet, and the end of what came. */
  start = 0;
  end = 0;
  /** Where a chunk is put behind what the one before has left over. */
  #own: Uint8Array = new Uint8Array(0);

  /** The chunk may be kept. Places count from a new origin afterwards: only `start` holds. */
  push(chunk: Uint8Array): void {
    const rest = this.end - this.start;
    if (rest === 0) {
      if (this.#own.length > OWN_BYTES_KEPT) this.#own = new Uint8Array(0);
      this.bytes = chunk;
      this.start = 0;
      this.end = chunk.length;
      return;
    }
    const needed = rest + chunk.length;
    if (needed > BYTES_MAX) throw tooLong(rest, chunk.length);
    if (this.bytes !== this.#own || this.end + chunk.length > this.#own.length) {
      this.#moveToFront(rest, needed);
    }
    this.bytes.set(chunk, this.end);
    this.end += chunk.length;
  }

  /** A long line is moved only when memory doubles: it may come in very many chunks. */
  #moveToFront(rest: number, needed: number): void {
    const source = this.bytes.subarray(this.start, this.end);
    const hasRoom = needed <= this.#own.length && rest * 2 <= this.#own.length;
    if (!hasRoom) {
      const size = Math.max(needed * 2, OWN_BYTES_FIRST);
      this.#own = new Uint8Array(Math.min(BYTES_MAX, size));
    }
    this.#own.set(source);
    this.bytes = this.#own;
    this.start = 0;
    this.end = rest;
  }
}

/** In PostgreSQL's words, whose own limit is 1 GB. */
export function tooLong(held: number, more: number): SqlError {
  return new SqlError(
    "54000",
    `string buffer exceeds maximum allowed length (${BYTES_MAX} bytes)`,
    {
      detail: `Cannot enlarge string buffer containing ${held} bytes by ${more} more bytes.`,
    },
  );
}
