/** Failed logins from one address are answered later and later, so that guessing takes long. */

import { sleep } from "../base/async.ts";

const FIRST_DELAY_MS = 50;
const DELAY_MS_MAX = 5_000;
/** After so long without another failure an address begins anew. */
const FORGIVEN_MS = 10 * 60_000;
const ADDRESSES_MAX = 10_000;

interface Failures {
  readonly count: number;
  readonly lastMs: number;
}

export class LoginThrottle {
  /** By address, the one that failed last at the end. */
  readonly #failures = new Map<string, Failures>();

  /** Settles when the client may be told, or has gone. */
  async failed(address: string, closed: AbortSignal): Promise<void> {
    const nowMs = Date.now();
    const before = this.#failures.get(address);
    const isRecent = before !== undefined && nowMs - before.lastMs < FORGIVEN_MS;
    const count = isRecent ? before.count + 1 : 1;
    this.#failures.delete(address);
    this.#failures.set(address, { count, lastMs: nowMs });
    const [oldest] = this.#failures.keys();
    if (this.#failures.size > ADDRESSES_MAX && oldest !== undefined) this.#failures.delete(oldest);
    await sleep(delayMs(count), closed).catch(() => undefined);
  }

  succeeded(address: string): void {
    this.#failures.delete(address);
  }
}

/** How long the answer to failure number `count` in a row waits. */
export function delayMs(count: number): number {
  return Math.min(DELAY_MS_MAX, FIRST_DELAY_MS * 2 ** Math.min(count - 1, 20));
}
