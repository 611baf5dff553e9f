/** How much a client, and all of them together, may send ahead of what is handled. */

export interface WireLimits {
  /** Largest Query, Parse or Bind message. */
  readonly messageBytesMax: number;
  /** Of all clients' large messages together; at least one of the largest. */
  readonly allMessagesBytesMax: number;
  /** How much is read from a client ahead of what is handled. */
  readonly readAheadBytesMax: number;
  /** From accepting to the end of authentication. */
  readonly startupTimeoutMs: number;
}

export const DEFAULT_LIMITS: WireLimits = {
  messageBytesMax: 256 * 1024 * 1024,
  allMessagesBytesMax: 512 * 1024 * 1024,
  readAheadBytesMax: 1024 * 1024,
  startupTimeoutMs: 60_000,
};

/** Smaller ones are bounded by the number of connections. */
const SMALL_BYTES = 1024 * 1024;

/**
 * How much memory the large messages of all clients take together, from their header until they are
 * handled: each by itself may be large, all of them may not.
 */
export class MessageBudget {
  #free: number;

  constructor(bytes: number) {
    this.#free = bytes;
  }

  /** How much was taken for a message of that size; undefined: there is not so much. */
  take(bytes: number): number | undefined {
    if (bytes <= SMALL_BYTES) return 0;
    if (bytes > this.#free) return undefined;
    this.#free -= bytes;
    return bytes;
  }

  giveBack(bytes: number): void {
    this.#free += bytes;
  }
}
