/** Which connection a CancelRequest means: process ids, unique in this server, and their keys. */

import { randomBytes, timingSafeEqual } from "node:crypto";

export interface BackendKey {
  /** A positive 32-bit integer. */
  readonly processId: number;
  /** Never logged. */
  readonly key: Buffer;
}

const PROCESS_ID_MAX = 2 ** 31 - 1;

export class CancelRegistry {
  readonly #entries = new Map<number, { readonly key: Buffer; readonly cancel: () => void }>();
  #last = 0;

  /** `cancel` is called for a request with the right key; it must be harmless at any time. */
  register(keyBytes: number, cancel: () => void): BackendKey {
    do {
      this.#last = this.#last >= PROCESS_ID_MAX ? 1 : this.#last + 1;
    } while (this.#entries.has(this.#last));
    const key = randomBytes(keyBytes);
    this.#entries.set(this.#last, { key, cancel });
    return { processId: this.#last, key };
  }

  release(processId: number): void {
    this.#entries.delete(processId);
  }

  /** Without a key, for the server's own use. false: no such process. */
  cancel(processId: number): boolean {
    const entry = this.#entries.get(processId);
    entry?.cancel();
    return entry !== undefined;
  }

  /** A wrong key does nothing, and takes as long. */
  request(processId: number, key: Buffer): void {
    const entry = this.#entries.get(processId);
    if (entry === undefined || entry.key.length !== key.length) return;
    if (timingSafeEqual(entry.key, key)) entry.cancel();
  }
}
