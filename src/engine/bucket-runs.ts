/** Runs of neighbouring buckets, collected from bits in ascending order. */

const WORD_BITS = 6n;
const HALF = 32;

export class BucketRuns {
  /** first, last, first, last... as signed 64-bit patterns. */
  #runs = new BigInt64Array(8);
  #length = 0;

  /** Buckets `word * 64 + i` for each bit i; words must come in ascending order. */
  add(word: bigint, low: number, high: number): void {
    const base = word << WORD_BITS;
    this.#half(base, 0, low);
    this.#half(base, HALF, high);
  }

  #half(base: bigint, offset: number, bits: number): void {
    let rest = bits | 0;
    let at = 0;
    while (rest !== 0) {
      const gap = zerosBelow(rest);
      at += gap;
      rest >>>= gap;
      const length = rest === -1 ? HALF : zerosBelow(~rest);
      this.#append(base + BigInt(offset + at), base + BigInt(offset + at + length - 1));
      if (at + length >= HALF) return;
      at += length;
      rest >>>= length;
    }
  }

  #append(first: bigint, last: bigint): void {
    const before = this.#length - 1;
    if (before > 0 && (this.#runs[before] as bigint) + 1n === first) {
      this.#runs[before] = last;
      return;
    }
    if (this.#length === this.#runs.length) {
      const larger = new BigInt64Array(this.#length * 2);
      larger.set(this.#runs);
      this.#runs = larger;
    }
    this.#runs[this.#length] = first;
    this.#runs[this.#length + 1] = last;
    this.#length += 2;
  }

  finish(isUnsigned: boolean): BigInt64Array | BigUint64Array {
    const runs = this.#runs.slice(0, this.#length);
    return isUnsigned ? new BigUint64Array(runs.buffer) : runs;
  }
}

/** Zeros below the lowest bit that is set; 32 for 0. */
function zerosBelow(bits: number): number {
  return bits === 0 ? HALF : 31 - Math.clz32(bits & -bits);
}
