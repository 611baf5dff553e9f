/**
 * One session's advisory locks, counted: by mode, and by whether the session or its transaction
 * holds them. They stand in the same wait-for graph as all other locks.
 */

import type { LockMode, LockOwner, Locks, LockTarget, LockWait } from "./locks.ts";

export type LockLevel = "session" | "transaction";

interface Held {
  readonly target: LockTarget;
  readonly counts: Record<LockLevel, Record<LockMode, number>>;
}

export class AdvisoryLocks {
  readonly #locks: Locks;
  readonly #owner: LockOwner;
  readonly #held = new Map<string, Held>();

  constructor(locks: Locks, owner: LockOwner) {
    this.#locks = locks;
    this.#owner = owner;
  }

  /** @throws SqlError 40P01, 55P03; the signal's reason */
  async acquire(
    target: LockTarget,
    mode: LockMode,
    level: LockLevel,
    wait: LockWait,
  ): Promise<void> {
    await this.#locks.acquire(this.#owner, target, mode, wait);
    this.#count(target, mode, level);
  }

  /** false: somebody else has it. */
  tryAcquire(target: LockTarget, mode: LockMode, level: LockLevel): boolean {
    if (!this.#locks.tryAcquire(this.#owner, target, mode)) return false;
    this.#count(target, mode, level);
    return true;
  }

  /** One of the session's; false: it holds none of that mode. */
  release({ key }: LockTarget, mode: LockMode): boolean {
    const held = this.#held.get(key);
    if (held === undefined || held.counts.session[mode] === 0) return false;
    held.counts.session[mode] -= 1;
    this.#settle(held);
    return true;
  }

  releaseAll(level: LockLevel): void {
    for (const held of [...this.#held.values()]) {
      held.counts[level] = { shared: 0, exclusive: 0 };
      this.#settle(held);
    }
  }

  #count(target: LockTarget, mode: LockMode, level: LockLevel): void {
    const none = () => ({ shared: 0, exclusive: 0 });
    const held = this.#held.get(target.key) ?? {
      target,
      counts: { session: none(), transaction: none() },
    };
    held.counts[level][mode] += 1;
    this.#held.set(target.key, held);
  }

  /** What is left of it is what the others see. */
  #settle({ target, counts: { session, transaction } }: Held): void {
    if (session.exclusive + transaction.exclusive > 0) return;
    const isShared = session.shared + transaction.shared > 0;
    if (!isShared) this.#held.delete(target.key);
    this.#locks.lower(this.#owner, target, isShared ? "shared" : undefined);
  }
}

const DATABASE_OID = 5;

/** One key of 64 bits, or two of 32. */
export function advisoryTarget(keys: readonly bigint[]): LockTarget {
  const [first = 0n, second] = keys;
  const parts =
    second === undefined
      ? [BigInt.asUintN(32, first >> 32n), BigInt.asUintN(32, first), 1n]
      : [BigInt.asUintN(32, first), BigInt.asUintN(32, second), 2n];
  const title = `advisory lock [${DATABASE_OID},${parts.join(",")}]`;
  return { key: title, title, isAdvisory: true };
}
