/**
 * Keys that open transactions are about to insert. Nobody else may insert them before the
 * transaction has ended; then what it has inserted is visible, or will never be.
 */

import { type Deferred, deferred } from "../base/async.ts";
import { hasTick } from "./key-rows.ts";

/** A transaction, by identity. */
export type KeyOwner = object;

/** Keys of one entity, reserved by one statement. */
export interface Reservation {
  readonly owner: KeyOwner;
  /** Of the statement in its transaction; ascending. */
  readonly number: number;
  /** Ascending, each once. */
  readonly ticks: BigInt64Array;
}

/** Where an entity's reservations stand. */
export interface ReservationList {
  held: Reservation[];
}

interface Held {
  readonly list: ReservationList;
  readonly reservation: Reservation;
}

interface Transaction {
  held: Held[];
  /** Settled when some of its reservations have gone. */
  changed: Deferred<void>;
}

export class Reservations {
  readonly #transactions = new Map<KeyOwner, Transaction>();

  add(list: ReservationList, reservation: Reservation): void {
    const { owner } = reservation;
    const transaction = this.#transactions.get(owner) ?? { held: [], changed: deferred<void>() };
    this.#transactions.set(owner, transaction);
    transaction.held.push({ list, reservation });
    list.held.push(reservation);
  }

  /** Removes an owner's reservations from statement `from` on, and returns them. */
  remove(owner: KeyOwner, from: number): readonly Held[] {
    const transaction = this.#transactions.get(owner);
    if (transaction === undefined) return [];
    const removed = transaction.held.filter(({ reservation }) => reservation.number >= from);
    transaction.held = transaction.held.filter(({ reservation }) => reservation.number < from);
    const gone = new Set(removed.map(({ reservation }) => reservation));
    for (const list of new Set(removed.map((held) => held.list))) {
      list.held = list.held.filter((reservation) => !gone.has(reservation));
    }
    const { changed } = transaction;
    if (transaction.held.length === 0) this.#transactions.delete(owner);
    else transaction.changed = deferred<void>();
    changed.resolve();
    return removed;
  }

  /** Resolves when some of the owner's reservations have gone. */
  async changed(owner: KeyOwner): Promise<void> {
    await this.#transactions.get(owner)?.changed.promise;
  }
}

/** Who, if anybody else than `owner`, has reserved the key. */
export function holderOf(
  held: readonly Reservation[],
  tick: bigint,
  owner: KeyOwner,
): KeyOwner | undefined {
  return held.find((one) => one.owner !== owner && hasTick(one.ticks, tick))?.owner;
}

export function isOwn(held: readonly Reservation[], tick: bigint, owner: KeyOwner): boolean {
  return held.some((one) => one.owner === owner && hasTick(one.ticks, tick));
}
