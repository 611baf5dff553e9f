/** Buckets for which open transactions have staged files that must not overlap. */

import { type Coverage, overlapOf } from "./coverage.ts";
import { ReservedError } from "./error.ts";

interface Reservation {
  readonly key: string;
  readonly coverage: Coverage;
  readonly owner: object;
}

/** Of one table. */
export class Reservations {
  readonly #reservations = new Set<Reservation>();

  /** @throws ReservedError when another owner has reserved some of it */
  check(coverage: Coverage, owner?: object): void {
    for (const reservation of this.#reservations) {
      if (reservation.owner === owner) continue;
      if (overlapOf(reservation.coverage, coverage)) throw new ReservedError(reservation.key);
    }
  }

  /** @returns what ends it */
  reserve(coverage: Coverage, owner: object, key: string): () => void {
    const reservation = { key, coverage, owner };
    this.#reservations.add(reservation);
    return () => {
      this.#reservations.delete(reservation);
    };
  }
}
