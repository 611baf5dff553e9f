/** The part of a stream that is in memory: chunks come in at the end, lines leave at the front. */

import { SqlError } from "../../base/errors.ts";

/** A line longer than this fits no StringInfo of PostgreSQL's. */
const BYTES_MAX = 2 ** 30 - 1;

export class Window {
  bytes: Uint8Array = new Uint8Array(0);
  /** The first byte not taken yet, and the end of what came. */
  start = 0;
  end = 0;
  #isOwn = false;

  /** The chunk may be kept. Places count from a new origin afterwards: only `start` holds. */
  push(chunk: Uint8Array): void {
    const rest = this.end - this.start;
    if (rest === 0) {
      this.bytes = chunk;
      this.start = 0;
      this.end = chunk.length;
      this.#isOwn = false;
      return;
    }
    const needed = rest + chunk.length;
    if (needed > BYTES_MAX) throw tooLong(rest, chunk.length);
    if (this.#isOwn && this.end + chunk.length <= this.bytes.length) {
      this.bytes.set(chunk, this.end);
      this.end += chunk.length;
      return;
    }
    const larger = new Uint8Array(Math.min(BYTES_MAX, Math.max(needed, rest * 2, 64 * 1024)));
    larger.set(this.bytes.subarray(this.start, this.end));
    larger.set(chunk, rest);
    this.bytes = larger;
    this.start = 0;
    this.end = needed;
    this.#isOwn = true;
  }
}

function tooLong(held: number, more: number): SqlError {
  return new SqlError("54000", "string buffer exceeds maximum allowed length (1073741823 bytes)", {
    detail: `Cannot enlarge string buffer containing ${held} bytes by ${more} more bytes.`,
  });
}
