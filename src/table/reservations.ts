/**
 * Buckets that open transactions write where nobody else may. A transaction claims them before it
 * looks whether they are covered, and keeps them until its rows are visible: whoever claims them
 * next sees what became of them.
 */

import { type Coverage, overlapOf, unite } from "./coverage.ts";
import { ReservedError } from "./error.ts";

interface Reservation {
  readonly key: string;
  coverage: Coverage;
}

/** Of one table. */
export class Reservations {
  readonly #byOwner = new Map<object, Reservation>();

  /**
   * Adds to what the owner has. Whoever wants some of it is told `key`.
   * @returns what of these buckets is given back again but for a part
   * @throws ReservedError when another owner has reserved some of it
   */
  claim(coverage: Coverage, owner: object, key: string): (part: Coverage) => void {
    for (const [other, reservation] of this.#byOwner) {
      if (other === owner || overlapOf(reservation.coverage, coverage) === undefined) continue;
      throw new ReservedError(reservation.key);
    }
    const before = this.#byOwner.get(owner)?.coverage ?? [];
    const reservation = { key, coverage: unite(before, coverage) };
    this.#byOwner.set(owner, reservation);
    return (part) => {
      reservation.coverage = unite(before, part);
    };
  }

  has(owner: object): boolean {
    return this.#byOwner.has(owner);
  }

  /** The owner's transaction is over, and its rows are visible or will never be. */
  release(owner: object): void {
    this.#byOwner.delete(owner);
  }
}
