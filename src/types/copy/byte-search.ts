/** Places of the bytes by which lines and fields are told apart, four bytes at a time. */

import { NEWLINE, RETURN } from "./format.ts";

const ONES = 0x0101_0101;
const HIGH_BITS = 0x8080_8080 | 0;
/** Bytes below are line ends, or so rare that each may be looked at. */
const LOW = (RETURN + 1) * ONES;

export class ByteSearch {
  /** In ascending order; so many of them are of the last search. */
  places = new Int32Array(256);
  count = 0;
  readonly #isWanted = new Uint8Array(256);
  /** Each four times. */
  readonly #first: number;
  readonly #second: number;

  /** For line ends and two other bytes. */
  constructor(first: number, second: number) {
    for (const byte of [NEWLINE, RETURN, first, second]) this.#isWanted[byte] = 1;
    this.#first = Math.imul(first, ONES);
    this.#second = Math.imul(second, ONES);
  }

  /** Negative behind the last one. */
  at(index: number): number {
    return index < this.count ? (this.places[index] as number) : -1;
  }

  find(bytes: Uint8Array, start: number, end: number): this {
    if (this.places.length < end - start) this.places = new Int32Array(end - start);
    this.count = 0;
    const misaligned = (bytes.byteOffset + start) & 3;
    const aligned = Math.min(end, start + ((4 - misaligned) & 3));
    this.#each(bytes, start, aligned);
    const words = (end - aligned) >> 2;
    this.#words(bytes, aligned, words);
    this.#each(bytes, aligned + words * 4, end);
    return this;
  }

  /**
   * A byte less than n lends from its highest bit when n is subtracted, and so does a zero when one
   * is. What is lent may make the next byte look so, too: each is looked at in the end.
   */
  #words(bytes: Uint8Array, start: number, length: number): void {
    if (length === 0) return;
    const words = new Int32Array(bytes.buffer, bytes.byteOffset + start, length);
    const first = this.#first;
    const second = this.#second;
    for (let i = 0; i < length; i += 1) {
      const word = words[i] as number;
      const a = word ^ first;
      const b = word ^ second;
      const found = ((word - LOW) & ~word) | ((a - ONES) & ~a) | ((b - ONES) & ~b);
      if ((found & HIGH_BITS) !== 0) this.#each(bytes, start + i * 4, start + i * 4 + 4);
    }
  }

  #each(bytes: Uint8Array, start: number, end: number): void {
    const isWanted = this.#isWanted;
    const places = this.places;
    let { count } = this;
    for (let at = start; at < end; at += 1) {
      if (isWanted[bytes[at] as number] === 1) places[count++] = at;
    }
    this.count = count;
  }
}
