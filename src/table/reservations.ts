/** Buckets for which open transactions have staged files that must not overlap. */

import { type Coverage, overlapOf } from "./coverage.ts";
import { ReservedError } from "./error.ts";

interface Reservation {
  readonly key: string;
  readonly coverage: Coverage;
  readonly owner: object;
}

let made = 0;

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

  reserve(coverage: Coverage, owner: object): { readonly key: string; release(): void } {
    made += 1;
    const reservation = { key: `reservation ${made}`, coverage, owner };
    this.#reservations.add(reservation);
    return {
      key: reservation.key,
      release: () => {
        this.#reservations.delete(reservation);
      },
    };
  }
}
