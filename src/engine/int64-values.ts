/**
 * 64-bit integers of a vector, as doubles where they are exact: bigints are several times slower.
 */

/** High words of integers that a double holds exactly: -2^53 up to below 2^53. */
const SAFE_HIGH = 2 ** 21;

export class Int64Values {
  readonly #words: Int32Array;
  readonly #low: Uint32Array;
  readonly #exact: BigInt64Array;

  constructor(data: Uint8Array, rows: number) {
    this.#words = new Int32Array(data.buffer, data.byteOffset, rows * 2);
    this.#low = new Uint32Array(data.buffer, data.byteOffset, rows * 2);
    this.#exact = new BigInt64Array(data.buffer, data.byteOffset, rows);
  }

  isSafe(row: number): boolean {
    const high = this.#words[row * 2 + 1] as number;
    return high < SAFE_HIGH && high >= -SAFE_HIGH;
  }

  /** Only where `isSafe`. */
  number(row: number): number {
    return (this.#words[row * 2 + 1] as number) * 2 ** 32 + (this.#low[row * 2] as number);
  }

  bigint(row: number): bigint {
    return this.#exact[row] as bigint;
  }
}
